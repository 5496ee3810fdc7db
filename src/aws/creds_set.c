/* One set of credentials as a value. */
#include <string.h>

#include "aws/creds.h"
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
