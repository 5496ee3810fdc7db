/* Answers of Dassana: what is no evidence that events were taken must not be
 * judged so. */
#include "fuzz.h"

#include <string.h>

#include "base/clock.h"
#include "sink/dassana.h"

#define TOKEN "tok-3n"

enum { RETRY_AFTER_MAX_MS = 5 * 60 * 1000 };

static void
check_result(const struct dassana_conf *conf, const struct reply *r,
    const struct dassana_result *res)
{
	bool taken = res->verdict == DASSANA_TAKEN;

	CHECK(!taken || (r->status >= 200 && r->status <= 299));
	CHECK(!taken || conf->accept_any_2xx ||
	      (r->status == 200 && r->err == ERR_OK));
	CHECK(!taken || !res->has_doc_count || res->doc_count > 0 ||
	      conf->accept_any_2xx || conf->doc_count == DOC_COUNT_IGNORED);
	CHECK(taken || !res->has_doc_count);
	CHECK(res->retry_after_ms >= -1 &&
	      res->retry_after_ms <= RETRY_AFTER_MAX_MS);
	CHECK(res->why != NULL);
	CHECK(res->reply.n == 0 ||
	      memmem(res->reply.p, res->reply.n, TOKEN, strlen(TOKEN)) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t flags = fuzz_byte(&in);
	int status = 100 + fuzz_byte(&in) * 2 + (flags >> 7);
	uint8_t fault = fuzz_byte(&in);
	struct span head = fuzz_until(&in, "\n\n");
	char *head_copy = fuzz_copy(head), *body = fuzz_copy(in);
	struct dassana_conf conf = {.endpoint = "https://x/",
	    .token = TOKEN,
	    .doc_count = flags & 1 ? DOC_COUNT_WANTED : DOC_COUNT_IGNORED,
	    .accept_any_2xx = flags & 2};
	struct reply reply = {
	    .err = flags & 4 ? (enum err)(fault % ERR_COUNT) : ERR_OK,
	    .status = flags & 8 ? 0 : status,
	    .sent = flags & 16,
	    .head = {head_copy, head.n},
	    .body = {body, in.n}};
	const struct dassana_sent sent = {TOKEN, 10, flags & 32};
	struct dassana_result result;

	clock_set_test(1000000, 1795348800000);
	if (reply.status == 0 && reply.err == ERR_OK)
		reply.err = ERR_RESET; /* as net promises */
	dassana_judge(&conf, &sent, &reply, &result);
	check_result(&conf, &reply, &result);
	mem_free(head_copy);
	mem_free(body);
	return 0;
}
