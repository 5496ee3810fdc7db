/*
 * Signs requests for sign_oracle.py: reads records from stdin, writes what
 * sigv4_sign makes of each to stdout. A record is a list of strings, each a
 * decimal length, a newline and the bytes:
 *
 *   in:  method path query payload_hash region service key_id secret wall_s
 *	  header count, then name and value of each header
 *   out: canonical request, string to sign, signature, authorization
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"

enum { STRING_MAX = 1 << 20, FIELDS = 10 };

/* NULL at the end of the input. */
static char *
read_string(void)
{
	char line[32];
	uint64_t n;
	char *s;

	if (fgets(line, sizeof line, stdin) == NULL)
		return NULL;
	CHECK(span_u64(span_trim(span_str(line)), 0, STRING_MAX, &n) == ERR_OK);
	s = mem_zalloc(n + 1);
	CHECK(fread(s, 1, n, stdin) == n);
	return s;
}

static void
write_string(struct span s)
{
	printf("%zu\n", s.n);
	CHECK(fwrite(s.p, 1, s.n, stdout) == s.n);
}

static int64_t
number(const char *s)
{
	uint64_t n;

	CHECK(span_u64(span_str(s), 0, INT64_MAX, &n) == ERR_OK);
	return (int64_t)n;
}

static void
sign_one(char *const *field, const struct sigv4_header *headers, size_t n,
    struct sigv4_cache *cache)
{
	struct sigv4_request r = {.method = field[0],
	    .path = span_str(field[1]),
	    .query = span_str(field[2]),
	    .headers = headers,
	    .nheaders = n,
	    .payload_hash = field[3],
	    .region = field[4],
	    .service = field[5],
	    .key_id = field[6],
	    .secret = field[7],
	    .wall_s = number(field[8]),
	    .cache = cache};
	struct buf canonical, to_sign, authorization;
	struct sigv4_result out = {&canonical, &to_sign, &authorization, ""};

	buf_init(&canonical, STRING_MAX);
	buf_init(&to_sign, STRING_MAX);
	buf_init(&authorization, STRING_MAX);
	CHECK(sigv4_sign(&r, &out) == ERR_OK);
	write_string(buf_view(&canonical));
	write_string(buf_view(&to_sign));
	write_string(span_str(out.signature));
	write_string(buf_view(&authorization));
	CHECK(fflush(stdout) == 0);
	buf_fini(&canonical);
	buf_fini(&to_sign);
	buf_fini(&authorization);
}

static bool
next_record(struct sigv4_cache *cache)
{
	char *field[FIELDS + 2 * SIGV4_HEADERS_MAX];
	struct sigv4_header headers[SIGV4_HEADERS_MAX];
	size_t n = 0, nheaders;

	while (n < FIELDS && (field[n] = read_string()) != NULL)
		n++;
	CHECK(n == 0 || n == FIELDS);
	if (n == 0)
		return false;
	nheaders = (size_t)number(field[FIELDS - 1]);
	CHECK(nheaders <= SIGV4_HEADERS_MAX);
	for (size_t i = 0; i < nheaders; i++) {
		char *name = read_string(), *value = read_string();

		CHECK(name != NULL && value != NULL);
		headers[i] = (struct sigv4_header){name, span_str(value)};
		field[n++] = name;
		field[n++] = value;
	}
	sign_one(field, headers, nheaders, cache);
	while (n > 0)
		mem_free(field[--n]);
	return true;
}

int
main(void)
{
	struct sigv4_cache *cache = sigv4_cache_new();

	while (next_record(cache))
		;
	sigv4_cache_free(&cache);
	return 0;
}
