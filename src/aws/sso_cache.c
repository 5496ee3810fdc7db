#include "aws/sso_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/profiles.h"
#include "base/advice.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"

enum { FILE_MAX = 64 * 1024, TREE_MAX = 256 * 1024, PATH_LEN_MAX = 4096 };

static void
wipe(char **s)
{
	if (*s != NULL)
		mem_wipe(*s, strlen(*s));
	mem_free(*s);
	*s = NULL;
}

void
sso_token_fini(struct sso_token *t)
{
	wipe(&t->access);
	wipe(&t->refresh);
	wipe(&t->client_id);
	wipe(&t->client_secret);
	wipe(&t->registration_end);
	*t = (struct sso_token){0};
}

bool
sso_cache_path(const char *name, struct buf *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	const char *home = profiles_home();
	unsigned n = 0;

	if (home == NULL)
		return false;
	CHECK(EVP_Digest(name, strlen(name), hash, &n, EVP_sha1(), NULL) == 1);
	buf_printf(out, "%s/.aws/sso/cache/", home);
	enc_hex(out, hash, n);
	buf_str(out, ".json");
	return out->err == ERR_OK;
}

/* What can be sent in a header or stands in nobody's way; NULL: it is not. */
static char *
copy_member(const struct json_node *root, const char *name)
{
	struct span s = json_str(json_get(root, name));

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return NULL;
	}
	return s.n > 0 ? mem_strndup(s.p, s.n) : NULL;
}

static void
read_registration(const struct json_node *root, struct sso_token *out)
{
	struct span end = json_str(json_get(root, "registrationExpiresAt"));

	if (clock_parse_iso(end, &out->registration_end_s) != ERR_OK)
		return;
	out->registration_end = mem_strndup(end.p, end.n);
	out->refresh = copy_member(root, "refreshToken");
	out->client_id = copy_member(root, "clientId");
	out->client_secret = copy_member(root, "clientSecret");
}

bool
sso_cache_parse(struct span text, struct sso_token *out, struct buf *why)
{
	const struct json_node *root;
	struct json *j;
	bool ok = false;

	*out = (struct sso_token){0};
	if (json_parse(text, TREE_MAX, &j, &root) != ERR_OK) {
		buf_str(why, "it is no JSON object");
	} else {
		out->access = copy_member(root, "accessToken");
		ok = out->access != NULL &&
		     clock_parse_iso(json_str(json_get(root, "expiresAt")),
			 &out->expires_s) == ERR_OK;
		if (!ok)
			buf_str(why, "there is no accessToken with its "
				     "expiresAt in it");
		else
			read_registration(root, out);
	}
	secret_know_str(out->access);
	secret_know_str(out->refresh);
	secret_know_str(out->client_secret);
	json_free(&j);
	if (!ok)
		sso_token_fini(out);
	return ok;
}

/* Root may do as it likes anyway. */
static bool
is_ours_alone(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) &&
	       (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Whoever may write to the folder may put another file there. */
static bool
check_folder(const char *path, struct creds_failure *why)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	struct buf dir;
	bool ok;

	buf_init(&dir, PATH_LEN_MAX);
	buf_add(&dir, path, (size_t)(slash - path));
	ok = stat(buf_cstr(&dir), &st) != 0 || is_ours_alone(&st);
	if (!ok) {
		buf_printf(&why->text, "%s: others can write to this folder",
		    buf_cstr(&dir));
		advice_add(&why->advice, CAUSE_SSO_OPEN_FOLDER, buf_view(&dir),
		    SPAN(""));
	}
	buf_fini(&dir);
	return ok;
}

static bool
read_checked(
    const char *path, int fd, struct buf *text, struct creds_failure *why)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		buf_printf(&why->text, "%s: it is no file", path);
	} else if (!is_ours_alone(&st)) {
		buf_printf(&why->text, "%s: others can write to it", path);
		advice_add(&why->advice, CAUSE_SSO_OPEN_FILE, span_str(path),
		    SPAN(""));
	} else if (!source_read_fd(fd, text)) {
		buf_printf(&why->text, "%s: %s", path, strerror(errno));
	} else {
		return true;
	}
	return false;
}

bool
sso_cache_load(
    const char *path, struct sso_token *out, struct creds_failure *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int error = errno;
	struct buf text;
	bool ok;

	*out = (struct sso_token){0};
	if (fd < 0) {
		buf_printf(&why->text, "%s: %s", path, strerror(error));
		return false;
	}
	buf_init(&text, FILE_MAX);
	ok = check_folder(path, why) && read_checked(path, fd, &text, why);
	(void)close(fd);
	if (ok) {
		buf_printf(&why->text, "%s: ", path);
		ok = sso_cache_parse(buf_view(&text), out, &why->text);
	}
	buf_fini_wipe(&text);
	if (ok)
		creds_failure_reset(why);
	return ok;
}

static void
add_member(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "%s\"%s\": ", b->n > 1 ? ", " : "", name);
	enc_json_string(b, span_str(value));
}

static void
write_doc(struct buf *b, const struct sso_token *t, const char *start_url,
    const char *region)
{
	struct buf end;

	buf_init(&end, 64);
	clock_format_iso(&end, t->expires_s);
	buf_char(b, '{');
	add_member(b, "startUrl", start_url);
	add_member(b, "region", region);
	add_member(b, "accessToken", t->access);
	add_member(b, "expiresAt", buf_cstr(&end));
	add_member(b, "clientId", t->client_id);
	add_member(b, "clientSecret", t->client_secret);
	add_member(b, "registrationExpiresAt", t->registration_end);
	add_member(b, "refreshToken", t->refresh);
	buf_char(b, '}');
	buf_fini(&end);
}

static bool
write_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s.p += n;
		s.n -= (size_t)n;
	}
	return fsync(fd) == 0;
}

bool
sso_cache_store(const char *path, const struct sso_token *t,
    const char *start_url, const char *region, struct buf *why)
{
	struct buf doc, name;
	bool ok = false;
	int fd = -1;

	buf_init(&doc, FILE_MAX);
	buf_init(&name, PATH_LEN_MAX);
	write_doc(&doc, t, start_url, region);
	buf_printf(&name, "%s.XXXXXX", path);
	errno = EFBIG;
	if (doc.err == ERR_OK && name.err == ERR_OK)
		fd = mkostemp(name.p, O_CLOEXEC); /* mode 0600 */
	if (fd >= 0) {
		ok = write_all(fd, buf_view(&doc));
		ok = close(fd) == 0 && ok && rename(name.p, path) == 0;
		if (!ok)
			(void)unlink(name.p);
	}
	if (!ok)
		buf_printf(why, "%s: %s", path, strerror(errno));
	buf_fini_wipe(&doc);
	buf_fini(&name);
	return ok;
}
