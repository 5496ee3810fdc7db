/* Constructors and parsers. */
#include <stdio.h>
#include <zlib.h>

#include "aws/call.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/xml.h"
#include "settings/config.h"
#include "sink/dassana.h"
#include "trail/decode.h"
#include "trail/filter.h"
#include "trail/notify.h"

#include "oom.h"

static void
run_json(void)
{
	const struct json_node *root;
	struct json *j;

	CHECK(
	    json_parse(SPAN("{\"a\":[1,\"\\u00e9\",{\"b\":null}],\"c\":\"d\"}"),
		1 << 16, &j, &root) == ERR_OK);
	CHECK(span_is(json_str(json_get(root, "c")), "d"));
	json_free(&j);
	CHECK(json_parse(SPAN("{\"a\":[1,"), 1 << 16, &j, &root) != ERR_OK);
	json_free(&j);
}

static void
run_xml(void)
{
	struct xml *x = xml_new(1 << 16);

	CHECK(xml_feed(x, SPAN("<Error><Code>NoSuchKey</Code>")) == ERR_OK);
	CHECK(xml_feed(x, SPAN("<Message>a &amp; b</Message></Error>")) ==
	      ERR_OK);
	CHECK(xml_finish(x) == ERR_OK);
	CHECK(span_is(xml_text(x, "Error/Message"), "a & b"));
	xml_free(&x);
}

static void
run_classify(void)
{
	struct reply r = {.status = 404,
	    .body = SPAN("<Error><Code>NoSuchKey</Code></Error>")};
	struct aws_result res;

	aws_classify(AWS_DIALECT_XML, &r, &res);
	CHECK(res.class == AWS_NOT_FOUND);
	r.body = SPAN("{\"__type\":\"x#AccessDenied\",\"message\":\"no\"}");
	aws_classify(AWS_DIALECT_JSON, &r, &res);
	CHECK(res.class == AWS_DENIED);
}

static void
run_notify(void)
{
	struct notify *n;

	CHECK(notify_parse(
		  SPAN("{\"Type\":\"Notification\",\"Message\":"
		       "\"{\\\"s3Bucket\\\":\\\"b\\\",\\\"s3ObjectKey\\\":"
		       "[\\\"k1\\\",\\\"k2\\\"]}\",\"TopicArn\":\"t\"}"),
		  &n) == NOTIFY_OBJECTS);
	CHECK(notify_count(n) == 2);
	notify_free(&n);
	CHECK(notify_parse(SPAN("{"), &n) == NOTIFY_UNKNOWN);
	notify_free(&n);
}

static void
on_record(void *arg, struct span head, struct span tail)
{
	size_t *n = arg;

	*n += head.n + tail.n;
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	(void)arg;
	(void)index;
	(void)cause;
}

static size_t
pack(unsigned char *out, size_t room, struct span s)
{
	z_stream z = {.zalloc = NULL};
	size_t n;

	CHECK(
	    deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)s.p;
	z.avail_in = (unsigned)s.n;
	z.next_out = out;
	z.avail_out = (unsigned)room;
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	n = room - z.avail_out;
	deflateEnd(&z);
	return n;
}

static unsigned char file[512];
static size_t file_n;

static void
run_decode(void)
{
	size_t n = 0;
	struct decode *d = decode_new(70000, on_record, on_left_out, &n);
	struct span in = {(const char *)file, file_n};
	bool more = true;

	while (more)
		CHECK(decode_step(d, &in, &more) == ERR_OK);
	CHECK(decode_finish(d) == ERR_OK && n == 17);
	decode_reset(d);
	in = SPAN("[{\"a\":");
	CHECK(decode_step(d, &in, &more) == ERR_OK);
	CHECK(decode_finish(d) != ERR_OK);
	decode_free(&d);
}

static void
run_filter(void)
{
	struct filter *f = filter_new("a* b*", "c* d*", true);

	CHECK(filter_judge(f, SPAN("a/b.json.gz"), -1) == FILTER_TAKES);
	filter_free(&f);
}

static void
run_sign(void)
{
	struct sigv4_cache *cache = sigv4_cache_new();
	struct sigv4_header headers[] = {
	    {"host", SPAN("h")}, {"x-amz-date", SPAN("20261122T120000Z")}};
	struct buf authorization;
	struct sigv4_request r = {.method = "GET",
	    .path = SPAN("/"),
	    .headers = headers,
	    .nheaders = 2,
	    .payload_hash = sigv4_empty_hash,
	    .region = "us-east-1",
	    .service = "s3",
	    .key_id = "K",
	    .secret = "S",
	    .wall_s = 1795348800,
	    .cache = cache};
	struct sigv4_result out = {.authorization = &authorization};

	buf_init(&authorization, 4096);
	CHECK(sigv4_sign(&r, &out) == ERR_OK);
	buf_fini(&authorization);
	sigv4_cache_free(&cache);
}

static void
run_judge(void)
{
	struct dassana_conf conf = {.endpoint = "https://x/",
	    .app_id = "a",
	    .token = "t",
	    .doc_count = DOC_COUNT_WANTED};
	struct reply r = {.status = 200, .body = SPAN("{\"docCount\":3}")};
	struct dassana_result res;
	struct dassana *d;

	dassana_judge(
	    &conf, &(struct dassana_sent){conf.token, 3, true}, &r, &res);
	CHECK(res.verdict == DASSANA_TAKEN && res.doc_count == 3);
	d = dassana_new(NULL, &conf);
	dassana_set_token(d, "other");
	dassana_free(&d);
}

static void
on_note(void *arg, bool fatal, const char *text)
{
	(void)arg, (void)fatal, (void)text;
}

static void
run_config(void)
{
	static const char *const options[] = {
	    "queue_url=https://sqs.us-east-1.amazonaws.com/1/q",
	    "dassana_token=x", "gzip_level=11", "what=1"};
	static const char *const env[] = {
	    "AWS_REGION=eu-west-1", "TRAILPOST_BATCH_MAX_BYTES=2MiB", NULL};
	struct config c;

	CHECK(config_load(&c,
		  &(struct config_sources){.file = "etc/trailpost.conf",
		      .env = env,
		      .options = options,
		      .noptions = 4},
		  on_note, NULL) == 2);
	config_fini(&c);
}

int
main(void)
{
	static const struct oom_scenario all[] = {
	    {.name = "json", .run = run_json},
	    {.name = "xml", .run = run_xml},
	    {.name = "classify", .run = run_classify},
	    {.name = "notify", .run = run_notify},
	    {.name = "decode", .run = run_decode},
	    {.name = "filter", .run = run_filter},
	    {.name = "sign", .run = run_sign},
	    {.name = "dassana", .run = run_judge},
	    {.name = "config", .run = run_config},
	    {.name = NULL},
	};

	file_n = pack(
	    file, sizeof file, SPAN("{\"Records\":[{\"a\":{}},{\"b\":[1]}]}"));
	log_set_level(LOG_LVL_ERROR);
	return oom_main(all);
}
