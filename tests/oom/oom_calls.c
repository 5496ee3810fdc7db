/* Calls on scripted replies: credentials, signing, SQS, S3, batches. */
#include "aws/s3.h"
#include "aws/sqs.h"
#include "base/log.h"
#include "sink/batcher.h"

#include "fake/fake_http.c"
#include "oom.h"

#define URL "https://sqs.us-east-1.amazonaws.com/111122223333/q"

static struct {
	struct creds_keeper *keeper;
	struct aws *aws;
	unsigned done;
} t;

static void
begin_world(void)
{
	fake_begin();
	t.done = 0;
	t.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", "T"), NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
}

static void
end_world(void)
{
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	fake_end();
}

static void
answer(int status, const char *headers, const char *body)
{
	fake_reply(fake_http_expect(), status, headers, span_str(body));
	fake_run();
}

static void
on_received(void *arg, const struct aws_result *r, const struct sqs_message *m,
    size_t n)
{
	(void)arg, (void)r, (void)m;
	t.done += n == 1;
}

static void
on_batch(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *e, size_t n)
{
	(void)arg, (void)r;
	t.done += n == 1 && e[0].ok;
}

static void
run_sqs(void)
{
	struct sqs_conf conf = {.queue_url = URL, .region = "us-east-1"};
	const struct span handle = SPAN("h");
	char region[REGION_MAX];
	struct sqs *s;

	begin_world();
	CHECK(endpoint_queue_url(SPAN(URL), &conf.endpoint, region) == ERR_OK);
	s = sqs_new(t.aws, &conf);
	(void)sqs_receive(
	    s, &(struct sqs_ask){10, 20, 300, NULL}, on_received, NULL);
	answer(200, NULL,
	    "{\"Messages\":[{\"MessageId\":\"m\",\"ReceiptHandle\":\"h\","
	    "\"Body\":\"b\"}]}");
	(void)sqs_delete(s, &handle, 1, on_batch, NULL);
	answer(200, NULL, "{\"Successful\":[{\"Id\":\"0\"}]}");
	CHECK(t.done == 2);
	sqs_free(&s);
	end_world();
}

static size_t
on_data(void *arg, struct span bytes)
{
	(void)arg;
	return bytes.n;
}

static void
on_got(void *arg, const struct aws_result *r)
{
	(void)arg;
	t.done += r->class == AWS_OK;
}

static void
run_s3(void)
{
	const struct s3_conf conf = {
	    .region = "us-east-1", .stall_timeout_ms = 1000};
	const struct s3_object o = {
	    .bucket = SPAN("bucket"), .key = SPAN("a b/c")};
	const struct s3_events ev = {.on_data = on_data, .on_done = on_got};
	struct s3 *s;

	begin_world();
	s = s3_new(t.aws, &conf);
	(void)s3_get_start(s, &o, &ev);
	/* Sent elsewhere first. */
	answer(301, "x-amz-bucket-region: eu-west-1\r\n",
	    "<Error><Code>PermanentRedirect</Code></Error>");
	answer(200, "ETag: \"e\"\r\n", "hello");
	CHECK(t.done == 1);
	s3_free(&s);
	end_world();
}

static void
on_sealed(void *arg, struct batch *b)
{
	(void)arg;
	t.done += batch_events(b) == 3;
	batch_free(&b);
}

static void
run_batcher(void)
{
	const struct batcher_conf conf = {.batch_max_bytes = 1 << 18,
	    .batch_max_events = 3,
	    .batch_max_delay_ms = 1000,
	    .gzip_level = 1};
	struct pool *pool;
	struct batcher *b;

	begin_world();
	pool = pool_new(1 << 20);
	b = batcher_new(fake_timers(), pool, &conf, on_sealed, NULL);
	for (uint64_t i = 0; i < 3; i++) {
		CHECK(batcher_room(b, 4));
		batcher_add(b, &t, i, 0, SPAN("{\"a"), SPAN("}"));
	}
	batcher_seal(b);
	CHECK(t.done == 1);
	batcher_free(&b);
	pool_free(&pool);
	end_world();
}

int
main(void)
{
	static const struct oom_scenario all[] = {
	    {.name = "sqs", .run = run_sqs},
	    {.name = "s3", .run = run_s3},
	    {.name = "batcher", .run = run_batcher},
	    {.name = NULL},
	};

	log_set_level(LOG_LVL_ERROR);
	return oom_main(all);
}
