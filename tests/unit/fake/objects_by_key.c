/*
 * The same world, seen by keys: messages that name some, and what S3 and
 * Dassana say of one. Included by each test that wants it.
 */
#include "objects_world.c"

#define TWO "{\"Records\":[{\"a\":1},{\"a\":2}]}"

static const char *in_bucket = "b";

static void
want(struct message *m, const char *key, const char *etag)
{
	struct notify_object o = {.bucket = span_str(in_bucket),
	    .key = span_str(key),
	    .etag = span_str(etag),
	    .size = -1,
	    .event_time = -1};

	objects_want(t.os, m, &o);
}

/* A message that names these keys ("a b"), as intake would take it. */
static struct message *
message(const char *keys)
{
	struct message *m = hold();
	struct span rest = span_str(keys);
	char key[16];

	while (rest.p != NULL && rest.n > 0) {
		struct span k = span_cut(&rest, ' ');

		snprintf(key, sizeof key, "%.*s", (int)k.n, k.p);
		want(m, key, "e");
	}
	message_ended(t.ms, m, true);
	objects_start(t.os);
	return m;
}

static struct messages_stats
leave(void)
{
	struct sqs_op *op;

	messages_flush(t.ms);
	while ((op = fake_sqs_nth(0)) != NULL)
		fake_sqs_answer(op, 0, NULL);
	return messages_stats(t.ms);
}

static struct objects_stats
stats(void)
{
	return objects_stats(t.os);
}

static void
refuse(const char *key)
{
	fake_s3_fail(fake_s3_of(key), AWS_DENIED, "AccessDenied");
}

static void
deliver(const char *key)
{
	message(key);
	assert_true(fake_s3_send(fake_s3_of(key), TWO));
	settle(DELIVERY_TAKEN);
}

/* Until it is tried again. */
static int64_t
wait_for_get(const char *key)
{
	int64_t begin = clock_mono_ms();

	while (!fake_s3_is_open(key)) {
		assert_true(clock_mono_ms() - begin < 3600 * 1000);
		fake_advance(100);
	}
	return clock_mono_ms() - begin;
}
