/*
 * What an answer to a POST means. Nothing is taken but on positive evidence;
 * an answer that another server would give as well is the set-up's fault.
 */
#include <string.h>

#include "base/advice.h"
#include "base/clock.h"
#include "base/json.h"
#include "sink/dassana.h"

enum {
	EXCERPT_MAX = 512,
	RETRY_AFTER_MAX_S = 5 * 60,
	TREE_MAX = 512 * 1024, /* of a reply that net has capped */
};

static const struct row {
	int first, last;
	enum dassana_verdict verdict;
	const char *why;
	enum cause cause;
} rows[] = {
    {300, 399, DASSANA_SETUP, "the endpoint redirects", CAUSE_DASSANA_ENDPOINT},
    {400, 400, DASSANA_REFUSED, "the events were refused",
	CAUSE_DASSANA_EVENTS},
    {401, 401, DASSANA_TOKEN, "the token was refused", CAUSE_DASSANA_TOKEN},
    {403, 403, DASSANA_TOKEN, "the token was refused", CAUSE_DASSANA_TOKEN},
    {404, 404, DASSANA_SETUP, "nothing there at the endpoint",
	CAUSE_DASSANA_ENDPOINT},
    {405, 405, DASSANA_SETUP, "the endpoint takes no POST",
	CAUSE_DASSANA_ENDPOINT},
    {407, 407, DASSANA_SETUP, "a proxy wants credentials", CAUSE_DASSANA_PROXY},
    {408, 408, DASSANA_RETRY, "the server waited too long", CAUSE_DASSANA_PATH},
    {411, 411, DASSANA_SETUP, "the endpoint takes no such request",
	CAUSE_DASSANA_ENDPOINT},
    {413, 413, DASSANA_REFUSED, "the batch is too large", CAUSE_DASSANA_BATCH},
    {415, 415, DASSANA_SETUP, "the endpoint takes no NDJSON",
	CAUSE_DASSANA_ENDPOINT},
    {422, 422, DASSANA_REFUSED, "the events were refused",
	CAUSE_DASSANA_EVENTS},
    {429, 429, DASSANA_RETRY, "Dassana limits the rate", CAUSE_DASSANA_RATE},
    {400, 499, DASSANA_REFUSED, "the request was refused",
	CAUSE_DASSANA_EVENTS},
    {500, 599, DASSANA_RETRY, "trouble on the server", CAUSE_NONE},
};

static const struct fault {
	enum err err;
	const char *why;
	enum cause cause;
} faults[] = {
    {ERR_RESOLVE, "the host name was not resolved", CAUSE_DASSANA_NAME},
    {ERR_CONNECT, "no connection", CAUSE_DASSANA_PATH},
    {ERR_TLS, "no TLS connection that can be trusted", CAUSE_DASSANA_TLS},
    {ERR_TIMEOUT, "no answer in time", CAUSE_DASSANA_SLOW},
    {ERR_STALL, "no answer in time", CAUSE_DASSANA_PATH},
    {ERR_RESET, "the connection broke", CAUSE_DASSANA_PATH},
    {ERR_PROTOCOL, "the answer is not HTTP", CAUSE_DASSANA_ENDPOINT},
    {ERR_LIMIT, "the answer is too long", CAUSE_DASSANA_ENDPOINT},
};

static bool
holds(struct span s, struct span part)
{
	return part.n > 0 && s.n >= part.n &&
	       memmem(s.p, s.n, part.p, part.n) != NULL;
}

static void
set(struct dassana_result *out, enum dassana_verdict verdict, const char *why,
    enum cause cause)
{
	out->verdict = verdict;
	out->why = why;
	out->advice = cause != CAUSE_NONE ? advice_of(cause) : NULL;
}

/* A server or proxy that echoes its request must not bring the token into the
 * log: neither the one that was sent nor the one in force by now. */
static struct span
excerpt(struct span body, const char *sent, const char *now)
{
	if (holds(body, span_str(sent)) || holds(body, span_str(now)))
		return SPAN("(withheld: it repeats the token)");
	if (body.n > EXCERPT_MAX)
		body.n = EXCERPT_MAX;
	return body;
}

/* Seconds or a date (RFC 9110 § 10.2.3). */
static int64_t
retry_after_ms(const struct reply *r)
{
	struct span s = reply_header(r, "Retry-After");
	int64_t at, wait_s;
	uint64_t n;
	enum err err;

	if (s.n == 0)
		return -1;
	err = span_u64(s, 0, RETRY_AFTER_MAX_S, &n);
	if (err == ERR_OK)
		wait_s = (int64_t)n;
	else if (err == ERR_RANGE)
		wait_s = RETRY_AFTER_MAX_S;
	else if (clock_parse_http(s, &at) == ERR_OK)
		wait_s = at - clock_wall_s();
	else
		return -1;
	if (wait_s < 0)
		wait_s = 0;
	if (wait_s > RETRY_AFTER_MAX_S)
		wait_s = RETRY_AFTER_MAX_S;
	return wait_s * 1000;
}

static void
judge_fault(const struct reply *r, struct dassana_result *out)
{
	set(out, DASSANA_RETRY, "no complete answer", CAUSE_DASSANA_PATH);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		if (faults[i].err == r->err)
			set(out, DASSANA_RETRY, faults[i].why, faults[i].cause);
	}
}

/* ---- a success ---- */

/* What a reply of status 200 says. */
struct said {
	bool object;
	bool failure;
	bool has_count;
	uint64_t count;
};

static bool
is_true(const struct json_node *n)
{
	return json_is(n, JSON_BOOL) && n->boolean;
}

/* A number in JSON's words: whether any digit before its exponent counts. */
static bool
is_positive(struct span s)
{
	if (span_starts(s, "-"))
		return false;
	for (size_t i = 0; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
		if (s.p[i] >= '1' && s.p[i] <= '9')
			return true;
	}
	return false;
}

/* Of what gateways and functions answer when they fail, with status 200. */
static bool
tells_failure(const struct json_node *root)
{
	static const char *const keys[] = {"errorMessage", "error"};
	const struct json_node *n;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		n = json_get(root, keys[i]);
		if (json_str(n).n > 0 || json_is(n, JSON_OBJECT) || is_true(n))
			return true;
	}
	n = json_get(root, "success");
	if (json_is(n, JSON_BOOL) && !n->boolean)
		return true;
	n = json_get(root, "errors");
	if (json_is(n, JSON_ARRAY))
		return n->child != NULL;
	if (json_is(n, JSON_NUMBER))
		return is_positive(n->text);
	return is_true(n);
}

static struct span
without_bom(struct span s)
{
	if (span_starts(s, "\xef\xbb\xbf"))
		return (struct span){s.p + 3, s.n - 3};
	return s;
}

static struct said
read_success(const struct reply *r)
{
	const struct json_node *root;
	struct json *doc = NULL;
	struct said said = {0};

	if (r->err != ERR_OK)
		return said; /* cut: too long for one of Dassana's */
	(void)json_parse(without_bom(r->body), TREE_MAX, &doc, &root);
	said.object = json_is(root, JSON_OBJECT);
	said.has_count =
	    json_u64(json_get(root, "docCount"), &said.count) == ERR_OK;
	said.failure = tells_failure(root);
	json_free(&doc);
	return said;
}

static void
judge_count(const struct dassana_conf *conf, const struct dassana_sent *sent,
    const struct said *said, struct dassana_result *out)
{
	if (!said->has_count && sent->counts)
		set(out, DASSANA_RETRY,
		    "status 200 without docCount, which this endpoint else "
		    "sends",
		    CAUSE_DASSANA_PATH);
	else if (!said->has_count)
		set(out, DASSANA_UNCOUNTED,
		    "status 200 without docCount: nothing shows that events "
		    "were taken",
		    CAUSE_DASSANA_UNCOUNTED);
	else if (said->count == 0)
		set(out, DASSANA_REFUSED, "Dassana took none of the events",
		    CAUSE_DASSANA_NONE_TAKEN);
	else
		out->unsure = said->count < sent->events &&
			      conf->doc_count == DOC_COUNT_STRICT;
}

static void
judge_success(const struct dassana_conf *conf, const struct dassana_sent *sent,
    const struct reply *r, struct dassana_result *out)
{
	bool counted = conf->doc_count != DOC_COUNT_IGNORED;
	struct said said = read_success(r);

	out->has_doc_count = said.has_count;
	out->doc_count = said.count;
	if (conf->accept_any_2xx)
		return;
	/* Whoever ignores it may have an endpoint that always says so. */
	if (!counted && said.count == 0)
		out->has_doc_count = false;
	if (r->status != 200)
		set(out, DASSANA_SETUP, "a success, but not status 200",
		    CAUSE_DASSANA_ENDPOINT);
	else if (!said.object)
		set(out, DASSANA_SETUP, "status 200, but no JSON object",
		    CAUSE_DASSANA_ENDPOINT);
	else if (said.has_count && said.count == sent->events)
		return;
	else if (said.failure)
		set(out, DASSANA_RETRY,
		    "status 200, but the reply tells a failure",
		    CAUSE_DASSANA_FAILURE);
	else if (counted)
		judge_count(conf, sent, &said, out);
}

static void
judge_failure(const struct reply *r, struct dassana_result *out)
{
	set(out, DASSANA_SETUP, "not a status that belongs here",
	    CAUSE_DASSANA_ENDPOINT);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];

		if (r->status >= row->first && r->status <= row->last) {
			set(out, row->verdict, row->why, row->cause);
			break;
		}
	}
	if (r->status == 429 || r->status == 503)
		out->retry_after_ms = retry_after_ms(r);
}

void
dassana_judge(const struct dassana_conf *conf, const struct dassana_sent *sent,
    const struct reply *r, struct dassana_result *out)
{
	bool success = r->status >= 200 && r->status <= 299;

	*out = (struct dassana_result){
	    .verdict = DASSANA_TAKEN,
	    .status = r->status,
	    .retry_after_ms = -1,
	    .sent = r->sent,
	    .why = "taken",
	    .reply = excerpt(r->body, sent->token, conf->token),
	    .detail = r->detail,
	    .err = r->err,
	};
	/* A reply that is too long still has a status that says something. */
	if (r->err != ERR_OK && (r->err != ERR_LIMIT || r->status == 0)) {
		judge_fault(r, out);
		return;
	}
	if (success)
		judge_success(conf, sent, r, out);
	else
		judge_failure(r, out);
	/* The status that goes with this word is not documented, so the word
	 * counts, unless something says that events were taken. */
	if (holds(r->body, SPAN("token_validation_error")) &&
	    !(success && (conf->accept_any_2xx || out->doc_count > 0)))
		set(out, DASSANA_TOKEN, "the token was refused",
		    CAUSE_DASSANA_TOKEN);
	if (out->verdict != DASSANA_TAKEN)
		out->has_doc_count = false;
}
