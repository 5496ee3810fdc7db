/* XML and JSON error replies of AWS: headers, an empty line, a body. */
#include "fuzz.h"

#include <string.h>

#include "aws/call.h"
#include "base/xml.h"

enum { TEXT_MAX = 64 * 1024 };

static const char *const paths[] = {"Error/Code", "Error/Message",
    "Error/Region", "ErrorResponse/Error/Code", "ErrorResponse/RequestId"};

enum { PATHS = sizeof paths / sizeof paths[0] };

static enum err
parse(struct span s, uint8_t how, struct xml *x)
{
	struct fuzz_cut cut;
	enum err err = ERR_OK;

	fuzz_cut_init(&cut, s, how);
	while (err == ERR_OK && fuzz_cut_next(&cut))
		err = xml_feed(x, cut.piece);
	fuzz_cut_fini(&cut);
	return err == ERR_OK ? xml_finish(x) : err;
}

static void
check_cuts(struct span s, uint8_t how)
{
	struct xml *whole = xml_new(TEXT_MAX), *cut = xml_new(TEXT_MAX);
	enum err err = parse(s, 0, whole);

	/* Expat puts off what may be unfinished, so of a wrong text the cut
	 * decides which fault is met first; but never whether it is wrong. */
	CHECK((parse(s, how, cut) == ERR_OK) == (err == ERR_OK));
	for (size_t i = 0; i < PATHS && err == ERR_OK; i++)
		CHECK(span_eq(
		    xml_text(whole, paths[i]), xml_text(cut, paths[i])));
	xml_free(&whole);
	xml_free(&cut);
}

static void
check_result(const struct aws_result *r)
{
	CHECK(memchr(r->code, '\0', sizeof r->code) != NULL);
	CHECK(memchr(r->message, '\0', sizeof r->message) != NULL);
	CHECK(strpbrk(r->message, "\r\n") == NULL);
	CHECK(memchr(r->request_id, '\0', sizeof r->request_id) != NULL);
	CHECK(memchr(r->region, '\0', sizeof r->region) != NULL);
	CHECK(r->region[0] == '\0' ||
	      (r->class == AWS_WRONG_REGION &&
		  endpoint_dns_suffix(r->region) != NULL));
	CHECK(aws_class_name(r->class) != NULL);
	CHECK((r->class == AWS_OK) ==
	      (r->err == ERR_OK && r->status >= 200 && r->status < 300));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t how = fuzz_byte(&in);
	int status = 200 + fuzz_byte(&in) * 2;
	struct span head = fuzz_until(&in, "\n\n");
	char *head_copy = fuzz_copy(head), *body = fuzz_copy(in);
	struct reply reply = {.status = status,
	    .head = {head_copy, head.n},
	    .body = {body, in.n}};
	struct aws_result result;

	check_cuts(in, how);
	memset(&result, 0xa5, sizeof result);
	aws_classify(AWS_DIALECT_XML, &reply, &result);
	check_result(&result);
	memset(&result, 0xa5, sizeof result);
	aws_classify(AWS_DIALECT_JSON, &reply, &result);
	check_result(&result);
	mem_free(head_copy);
	mem_free(body);
	return 0;
}
