/* What is wrong with a dead letter: its objects are read and parsed, one after
 * the other. */
#include <string.h>

#include "commands/dlq_internal.h"

/* ---- one object ---- */

static void
on_record(void *arg, struct span head, struct span tail)
{
	(void)arg;
	(void)head;
	(void)tail;
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	(void)arg;
	(void)index;
	(void)cause;
}

static void
found(struct dlq *d, enum dlq_cause cause)
{
	d->found = cause;
	d->get = NULL;
	check_wake(&d->check);
}

/* What is no log file is known before its end. */
static size_t
on_data(void *arg, struct span bytes)
{
	struct dlq *d = arg;
	size_t carry = (size_t)d->check.c->max_record_bytes;

	if (decode_feed(d->decode, bytes, carry) == ERR_OK)
		return bytes.n;
	buf_str(&d->detail, decode_error(d->decode));
	s3_get_cancel(&d->get);
	found(d, DLQ_CORRUPT);
	return bytes.n;
}

static enum dlq_cause
cause_of(const struct aws_result *r)
{
	if (r->class == AWS_NOT_FOUND)
		return DLQ_GONE;
	if (strcmp(r->code, "InvalidObjectState") == 0)
		return DLQ_ARCHIVED;
	return r->class == AWS_DENIED ? DLQ_DENIED : DLQ_UNREAD;
}

static void
say_read(struct dlq *d)
{
	struct decode_stats s = decode_stats(d->decode);

	buf_printf(&d->detail, "%llu events", (unsigned long long)s.records);
	if (s.left_out > 0)
		buf_printf(&d->detail, ", %llu records left out",
		    (unsigned long long)s.left_out);
}

static void
on_done(void *arg, const struct aws_result *r)
{
	struct dlq *d = arg;

	if (r->class != AWS_OK) {
		buf_printf(&d->detail, "%s %s%s%s",
		    r->code[0] != '\0' ? r->code : aws_class_name(r->class),
		    r->message, r->request_id[0] != '\0' ? ", request id " : "",
		    r->request_id);
		found(d, cause_of(r));
	} else if (decode_finish(d->decode) != ERR_OK) {
		buf_str(&d->detail, decode_error(d->decode));
		found(d, DLQ_CORRUPT);
	} else {
		/* A record that is left out keeps the message from being
		 * deleted. */
		say_read(d);
		found(d, decode_stats(d->decode).left_out > 0 ? DLQ_CORRUPT
							      : DLQ_FINE);
	}
}

void
look_stop(struct dlq *d)
{
	if (d->get == NULL)
		return;
	s3_get_cancel(&d->get);
	found(d, DLQ_UNREAD);
}

static enum dlq_cause
look_at_object(struct dlq *d, const struct notify_object *o)
{
	const struct s3_object object = {.bucket = o->bucket,
	    .key = o->key,
	    .version = o->version,
	    .region = o->region};
	const struct s3_events ev = {
	    .on_data = on_data, .on_done = on_done, .arg = d};

	buf_reset(&d->detail);
	d->decode = decode_new(
	    (size_t)d->check.c->max_record_bytes, on_record, on_left_out, d);
	d->get = s3_get_start(d->check.ways.s3, &object, &ev);
	check_wait(&d->check);
	mem_free(decode_take_carry(d->decode, true));
	decode_free(&d->decode);
	return d->found;
}

/* ---- one message ---- */

static enum dlq_cause
look_at_objects(struct dlq *d, const struct notify *n)
{
	enum dlq_cause first = DLQ_FINE;

	for (size_t i = 0; i < notify_count(n) && !d->stopped; i++) {
		enum dlq_cause c = look_at_object(d, notify_at(n, i));

		if (!d->stopped)
			tell_object(d, notify_at(n, i));
		if (first == DLQ_FINE)
			first = c;
	}
	return first;
}

bool
look_at(struct dlq *d, struct dlq_letter *l)
{
	struct notify *n;
	enum notify_verdict v = notify_parse(buf_view(&l->body), &n);

	tell_letter(d, l);
	if (v == NOTIFY_OBJECTS) {
		l->cause = look_at_objects(d, n);
	} else {
		l->cause = v == NOTIFY_NOTHING ? DLQ_NO_OBJECT : DLQ_UNKNOWN;
		tell_text(d, *notify_fault(n) != '\0'
				 ? notify_fault(n)
				 : notify_reason_name(notify_why(n)));
	}
	notify_free(&n);
	tell_letter_end(d, l);
	return !d->stopped;
}
