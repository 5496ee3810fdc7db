/* What the calls count. */
#include "aws/priv.h"

void
stats_init(struct aws_stats *s)
{
	for (size_t i = 0; i < AWS_OPERATIONS; i++)
		histogram_init(&s->operation[i].latency_us, &histogram_call_us);
}

void
stats_request(struct aws *a, enum aws_operation o)
{
	a->stats.operation[o].requests++;
}

void
stats_latency(struct aws *a, enum aws_operation o, int64_t us)
{
	histogram_observe(&a->stats.operation[o].latency_us, us);
}

void
stats_answer(struct aws *a, enum aws_operation o, enum aws_class class)
{
	if (class != AWS_OK)
		a->stats.operation[o].errors[class]++;
	if (class == AWS_THROTTLED)
		a->stats.throttled++;
}

void
stats_retry(struct aws *a, enum aws_retry why)
{
	a->stats.retries[why]++;
}

struct aws_stats
aws_stats(const struct aws *a)
{
	return a->stats;
}

static void
add_operation(
    struct aws_operation_stats *to, const struct aws_operation_stats *from)
{
	to->requests += from->requests;
	for (size_t i = 0; i < AWS_CLASSES; i++)
		to->errors[i] += from->errors[i];
	histogram_add(&to->latency_us, &from->latency_us);
}

void
aws_stats_add(struct aws_stats *to, const struct aws_stats *from)
{
	to->calls += from->calls;
	to->throttled += from->throttled;
	to->failed += from->failed;
	for (size_t i = 0; i < AWS_RETRIES; i++)
		to->retries[i] += from->retries[i];
	for (size_t i = 0; i < AWS_OPERATIONS; i++)
		add_operation(&to->operation[i], &from->operation[i]);
}

const char *
aws_operation_name(enum aws_operation o)
{
	static const char *const names[AWS_OPERATIONS] = {
	    [AWS_SQS_RECEIVE] = "ReceiveMessage",
	    [AWS_SQS_DELETE] = "DeleteMessageBatch",
	    [AWS_SQS_VISIBILITY] = "ChangeMessageVisibilityBatch",
	    [AWS_SQS_ATTRIBUTES] = "GetQueueAttributes",
	    [AWS_SQS_SEND] = "SendMessageBatch",
	    [AWS_SQS_MOVE] = "StartMessageMoveTask",
	    [AWS_S3_GET] = "GetObject",
	    [AWS_S3_HEAD_BUCKET] = "HeadBucket",
	    [AWS_S3_LIST] = "ListObjectsV2",
	    [AWS_STS_ASSUME_ROLE] = "AssumeRole",
	    [AWS_STS_WEB_IDENTITY] = "AssumeRoleWithWebIdentity",
	    [AWS_STS_IDENTITY] = "GetCallerIdentity",
	    [AWS_SSO_ROLE] = "GetRoleCredentials",
	    [AWS_SSO_TOKEN] = "CreateToken",
	};

	CHECK((unsigned)o < AWS_OPERATIONS);
	return names[o];
}

const char *
aws_retry_name(enum aws_retry r)
{
	static const char *const names[AWS_RETRIES] = {
	    [AWS_RETRY_TRANSIENT] = "transient",
	    [AWS_RETRY_THROTTLED] = "throttled",
	    [AWS_RETRY_CLOCK] = "clock",
	    [AWS_RETRY_CREDS] = "credentials",
	    [AWS_RETRY_BROKEN] = "broken_stream",
	    [AWS_RETRY_REGION] = "other_region",
	};

	CHECK((unsigned)r < AWS_RETRIES);
	return names[r];
}
