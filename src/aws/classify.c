/* What an AWS reply means: aws_classify. By the error code where there is one,
 * then by the status. */
#include <string.h>

#include "aws/call.h"
#include "aws/priv.h"
#include "base/json.h"
#include "base/xml.h"

enum { TREE_MAX = 1024 * 1024, WORD_MAX = 100 };

static const struct {
	const char *code;
	enum aws_class class;
} codes[] = {
    {"BandwidthLimitExceeded", AWS_THROTTLED},
    {"EC2ThrottledException", AWS_THROTTLED},
    {"KMS.ThrottlingException", AWS_THROTTLED}, {"KmsThrottled", AWS_THROTTLED},
    {"LimitExceededException", AWS_THROTTLED}, {"OverLimit", AWS_THROTTLED},
    {"PriorRequestNotComplete", AWS_THROTTLED},
    {"ProvisionedThroughputExceededException", AWS_THROTTLED},
    {"RequestLimitExceeded", AWS_THROTTLED},
    {"RequestThrottled", AWS_THROTTLED},
    {"RequestThrottledException", AWS_THROTTLED}, {"SlowDown", AWS_THROTTLED},
    {"ThrottledException", AWS_THROTTLED}, {"Throttling", AWS_THROTTLED},
    {"ThrottlingException", AWS_THROTTLED},
    {"TooManyRequestsException", AWS_THROTTLED},
    {"TransactionInProgressException", AWS_THROTTLED},

    {"BadDigest", AWS_TRANSIENT}, {"IDPCommunicationError", AWS_TRANSIENT},
    {"InternalError", AWS_TRANSIENT}, {"InternalFailure", AWS_TRANSIENT},
    {"OperationAborted", AWS_TRANSIENT}, {"RequestTimeout", AWS_TRANSIENT},
    {"RequestTimeoutException", AWS_TRANSIENT},
    {"ServiceUnavailable", AWS_TRANSIENT},

    {"AuthFailure", AWS_BAD_CREDS}, {"ExpiredToken", AWS_BAD_CREDS},
    {"ExpiredTokenException", AWS_BAD_CREDS},
    {"IncompleteSignature", AWS_BAD_CREDS},
    {"IncompleteSignatureException", AWS_BAD_CREDS},
    {"InvalidAccessKeyId", AWS_BAD_CREDS},
    {"InvalidClientTokenId", AWS_BAD_CREDS},
    {"InvalidSignatureException", AWS_BAD_CREDS},
    {"InvalidToken", AWS_BAD_CREDS},
    {"MissingAuthenticationToken", AWS_BAD_CREDS},
    {"MissingAuthenticationTokenException", AWS_BAD_CREDS},
    {"MissingSecurityHeader", AWS_BAD_CREDS}, {"RequestExpired", AWS_BAD_CREDS},
    {"RequestInTheFuture", AWS_BAD_CREDS},
    {"RequestTimeTooSkewed", AWS_BAD_CREDS},
    {"SignatureDoesNotMatch", AWS_BAD_CREDS},
    {"TokenRefreshRequired", AWS_BAD_CREDS},
    {"UnrecognizedClientException", AWS_BAD_CREDS},

    {"AccessDenied", AWS_DENIED}, {"AccessDeniedException", AWS_DENIED},
    {"AccountProblem", AWS_DENIED}, {"AllAccessDisabled", AWS_DENIED},
    {"InvalidPayer", AWS_DENIED}, {"KmsAccessDenied", AWS_DENIED},
    {"KmsDisabled", AWS_DENIED}, {"KmsInvalidKeyUsage", AWS_DENIED},
    {"KmsInvalidState", AWS_DENIED}, {"KmsNotFound", AWS_DENIED},
    {"KmsOptInRequired", AWS_DENIED}, {"NotSignedUp", AWS_DENIED},
    {"UnauthorizedAccessError", AWS_DENIED}, {"UnexpectedIPError", AWS_DENIED},

    {"AWS.SimpleQueueService.NonExistentQueue", AWS_NOT_FOUND},
    {"NoSuchBucket", AWS_NOT_FOUND}, {"NoSuchKey", AWS_NOT_FOUND},
    {"NoSuchVersion", AWS_NOT_FOUND}, {"QueueDoesNotExist", AWS_NOT_FOUND},

    {"IllegalLocationConstraintException", AWS_WRONG_REGION},
    {"IncorrectEndpoint", AWS_WRONG_REGION},
    {"PermanentRedirect", AWS_WRONG_REGION}, {"Redirect", AWS_WRONG_REGION},
    {"TemporaryRedirect", AWS_WRONG_REGION},

    /* Their status says something else than they mean. */
    {"InvalidObjectState", AWS_OTHER},	   /* 403: archived */
    {"ReceiptHandleIsInvalid", AWS_OTHER}, /* 404 */
};

const char *
aws_class_name(enum aws_class c)
{
	static const char *const names[] = {
	    [AWS_OK] = "ok",
	    [AWS_TRANSIENT] = "transient",
	    [AWS_THROTTLED] = "throttled",
	    [AWS_NO_CREDS] = "no_credentials",
	    [AWS_BAD_CREDS] = "bad_credentials",
	    [AWS_DENIED] = "denied",
	    [AWS_NOT_FOUND] = "not_found",
	    [AWS_WRONG_REGION] = "wrong_region",
	    [AWS_OTHER] = "refused",
	};

	CHECK((unsigned)c < sizeof names / sizeof names[0]);
	return names[c];
}

void
aws_copy_text(char *out, size_t size, struct span s)
{
	size_t n = s.n < size ? s.n : size - 1;

	if (n > 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

void
aws_copy_message(char *out, size_t size, struct span s)
{
	struct span rest = span_cut(&s, '\n'), word;
	struct buf b;

	buf_init(&b, size - 1);
	while (rest.p != NULL && b.err == ERR_OK) {
		word = span_cut(&rest, ' ');
		if (word.n > WORD_MAX && !span_starts(word, "arn:"))
			word = SPAN("[...]");
		if (word.n > b.max - b.n)
			word.n = b.max - b.n;
		buf_span(&b, word);
		if (rest.p != NULL)
			buf_char(&b, ' ');
	}
	aws_copy_text(out, size, buf_view(&b));
	buf_fini(&b);
}

static bool
find_code(struct span code, int status, enum aws_class *out)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (span_is(code, codes[i].code)) {
			*out = codes[i].class;
			return true;
		}
	}
	if (span_starts(code, "KMS.") && status < 500) {
		*out = AWS_DENIED;
		return true;
	}
	return false;
}

static enum aws_class
by_status(enum aws_dialect d, int status)
{
	switch (status) {
	case 301:
	case 302:
	case 307:
	case 308:
		return d == AWS_DIALECT_XML ? AWS_WRONG_REGION : AWS_OTHER;
	case 401:
	case 403:
		return AWS_DENIED;
	case 404:
		return AWS_NOT_FOUND;
	case 408:
		return AWS_TRANSIENT;
	case 429:
		return AWS_THROTTLED;
	case 501:
	case 505:
		return AWS_OTHER;
	default:
		return status >= 500 ? AWS_TRANSIENT : AWS_OTHER;
	}
}

/* "com.amazonaws.sqs#QueueDoesNotExist:http://..." */
static struct span
bare_code(struct span s)
{
	struct span code = span_cut(&s, ':'), rest = code;

	while (rest.p != NULL)
		code = span_cut(&rest, '#');
	return code;
}

static void
read_json(struct span body, struct aws_result *out)
{
	const struct json_node *root;
	struct json *j;
	struct span s;

	if (json_parse(body, TREE_MAX, &j, &root) == ERR_OK) {
		s = json_str(json_get(root, "__type"));
		if (s.n == 0)
			s = json_str(json_get(root, "code"));
		aws_copy_text(out->code, sizeof out->code, bare_code(s));
		s = json_str(json_get(root, "message"));
		if (s.n == 0)
			s = json_str(json_get(root, "Message"));
		aws_copy_message(out->message, sizeof out->message, s);
	}
	json_free(&j);
}

/* S3's root is Error; query services put an ErrorResponse around it. */
static struct span
xml_either(const struct xml *x, const char *path)
{
	struct span s = xml_text(x, path + strlen("ErrorResponse/"));

	return s.n > 0 ? s : xml_text(x, path);
}

static void
copy_region(struct aws_result *out, struct span s)
{
	if (out->region[0] != '\0')
		return;
	aws_copy_text(out->region, sizeof out->region, s);
	if (endpoint_dns_suffix(out->region) == NULL)
		out->region[0] = '\0';
}

static void
read_xml(struct span body, struct aws_result *out)
{
	struct xml *x = xml_new(TREE_MAX);
	struct span id;

	/* A body that was cut still has its code at the front. */
	if (xml_feed(x, body) == ERR_OK)
		(void)xml_finish(x);
	aws_copy_text(out->code, sizeof out->code,
	    xml_either(x, "ErrorResponse/Error/Code"));
	aws_copy_message(out->message, sizeof out->message,
	    xml_either(x, "ErrorResponse/Error/Message"));
	copy_region(out, xml_either(x, "ErrorResponse/Error/Region"));
	id = xml_either(x, "ErrorResponse/Error/RequestId");
	if (id.n == 0)
		id = xml_either(x, "ErrorResponse/RequestId");
	if (out->request_id[0] == '\0')
		aws_copy_text(out->request_id, sizeof out->request_id, id);
	xml_free(&x);
}

static void
read_request_id(const struct reply *r, struct aws_result *out)
{
	struct span id = reply_header(r, "x-amzn-RequestId");

	if (id.n == 0)
		id = reply_header(r, "x-amz-request-id");
	aws_copy_text(out->request_id, sizeof out->request_id, id);
}

static void
classify_refusal(
    enum aws_dialect d, const struct reply *r, struct aws_result *out)
{
	struct span body = span_trim(r->body);
	struct span legacy = reply_header(r, "x-amzn-query-error");

	legacy = span_cut(&legacy, ';');
	copy_region(out, reply_header(r, "x-amz-bucket-region"));
	/* Front ends do not always speak the service's dialect. */
	if (span_starts(body, "<"))
		read_xml(body, out);
	else if (d == AWS_DIALECT_JSON)
		read_json(body, out);
	if (out->code[0] == '\0')
		aws_copy_text(out->code, sizeof out->code,
		    bare_code(reply_header(r, "x-amzn-errortype")));
	if (out->code[0] == '\0')
		aws_copy_text(out->code, sizeof out->code, legacy);
	if (strcmp(out->code, "AuthorizationHeaderMalformed") == 0)
		out->class =
		    out->region[0] != '\0' ? AWS_WRONG_REGION : AWS_BAD_CREDS;
	else if (!find_code(span_str(out->code), out->status, &out->class) &&
		 !find_code(legacy, out->status, &out->class))
		out->class = by_status(d, r->status);
	if (out->class != AWS_WRONG_REGION)
		out->region[0] = '\0';
}

void
aws_classify(enum aws_dialect d, const struct reply *r, struct aws_result *out)
{
	out->err = r->err;
	out->status = r->status;
	out->code[0] = out->message[0] = out->request_id[0] = '\0';
	out->region[0] = '\0';
	read_request_id(r, out);
	/* An error page that is too long to keep is an error all the same. */
	if (r->err != ERR_OK && (r->err != ERR_LIMIT || r->status < 300)) {
		out->class = AWS_TRANSIENT;
		aws_copy_message(out->message, sizeof out->message, r->detail);
	} else if (r->status >= 200 && r->status < 300) {
		out->class = AWS_OK;
	} else {
		classify_refusal(d, r, out);
	}
}

bool
aws_is_passing(const struct aws_result *r)
{
	return r->err != ERR_OK || r->class == AWS_TRANSIENT ||
	       r->class == AWS_THROTTLED;
}
