#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sigv4.h"

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define EMPTY                                                                  \
	"e3b0c44298fc1c149afbf4c8996fb924"                                     \
	"27ae41e4649b934ca495991b7852b855"
#define DATE	"20150830T123600Z"
#define S3_HOST "examplebucket.s3.us-east-1.amazonaws.com"
#define JSON_10 "application/x-amz-json-1.0"
#define TOKEN	"EXAMPLETOKEN/+=="
#define FORM	"application/x-www-form-urlencoded; charset=utf-8"
#define SQS_BODY                                                               \
	"{\"QueueUrl\":\"https://sqs.us-east-1.amazonaws.com/111122223333/"    \
	"q\","                                                                 \
	"\"MaxNumberOfMessages\":10,\"WaitTimeSeconds\":20}"
#define STS_BODY                                                               \
	"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"   \
	"111122223333%3Arole%2Fr&RoleSessionName=s&ExternalId=x&"              \
	"DurationSeconds=3600"

enum { WALL_S = 1440938160 }; /* 2015-08-30T12:36:00Z */

struct vector {
	const char *name, *service, *method, *path, *query, *body;
	const char *header[14]; /* name, value, ... */
	const char *signed_names, *canonical_hash, *signature;
};

static const struct vector vectors[] = {
    {"get-vanilla", "service", "GET", "/", "", "",
	{"x-amz-date", DATE, "host", "example.amazonaws.com"},
	"host;x-amz-date",
	"bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
	"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"s3 odd key", "s3", "GET", "/AWSLogs//a%20b%2Bc%3D%E2%9C%93/x.json.gz", "",
	"",
	{"host", S3_HOST, "x-amz-content-sha256", EMPTY, "x-amz-date", DATE},
	"host;x-amz-content-sha256;x-amz-date",
	"114cd9519f952ebe633845d590dd963929eac4191e1a446bc0ed764aa47ebeca",
	"e486e7c27bd058ae0ac3b382ec8227c06b4571b45cf20def5592996db542d040"},
    {"s3 token and range", "s3", "GET", "/k", "versionId=a.B_1%2F", "",
	{"host", S3_HOST, "range", "bytes=100-", "if-match", "\"abc\"",
	    "x-amz-security-token", TOKEN, "x-amz-date", DATE,
	    "x-amz-content-sha256", EMPTY},
	"host;if-match;range;x-amz-content-sha256;x-amz-date;"
	"x-amz-security-token",
	"d440ba0aea010bba7e2f101c15157e13abcf0f3d67a742e59108d9f42625efc0",
	"067fb035d359c428a170d82a2d884fdb33be9e2a883d4fa38a67af18caf29e87"},
    {"s3 list", "s3", "GET", "/",
	"list-type=2&max-keys=1000&prefix=AWSLogs%2F111122223333%2F&"
	"start-after=AWSLogs%2F111122223333%2FCloudTrail%2Fus-east-1%2F2015%2F"
	"08%2F30%2F",
	"",
	{"host", S3_HOST, "x-amz-content-sha256", EMPTY, "x-amz-date", DATE},
	"host;x-amz-content-sha256;x-amz-date",
	"c18cbdf2ab6853b5bc7b06e5f13bbf57527e5c47136bb3157982e016be26d792",
	"786b29e17d8714e1b25eb1b17de2d709f32f4bfa9644d883900f5e3ba070d169"},
    {"sqs", "sqs", "POST", "", "", SQS_BODY,
	{"content-type", JSON_10, "x-amz-target", "AmazonSQS.ReceiveMessage",
	    "host", "sqs.us-east-1.amazonaws.com", "x-amz-date", DATE},
	"content-type;host;x-amz-date;x-amz-target",
	"4c3360d1489ab61fb2df0dfdb7c63527135b41fb78913c1cdc91bf2c8a311e01",
	"3083b611d5bd2c5eecd7f5eb43f8d2a7a9d252ff899bf9767f204738d6434016"},
    {"sqs with token", "sqs", "POST", "/", "", SQS_BODY,
	{"content-type", JSON_10, "x-amz-target", "AmazonSQS.ReceiveMessage",
	    "host", "sqs.us-east-1.amazonaws.com", "x-amz-date", DATE,
	    "x-amz-security-token", TOKEN},
	"content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
	"e7b6264a0864d3e7bb06abf410773c3a2839b2bc15e1bd0a24d85ae0f9d9ee04",
	"0559916502870106c75ecf18e202240e7db6504a6e6f2fcb6366b72d8bd1ecc2"},
    {"sts", "sts", "POST", "/", "", STS_BODY,
	{"content-type", FORM, "host", "sts.us-east-1.amazonaws.com",
	    "x-amz-date", DATE},
	"content-type;host;x-amz-date",
	"3fd24a86328d94a32e93e6b47bb5381a3c1aa1451ba7e32ad820a4bb702fb108",
	"3be2029f61adadf9cb51d48fcc3ef9414672de7be349badae39e2417d167c3de"},
};
enum { VECTORS = sizeof vectors / sizeof vectors[0] };

struct signed_text {
	struct buf canonical, to_sign, authorization;
	char signature[SIGV4_HEX + 1];
	enum err err;
};

static void
sign(struct signed_text *out, const struct sigv4_request *r)
{
	struct sigv4_result res = {
	    &out->canonical, &out->to_sign, &out->authorization, ""};

	buf_init(&out->canonical, 1 << 20);
	buf_init(&out->to_sign, 4096);
	buf_init(&out->authorization, 4096);
	out->err = sigv4_sign(r, &res);
	memcpy(out->signature, res.signature, sizeof out->signature);
}

static void
signed_fini(struct signed_text *s)
{
	buf_fini(&s->canonical);
	buf_fini(&s->to_sign);
	buf_fini(&s->authorization);
}

static struct sigv4_request
base_request(const struct sigv4_header *h, size_t n)
{
	return (struct sigv4_request){.method = "GET",
	    .path = SPAN("/"),
	    .headers = h,
	    .nheaders = n,
	    .payload_hash = sigv4_empty_hash,
	    .region = "us-east-1",
	    .service = "s3",
	    .key_id = KEY_ID,
	    .secret = SECRET,
	    .wall_s = WALL_S};
}

static void
check_vector(const struct vector *v, struct sigv4_cache *cache)
{
	struct sigv4_header h[6];
	struct span body = span_str(v->body), canonical;
	struct sigv4_request r = base_request(h, 0);
	char body_hash[SIGV4_HEX + 1], hash[SIGV4_HEX + 1];
	struct signed_text s;
	char want[1024];

	for (; v->header[2 * r.nheaders] != NULL; r.nheaders++)
		h[r.nheaders] = (struct sigv4_header){v->header[2 * r.nheaders],
		    span_str(v->header[2 * r.nheaders + 1])};
	sigv4_hash(body_hash, &body, 1);
	r.method = v->method;
	r.path = span_str(v->path);
	r.query = span_str(v->query);
	r.payload_hash = body_hash;
	r.service = v->service;
	r.cache = cache;
	sign(&s, &r);
	assert_int_equal(s.err, ERR_OK);
	canonical = buf_view(&s.canonical);
	sigv4_hash(hash, &canonical, 1);
	assert_string_equal(hash, v->canonical_hash);
	(void)snprintf(want, sizeof want,
	    "AWS4-HMAC-SHA256\n" DATE "\n20150830/us-east-1/%s/aws4_request\n"
	    "%s",
	    v->service, v->canonical_hash);
	assert_string_equal(buf_cstr(&s.to_sign), want);
	assert_string_equal(s.signature, v->signature);
	(void)snprintf(want, sizeof want,
	    "AWS4-HMAC-SHA256 Credential=" KEY_ID
	    "/20150830/us-east-1/%s/aws4_request, SignedHeaders=%s, "
	    "Signature=%s",
	    v->service, v->signed_names, v->signature);
	assert_string_equal(buf_cstr(&s.authorization), want);
	signed_fini(&s);
}

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		print_message("%s\n", vectors[i].name);
		check_vector(&vectors[i], NULL);
	}
}

/* More scopes than are kept, round and round. */
static void
test_cache_changes_nothing(void **state)
{
	struct sigv4_cache *c = sigv4_cache_new();
	(void)state;
	for (size_t i = 0; i < (size_t)VECTORS * 8; i++)
		check_vector(&vectors[i * 5 % VECTORS], c);
	sigv4_cache_free(&c);
	assert_null(c);
	sigv4_cache_free(&c);
}

/* Each thing that a signing key depends on is told apart by the cache. */
static void
test_cache_tells_apart(void **state)
{
	static const struct sigv4_header h[] = {{"host", {"h", 1}}};
	struct sigv4_cache *c = sigv4_cache_new();
	struct sigv4_request r[5];
	struct signed_text cached, plain;
	(void)state;
	for (size_t i = 0; i < 5; i++)
		r[i] = base_request(h, 1);
	r[1].secret = "another";
	r[2].wall_s += 24 * 3600;
	r[3].region = "us-east-2";
	r[4].service = "sqs";
	for (size_t i = 0; i < 15; i++) {
		struct sigv4_request one = r[i % 5];

		sign(&plain, &one);
		one.cache = c;
		sign(&cached, &one);
		assert_string_equal(cached.signature, plain.signature);
		signed_fini(&plain);
		signed_fini(&cached);
	}
	sigv4_cache_free(&c);
}

static void
test_canonical_forms(void **state)
{
	static const struct sigv4_header h[] = {
	    {"x-b", {"  two   words\t here ", 20}},
	    {"host", {"h", 1}},
	    {"x-a", {"1", 1}},
	    {"x-b", {"second", 6}},
	    {"x-empty", {"", 0}},
	};
	struct sigv4_request r = base_request(h, 5);
	struct signed_text s;
	(void)state;
	r.path = SPAN("");
	r.query = SPAN("acl&b=1&c=");
	sign(&s, &r);
	assert_string_equal(buf_cstr(&s.canonical),
	    "GET\n/\nacl=&b=1&c=\nhost:h\nx-a:1\nx-b:two words here,second\n"
	    "x-empty:\n\nhost;x-a;x-b;x-empty\n" EMPTY);
	signed_fini(&s);
}

static void
test_limits(void **state)
{
	struct sigv4_header h[SIGV4_HEADERS_MAX + 1];
	char region[201];
	struct sigv4_request r;
	struct sigv4_result res = {0};
	struct signed_text s;
	struct buf small;
	(void)state;
	for (size_t i = 0; i <= SIGV4_HEADERS_MAX; i++)
		h[i] = (struct sigv4_header){"x", SPAN("1")};
	r = base_request(h, SIGV4_HEADERS_MAX);
	sign(&s, &r);
	assert_int_equal(s.err, ERR_OK);
	signed_fini(&s);
	r.nheaders++;
	sign(&s, &r);
	assert_int_equal(s.err, ERR_LIMIT);
	assert_string_equal(s.signature, "");
	signed_fini(&s);

	r.nheaders = 1;
	buf_init(&small, 10);
	res.authorization = &small;
	assert_int_equal(sigv4_sign(&r, &res), ERR_LIMIT);
	buf_fini(&small);

	memset(region, 'r', 200);
	region[200] = '\0';
	r.region = region;
	sign(&s, &r);
	assert_int_equal(s.err, ERR_LIMIT);
	signed_fini(&s);
}

static void
test_hash_of_parts(void **state)
{
	const struct span parts[] = {SPAN("{\"a"), SPAN(""), SPAN("\":1}")};
	const struct span whole = SPAN("{\"a\":1}");
	char a[SIGV4_HEX + 1], b[SIGV4_HEX + 1];
	(void)state;
	sigv4_hash(a, NULL, 0);
	assert_string_equal(a, sigv4_empty_hash);
	sigv4_hash(a, parts, 3);
	sigv4_hash(b, &whole, 1);
	assert_string_equal(a, b);
}

static void
test_query_add(void **state)
{
	struct buf q;
	(void)state;
	buf_init(&q, 100);
	sigv4_query_add(&q, "prefix", SPAN("a/b c+~"));
	sigv4_query_add(&q, "versionId", SPAN(""));
	assert_string_equal(buf_cstr(&q), "prefix=a%2Fb%20c%2B~&versionId=");
	buf_fini(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_cache_changes_nothing),
	    cmocka_unit_test(test_cache_tells_apart),
	    cmocka_unit_test(test_canonical_forms),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_hash_of_parts),
	    cmocka_unit_test(test_query_add),
	};

	return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
