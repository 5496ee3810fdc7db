/* Whether Dassana takes an event, and says so: check_send. */
#include <string.h>

#include "base/mem.h"
#include "commands/check_internal.h"
#include "settings/option.h"
#include "sink/batcher.h"
#include "trail/decode.h"

/* Only the first record of the object is wanted. */
struct send {
	struct check *check;
	struct s3_get *get;
	struct timer *enough;
	struct events *events;
	struct events_rules *rules;
	struct decode *decode;
	void *carry; /* owned; lent to decode */
	struct pool *pool;
	struct batcher *batcher;
	struct batch *batch; /* the event; NULL: none yet */
};

static void
fail(struct send *s, const char *why)
{
	s->check->step.mark = REPORT_FAILED;
	buf_reset(&s->check->step.fact);
	buf_printf(&s->check->step.fact,
	    "there is no event to send in s3://%s/%s: %s",
	    buf_cstr(&s->check->bucket), buf_cstr(&s->check->key), why);
}

/* ---- the event ---- */

static void
on_sealed(void *arg, struct batch *b)
{
	struct send *s = arg;

	s->batch = b;
}

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct send *s = arg;

	if (s->batch != NULL || !batcher_room(s->batcher, head.n + tail.n))
		return;
	batcher_add(s->batcher, s, 0, 0, head, tail);
	batcher_seal(s->batcher);
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	(void)arg;
	(void)index;
	(void)cause;
}

/* Nor is one sent that the daemon would not send. */
static void
on_ruled_out(void *arg, uint64_t index)
{
	on_left_out(arg, index, SLICER_NO_OBJECT);
}

static void
on_enough(void *arg)
{
	struct send *s = arg;

	s3_get_cancel(&s->get);
	check_wake(s->check);
}

static size_t
on_data(void *arg, struct span bytes)
{
	struct send *s = arg;
	size_t max = s->check->c->max_record_bytes;
	struct span in = bytes;
	bool more = false;
	enum err err = ERR_OK;

	while (s->batch == NULL && err == ERR_OK && (in.n > 0 || more)) {
		if (decode_wants_layer(s->decode))
			decode_add_layer(s->decode);
		if (decode_wants_carry(s->decode)) {
			if (s->carry == NULL)
				s->carry = mem_alloc(max);
			decode_lend_carry(s->decode, s->carry, max);
		}
		err = decode_step(s->decode, &in, &more);
		(void)decode_take_carry(s->decode, false);
	}
	if (s->batch == NULL && err == ERR_OK)
		return bytes.n;
	if (s->batch == NULL)
		fail(s, decode_error(s->decode));
	timer_soon(s->enough);
	return 0; /* paused until it is cancelled */
}

static void
on_done(void *arg, const struct aws_result *r)
{
	struct send *s = arg;

	s->get = NULL;
	timer_stop(s->enough);
	if (r->class != AWS_OK)
		check_refused(s->check, r);
	else if (s->batch == NULL)
		fail(s, "it has none, or rules leave them out");
	check_wake(s->check);
}

static void
find_event(struct send *s)
{
	const struct s3_object o = check_object_of(s->check);
	const struct s3_events ev = {
	    .on_data = on_data, .on_done = on_done, .arg = s};

	s->get = s3_get_start(s->check->ways.s3, &o, &ev);
	check_wait(s->check);
}

/* ---- and what comes of it ---- */

static void
on_answer(void *arg, const struct dassana_result *r)
{
	struct send *s = arg;
	struct report_step *step = &s->check->step;
	struct buf *b = &step->fact;

	step->mark = r->verdict == DASSANA_TAKEN ? REPORT_OK : REPORT_FAILED;
	step->status = r->verdict == DASSANA_TAKEN ? 0 : r->status;
	buf_printf(b, "the first event of s3://%s/%s to ",
	    buf_cstr(&s->check->bucket), buf_cstr(&s->check->key));
	buf_span(b, option_bare_url(s->check->c->dassana_endpoint));
	buf_printf(b, ": %s", r->why);
	if (r->detail.n > 0)
		buf_printf(b, ": %.*s", (int)r->detail.n, r->detail.p);
	if (r->reply.n > 0)
		buf_printf(
		    b, "; the answer: %.*s", (int)r->reply.n, r->reply.p);
	if (r->verdict != DASSANA_TAKEN && r->advice != NULL)
		buf_str(&step->advice, r->advice);
	check_wake(s->check);
}

static void
send_event(struct send *s)
{
	size_t nparts;
	const struct span *body = batch_body(s->batch, &nparts);

	(void)dassana_post(
	    s->check->ways.dassana, body, nparts, 1, on_answer, s);
	check_wait(s->check);
}

static void
open_send(struct send *s)
{
	const struct config *c = s->check->c;
	struct timers *t = s->check->ways.timers;
	struct batcher_conf bc = {
	    .batch_max_bytes = (size_t)c->batch_max_bytes,
	    .batch_max_events = 1,
	    .batch_max_delay_ms = 60 * 1000,
	    .gzip_level = (int)c->gzip_level,
	};

	s->pool = pool_new(batcher_pool_min(&bc, (size_t)c->max_record_bytes));
	s->batcher = batcher_new(t, s->pool, &bc, on_sealed, s);
	s->decode =
	    decode_new((size_t)c->max_record_bytes, on_record, on_left_out, s);
	s->events = events_new(c->event_include, c->event_exclude);
	s->rules = events_hold(s->events);
	decode_rules(s->decode, s->rules, on_ruled_out);
	s->enough = timer_new(t, on_enough, s);
}

static void
close_send(struct send *s)
{
	(void)decode_take_carry(s->decode, true);
	decode_free(&s->decode);
	events_release(&s->rules);
	events_free(&s->events);
	mem_free(s->carry);
	batch_free(&s->batch);
	batcher_free(&s->batcher);
	pool_free(&s->pool);
	timer_free(&s->enough);
}

void
check_send(struct check *p)
{
	struct send s = {.check = p};

	if (!p->args->send)
		return;
	if (p->key.n == 0) {
		check_skip(p, "send",
		    "no object is known to take an event from; name one with "
		    "--object s3://BUCKET/KEY, or look for one with --peek");
		return;
	}
	report_step_init(&p->step, "send");
	open_send(&s);
	find_event(&s);
	if (s.batch != NULL)
		send_event(&s);
	close_send(&s);
	report_add(&p->report, &p->step);
}
