#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/identity.h"

#include "fake/fake_http.c"

#define ROWS(a) (sizeof(a) / sizeof(a)[0])
#define RESULT(s)                                                              \
	"<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/"    \
	"2011-06-15/\"><GetCallerIdentityResult>" s                            \
	"</GetCallerIdentityResult><ResponseMetadata><RequestId>q</RequestId>" \
	"</ResponseMetadata></GetCallerIdentityResponse>"

static struct {
	struct creds_keeper *keeper;
	struct aws *aws;
	struct endpoint sts;
	struct identity_get *get;
	unsigned done;
	struct aws_result result;
	struct buf text;
} t;

static int
setup(void **state)
{
	(void)state;
	fake_begin();
	memset(&t, 0, sizeof t);
	buf_init(&t.text, 4096);
	t.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
	assert_int_equal(endpoint_service("sts", "eu-west-1", &t.sts), ERR_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	identity_cancel(&t.get);
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	buf_fini(&t.text);
	fake_end();
	return 0;
}

static void
on_identity(void *arg, const struct aws_result *r, const struct identity *i)
{
	assert_ptr_equal(arg, &t);
	t.get = NULL;
	t.done++;
	t.result = *r;
	buf_reset(&t.text);
	if (i != NULL)
		buf_printf(&t.text, "%.*s %.*s", (int)i->account.n,
		    i->account.p, (int)i->arn.n, i->arn.p);
}

static struct request *
ask(void)
{
	t.done = 0;
	t.get = identity_start(t.aws, &t.sts, "eu-west-1", on_identity, &t);
	assert_int_equal(t.done, 0);
	return fake_http_expect();
}

static void
test_request(void **state)
{
	struct request *r = ask();
	(void)state;
	assert_string_equal(
	    fake_url(r), "https://sts.eu-west-1.amazonaws.com/");
	assert_string_equal(fake_method(r), "POST");
	assert_string_equal(
	    fake_body(r).p, "Action=GetCallerIdentity&Version=2011-06-15");
	assert_non_null(
	    strstr(fake_header(r, "authorization"), "/eu-west-1/sts/"));
	identity_cancel(&t.get);
	assert_null(t.get);
	fake_run();
	assert_int_equal(t.done, 0);
}

static void
test_replies(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum aws_class class;
		const char *text, *code;
	} rows[] = {
	    {200, RESULT("<Arn>a</Arn><UserId>u</UserId><Account>1</Account>"),
		AWS_OK, "1 a", ""},
	    {200, RESULT("<Account>1</Account>"), AWS_TRANSIENT, "", ""},
	    {200, RESULT("<Arn>a</Arn>"), AWS_TRANSIENT, "", ""},
	    {200, "<html></html>", AWS_TRANSIENT, "", ""},
	    {200, "<html>", AWS_TRANSIENT, "", ""},
	    {200, "", AWS_TRANSIENT, "", ""},
	    {403,
		"<ErrorResponse><Error><Type>Sender</Type><Code>"
		"InvalidClientTokenId</Code><Message>m</Message></Error>"
		"</ErrorResponse>",
		AWS_BAD_CREDS, "", "InvalidClientTokenId"},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		fake_reply(ask(), rows[i].status, NULL, span_str(rows[i].body));
		fake_run();
		assert_int_equal(t.done, 1);
		assert_int_equal(t.result.class, rows[i].class);
		assert_string_equal(t.result.code, rows[i].code);
		assert_string_equal(buf_cstr(&t.text), rows[i].text);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_request),
	    T(test_replies),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
