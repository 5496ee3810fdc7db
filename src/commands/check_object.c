/* A notification and an object of it: check_peek, check_object. */
#include <string.h>

#include "commands/check_internal.h"
#include "trail/notify.h"

enum { PEEK_WAIT_S = 1, PEEK_HIDDEN_S = 30, NAME_BYTES = 4096 };

/* A message that names no object. The daemon would delete the first two kinds,
 * and the link of a subscription with them. */
static void
say_what_it_is(struct report_step *s, const struct notify *n)
{
	enum notify_reason why = notify_why(n);
	struct span topic = notify_topic(n), link = notify_link(n);

	buf_printf(&s->fact, " (it names no object: %s%s%s)",
	    notify_reason_name(why), *notify_fault(n) != '\0' ? ", " : "",
	    notify_fault(n));
	if (why != NOTIFY_R_SUBSCRIPTION && why != NOTIFY_R_UNSUBSCRIPTION)
		return;
	s->mark = REPORT_WARNING;
	buf_printf(&s->advice,
	    why == NOTIFY_R_SUBSCRIPTION
		? "the topic %.*s waits for a confirmation, and sends nothing "
		  "before: open %.*s or subscribe the queue from the account "
		  "that owns it"
		: "the queue was unsubscribed from the topic %.*s; if that was "
		  "a mistake, open %.*s or subscribe it again",
	    (int)topic.n, topic.p, (int)link.n, link.p);
}

static void
keep_object(struct check *p, struct span body)
{
	struct notify *n;

	if (notify_parse(body, &n) == NOTIFY_OBJECTS) {
		/* The first will do. */
		const struct notify_object *o = notify_at(n, 0);

		buf_span(&p->bucket, o->bucket);
		buf_span(&p->key, o->key);
		buf_span(&p->version, o->version);
		buf_span(&p->region, o->region);
	} else {
		say_what_it_is(&p->step, n);
	}
	notify_free(&n);
}

static void
on_received(void *arg, const struct aws_result *r, const struct sqs_message *m,
    size_t n)
{
	struct check *p = arg;
	struct report_step *s = &p->step;

	if (r->class != AWS_OK) {
		check_refused(p, r);
		check_advise(r, "sqs:ReceiveMessage", buf_cstr(&p->queue_arn),
		    &p->ways.hosts.sqs, &s->advice);
	} else if (n == 0) {
		buf_str(&s->fact, "sqs:ReceiveMessage is allowed; no message "
				  "was waiting");
	} else {
		buf_printf(&s->fact, "message %.*s, received %u times",
		    (int)m->id.n, m->id.p, m->receive_count);
		if (p->args->object == NULL)
			keep_object(p, m->body);
		buf_span(&p->handle, m->handle);
	}
	check_wake(p);
}

static void
on_released(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *entry, size_t n)
{
	struct check *p = arg;

	if (r->class == AWS_OK && n == 1 && entry[0].ok)
		buf_str(&p->step.fact, ", released at once");
	else
		buf_printf(
		    &p->step.fact, ", comes back in %d s", PEEK_HIDDEN_S);
	check_wake(p);
}

void
check_peek(struct check *p)
{
	static const unsigned now = 0;
	static const struct sqs_ask ask = {1, PEEK_WAIT_S, PEEK_HIDDEN_S, NULL};
	struct span handle;

	if (!p->args->peek && p->args->object != NULL)
		return;
	if (!p->args->peek) {
		check_skip(p, "receive",
		    "it would cost a message one of its "
		    "receives; do it with --peek");
		return;
	}
	report_step_init(&p->step, "receive");
	sqs_receive(p->ways.sqs, &ask, on_received, p);
	check_wait(p);
	if (p->handle.n > 0) {
		handle = buf_view(&p->handle);
		sqs_change_visibility(
		    p->ways.sqs, &handle, &now, 1, on_released, p);
		check_wait(p);
	}
	report_add(&p->report, &p->step);
}

struct read {
	struct check *check;
	struct s3_get *get;
	struct timer *timer;
	const char *action;
	bool in_vain;  /* the daemon will read another version */
	bool is_alone; /* without the version it could be read */
};

/* The head and the first bytes are proof enough. */
static void
stop_reading(void *arg)
{
	struct read *t = arg;

	s3_get_cancel(&t->get);
	check_wake(t->check);
}

static void
on_head(void *arg, const struct s3_head *h)
{
	struct read *t = arg;
	struct check *p = t->check;
	struct buf *b = &p->step.fact;

	buf_printf(b, "%s is allowed, s3://%s/%s", t->action,
	    buf_cstr(&p->bucket), buf_cstr(&p->key));
	if (h->size >= 0)
		buf_printf(b, ", %lld bytes", (long long)h->size);
	if (h->storage_class.n > 0)
		buf_printf(
		    b, ", %.*s", (int)h->storage_class.n, h->storage_class.p);
	if (p->version.n == 0 && !span_is(h->version, "null"))
		buf_span(&p->version, h->version);
	timer_soon(t->timer);
}

static size_t
on_data(void *arg, struct span bytes)
{
	(void)arg;
	(void)bytes;
	return 0; /* paused until it is cancelled */
}

/* What to grant it on. */
static void
object_arn(const struct check *p, struct buf *out)
{
	const char *partition = endpoint_partition(p->c->region);

	if (span_starts(buf_view(&p->bucket), "arn:"))
		buf_printf(out, "%s/object/*", buf_cstr(&p->bucket));
	else
		buf_printf(out, "arn:%s:s3:::%s/*",
		    partition != NULL ? partition : "aws",
		    buf_cstr(&p->bucket));
}

struct s3_object
check_object_of(const struct check *p)
{
	return (struct s3_object){.bucket = buf_view(&p->bucket),
	    .key = buf_view(&p->key),
	    .version = buf_view(&p->version),
	    .region = buf_view(&p->region)};
}

/* Where the notification names a version that is what the daemon reads: it does
 * no harm that the current one was deleted, or cannot be read. */
static bool
is_in_vain(const struct read *t, const struct aws_result *r)
{
	return t->in_vain && strcmp(r->code, "NoSuchBucket") != 0 &&
	       (r->class == AWS_NOT_FOUND ||
		   (r->class == AWS_DENIED && !check_is_kms(r)));
}

static void
on_done(void *arg, const struct aws_result *r)
{
	struct read *t = arg;
	struct check *p = t->check;
	struct buf *advice = &p->step.advice;
	const struct s3_object o = check_object_of(p);
	struct endpoint host = p->ways.hosts.s3;
	struct buf arn;

	t->get = NULL;
	/* An empty object is over before it could be stopped. */
	if (r->class == AWS_OK)
		return;
	timer_stop(t->timer);
	buf_init(&arn, NAME_BYTES);
	object_arn(p, &arn);
	(void)s3_host(p->ways.s3, &o, &host);
	check_refused(p, r);
	check_advise(r, t->action, buf_cstr(&arn), &host, advice);
	if (r->class == AWS_DENIED && t->is_alone)
		buf_str(advice, "; without its version the object can be read: "
				"this action alone is missing, and every "
				"notification of a versioned bucket needs it");
	else if (r->class == AWS_DENIED)
		buf_printf(advice,
		    "; a key that does not exist is refused in the same way "
		    "(%s)",
		    buf_cstr(&p->key));
	if (is_in_vain(t, r)) {
		p->step.mark = REPORT_WARNING;
		buf_str(advice, "; what counts is the version that the "
				"notification names");
	}
	buf_fini(&arn);
	check_wake(p);
}

static bool
read_object(struct check *p, const char *name, struct read t)
{
	const struct s3_object o = check_object_of(p);
	const struct s3_events ev = {.on_head = on_head,
	    .on_data = on_data,
	    .on_done = on_done,
	    .arg = &t};
	bool ok;

	t.check = p;
	report_step_init(&p->step, name);
	t.timer = timer_new(p->ways.timers, stop_reading, &t);
	t.get = s3_get_start(p->ways.s3, &o, &ev);
	check_wait(p);
	timer_free(&t.timer);
	ok = p->step.mark == REPORT_OK;
	report_add(&p->report, &p->step);
	return ok;
}

bool
check_read(struct check *p)
{
	return read_object(
	    p, "object", (struct read){.action = "s3:GetObject"});
}

/* Notifications of a versioned bucket name versions, which have an action of
 * their own: both are tried. */
void
check_object(struct check *p)
{
	struct read plain = {.action = "s3:GetObject"};
	struct read exact = {.action = "s3:GetObjectVersion"};
	struct buf version;

	if (p->key.n == 0) {
		if (p->args->object == NULL)
			check_skip(p, "object",
			    "no object is known to read; "
			    "name one with --object s3://BUCKET/KEY");
		return;
	}
	version = p->version;
	buf_init(&p->version, version.max);
	plain.in_vain = version.n > 0;
	exact.is_alone = read_object(p, "object", plain);
	if (exact.is_alone && p->version.n == 0)
		check_skip(p, "version", "the object has no version");
	if (version.n > 0) {
		buf_fini(&p->version);
		p->version = version;
	} else {
		buf_fini(&version);
	}
	if (p->version.n > 0)
		read_object(p, "version", exact);
}
