/* The small parsers, of URLs, buckets, dates, numbers and encodings: what they
 * accept means the same when it is written out and read again. */
#include "fuzz.h"

#include <string.h>

#include "aws/endpoint.h"
#include "aws/range.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "net/http.h"
#include "settings/token.h"
#include "settings/value.h"

enum { OUT_MAX = 1 << 20 };

static void
check_endpoint(const struct endpoint *e)
{
	struct endpoint again;
	struct buf url;

	CHECK(e->host[0] != '\0' && e->port <= 65535);
	CHECK(strpbrk(e->host, "/@?# \r\n\\%") == NULL);
	buf_init(&url, 512);
	endpoint_url(e, &url);
	CHECK(url.err == ERR_OK);
	CHECK(endpoint_parse(buf_view(&url), &again) == ERR_OK);
	CHECK(again.tls == e->tls && again.port == e->port &&
	      strcmp(again.host, e->host) == 0);
	CHECK(endpoint_is_loopback(&again) == endpoint_is_loopback(e));
	CHECK(endpoint_is_ip(&again) == endpoint_is_ip(e));
	buf_fini(&url);
}

static void
urls(struct span s)
{
	char region[REGION_MAX];
	struct endpoint e;

	if (endpoint_parse(s, &e) == ERR_OK)
		check_endpoint(&e);
	if (endpoint_queue_url(s, &e, region) == ERR_OK) {
		CHECK(memchr(region, '\0', sizeof region) != NULL);
		CHECK(region[0] == '\0' || endpoint_dns_suffix(region) != NULL);
		check_endpoint(&e);
	}
}

static void
bucket(struct span s)
{
	static const char *const regions[] = {"us-east-1", "cn-north-1", "x"};
	struct endpoint custom, e;
	struct buf path;

	CHECK(endpoint_parse(SPAN("http://s3.local:9000"), &custom) == ERR_OK);
	for (unsigned i = 0; i < 18; i++) {
		struct endpoint_s3 how = {.region = regions[i % 3],
		    .custom = i % 2 != 0 ? &custom : NULL,
		    .path_style = (enum path_style)(i / 6)};

		buf_init(&path, 4096);
		if (endpoint_bucket(s, &how, &e, &path) == ERR_OK) {
			CHECK(path.n == 0 || path.p[0] == '/');
			CHECK(path.n == 0 || strpbrk(path.p, "?# ") == NULL);
			check_endpoint(&e);
		}
		buf_fini(&path);
	}
}

static void
encodings(struct span s)
{
	struct buf out, back;

	for (unsigned keep_slash = 0; keep_slash < 2; keep_slash++) {
		buf_init(&out, OUT_MAX);
		buf_init(&back, OUT_MAX);
		enc_uri(&out, s, keep_slash != 0);
		CHECK(out.err == ERR_OK && out.n <= 3 * s.n);
		CHECK(enc_form_decode(&back, buf_view(&out)) == ERR_OK);
		CHECK(span_eq(buf_view(&back), s));
		buf_fini(&back);
		buf_fini(&out);
	}
	buf_init(&out, OUT_MAX);
	if (enc_form_decode(&out, s) == ERR_OK)
		CHECK(out.n <= s.n);
	buf_fini(&out);
}

static void
values(struct span s)
{
	uint64_t n, again;
	struct buf out;
	bool on;

	buf_init(&out, 64);
	if (value_duration(s, &n) == ERR_OK) {
		value_add_duration(&out, n);
		CHECK(value_duration(buf_view(&out), &again) == ERR_OK);
		CHECK(again == n);
	}
	buf_reset(&out);
	if (value_size(s, &n) == ERR_OK) {
		value_add_size(&out, n);
		CHECK(value_size(buf_view(&out), &again) == ERR_OK);
		CHECK(again == n);
	}
	(void)value_flag(s, &on);
	(void)token_fault(s);
	buf_fini(&out);
}

static void
headers(struct span s)
{
	struct reply r = {.status = 200, .head = s};
	struct span v = reply_header(&r, "ETag");
	char etag[64];

	CHECK(span_eq(v, span_trim(v)));
	CHECK(v.n == 0 || (v.p >= s.p && v.p + v.n <= s.p + s.n));
	range_keep_etag(etag, sizeof etag, v);
	CHECK(etag[0] == '\0' || span_is(v, etag));
	range_keep_etag(etag, sizeof etag, s);
	CHECK(strpbrk(etag, "\r\n") == NULL);
	CHECK(range_start(s) >= -1);
}

static void
dates(struct span s)
{
	int64_t at;

	if (clock_parse_http(s, &at) == ERR_OK)
		CHECK(at > INT64_MIN / 1000 && at < INT64_MAX / 1000);
	if (clock_parse_iso(s, &at) == ERR_OK)
		CHECK(at > INT64_MIN / 1000 && at < INT64_MAX / 1000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const parts[])(struct span) = {
	    urls, bucket, encodings, values, headers, dates};
	struct span in = {(const char *)data, n};
	uint8_t part = fuzz_byte(&in) % (sizeof parts / sizeof parts[0]);
	char *copy = fuzz_copy(in);

	parts[part]((struct span){copy, in.n});
	mem_free(copy);
	return 0;
}
