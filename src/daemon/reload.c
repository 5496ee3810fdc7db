#include "daemon/reload.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "settings/notes.h"
#include "settings/option.h"
#include "settings/token.h"

struct changes {
	unsigned applied, pending;
	/* A new endpoint, and with it all that is of it, waits for ca_file:
	 * halves of two set-ups would send one's token to the other. */
	bool endpoint_waits;
};

/* Not the value, which may be secret in part: an endpoint's query. */
static void
tell_change(const struct option_row *o, const char *origin, bool waits)
{
	if (origin == NULL)
		origin = "default";
	if (!waits)
		LOG_ALL(LOG_LVL_INFO, "reload.applied",
		    F_STR("setting", o->key), F_STR("from", origin));
	else
		LOG_ALL(LOG_LVL_WARN, "reload.pending",
		    F_STR("setting", o->key), F_STR("from", origin),
		    F_STR("effect",
			o->live ? "it takes effect at the next restart, with "
				  "the new ca_file"
				: "it takes effect at the next restart"));
}

/* A region that AWS was asked for is found by asking, not by reading. */
static bool
is_left_open(const struct option_row *o, const struct config *next)
{
	return strcmp(o->key, "region") == 0 && *next->region == '\0';
}

static bool
differs(const char *key, const struct config *c, const struct config *next)
{
	const struct option_row *o = option_at(option_find(span_str(key)));

	return !option_same(o, c, next);
}

static struct changes
take_options(struct config *c, struct config *next)
{
	struct changes n = {
	    .endpoint_waits = differs("dassana_endpoint", c, next) &&
			      differs("ca_file", c, next)};

	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);
		bool waits = !o->live || (o->of_endpoint && n.endpoint_waits);

		if (option_same(o, c, next) || is_left_open(o, next))
			continue;
		tell_change(o, next->origin[i], waits);
		if (!waits) {
			option_swap(o, c, next);
			n.applied++;
		} else {
			n.pending++;
		}
	}
	return n;
}

/* Whether the token comes from the copy that systemd made at start. */
static bool
is_credential(const struct config *c)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t n = dir != NULL ? strlen(dir) : 0;

	return n > 0 && strncmp(c->dassana_token_file, dir, n) == 0 &&
	       c->dassana_token_file[n] == '/';
}

static bool
take_token(struct config *c, struct config *next)
{
	char *was = c->token;

	if (strcmp(c->token, next->token) == 0)
		return false;
	c->token = next->token;
	next->token = was;
	return true;
}

bool
reload_config(struct config *c, const struct config_sources *src)
{
	static const char copied[] =
	    "systemd copied the token when the service was started: a new one "
	    "takes a restart";
	struct config next;
	struct changes n;
	unsigned mistakes = config_load(&next, src, notes_log, NULL);
	bool token;

	if (mistakes > 0) {
		LOG_ALL(LOG_LVL_ERROR, "reload", F_INT("mistakes", mistakes),
		    F_STR("effect", "the settings stay as they were"));
		config_fini(&next);
		return false;
	}
	n = take_options(c, &next);
	token = !n.endpoint_waits && take_token(c, &next);
	config_fini(&next);
	LOG_INFO("reload", F_INT("applied", n.applied),
	    F_INT("pending", n.pending),
	    F_STR("token", token ? "changed" : "unchanged"),
	    F_STR("environment", "as at the start"),
	    F_STR("advice", !token && is_credential(c) ? copied : NULL));
	return n.applied > 0 || token;
}

const char *
reload_token(struct config *c)
{
	bool exposed;
	struct buf why;
	char *token;

	if (*c->dassana_token_file == '\0')
		return NULL;
	buf_init(&why, 256);
	token = token_read(c->dassana_token_file, &exposed, &why);
	if (token == NULL) {
		LOG_ERROR("token.reload", F_STR("file", c->dassana_token_file),
		    F_STR("problem", buf_cstr(&why)));
	} else {
		token_free(&c->token);
		c->token = token;
	}
	buf_fini(&why);
	return token;
}
