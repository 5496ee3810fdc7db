#include "flow/intake.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/advice.h"
#include "flow/notice.h"

enum {
	POLL_BACKOFF_MS = 1000,
	POLL_BACKOFF_MAX_MS = 30000,
	FIRST_WAIT_S = 1,
	EMPTY_REST_MS = 1000,
	/* After so long without a place, and then so often, one is made. Each
	 * time spends a receive of one message in hundreds. */
	GIVE_WAY_FIRST_MS = 2 * 3600 * 1000,
	GIVE_WAY_MS = 600 * 1000,
	/* After a reply that could not be read, so many messages are asked for
	 * one by one. */
	ASK_ONE = 100,
	/* Ten of these fit into a reply, even if all of their quotes are
	 * escaped. */
	SMALL_BYTES = SQS_REPLY_MAX / SQS_BATCH_MAX / 2,
};

struct intake {
	struct intake_conf conf;
	struct sqs_op *poll;
	struct timer *backoff;	   /* armed: not yet */
	int64_t give_way_ms;	   /* when a message may make place */
	int64_t polled_ms;	   /* when the poll began */
	unsigned wait_s;	   /* and how long it was to wait */
	unsigned failures;	   /* in a row */
	struct aws_result failure; /* the last one */
	int64_t ill_ms;
	unsigned ask_one; /* for so many messages more */
	bool stopped;
	struct notice told;
	struct intake_stats stats;
};

/* ---- one message ---- */

static void
count_nothing(
    struct intake *in, const struct sqs_message *m, const struct notify *n)
{
	in->stats.nothing[notify_why(n)]++;
	notice_nothing(m, n);
}

static void
keep_unknown(
    struct intake *in, const struct sqs_message *m, const struct notify *n)
{
	in->stats.unknown++;
	in->stats.unknown_by[notify_why(n)]++;
	notice_unknown(m, n);
}

/* Objects of a notification that the filter takes. */
static size_t
want_objects(struct intake *in, struct message *held, const struct notify *n)
{
	size_t wanted = 0;

	for (size_t i = 0; i < notify_count(n); i++) {
		const struct notify_object *o = notify_at(n, i);
		enum filter_verdict v =
		    filter_judge(in->conf.filter, o->key, o->size);

		if (v != FILTER_TAKES) {
			in->stats.filtered++;
			in->stats.other_folder += v == FILTER_FOLDER;
			notice_filtered(
			    &in->told, v, o->key, span_str(held->id));
			continue;
		}
		objects_want(in->conf.objects, held, o);
		wanted++;
	}
	return wanted;
}

static size_t
cost(const struct notify *n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < notify_count(n); i++)
		bytes += object_bytes(notify_at(n, i));
	return bytes;
}

static void
take(struct intake *in, const struct sqs_message *m)
{
	struct notify *n = NULL;
	enum notify_verdict verdict = notify_parse(m->body, &n);
	struct message *held = messages_hold(in->conf.messages, m, cost(n));

	if (held == NULL) {
		notify_free(&n);
		return;
	}
	LOG_DEBUG("message.received", F_SPAN("message_id", m->id),
	    F_INT("receive_count", m->receive_count),
	    F_INT("lease_s", in->conf.visibility_s), F_INT("bytes", m->body.n));
	switch (verdict) {
	case NOTIFY_OBJECTS:
		LOG_DEBUG("message.understood", F_SPAN("message_id", m->id),
		    F_STR("shape", notify_shape(n)),
		    F_INT("objects", notify_count(n)));
		(void)want_objects(in, held, n);
		break;
	case NOTIFY_NOTHING:
		count_nothing(in, m, n);
		break;
	case NOTIFY_UNKNOWN:
		keep_unknown(in, m, n);
		break;
	}
	message_ended(in->conf.messages, held, verdict != NOTIFY_UNKNOWN);
	notify_free(&n);
}

static void
give_back(struct intake *in, const struct sqs_message *m)
{
	struct message *held = messages_hold(in->conf.messages, m, 0);

	if (held != NULL)
		message_release(in->conf.messages, held);
}

/* ---- polling ---- */

/* What their objects take; a single message may name thousands. */
static bool
is_heavy(const struct intake *in)
{
	return messages_bytes(in->conf.messages) >= INTAKE_BYTES_MAX;
}

/* Those that are leaving wait only for SQS; when it does not answer, they must
 * not pile up either. */
static bool
is_crowded(const struct intake *in)
{
	return is_heavy(in) || messages_count(in->conf.messages) >=
				   2 * in->conf.max_messages + SQS_BATCH_MAX;
}

static void
on_backoff(void *arg)
{
	intake_look(arg);
}

static void
log_failure(const struct intake *in, int64_t again_ms)
{
	const struct aws_result *r = &in->failure;
	const struct log_field fields[] = {F_ERR(r->err), AWS_FIELDS(r),
	    F_STR("advice", advice_receive(r)), F_INT("failures", in->failures),
	    F_INT("again_in_ms", again_ms), {0}};

	if (in->failures == 1)
		log_write_turn(LOG_LVL_WARN, "sqs.receive", fields);
	else
		log_write(LOG_LVL_WARN, "sqs.receive", fields);
}

static void
poll_failed(struct intake *in, const struct aws_result *r)
{
	int64_t ms;

	in->stats.errors++;
	if (r->err == ERR_LIMIT || r->err == ERR_SHAPE || r->err == ERR_SYNTAX)
		in->ask_one = ASK_ONE;
	if (in->failures == 0)
		in->ill_ms = clock_mono_ms();
	in->failure = *r;
	in->failure.reply = NULL;
	ms = clock_backoff_ms(
	    POLL_BACKOFF_MS, POLL_BACKOFF_MAX_MS, in->failures++);
	log_failure(in, ms);
	timer_after(in->backoff, ms);
}

/* Whoever does not wait for messages must not be asked all the time. */
static void
rest_if_hasty(struct intake *in)
{
	if (clock_mono_ms() - in->polled_ms < (int64_t)in->wait_s * 1000 / 2 &&
	    !in->stopped)
		timer_after(in->backoff, EMPTY_REST_MS);
}

static void
on_received(void *arg, const struct aws_result *r, const struct sqs_message *m,
    size_t n)
{
	struct intake *in = arg;

	in->poll = NULL;
	if (r->class != AWS_OK) {
		if (!in->stopped)
			poll_failed(in, r);
		in->conf.changed(in->conf.arg);
		return;
	}
	if (in->failures > 0)
		LOG_INFO(
		    "sqs.receive.recovered", F_INT("failures", in->failures));
	in->failures = 0;
	in->stats.receives++;
	in->stats.received += n;
	for (size_t i = 0; i < n; i++) {
		if (in->ask_one > 0)
			in->ask_one = m[i].body.n > SMALL_BYTES
					  ? ASK_ONE
					  : in->ask_one - 1;
		if (in->stopped || is_heavy(in))
			give_back(in, &m[i]);
		else
			take(in, &m[i]);
	}
	if (n == 0)
		rest_if_hasty(in);
	objects_start(in->conf.objects);
	in->conf.changed(in->conf.arg);
}

static size_t
room(const struct intake *in)
{
	size_t held = messages_held(in->conf.messages);

	if (held >= in->conf.max_messages)
		return 0;
	if (is_crowded(in))
		return 0;
	return in->conf.max_messages - held;
}

bool
intake_full(const struct intake *in)
{
	return room(in) == 0;
}

/* In seconds. */
static unsigned
poll_wait(const struct intake *in)
{
	bool known = in->stats.receives > 0 && in->failures == 0;

	return known ? SQS_WAIT_S : FIRST_WAIT_S;
}

/* Where all places are taken by what cannot be read, one is made now and then;
 * it is free once SQS has been told. */
static size_t
place_for_trial(struct intake *in)
{
	int64_t now = clock_mono_ms();

	if (!is_crowded(in))
		return 1;
	if (now >= in->give_way_ms) {
		in->give_way_ms = now + GIVE_WAY_MS;
		objects_give_way(in->conf.objects);
	}
	return 0;
}

void
intake_look(struct intake *in)
{
	size_t n = room(in), most = in->conf.gate(in->conf.arg);

	if (most > SQS_BATCH_MAX)
		most = SQS_BATCH_MAX;
	if (most > 1)
		in->give_way_ms = clock_mono_ms() + GIVE_WAY_FIRST_MS;
	if (most == 1 && n == 0)
		n = place_for_trial(in);
	if (n > most)
		n = most;
	if (in->stopped || in->poll != NULL || n == 0 ||
	    timer_armed(in->backoff))
		return;
	if (in->ask_one > 0)
		n = 1;
	in->polled_ms = clock_mono_ms();
	in->wait_s = poll_wait(in);
	in->poll = sqs_receive(in->conf.sqs, (unsigned)n, in->wait_s,
	    in->conf.visibility_s, on_received, in);
}

struct intake *
intake_new(const struct intake_conf *conf)
{
	struct intake *in = mem_zalloc(sizeof *in);

	in->conf = *conf;
	in->backoff = timer_new(conf->timers, on_backoff, in);
	return in;
}

void
intake_stop(struct intake *in)
{
	in->stopped = true;
	timer_stop(in->backoff);
}

void
intake_cancel(struct intake *in)
{
	sqs_cancel(&in->poll);
}

void
intake_free(struct intake **inp)
{
	struct intake *in = *inp;

	if (in == NULL)
		return;
	intake_cancel(in);
	timer_free(&in->backoff);
	mem_free(in);
	*inp = NULL;
}

bool
intake_polling(const struct intake *in)
{
	return in->poll != NULL;
}

struct part
intake_part(const struct intake *in)
{
	struct part p = PART_IN(PART_UNTRIED);

	if (in->failures == 0) {
		p.mood = in->stats.receives > 0 ? PART_WELL : PART_UNTRIED;
		return p;
	}
	p.mood = PART_ILL;
	p.problem = "nothing can be received from the queue";
	p.code = advice_code(&in->failure);
	p.detail = in->failure.message;
	p.advice = advice_receive(&in->failure);
	p.since_ms = in->ill_ms;
	return p;
}

struct intake_stats
intake_stats(const struct intake *in)
{
	return in->stats;
}
