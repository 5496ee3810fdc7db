#include "flow/intake.h"

#include "base/breaker.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/cause.h"
#include "flow/notice.h"
#include "flow/polls.h"
#include "flow/unread.h"

enum {
	EMPTY_REST_MS = 1000,
	LITTLE_MS = 60 * 1000,
};

static const struct breaker_pace pace = {1, 1000, 30 * 1000};

struct intake {
	struct intake_conf conf;
	struct polls *polls;
	struct http_budget replies; /* what is unread counts too */
	struct unread unread;
	struct timer *rest;   /* armed: not yet */
	struct timer *little; /* armed: not more than little yet */
	struct breaker breaker;
	struct aws_result failure; /* the last one */
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
static void
want_objects(struct intake *in, struct message *held, const struct notify *n)
{
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
	}
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
	bool wants;

	switch (verdict) {
	case NOTIFY_OBJECTS:
		LOG_DEBUG("message.understood", F_STR("message_id", m->id),
		    F_STR("shape", notify_shape(n)),
		    F_INT("objects", notify_count(n)));
		message_charge(in->conf.messages, m, cost(n));
		want_objects(in, m, n);
		break;
	case NOTIFY_NOTHING:
		count_nothing(in, m, n);
		break;
	case NOTIFY_UNKNOWN:
		keep_unknown(in, m, body, n);
		break;
	}
	wants = !TAILQ_EMPTY(&m->turn.wants);
	message_ended(in->conf.messages, m, verdict != NOTIFY_UNKNOWN);
	if (wants)
		objects_wanted(in->conf.objects, m);
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

/* Beside so many that are coming. Those that are leaving wait only for SQS;
 * when it does not answer, they must not pile up either. A single message may
 * name thousands of objects. */
static bool
has_room(const struct intake *in, unsigned coming)
{
	size_t parked = objects_parked(in->conf.objects);
	size_t count = messages_count(in->conf.messages) - parked;
	size_t bytes = messages_bytes(in->conf.messages) -
		       objects_parked_bytes(in->conf.objects);

	return working(in) + coming < in->conf.max_messages &&
	       bytes < INTAKE_BYTES_MAX &&
	       count + coming < 2 * in->conf.max_messages + SQS_BATCH_MAX;
}

bool
intake_full(const struct intake *in)
{
	return !has_room(in, 0);
}

bool
intake_starved(const struct intake *in)
{
	return intake_full(in) ||
	       (polls_next(in->polls, in->breaker.open) > 0 &&
		   working(in) + polls_asked(in->polls) >=
		       in->conf.max_messages);
}

static void
forget_first_unread(struct intake *in)
{
	in->replies.used -= unread_first(&in->unread)->n;
	unread_forget_first(&in->unread);
}

static void
take_unread(struct intake *in)
{
	struct unread_entry *u;

	while ((u = unread_first(&in->unread)) != NULL && has_room(in, 0)) {
		take(in, u->message, (struct span){u->body, u->n});
		forget_first_unread(in);
	}
}

/* They were not tried. */
static void
give_back_unread(struct intake *in)
{
	struct unread_entry *u;

	while ((u = unread_first(&in->unread)) != NULL) {
		message_release(in->conf.messages, u->message, BACK_OFF_NONE);
		forget_first_unread(in);
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
	/* Taken in when the reply is gone, so that not both take memory. */
	unread_keep(&in->unread, m, s->body);
	in->replies.used += s->body.n;
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
	    F_STR("advice", advice_of(cause_of_receive(r))),
	    F_INT("failures", failures), F_INT("again_in_ms", again_ms), {0}};

	if (failures == 1)
		log_write_turn(LOG_LVL_WARN, "sqs.receive", fields);
	else
		log_write(LOG_LVL_WARN, "sqs.receive", fields);
}

/* Of polls that were open together only the first failure is news. */
static void
poll_failed(struct intake *in, const struct poll_end *e)
{
	struct breaker *b = &in->breaker;
	int64_t ms;

	in->stats.errors++;
	if (e->ticket != b->turn)
		return;
	in->failure = *e->result;
	in->failure.reply = NULL;
	(void)breaker_failed(b, e->ticket, &pace, clock_mono_ms());
	ms = (int64_t)clock_random((uint64_t)b->wait_ms + 1);
	log_failure(in, ms);
	timer_after(in->rest, ms);
}

static void
poll_succeeded(struct intake *in, const struct poll_end *e)
{
	unsigned failures = in->breaker.probes + 1;

	if (breaker_succeeded(&in->breaker, e->ticket))
		LOG_INFO("sqs.receive.recovered", F_INT("failures", failures));
	in->stats.receives++;
	in->stats.received += e->n;
	for (size_t i = 0; i < e->n; i++)
		receive(in, &e->message[i]);
	/* Whoever does not wait for messages must not be asked all the time. */
	if (e->n == 0 && e->hasty && !in->stopped)
		timer_after(in->rest, EMPTY_REST_MS);
	if (in->stopped)
		give_back_unread(in);
}

static void
on_ended(void *arg, const struct poll_end *e)
{
	struct intake *in = arg;

	if (e->result->class == AWS_OK)
		poll_succeeded(in, e);
	else if (!in->stopped)
		poll_failed(in, e);
	in->conf.changed(in->conf.arg);
}

/* While something is unread there is no room. */
static bool
may_poll(struct intake *in)
{
	enum intake_gate gate = in->conf.gate(in->conf.arg);

	if (in->stopped || timer_armed(in->rest) ||
	    breaker_due(&in->breaker) == BREAKER_NEVER ||
	    !has_room(in, polls_asked(in->polls)) || gate == INTAKE_SHUT)
		return false;
	if (gate == INTAKE_OPEN)
		return true;
	if (timer_armed(in->little))
		return false;
	timer_after(in->little, LITTLE_MS);
	return true;
}

static unsigned
next_poll(struct intake *in)
{
	unsigned n = polls_next(in->polls, in->breaker.open);

	return n > 0 && may_poll(in) ? n : 0;
}

void
intake_look(struct intake *in)
{
	unsigned n;

	if (!in->stopped && in->unread.n > 0) {
		take_unread(in);
		objects_start(in->conf.objects);
	}
	while ((n = next_poll(in)) > 0) {
		bool brief = in->stats.receives == 0 || in->breaker.open;

		polls_begin(in->polls, n, breaker_begin(&in->breaker), brief);
	}
}

struct intake *
intake_new(const struct intake_conf *conf)
{
	struct intake *in = mem_zalloc(sizeof *in);
	struct polls_conf pc = {.timers = conf->timers,
	    .sqs = conf->sqs,
	    .replies = &in->replies,
	    .visibility_s = conf->visibility_s,
	    .wait_max_s = conf->wait_max_s,
	    .ended = on_ended,
	    .vain = conf->changed,
	    .vain_arg = conf->arg,
	    .arg = in};

	in->conf = *conf;
	in->replies.max = INTAKE_REPLIES_MAX;
	in->polls = polls_new(&pc);
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
	polls_cancel(in->polls);
}

void
intake_free(struct intake **inp)
{
	struct intake *in = *inp;

	if (in == NULL)
		return;
	polls_free(&in->polls);
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
	return polls_open(in->polls) > 0;
}

bool
intake_drained(const struct intake *in)
{
	return polls_drained(in->polls) && in->unread.n == 0;
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
	p.code = cause_code(&in->failure);
	p.detail = in->failure.message;
	p.advice = advice_of(cause_of_receive(&in->failure));
	p.since_ms = in->breaker.since_ms;
	return p;
}

struct intake_stats
intake_stats(const struct intake *in)
{
	return in->stats;
}
