/* Replies of SQS, through signing, sending and classification: the kind of call
 * and the status, then headers, an empty line, a body. */
#include "fuzz.h"

#include "aws/sqs.h"
#include "base/log.h"

#include "fake/fake_http.c"

#define URL "https://sqs.us-east-1.amazonaws.com/111122223333/q"

enum { RECEIVE, DELETE, VISIBILITY, KINDS };

static struct {
	struct creds_keeper *keeper;
	struct aws *aws;
	struct sqs *sqs;
	unsigned done;
} t;

static void
set_up(void)
{
	struct sqs_conf conf = {.queue_url = URL, .region = "us-east-1"};
	char region[REGION_MAX];

	fake_begin();
	log_set_level(LOG_LVL_ERROR);
	t.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
	CHECK(endpoint_queue_url(SPAN(URL), &conf.endpoint, region) == ERR_OK);
	t.sqs = sqs_new(t.aws, &conf);
}

/* What is left behind by one input must not meet the next. */
static void
tear_down(void)
{
	sqs_free(&t.sqs);
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	fake_end();
}

static void
touch(struct span s)
{
	char *p = fuzz_copy(s);

	mem_free(p);
}

static void
on_received(void *arg, const struct aws_result *r, const struct sqs_message *m,
    size_t n)
{
	CHECK(arg == &t);
	t.done++;
	CHECK(n <= SQS_BATCH_MAX && (r->class == AWS_OK || n == 0));
	for (size_t i = 0; i < n; i++) {
		CHECK(m[i].id.n > 0 && m[i].id.n <= SQS_ID_MAX);
		CHECK(m[i].handle.n > 0 && m[i].handle.n <= SQS_HANDLE_MAX);
		CHECK(m[i].sent_ms >= -1);
		touch(m[i].id);
		touch(m[i].handle);
		touch(m[i].body);
	}
}

static void
on_batch(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *e, size_t n)
{
	CHECK(arg == &t);
	t.done++;
	CHECK(n == (r->class == AWS_OK ? 2 : 0));
	for (size_t i = 0; i < n; i++) {
		CHECK(!e[i].ok || (!e[i].sender_fault && e[i].code.n == 0));
		touch(e[i].code);
		touch(e[i].message);
	}
}

static void
start(uint8_t kind)
{
	static const struct span handles[] = {
	    {"handle one", 10}, {"handle two", 10}};
	static const unsigned visibility[] = {0, 300};

	t.done = 0;
	if (kind == RECEIVE)
		(void)sqs_receive(t.sqs, &(struct sqs_ask){10, 20, 300, NULL},
		    on_received, &t);
	else if (kind == DELETE)
		(void)sqs_delete(t.sqs, handles, 2, on_batch, &t);
	else
		(void)sqs_change_visibility(
		    t.sqs, handles, visibility, 2, on_batch, &t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int statuses[] = {200, 400, 403, 404, 413, 429, 500, 503};
	struct span in = {(const char *)data, n};
	uint8_t kind = fuzz_byte(&in) % KINDS;
	int status = statuses[fuzz_byte(&in) % 8];
	char *head = fuzz_cstr(fuzz_until(&in, "\n\n"));
	char *body = fuzz_copy(in);

	set_up();
	start(kind);
	/* Each attempt is answered alike. */
	for (unsigned i = 0; t.done == 0; i++) {
		struct request *r = fake_http_next();

		CHECK(i < 1000);
		if (r != NULL)
			fake_reply(r, status, head, (struct span){body, in.n});
		else
			fake_advance(1000);
		fake_run();
	}
	CHECK(t.done == 1 && fake_http_nth(0) == NULL);
	tear_down();
	mem_free(head);
	mem_free(body);
	return 0;
}
