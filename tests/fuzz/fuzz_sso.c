/* The cache of `aws sso login` and the replies of IAM Identity Center: what is
 * taken of them can be sent, and is taken again from what is stored. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sso.h"
#include "base/buf.h"

static void
check_text(const char *s)
{
	CHECK(s == NULL || *s != '\0');
	for (; s != NULL && *s != '\0'; s++)
		CHECK(*s > ' ' && *s < 0x7f);
}

static void
check_token(const struct sso_token *t)
{
	CHECK(t->access != NULL);
	check_text(t->access);
	check_text(t->refresh);
	check_text(t->client_id);
	check_text(t->client_secret);
}

/* In a folder of this process. */
static void
store_and_load(const struct sso_token *t)
{
	static char folder[] = "/tmp/fuzz-sso-XXXXXX", path[64];
	struct creds_failure why;
	struct sso_token again;

	if (path[0] == '\0') {
		CHECK(mkdtemp(folder) != NULL);
		(void)snprintf(path, sizeof path, "%s/t", folder);
	}
	creds_failure_init(&why);
	if (t->expires_s < INT64_C(4102444800) &&
	    sso_cache_store(path, t, "u", "r", &why.text)) {
		CHECK(sso_cache_load(path, &again, &why));
		CHECK(strcmp(t->access, again.access) == 0);
		CHECK(t->expires_s == again.expires_s);
		sso_token_fini(&again);
	}
	(void)unlink(path);
	creds_failure_fini(&why);
}

static void
cache(struct span in, struct buf *why)
{
	struct sso_token t;

	if (sso_cache_parse(in, &t, why)) {
		check_token(&t);
		store_and_load(&t);
	} else {
		CHECK(why->n > 0 && t.access == NULL);
	}
	sso_token_fini(&t);
}

static void
replies(struct span in, struct buf *why)
{
	struct sso_token t = {
	    .access = mem_strndup("a", 1), .refresh = mem_strndup("r", 1)};
	struct creds c;

	(void)sso_read_token(in, &t);
	check_text(t.access);
	sso_token_fini(&t);
	if (sso_read_role(in, &c, why))
		CHECK(c.key_id != NULL && c.secret != NULL && c.token != NULL);
	else
		CHECK(why->n > 0 && c.key_id == NULL);
	creds_fini(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t which = fuzz_byte(&in);
	char *copy = fuzz_copy(in);
	struct buf why;

	buf_init(&why, SOURCE_WHY_MAX);
	in.p = copy;
	if (which % 2 == 0)
		cache(in, &why);
	else
		replies(in, &why);
	buf_fini(&why);
	mem_free(copy);
	return 0;
}
