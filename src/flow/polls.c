#include "flow/polls.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/poll_wait.h"

enum {
	BRIEF_WAIT_S = 1,
	WINDOW = 100, /* messages */
	VAIN_MS = 100,
	/* What stands around a body in a reply. */
	AROUND_BYTES = 4 * 1024,
};

struct poll {
	struct polls *all;
	struct sqs_op *op; /* NULL: not open */
	unsigned asked, wait_s, ticket;
	int64_t began_ms;
};

struct polls {
	struct polls_conf conf;
	struct poll poll[POLLS_MAX];
	unsigned open, asked;
	unsigned wanted;     /* how many may be open */
	unsigned one_by_one; /* messages that are asked for so */
	struct timer *vain;  /* from the last that began */
	int64_t full_ms;     /* how long the last full one took */
	int64_t drained_ms;  /* a poll found no more then; −1: none has */
	struct poll_wait wait;
	/* The largest body in this window of messages, and in the one before,
	 * since at the beginning of a window nothing is known. */
	size_t largest, largest_before;
	unsigned seen; /* in this window */
};

static int64_t
oldest_ms(const struct polls *p)
{
	int64_t oldest = INT64_MAX;

	for (unsigned i = 0; i < POLLS_MAX; i++)
		if (p->poll[i].op != NULL && p->poll[i].began_ms < oldest)
			oldest = p->poll[i].began_ms;
	return oldest;
}

/* It would have come back by now if there were any. */
static void
on_vain(void *arg)
{
	struct polls *p = arg;

	if (p->open == 0)
		return;
	p->drained_ms = oldest_ms(p);
	p->conf.vain(p->conf.vain_arg);
}

struct polls *
polls_new(const struct polls_conf *conf)
{
	struct polls *p = mem_zalloc(sizeof *p);
	unsigned wait_s = conf->wait_max_s > 0 ? conf->wait_max_s : SQS_WAIT_S;

	p->conf = *conf;
	p->wanted = 1;
	p->drained_ms = -1;
	p->largest = SQS_MESSAGE_MAX;
	p->vain = timer_new(conf->timers, on_vain, p);
	poll_wait_init(&p->wait, wait_s);
	for (unsigned i = 0; i < POLLS_MAX; i++)
		p->poll[i].all = p;
	return p;
}

void
polls_free(struct polls **pp)
{
	struct polls *p = *pp;

	if (p == NULL)
		return;
	polls_cancel(p);
	timer_free(&p->vain);
	mem_free(p);
	*pp = NULL;
}

unsigned
polls_open(const struct polls *p)
{
	return p->open;
}

unsigned
polls_asked(const struct polls *p)
{
	return p->asked;
}

bool
polls_drained(const struct polls *p)
{
	return p->drained_ms >= 0;
}

/* ---- how many messages fit ---- */

/* All that one message may take, if each of its bytes is escaped. */
static size_t
message_max(const struct polls *p)
{
	size_t body =
	    p->largest > p->largest_before ? p->largest : p->largest_before;

	return 2 * body + AROUND_BYTES;
}

unsigned
polls_next(const struct polls *p, bool probe)
{
	size_t fit = p->conf.replies->max / message_max(p);

	if (p->open >= (probe ? POLLS_MAX : p->wanted))
		return 0;
	if (p->one_by_one > 0)
		return p->open == 0 || probe;
	fit = fit > p->asked ? fit - p->asked : 0;
	if (fit == 0 && (p->open == 0 || probe))
		return 1;
	return fit < SQS_BATCH_MAX ? (unsigned)fit : SQS_BATCH_MAX;
}

static void
note_size(struct polls *p, size_t n)
{
	if (p->seen == WINDOW) {
		p->largest_before = p->largest;
		p->largest = 0;
		p->seen = 0;
	}
	p->seen++;
	if (n > p->largest)
		p->largest = n;
	if (p->one_by_one > 0)
		p->one_by_one--;
}

/* The first ones tell more than that nothing is known. */
static void
note_sizes(struct polls *p, const struct sqs_message *m, size_t n)
{
	if (n > 0 && p->seen == 0 && p->largest_before == 0)
		p->largest = 0;
	for (size_t i = 0; i < n; i++)
		note_size(p, m[i].body.n);
}

/* ---- one poll ---- */

static void
close_one(struct poll *one)
{
	one->op = NULL;
	one->all->open--;
	one->all->asked -= one->asked;
}

static bool
is_cut(const struct aws_result *r)
{
	return r->err == ERR_RESET || r->err == ERR_TIMEOUT ||
	       r->err == ERR_PROTOCOL || r->status == 408 || r->status == 502 ||
	       r->status == 503 || r->status == 504;
}

/* A kept connection that is cut makes curl ask a second time. */
static int64_t
lasted_ms(const struct poll *one, const struct aws_result *r, int64_t now)
{
	if (r->reply != NULL && r->reply->waited_us > 0)
		return (int64_t)(r->reply->waited_us / 1000);
	return now - one->began_ms;
}

static void
note_failure(
    struct polls *p, const struct poll *one, const struct aws_result *r)
{
	int64_t now = clock_mono_ms(), lasted = lasted_ms(one, r, now);

	p->wanted = 1;
	p->drained_ms = -1;
	if (r->err == ERR_LIMIT || r->err == ERR_SHAPE || r->err == ERR_SYNTAX)
		p->one_by_one = WINDOW;
	if (is_cut(r) && poll_wait_cut(&p->wait, one->wait_s, lasted, now))
		LOG_WARN("sqs.wait", F_INT("wait_s", p->wait.lives_s),
		    F_INT("cut_after_ms", lasted),
		    F_STR("advice",
			"something between here and SQS ends long polls before "
			"their time: let its limit be 30 s at least"));
}

static void
note_success(struct polls *p, const struct poll *one, size_t n)
{
	int64_t now = clock_mono_ms();

	if (n < one->asked) {
		p->drained_ms = now;
	} else {
		p->full_ms = now - one->began_ms;
		if (one->began_ms >= p->drained_ms)
			p->drained_ms = -1;
	}
	if (n == 0)
		p->wanted = 1;
	else if (n >= one->asked)
		p->wanted += p->wanted < POLLS_MAX;
	else if (2 * n < one->asked)
		p->wanted -= p->wanted > 1;
	if (poll_wait_lived(&p->wait, one->wait_s, now - one->began_ms, now))
		LOG_INFO(
		    "sqs.wait.recovered", F_INT("wait_s", p->wait.lives_s));
}

static void
on_received(void *arg, const struct aws_result *r, const struct sqs_message *m,
    size_t n)
{
	struct poll *one = arg;
	struct polls *p = one->all;
	struct poll_end e = {r, m, n, one->ticket, false};

	e.hasty = clock_mono_ms() - one->began_ms < (int64_t)one->wait_s * 500;
	close_one(one);
	if (r->class != AWS_OK) {
		note_failure(p, one, r);
	} else {
		note_success(p, one, n);
		note_sizes(p, m, n);
	}
	p->conf.ended(p->conf.arg, &e);
}

void
polls_begin(struct polls *p, unsigned n, unsigned ticket, bool brief)
{
	struct poll *one = p->poll;
	struct sqs_ask ask = {
	    n, BRIEF_WAIT_S, p->conf.visibility_s, p->conf.replies};

	while (one->op != NULL)
		CHECK(++one < p->poll + POLLS_MAX);
	one->began_ms = clock_mono_ms();
	if (!brief)
		ask.wait_s = poll_wait_s(&p->wait, one->began_ms);
	one->asked = n;
	one->wait_s = ask.wait_s;
	one->ticket = ticket;
	p->open++;
	p->asked += n;
	timer_after(p->vain, 2 * p->full_ms + VAIN_MS);
	one->op = sqs_receive(p->conf.sqs, &ask, on_received, one);
}

void
polls_cancel(struct polls *p)
{
	for (unsigned i = 0; i < POLLS_MAX; i++) {
		if (p->poll[i].op == NULL)
			continue;
		sqs_cancel(&p->poll[i].op);
		close_one(&p->poll[i]);
	}
}
