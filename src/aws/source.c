#include "aws/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/priv.h"
#include "base/advice.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"

enum {
	TREE_MAX = 256 * 1024,
	SKEW_S = 4 * 60,
	LIFE_S = 15 * 60, /* of what came without an expiry but has one */
};

void
source_fetch_init(struct source_fetch *f)
{
	creds_failure_init(&f->why);
}

void
source_fetch_fini(struct source_fetch *f)
{
	creds_failure_fini(&f->why);
}

void
source_fetch_begin(struct source_fetch *f, creds_fetched_fn *fn, void *arg)
{
	f->fn = fn;
	f->arg = arg;
	creds_failure_reset(&f->why);
}

void
source_fetch_fail(struct source_fetch *f)
{
	f->fn(f->arg, NULL, &f->why);
}

void
source_fetch_pass(struct source_fetch *f, const struct creds_failure *inner)
{
	creds_failure_add(&f->why, inner);
	source_fetch_fail(f);
}

void
source_fetch_ok(struct source_fetch *f, struct creds *c)
{
	secret_know_str(c->secret);
	secret_know_str(c->token);
	f->fn(f->arg, c, NULL);
}

/* Of {"code": …, "message": …}, as containers and Greengrass have it. */
struct error_doc {
	char code[64], message[160];
};

static void
read_error(const struct reply *r, struct error_doc *out)
{
	const struct json_node *root;
	struct json *j;

	*out = (struct error_doc){.code = ""};
	if (r->err != ERR_OK || r->status < 400)
		return;
	if (json_parse(r->body, TREE_MAX, &j, &root) == ERR_OK) {
		aws_copy_message(out->code, sizeof out->code,
		    json_str(json_get(root, "code")));
		aws_copy_message(out->message, sizeof out->message,
		    json_str(json_get(root, "message")));
	}
	json_free(&j);
}

void
source_say_reply(struct buf *why, const struct reply *r)
{
	struct error_doc doc;
	char text[160];

	if (r->err != ERR_OK) {
		aws_copy_message(text, sizeof text, r->detail);
		buf_printf(why, "no answer (%s%s%s)", err_name(r->err),
		    *text != '\0' ? ": " : "", text);
		return;
	}
	buf_printf(why, "HTTP status %d", r->status);
	read_error(r, &doc);
	if (*doc.code != '\0')
		buf_printf(why, ": %s", doc.code);
	if (*doc.message != '\0')
		buf_printf(why, ": %s", doc.message);
}

int64_t
source_clock_offset(const struct reply *r)
{
	int64_t s;

	if (clock_parse_http(reply_header(r, "Date"), &s) != ERR_OK)
		return 0;
	s -= clock_wall_s();
	return s > SKEW_S || s < -SKEW_S ? s : 0;
}

static char *
copy_member(const struct json_node *root, const char *name)
{
	struct span s = json_str(json_get(root, name));

	return s.n > 0 ? mem_strndup(s.p, s.n) : NULL;
}

static bool
read_expiry(const struct json_node *root, struct creds *out, struct buf *why)
{
	const struct json_node *n = json_get(root, "Expiration");

	if (n == NULL || json_is(n, JSON_NULL))
		return true;
	if (clock_parse_iso(json_str(n), &out->expires_s) == ERR_OK)
		return true;
	buf_str(why, "the Expiration that it gave is no time in ISO 8601");
	return false;
}

bool
source_read_doc(struct span text, const char *token_name, struct creds *out,
    struct buf *why)
{
	const struct json_node *root;
	struct json *j;
	bool ok = false;

	*out = (struct creds){0};
	if (json_parse(text, TREE_MAX, &j, &root) != ERR_OK ||
	    !json_is(root, JSON_OBJECT)) {
		buf_str(why, "what it gave is no JSON object");
	} else {
		out->key_id = copy_member(root, "AccessKeyId");
		out->secret = copy_member(root, "SecretAccessKey");
		out->token = copy_member(root, token_name);
		if (out->key_id == NULL)
			buf_str(why, "what it gave has no AccessKeyId");
		else if (out->secret == NULL)
			buf_str(why, "what it gave has no SecretAccessKey");
		else
			ok = read_expiry(root, out, why);
	}
	json_free(&j);
	if (!ok)
		creds_fini(out);
	return ok;
}

bool
source_read_reply(const struct reply *r, const char *name, struct creds *out,
    struct creds_failure *why)
{
	struct error_doc doc;

	*out = (struct creds){0};
	buf_printf(&why->text, "%s: ", name);
	why->status = r->err == ERR_OK ? r->status : 0;
	if (why->status != 200) {
		read_error(r, &doc);
		memcpy(why->code, doc.code, sizeof doc.code);
		source_say_reply(&why->text, r);
		return false;
	}
	if (!source_read_doc(r->body, "Token", out, &why->text))
		return false;
	out->offset_s = source_clock_offset(r);
	if (out->expires_s == 0)
		out->expires_s = clock_wall_s() + out->offset_s + LIFE_S;
	return true;
}

bool
source_read_fd(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t n = 0;

	/* Some files have no end: /dev/zero. */
	while (out->err == ERR_OK && (n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		buf_add(out, chunk, (size_t)n);
	}
	mem_wipe(chunk, sizeof chunk);
	if (out->err != ERR_OK)
		errno = EFBIG;
	return n == 0 && out->err == ERR_OK;
}

bool
source_read_file(const char *path, struct buf *out, struct buf *why)
{
	/* A pipe without a writer must not stop the daemon. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok = fd >= 0 && source_read_fd(fd, out);
	int error = errno;

	if (!ok)
		buf_printf(why, "%s: %s", path, strerror(error));
	if (fd >= 0)
		close(fd);
	errno = error;
	return ok;
}

void
source_advise_file(struct buf *advice, int error)
{
	if (error == EACCES || error == EPERM)
		buf_str(advice, advice_of(CAUSE_CREDS_UNREADABLE));
	else if (error == ENOENT || error == ENOTDIR)
		buf_str(advice, advice_of(CAUSE_CREDS_NO_FILE));
}

const char *
source_env(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? s : NULL;
}

static char *
copy_set(const char *s)
{
	return s != NULL && *s != '\0' ? mem_strndup(s, strlen(s)) : NULL;
}

void
source_role_copy(struct role_conf *to, const struct role_conf *from)
{
	*to = (struct role_conf){.arn = copy_set(from->arn),
	    .session_name = copy_set(from->session_name),
	    .external_id = copy_set(from->external_id),
	    .token_file = copy_set(from->token_file),
	    .duration = copy_set(from->duration)};
}

void
sso_conf_fini(struct sso_conf *c)
{
	mem_free(c->profile);
	mem_free(c->session);
	mem_free(c->start_url);
	mem_free(c->region);
	mem_free(c->account);
	mem_free(c->role);
	*c = (struct sso_conf){0};
}

void
source_role_fini(struct role_conf *r)
{
	mem_free(r->arn);
	mem_free(r->session_name);
	mem_free(r->external_id);
	mem_free(r->token_file);
	mem_free(r->duration);
	*r = (struct role_conf){0};
}
