#include "flow/cause.h"

#include <stddef.h>
#include <string.h>

struct row {
	const char *code;
	enum cause cause;
};

static const struct row of_queue[] = {
    {"KMS.AccessDeniedException", CAUSE_QUEUE_KEY},
    {"KmsAccessDenied", CAUSE_QUEUE_KEY},
    {"OverLimit", CAUSE_QUEUE_IN_FLIGHT},
};

static const struct row of_object[] = {
    {"InvalidObjectState", CAUSE_OBJECT_ARCHIVED},
    {"NoSuchKey", CAUSE_OBJECT_GONE},
    {"NoSuchVersion", CAUSE_VERSION_GONE},
    {"NoSuchBucket", CAUSE_BUCKET_GONE},
    {"ObjectChanged", CAUSE_OBJECT_CHANGED},
};

static const enum cause by_class[] = {
    [AWS_NO_CREDS] = CAUSE_NO_CREDS,
    [AWS_BAD_CREDS] = CAUSE_BAD_CREDS,
    [AWS_WRONG_REGION] = CAUSE_WRONG_REGION,
};

static enum cause
look_up(const struct row *row, size_t n, const struct aws_result *r)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i].code, r->code) == 0)
			return row[i].cause;
	}
	if ((size_t)r->class < sizeof by_class / sizeof *by_class)
		return by_class[r->class];
	return CAUSE_NONE;
}

static bool
out_of_reach(const struct aws_result *r)
{
	return r->err == ERR_RESOLVE || r->err == ERR_CONNECT ||
	       r->err == ERR_TLS;
}

enum cause
cause_of_receive(const struct aws_result *r)
{
	if (r->err == ERR_LIMIT)
		return CAUSE_QUEUE_TOO_LARGE;
	if (r->class == AWS_DENIED && strncmp(r->code, "K", 1) != 0)
		return CAUSE_QUEUE_DENIED;
	if (r->class == AWS_NOT_FOUND)
		return CAUSE_QUEUE_MISSING;
	if (out_of_reach(r))
		return CAUSE_QUEUE_UNREACHED;
	if (r->class == AWS_TRANSIENT)
		return CAUSE_QUEUE_TROUBLE;
	return look_up(of_queue, sizeof of_queue / sizeof *of_queue, r);
}

enum cause
cause_of_get(const struct aws_result *r)
{
	if (r->class == AWS_DENIED)
		return CAUSE_OBJECT_DENIED;
	if (out_of_reach(r))
		return CAUSE_S3_UNREACHED;
	if (r->class == AWS_TRANSIENT)
		return CAUSE_S3_TROUBLE;
	if (r->class == AWS_THROTTLED)
		return CAUSE_S3_BUSY;
	return look_up(of_object, sizeof of_object / sizeof *of_object, r);
}

const char *
cause_code(const struct aws_result *r)
{
	if (r->code[0] != '\0')
		return r->code;
	return r->err != ERR_OK ? err_name(r->err) : aws_class_name(r->class);
}
