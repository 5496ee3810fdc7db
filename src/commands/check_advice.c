/* What to do about what AWS has refused: check_advise. */
#include <string.h>
#include <strings.h>

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
	bool sends = strcmp(action, "sqs:SendMessage") == 0;
	static const struct {
		const char *word, *text;
	} states[] = {
	    {"Disabled", "the key is disabled: enable it"},
	    {"InvalidState", "the key is not usable as it is, perhaps pending "
			     "deletion: cancel that, or enable it"},
	    {"NotFound", "the key does not exist any more, or is in another "
			 "region"},
	    {"InvalidKeyUsage", "the key is not one for encryption"},
	};
	struct span key = find_key(span_str(r->message));

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		if (strstr(r->code, states[i].word) != NULL) {
			buf_str(out, states[i].text);
			return;
		}
	}
	buf_printf(out, "grant %s on ",
	    sends ? "kms:GenerateDataKey and kms:Decrypt" : "kms:Decrypt");
	if (key.n > 0)
		buf_span(out, key);
	else
		buf_printf(out, "the key that encrypts %s", resource);
	buf_str(out, ", in the key's policy too if that is in another account");
}

static void
advise_not_found(
    const struct aws_result *r, const char *resource, struct buf *out)
{
	static const struct {
		const char *code, *text;
	} things[] = {
	    {"NoSuchKey", "the bucket has no such object: check the key, and "
			  "whether a life-cycle rule has removed it"},
	    {"NoSuchVersion", "the object has no such version any more: does a "
			      "life-cycle rule remove it?"},
	    {"NoSuchBucket", "check the bucket's name, and whether it is in "
			     "this partition"},
	};

	for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
		if (strcmp(r->code, things[i].code) == 0) {
			buf_str(out, things[i].text);
			return;
		}
	}
	buf_printf(out, "there is no %s: check its name, account and region",
	    resource);
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
			buf_printf(out,
			    "grant %s on %s; of another account's also in its "
			    "own policy, where no Deny may stand either",
			    action, resource);
		break;
	case AWS_TRANSIENT:
		if (r->err != ERR_OK)
			aws_advise_transport(r->err, host, out);
		else
			buf_str(out, "AWS is in trouble: try again");
		break;
	case AWS_THROTTLED:
		buf_str(out, "too many requests at the moment: try again");
		break;
	case AWS_NO_CREDS:
	case AWS_BAD_CREDS:
		buf_str(out, "the credentials are wrong, expired or of another "
			     "partition, or this host's clock is wrong");
		break;
	case AWS_NOT_FOUND:
		advise_not_found(r, resource, out);
		break;
	case AWS_WRONG_REGION:
		buf_str(out, "it is in another region than the one asked, and "
			     "not in one of this partition");
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
