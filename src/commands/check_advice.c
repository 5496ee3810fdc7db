/* What to do about what AWS has refused: check_advise. */
#include <string.h>
#include <strings.h>

#include "base/advice.h"
#include "commands/check_internal.h"

/* The word of an AWS message that is the ARN of a key; empty if none is. */
static struct span
find_key(struct span message)
{
	while (message.p != NULL) {
		struct span word = span_cut(&message, ' ');

		if (span_starts(word, "arn:") &&
		    memmem(word.p, word.n, ":kms:", strlen(":kms:")) != NULL)
			return word;
	}
	return SPAN("");
}

bool
check_is_kms(const struct aws_result *r)
{
	return strncasecmp(r->code, "kms", 3) == 0 ||
	       strstr(r->message, "kms:") != NULL;
}

/* Who sends to an encrypted queue has its key make one for the data. */
static void
advise_kms(const struct aws_result *r, const char *action, const char *resource,
    struct buf *out)
{
	static const struct {
		const char *word;
		enum cause cause;
	} states[] = {
	    {"Disabled", CAUSE_KEY_DISABLED},
	    {"InvalidState", CAUSE_KEY_UNUSABLE},
	    {"NotFound", CAUSE_KEY_MISSING},
	    {"InvalidKeyUsage", CAUSE_KEY_UNFIT},
	};
	struct span key = find_key(span_str(r->message));
	struct span needed = strcmp(action, "sqs:SendMessage") == 0
				 ? SPAN("kms:GenerateDataKey and kms:Decrypt")
				 : SPAN("kms:Decrypt");

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		if (strstr(r->code, states[i].word) != NULL) {
			buf_str(out, advice_of(states[i].cause));
			return;
		}
	}
	if (key.n > 0)
		advice_add(out, CAUSE_KEY_DENIED, needed, key);
	else
		advice_add(
		    out, CAUSE_KEY_OF_DENIED, needed, span_str(resource));
}

static enum cause
what_is_missing(const struct aws_result *r)
{
	static const struct {
		const char *code;
		enum cause cause;
	} things[] = {
	    {"NoSuchKey", CAUSE_NO_OBJECT},
	    {"NoSuchVersion", CAUSE_NO_VERSION},
	    {"NoSuchBucket", CAUSE_NO_BUCKET},
	};

	for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
		if (strcmp(r->code, things[i].code) == 0)
			return things[i].cause;
	}
	return CAUSE_CALL_MISSING;
}

void
check_advise(const struct aws_result *r, const char *action,
    const char *resource, const struct endpoint *host, struct buf *out)
{
	switch (r->class) {
	case AWS_DENIED:
		if (check_is_kms(r))
			advise_kms(r, action, resource, out);
		else
			advice_add(out, CAUSE_CALL_DENIED, span_str(action),
			    span_str(resource));
		break;
	case AWS_TRANSIENT:
		if (r->err != ERR_OK)
			aws_advise_transport(r->err, host, out);
		else
			buf_str(out, advice_of(CAUSE_CALL_TROUBLE));
		break;
	case AWS_THROTTLED:
		buf_str(out, advice_of(CAUSE_CALL_BUSY));
		break;
	case AWS_NO_CREDS:
	case AWS_BAD_CREDS:
		buf_str(out, advice_of(CAUSE_CALL_CREDS));
		break;
	case AWS_NOT_FOUND:
		advice_add(
		    out, what_is_missing(r), span_str(resource), SPAN(""));
		break;
	case AWS_WRONG_REGION:
		buf_str(out, advice_of(CAUSE_CALL_WRONG_REGION));
		break;
	case AWS_OK:
	case AWS_OTHER:
		break;
	}
}

void
check_bucket_arn(const struct check *p, struct span bucket, struct buf *out)
{
	const char *partition = endpoint_partition(p->c->region);

	if (!span_starts(bucket, "arn:"))
		buf_printf(
		    out, "arn:%s:s3:::", partition != NULL ? partition : "aws");
	buf_span(out, bucket);
}
