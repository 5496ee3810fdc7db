/*
 * What tests of objects share; included by each of them: the objects, with the
 * messages and the batcher that they need, on a scripted S3 and SQS.
 */
#include "base/log.h"
#include "fake_http.c"
#include "fake_s3.c"
#include "fake_sqs.c"
#include "flow/objects.h"
#include "quiet.h"

static struct {
	struct messages *ms;
	struct objects *os;
	struct pool *pool;
	struct batcher *batcher, *lane;
	struct dassana *dassana;
	struct events *rules;	   /* none, at first */
	struct delivery *delivery; /* idle: what is sealed is kept here */
	struct judge judge;
	struct batch *sealed[16];
	size_t nsealed;
	unsigned next_id;
	unsigned receives; /* of each message, before the last */
} t;

static void
ignore(void *arg)
{
	(void)arg;
}

static void
on_sealed(void *arg, struct batch *b)
{
	(void)arg;
	CHECK(t.nsealed < 16);
	t.sealed[t.nsealed++] = b;
}

static void
on_settled(void *arg, const struct delivery_settled *s)
{
	(void)arg;
	(void)s;
	CHECK(false);
}

static void
open_world(unsigned concurrency)
{
	struct batcher_conf bc = {1 << 20, 1000, 1000, 0};
	struct objects_conf oc = {.concurrency = concurrency,
	    .max_record_bytes = 256 * 1024,
	    .remember = 100,
	    .max_parked = 20,
	    .judge = &t.judge,
	    .changed = ignore};
	struct delivery_conf dc = {.concurrency = 1,
	    .batch_max_bytes = 1 << 20,
	    .judge = &t.judge,
	    .settled = on_settled,
	    .progress = ignore};

	memset(&t, 0, sizeof t);
	fake_begin();
	log_quiet();
	t.pool = pool_new(64 * POOL_PIECE);
	t.batcher = batcher_new(fake_timers(), t.pool, &bc, on_sealed, NULL);
	oc.events = t.rules = events_new("", "");
	t.ms = messages_new(fake_timers(), NULL, 3600, 30, ignore, NULL);
	t.lane = batcher_new(fake_timers(), t.pool, &bc, on_sealed, NULL);
	t.dassana = dassana_new(fake_http(),
	    &(struct dassana_conf){.endpoint = "http://dassana.example/",
		.app_id = "app",
		.token = "token"});
	t.delivery = delivery_new(fake_timers(), t.dassana, &dc);
	oc.timers = fake_timers();
	oc.batcher = t.batcher;
	oc.lane = t.lane;
	oc.delivery = t.delivery;
	oc.messages = t.ms;
	t.os = objects_new(&oc);
}

static void
close_world(void)
{
	while (t.nsealed > 0)
		batch_free(&t.sealed[--t.nsealed]);
	batcher_free(&t.batcher);
	batcher_free(&t.lane);
	delivery_free(&t.delivery);
	dassana_free(&t.dassana);
	objects_free(&t.os);
	events_free(&t.rules);
	messages_free(&t.ms);
	pool_free(&t.pool);
	assert_int_equal(fake_s3_open(), 0);
	log_set_sink(NULL, NULL);
	fake_end();
}

static struct message *
hold(void)
{
	char id[16];
	struct sqs_message s = {.receive_count = 1 + t.receives};

	snprintf(id, sizeof id, "m%u", ++t.next_id);
	s.id = s.handle = span_str(id);
	return messages_hold(t.ms, &s, 0);
}

static void
settle_run(const struct batch_run *run, enum delivery_outcome outcome)
{
	struct dassana_result why = {.status = 400, .why = "refused"};
	struct delivery_settled s = {.outcome = outcome,
	    .run = *run,
	    .alone = run->count == 1,
	    .why = outcome == DELIVERY_REFUSED ? &why : NULL,
	    .trial = judge_begin(&t.judge)};

	if (outcome == DELIVERY_TAKEN)
		judge_succeeded(&t.judge, JUDGE_DASSANA, &s.trial);
	objects_settled(t.os, &s);
}

/* Seals what is open and settles it, at most so many events at a time. */
static void
settle_parts(uint32_t most, enum delivery_outcome outcome)
{
	batcher_seal(t.batcher);
	batcher_seal(t.lane);
	while (t.nsealed > 0) {
		struct batch *b = t.sealed[--t.nsealed];

		for (size_t i = 0; i < batch_nruns(b); i++) {
			struct batch_run run = *batch_run_at(b, i);
			uint32_t left = run.count;

			for (; left > 0; left -= run.count) {
				run.count = left < most ? left : most;
				settle_run(&run, outcome);
				run.first += run.count;
			}
		}
		batch_free(&b);
	}
}

static void
settle(enum delivery_outcome outcome)
{
	settle_parts(UINT32_MAX, outcome);
}
