/*
 * One call to AWS: signed, sent, its failure classified, tried again where that
 * makes sense, each attempt signed anew with the credentials and the clock
 * offset of that moment.
 *
 * Retries (3 attempts) are for what is transient within the call: 5xx,
 * throttling, a broken connection. Whoever calls decides about anything longer.
 * A streamed reply is not tried again once on_data was called.
 */
#ifndef AWS_CALL_H
#define AWS_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/creds.h"
#include "aws/endpoint.h"
#include "base/histogram.h"
#include "base/span.h"
#include "net/http.h"
#include "net/timer.h"

struct aws; /* what all calls share: http, timers, credentials, clock offset */
struct call;

/* All borrowed. k may be NULL where each call brings its own credentials. */
struct aws *aws_new(struct http *h, struct timers *t, struct creds_keeper *k);
void aws_free(struct aws **a);
/* Wall clock corrected by what AWS's Date headers say. */
int64_t aws_now_s(const struct aws *a);
/* By how much; 0 until AWS has shown that it matters. */
int64_t aws_offset_s(const struct aws *a);

enum aws_class {
	AWS_OK,
	AWS_TRANSIENT, /* 5xx, transport, unreadable reply */
	AWS_THROTTLED, /* SlowDown and its kin */
	AWS_NO_CREDS,  /* there are none to sign with */
	AWS_BAD_CREDS, /* expired, unknown key, bad signature, clock skew */
	AWS_DENIED,    /* AccessDenied: policy, KMS grant */
	AWS_NOT_FOUND, /* NoSuchKey, NoSuchBucket, queue does not exist */
	AWS_WRONG_REGION,
	AWS_OTHER, /* any other refusal */
};
enum { AWS_CLASSES = AWS_OTHER + 1 };
const char *aws_class_name(enum aws_class c);

enum aws_operation {
	AWS_SQS_RECEIVE,
	AWS_SQS_DELETE,
	AWS_SQS_VISIBILITY,
	AWS_SQS_ATTRIBUTES,
	AWS_SQS_SEND,
	AWS_SQS_MOVE,
	AWS_S3_GET,
	AWS_S3_HEAD_BUCKET,
	AWS_S3_LIST,
	AWS_STS_ASSUME_ROLE,
	AWS_STS_WEB_IDENTITY,
	AWS_STS_IDENTITY,
	AWS_SSO_ROLE,
	AWS_SSO_TOKEN,
	AWS_OPERATIONS
};
/* As its API reference has it: "DeleteMessageBatch". */
const char *aws_operation_name(enum aws_operation o);

/* How a call ended. Strings are NUL-terminated, "" if unknown. */
struct aws_result {
	enum aws_class class;
	enum err err; /* of transport or parsing; ERR_OK otherwise */
	int status;   /* HTTP; 0 without a reply */
	unsigned attempts;
	char code[96];	   /* AWS's error code, "NoSuchKey" */
	char message[256]; /* AWS's or curl's words: one line, overlong words
			    * left out, since AWS quotes receipt handles */
	char request_id[96];
	char region[32]; /* AWS_WRONG_REGION: the right one, if it is told
			  * and in the same partition */
	const struct reply *reply; /* borrowed for the callback; may be NULL */
};

/* What the error body is written in. */
enum aws_dialect { AWS_DIALECT_JSON, AWS_DIALECT_XML };

struct call_spec {
	enum aws_operation operation; /* for logs and counters */
	const char *service; /* of the signature: "sqs", "s3"; a literal */
	const struct creds *creds; /* NULL: the keeper's; copied */
	bool is_unsigned;	   /* sent without any credentials */
	const char *region;	   /* copied */
	enum aws_dialect dialect;
	const char *method;		   /* a literal */
	const struct endpoint *endpoint;   /* copied */
	struct span path, query;	   /* encoded; copied */
	const struct http_header *headers; /* up to 16, names in lower case;
					    * signed and sent; copied. host,
					    * x-amz-date, token and
					    * x-amz-content-sha256 (s3) are
					    * added here */
	size_t nheaders;
	struct span body; /* copied */
	int64_t total_timeout_ms, stall_timeout_ms;
	size_t reply_max;
	struct http_budget *reply_budget; /* as in net/http.h */
	unsigned attempts;		  /* 0: the default of 3 */
	request_head_fn *on_head; /* as in net/http.h. on_head comes once for */
	request_data_fn *on_data; /* each attempt that got a 200 or 206 */
	void (*on_done)(void *arg, const struct aws_result *r);
	void *arg;
};

/* Ends in one on_done, or in silence after call_cancel. When on_done is called
 * the call is gone already. */
struct call *call_start(struct aws *a, const struct call_spec *spec);
void call_resume(struct call *c); /* request_resume of a stream */
void call_cancel(struct call **c);

/* Appends what to do about an error of transport on the way to a host. */
void aws_advise_transport(
    enum err err, const struct endpoint *host, struct buf *out);

/* Fields of an aws_result for a log line. */
#define AWS_FIELDS(r)                                                          \
	F_STR("class", aws_class_name((r)->class)),                            \
	    F_INT("status", (r)->status), F_STR("code", (r)->code),            \
	    F_STR("message", (r)->message),                                    \
	    F_STR("request_id", (r)->request_id)

/* Why a request was sent again. */
enum aws_retry {
	AWS_RETRY_TRANSIENT,
	AWS_RETRY_THROTTLED,
	AWS_RETRY_CLOCK,  /* signed with AWS's time */
	AWS_RETRY_CREDS,  /* with the credentials that came meanwhile */
	AWS_RETRY_BROKEN, /* the rest of an object after its stream broke */
	AWS_RETRY_REGION, /* an object of a bucket that is elsewhere */
	AWS_RETRIES
};
const char *aws_retry_name(enum aws_retry r);

struct aws_operation_stats {
	uint64_t requests; /* each attempt counts, as it does on the bill */
	uint64_t errors[AWS_CLASSES]; /* attempts, by class; none of AWS_OK */
	/* Of an attempt, until its reply was read or it failed; of a stream,
	 * until the head of its reply. */
	struct histogram latency_us;
};

struct aws_stats {
	uint64_t calls, throttled, failed;
	uint64_t retries[AWS_RETRIES];
	struct aws_operation_stats operation[AWS_OPERATIONS];
};
struct aws_stats aws_stats(const struct aws *a);
void aws_stats_add(struct aws_stats *to, const struct aws_stats *from);

/* For tests: what class a reply is of; fills all but attempts and reply. */
void
aws_classify(enum aws_dialect d, const struct reply *r, struct aws_result *out);

#endif
