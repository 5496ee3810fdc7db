#include "flow/advice.h"

#include <stddef.h>
#include <string.h>

struct advice {
	const char *code;
	const char *text;
};

static const struct advice of_queue[] = {
    {"KMS.AccessDeniedException",
	"the queue is encrypted: grant kms:Decrypt on its key"},
    {"KmsAccessDenied", "the queue is encrypted: grant kms:Decrypt on its key"},
    {"OverLimit", "too many messages of this queue are in flight; it goes on "
		  "as they are deleted"},
};

static const struct advice of_object[] = {
    {"InvalidObjectState", "the object is archived: restore it, then redrive "
			   "its message from the dead-letter queue"},
    {"NoSuchKey", "the object was removed before it could be read: does a "
		  "life-cycle rule expire it too early?"},
    {"NoSuchVersion", "the version was removed before it could be read"},
    {"NoSuchBucket", "is this queue fed by a bucket that is gone?"},
    {"ObjectChanged", "something overwrites log files while they are read; "
		      "the message comes back"},
};

static const char *const by_class[] = {
    [AWS_NO_CREDS] = "there are no credentials to sign with",
    [AWS_BAD_CREDS] = "the credentials are expired or wrong, or this host's "
		      "clock is",
    [AWS_WRONG_REGION] = "set region, or endpoint_url_s3, to where it is",
};

static const char *
look_up(const struct advice *row, size_t n, const struct aws_result *r)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i].code, r->code) == 0)
			return row[i].text;
	}
	if ((size_t)r->class < sizeof by_class / sizeof *by_class &&
	    by_class[r->class] != NULL)
		return by_class[r->class];
	return "";
}

static bool
out_of_reach(const struct aws_result *r)
{
	return r->err == ERR_RESOLVE || r->err == ERR_CONNECT ||
	       r->err == ERR_TLS;
}

const char *
advice_receive(const struct aws_result *r)
{
	if (r->err == ERR_LIMIT)
		return "these messages are too large to be taken in at once: "
		       "they are asked for one by one, and one that is still "
		       "too large is left to the dead-letter queue";
	if (r->class == AWS_DENIED && strncmp(r->code, "K", 1) != 0)
		return "grant sqs:ReceiveMessage, sqs:DeleteMessage and "
		       "sqs:ChangeMessageVisibility on the queue";
	if (r->class == AWS_NOT_FOUND)
		return "check queue_url: its account, region and name";
	if (out_of_reach(r))
		return "SQS cannot be reached: check queue_url's region, "
		       "endpoint_url_sqs, the name server, routes, firewall "
		       "and VPC endpoint, the proxy, and ca_file";
	if (r->class == AWS_TRANSIENT)
		return "it passes by itself; if it goes on, run trailpost "
		       "check: something between us and SQS is in the way";
	return look_up(of_queue, sizeof of_queue / sizeof *of_queue, r);
}

const char *
advice_get(const struct aws_result *r)
{
	if (r->class == AWS_DENIED)
		return "if only some keys are refused they are probably gone; "
		       "otherwise grant s3:GetObject (and "
		       "s3:GetObjectVersion) on the bucket's objects, and "
		       "kms:Decrypt on its key if it is encrypted with one";
	if (out_of_reach(r))
		return "S3 cannot be reached: check endpoint_url_s3, the name "
		       "server, routes, firewall and VPC endpoint, the proxy, "
		       "and ca_file";
	if (r->class == AWS_TRANSIENT)
		return "it passes, or something between us and S3 is in the "
		       "way";
	if (r->class == AWS_THROTTLED)
		return "S3 asks for fewer requests: lower s3_concurrency if it "
		       "goes on";
	return look_up(of_object, sizeof of_object / sizeof *of_object, r);
}

const char *
advice_code(const struct aws_result *r)
{
	if (r->code[0] != '\0')
		return r->code;
	return r->err != ERR_OK ? err_name(r->err) : aws_class_name(r->class);
}
