#include "flow/intake.h"

#include "base/breaker.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/advice.h"
#include "flow/notice.h"
#include "flow/unread.h"

enum {
	FIRST_WAIT_S = 1,
	EMPTY_REST_MS = 1000,
	LITTLE_MS = 60 * 1000,
	/* After a reply that could not be read, so many messages are asked for
	 * one by one. */
	ASK_ONE = 100,
	/* Ten of these fit into a reply, even if all of their quotes are
	 * escaped. */
	SMALL_BYTES = SQS_REPLY_MAX / SQS_BATCH_MAX / 2,
};

static const struct breaker_pace pace = {1, 1000, 30 * 1000};

struct intake {
	struct intake_conf conf;
	struct sqs_op *poll;
	struct unread unread;
	struct timer *rest;   /* armed: not yet */
	struct timer *little; /* armed: not more than little yet */
	struct breaker breaker;
	struct aws_result failure; /* the last one */
	int64_t polled_ms;	   /* when the poll began */
	unsigned wait_s;	   /* and how long it was to wait */
	unsigned ask_one;	   /* for so many messages more */
	bool stopped;
	struct notice told;
	struct intake_stats stats;
};

/* ---- one message ---- */

static void
count_nothing(
    struct intake *in, const struct message *m, const struct notify *n)
{
	in->stats.nothing[notify_why(n)]++;
	notice_nothing(m, n);
}

static void
keep_unknown(struct intake *in, const struct message *m, struct span body,
    const struct notify *n)
{
	in->stats.unknown++;
	in->stats.unknown_by[notify_why(n)]++;
	notice_unknown(m, body, n);
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

/* Its objects are wanted from now on. */
static void
take(struct intake *in, struct message *m, struct span body)
{
	struct notify *n = NULL;
	enum notify_verdict verdict = notify_parse(body, &n);

	switch (verdict) {
	case NOTIFY_OBJECTS:
		LOG_DEBUG("message.understood", F_STR("message_id", m->id),
		    F_STR("shape", notify_shape(n)),
		    F_INT("objects", notify_count(n)));
		message_charge(in->conf.messages, m, cost(n));
		(void)want_objects(in, m, n);
		break;
	case NOTIFY_NOTHING:
		count_nothing(in, m, n);
		break;
	case NOTIFY_UNKNOWN:
		keep_unknown(in, m, body, n);
		break;
	}
	message_ended(in->conf.messages, m, verdict != NOTIFY_UNKNOWN);
	notify_free(&n);
}

/* ---- room ---- */

/* Worked on, those that are still unread apart. */
static size_t
working(const struct intake *in)
{
	return messages_held(in->conf.messages) -
	       objects_parked(in->conf.objects) - in->unread.n;
}

/* Those that are leaving wait only for SQS; when it does not answer, they must
 * not pile up either. A single message may name thousands of objects. */
static bool
has_room(const struct intake *in)
{
	size_t parked = objects_parked(in->conf.objects);
	size_t count = messages_count(in->conf.messages) - parked;
	size_t bytes = messages_bytes(in->conf.messages) -
		       objects_parked_bytes(in->conf.objects);

	return working(in) < in->conf.max_messages &&
	       bytes < INTAKE_BYTES_MAX &&
	       count < 2 * in->conf.max_messages + SQS_BATCH_MAX;
}

bool
intake_full(const struct intake *in)
{
	return !has_room(in);
}

static void
take_unread(struct intake *in)
{
	struct unread_entry *u;

	while ((u = unread_first(&in->unread)) != NULL && has_room(in)) {
		take(in, u->message, (struct span){u->body, u->n});
		unread_forget_first(&in->unread);
	}
}

/* They were not tried. */
static void
give_back_unread(struct intake *in)
{
	struct unread_entry *u;

	while ((u = unread_first(&in->unread)) != NULL) {
		message_release(in->conf.messages, u->message, BACK_OFF_NONE);
		unread_forget_first(&in->unread);
	}
}

static void
receive(struct intake *in, const struct sqs_message *s)
{
	struct message *m = messages_hold(in->conf.messages, s, 0);

	if (m == NULL)
		return;
	LOG_DEBUG("message.received", F_SPAN("message_id", s->id),
	    F_INT("receive_count", s->receive_count),
	    F_INT("lease_s", in->conf.visibility_s), F_INT("bytes", s->body.n));
	if (in->unread.n == 0 && has_room(in) && !in->stopped)
		take(in, m, s->body);
	else
		unread_keep(&in->unread, m, s->body);
}

/* ---- polling ---- */

static void
on_timer(void *arg)
{
	intake_look(arg);
}

static void
log_failure(const struct intake *in, int64_t again_ms)
{
	const struct aws_result *r = &in->failure;
	unsigned failures = in->breaker.probes + 1;
	const struct log_field fields[] = {F_ERR(r->err), AWS_FIELDS(r),
	    F_STR("advice", advice_receive(r)), F_INT("failures", failures),
	    F_INT("again_in_ms", again_ms), {0}};

	if (failures == 1)
		log_write_turn(LOG_LVL_WARN, "sqs.receive", fields);
	else
		log_write(LOG_LVL_WARN, "sqs.receive", fields);
}

static void
poll_failed(struct intake *in, const struct aws_result *r)
{
	struct breaker *b = &in->breaker;
	int64_t ms;

	in->stats.errors++;
	if (r->err == ERR_LIMIT || r->err == ERR_SHAPE || r->err == ERR_SYNTAX)
		in->ask_one = ASK_ONE;
	in->failure = *r;
	in->failure.reply = NULL;
	(void)breaker_failed(b, b->turn, &pace, clock_mono_ms());
	ms = (int64_t)clock_random((uint64_t)b->wait_ms + 1);
	log_failure(in, ms);
	timer_after(in->rest, ms);
}

static void
poll_succeeded(struct intake *in)
{
	struct breaker *b = &in->breaker;

	if (b->open)
		LOG_INFO(
		    "sqs.receive.recovered", F_INT("failures", b->probes + 1));
	(void)breaker_succeeded(b, b->turn);
}

/* Whoever does not wait for messages must not be asked all the time. */
static void
rest_if_hasty(struct intake *in)
{
	if (clock_mono_ms() - in->polled_ms < (int64_t)in->wait_s * 1000 / 2 &&
	    !in->stopped)
		timer_after(in->rest, EMPTY_REST_MS);
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
	poll_succeeded(in);
	in->stats.receives++;
	in->stats.received += n;
	for (size_t i = 0; i < n; i++) {
		if (in->ask_one > 0)
			in->ask_one = m[i].body.n > SMALL_BYTES
					  ? ASK_ONE
					  : in->ask_one - 1;
		receive(in, &m[i]);
	}
	if (n == 0)
		rest_if_hasty(in);
	if (in->stopped)
		give_back_unread(in);
	objects_start(in->conf.objects);
	in->conf.changed(in->conf.arg);
}

/* In seconds. */
static unsigned
poll_wait(const struct intake *in)
{
	bool known = in->stats.receives > 0 && !in->breaker.open;

	return known ? SQS_WAIT_S : FIRST_WAIT_S;
}

static bool
may_poll(struct intake *in)
{
	enum intake_gate gate = in->conf.gate(in->conf.arg);

	if (in->stopped || in->poll != NULL || in->unread.n > 0 ||
	    timer_armed(in->rest) || !has_room(in) || gate == INTAKE_SHUT)
		return false;
	if (gate == INTAKE_OPEN)
		return true;
	if (timer_armed(in->little))
		return false;
	timer_after(in->little, LITTLE_MS);
	return true;
}

void
intake_look(struct intake *in)
{
	if (!in->stopped && in->unread.n > 0) {
		take_unread(in);
		objects_start(in->conf.objects);
	}
	if (!may_poll(in))
		return;
	in->polled_ms = clock_mono_ms();
	in->wait_s = poll_wait(in);
	in->poll =
	    sqs_receive(in->conf.sqs, in->ask_one > 0 ? 1 : SQS_BATCH_MAX,
		in->wait_s, in->conf.visibility_s, on_received, in);
}

struct intake *
intake_new(const struct intake_conf *conf)
{
	struct intake *in = mem_zalloc(sizeof *in);

	in->conf = *conf;
	unread_init(&in->unread);
	in->rest = timer_new(conf->timers, on_timer, in);
	in->little = timer_new(conf->timers, on_timer, in);
	return in;
}

void
intake_stop(struct intake *in)
{
	in->stopped = true;
	timer_stop(in->rest);
	timer_stop(in->little);
	give_back_unread(in);
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
	while (unread_first(&in->unread) != NULL)
		unread_forget_first(&in->unread);
	timer_free(&in->rest);
	timer_free(&in->little);
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

	if (!in->breaker.open) {
		p.mood = in->stats.receives > 0 ? PART_WELL : PART_UNTRIED;
		return p;
	}
	p.mood = PART_ILL;
	p.problem = "nothing can be received from the queue";
	p.code = advice_code(&in->failure);
	p.detail = in->failure.message;
	p.advice = advice_receive(&in->failure);
	p.since_ms = in->breaker.since_ms;
	return p;
}

struct intake_stats
intake_stats(const struct intake *in)
{
	return in->stats;
}
