/* One set of credentials as a value. */
#include <string.h>

#include "aws/creds_priv.h"
#include "base/mem.h"

static void
wipe_string(char **s)
{
	if (*s != NULL)
		mem_wipe(*s, strlen(*s));
	mem_free(*s);
	*s = NULL;
}

void
creds_fini(struct creds *c)
{
	wipe_string(&c->key_id);
	wipe_string(&c->secret);
	wipe_string(&c->token);
	*c = (struct creds){0};
}

static char *
copy_string(const char *s)
{
	return s != NULL ? mem_strndup(s, strlen(s)) : NULL;
}

void
creds_copy(struct creds *to, const struct creds *from)
{
	*to = *from;
	to->key_id = copy_string(from->key_id);
	to->secret = copy_string(from->secret);
	to->token = copy_string(from->token);
}

static bool
is_sendable(const char *s)
{
	if (s == NULL || *s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	}
	return true;
}

bool
creds_are_whole(const struct creds *c)
{
	return is_sendable(c->key_id) && is_sendable(c->secret) &&
	       (c->token == NULL || is_sendable(c->token));
}

bool
creds_are_same(const struct creds *a, const struct creds *b)
{
	return a->key_id != NULL && b->key_id != NULL &&
	       strcmp(a->key_id, b->key_id) == 0 &&
	       a->expires_s == b->expires_s;
}
