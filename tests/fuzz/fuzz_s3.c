/* A GET whose connection breaks where the input says, of an object that may be
 * replaced, from a server that may answer the wrong part: what ends well is the
 * object, whole, and nothing else. Each attempt takes four bytes of the input:
 * how it is answered, how much comes (two), how it ends. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3.h"
#include "base/log.h"

#include "fake/fake_http.c"

enum { OBJECT_BYTES = 3000, ATTEMPTS_MAX = 200 };

enum { ASKED_PART, ALL_OF_IT, WRONG_PART, REPLACED, NO_ETAG, BUSY, ANSWERS };

static char object[2][OBJECT_BYTES]; /* before and after it was replaced */

static const char *const etags[2] = {"\"one\"", "\"two\""};

static struct {
	struct span in;
	struct s3_get *get;
	char got[OBJECT_BYTES];
	size_t n;
	unsigned done;
	int version; /* of the object that the GET began with */
	bool told;   /* which one that is */
	bool ok, paused;
} t;

static void
on_head(void *arg, const struct s3_head *h)
{
	(void)arg;
	CHECK(h->size == OBJECT_BYTES && !t.told);
	t.told = h->etag.n > 0;
	if (t.told)
		t.version = span_is(h->etag, etags[1]);
}

static size_t
on_data(void *arg, struct span bytes)
{
	uint8_t take = fuzz_byte(&t.in);
	size_t n = take < 128 ? bytes.n : bytes.n * (take - 128u) / 128;

	(void)arg;
	CHECK(t.done == 0 && !t.paused && bytes.n <= OBJECT_BYTES - t.n);
	memcpy(t.got + t.n, bytes.p, n);
	t.n += n;
	t.paused = n < bytes.n;
	return n;
}

static void
on_done(void *arg, const struct aws_result *r)
{
	(void)arg;
	t.done++;
	t.get = NULL;
	t.ok = r->class == AWS_OK;
}

/* Where the request wants the reply to begin. */
static size_t
asked_from(const struct request *r)
{
	const char *range = fake_header(r, "range");
	uint64_t from = 0;

	if (range == NULL)
		return 0;
	CHECK(strncmp(range, "bytes=", 6) == 0);
	CHECK(span_is(span_str(fake_header(r, "if-match")), etags[t.version]));
	from = strtoull(range + 6, NULL, 10);
	CHECK(from == t.n && from > 0);
	return (size_t)from;
}

static void
answer(struct request *r)
{
	uint8_t how = fuzz_byte(&t.in) % ANSWERS;
	size_t from = asked_from(r), much = fuzz_byte(&t.in) * (size_t)256;
	uint8_t end = fuzz_byte(&t.in);
	bool part = from > 0 && how != ALL_OF_IT;
	int version = how == REPLACED;
	char head[256];

	much += fuzz_byte(&t.in);
	if (how == BUSY) {
		fake_reply(r, 503, NULL, SPAN("<Error><Code>SlowDown</Code>"));
		return;
	}
	if (how == WRONG_PART && part)
		from = (end & 1) != 0 ? from + 1 : from - 1;
	else if (!part)
		from = 0;
	if (much > OBJECT_BYTES - from)
		much = OBJECT_BYTES - from;
	snprintf(head, sizeof head,
	    "%s%s\r\nContent-Length: %zu\r\n"
	    "Content-Range: bytes %zu-%d/%d\r\n",
	    how == NO_ETAG ? "X: " : "ETag: ", etags[version],
	    OBJECT_BYTES - from, from, OBJECT_BYTES - 1, OBJECT_BYTES);
	/* Without a tag, an attempt that gave nothing binds no other. */
	if (!t.told && t.n == 0)
		t.version = version;
	fake_reply_head(r, part ? 206 : 200, head);
	fake_reply_body(r, (struct span){object[version] + from, much});
	if (end % 4 == 0)
		fake_break(r, ERR_RESET);
	else if (much == OBJECT_BYTES - from)
		fake_reply_end(r);
	else
		fake_fail(r, end % 4 == 1 ? ERR_STALL : ERR_RESET);
}

static void
run(struct s3 *s)
{
	const struct s3_object o = {.bucket = SPAN("b"), .key = SPAN("k")};
	const struct s3_events ev = {
	    .on_head = on_head, .on_data = on_data, .on_done = on_done};

	t.get = s3_get_start(s, &o, &ev);
	for (unsigned i = 0; t.done == 0 && i < ATTEMPTS_MAX; i++) {
		struct request *r = fake_http_next();

		if (r != NULL)
			answer(r);
		fake_run();
		if (t.get != NULL && t.paused) {
			t.paused = false;
			s3_get_resume(t.get);
		}
		fake_advance(100);
	}
	s3_get_cancel(&t.get);
	CHECK(t.done <= 1);
	/* What came is of the object in any case. */
	CHECK(t.n == 0 || memcmp(t.got, object[t.version], t.n) == 0);
	if (t.ok)
		CHECK(t.n == OBJECT_BYTES);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct s3_conf conf = {
	    .region = "us-east-1", .stall_timeout_ms = 1000};
	struct creds_keeper *keeper;
	struct aws *aws;
	struct s3 *s;

	memset(&t, 0, sizeof t);
	t.in = (struct span){(const char *)data, n};
	for (unsigned i = 0; i < OBJECT_BYTES; i++) {
		object[0][i] = (char)((i * 7 + i / 251) & 0x7f);
		object[1][i] = (char)(object[0][i] ^ 1);
	}
	log_set_level(LOG_LVL_ERROR);
	fake_begin();
	fake_set_cut(1 + fuzz_byte(&t.in) * 16u);
	keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	fake_run();
	aws = aws_new(fake_http(), fake_timers(), keeper);
	s = s3_new(aws, &conf);
	run(s);
	s3_free(&s);
	aws_free(&aws);
	creds_keeper_free(&keeper);
	fake_end();
	return 0;
}
