#include "aws/profiles.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "aws/source.h"
#include "base/ini.h"
#include "base/mem.h"

enum { FILE_MAX = 1024 * 1024, PATH_LEN_MAX = 4096 };

enum kind { KIND_PROFILE, KIND_SERVICES, KIND_SESSION, KIND_OTHER };

/* All spans point into the texts. */
struct entry {
	enum kind kind;
	bool secret_file; /* of the credentials file */
	struct span section, parent, key, value;
};

struct profiles {
	struct buf config, credentials; /* the texts */
	struct entry *entries;
	size_t n, cap;
	struct buf error;
	const char *path;    /* of the file being read */
	bool in_secret_file; /* which one it is */
};

static const struct {
	const char *variable, *name;
} files[] = {
    {"AWS_CONFIG_FILE", "config"},
    {"AWS_SHARED_CREDENTIALS_FILE", "credentials"},
};

const char *
profiles_home(void)
{
	const char *home = source_env("HOME");
	const struct passwd *user = home == NULL ? getpwuid(getuid()) : NULL;

	if (user != NULL && user->pw_dir != NULL && *user->pw_dir == '/')
		home = user->pw_dir;
	return home;
}

/* false: there is no such path, as there is no home. */
static bool
add_path(struct buf *out, bool secret_file, bool *named)
{
	const char *path = source_env(files[secret_file].variable);
	const char *home = profiles_home();

	*named = path != NULL;
	if (path == NULL && home == NULL)
		return false;
	if (path == NULL)
		buf_printf(out, "%s/.aws/%s", home, files[secret_file].name);
	else if (path[0] == '~' && path[1] == '/' && home != NULL)
		buf_printf(out, "%s%s", home, path + 1);
	else
		buf_str(out, path);
	return out->err == ERR_OK;
}

void
profiles_say_files(struct buf *out)
{
	struct buf path;
	bool named;

	buf_init(&path, PATH_LEN_MAX);
	for (int i = 0; i < 2; i++) {
		buf_reset(&path);
		if (!add_path(&path, i == 1, &named))
			buf_printf(&path, "~/.aws/%s", files[i].name);
		buf_printf(out, "%s%s", i > 0 ? ", " : "", buf_cstr(&path));
		if (named && access(buf_cstr(&path), F_OK) != 0)
			buf_printf(out, " (which %s names, and is not there)",
			    files[i].variable);
	}
	buf_fini(&path);
}

/* "[profile x]", "[default]", "[services x]"; in the credentials file "[x]". */
static enum kind
read_section(bool secret_file, struct span *s)
{
	struct span rest = *s, word;
	enum kind kind = KIND_OTHER;

	if (secret_file || span_is(*s, "default"))
		return KIND_PROFILE;
	for (word = rest; word.n > 0 && *word.p != ' ' && *word.p != '\t';) {
		word.p++;
		word.n--;
	}
	rest.n = (size_t)(word.p - rest.p);
	if (span_is(rest, "profile"))
		kind = KIND_PROFILE;
	else if (span_is(rest, "services"))
		kind = KIND_SERVICES;
	else if (span_is(rest, "sso-session"))
		kind = KIND_SESSION;
	*s = span_trim(word);
	if (s->n >= 2 && (*s->p == '"' || *s->p == '\'') &&
	    s->p[s->n - 1] == *s->p)
		*s = (struct span){s->p + 1, s->n - 2};
	return kind;
}

/* People write keys as the variables are called. */
static bool
is_key(struct span s, const char *key)
{
	return s.n == strlen(key) &&
	       (s.n == 0 || strncasecmp(s.p, key, s.n) == 0);
}

/* A comment may follow the value, after a blank. A command may have '#'s of its
 * own. */
static struct span
without_comment(struct span key, struct span value)
{
	if (is_key(key, "credential_process"))
		return value;
	for (size_t i = 1; i < value.n; i++) {
		if ((value.p[i] == '#' || value.p[i] == ';') &&
		    (value.p[i - 1] == ' ' || value.p[i - 1] == '\t'))
			return span_trim((struct span){value.p, i});
	}
	return value;
}

static void
take_line(void *arg, const struct ini_line *line)
{
	struct profiles *p = arg;
	struct entry e = {.secret_file = p->in_secret_file,
	    .section = line->section,
	    .parent = line->parent,
	    .key = line->key};

	if (line->error != NULL) {
		if (p->error.n == 0)
			buf_printf(&p->error, "%s:%u: %s", p->path,
			    line->number, line->error);
		return;
	}
	e.kind = read_section(p->in_secret_file, &e.section);
	e.value = without_comment(line->key, line->value);
	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 32;
		p->entries =
		    mem_realloc(p->entries, p->cap * sizeof *p->entries);
	}
	p->entries[p->n++] = e;
}

static void
load_file(struct profiles *p, bool secret_file, struct buf *text)
{
	struct buf path, why;
	bool named, ok;

	buf_init(&path, PATH_LEN_MAX);
	buf_init(&why, SOURCE_WHY_MAX);
	if (add_path(&path, secret_file, &named)) {
		p->path = buf_cstr(&path);
		p->in_secret_file = secret_file;
		ok = source_read_file(p->path, text, &why);
		/* A file that is not there says nothing, as with the SDKs, and
		 * a home that we may not enter is as good as none. */
		if (ok)
			ini_parse(buf_view(text), true, take_line, p);
		else if (errno != ENOENT && errno != ENOTDIR &&
			 (named || access(p->path, F_OK) == 0) &&
			 p->error.n == 0)
			buf_span(&p->error, buf_view(&why));
	}
	buf_fini(&path);
	buf_fini(&why);
}

struct profiles *
profiles_load(void)
{
	struct profiles *p = mem_zalloc(sizeof *p);

	buf_init(&p->config, FILE_MAX);
	buf_init(&p->credentials, FILE_MAX);
	buf_init(&p->error, SOURCE_WHY_MAX);
	load_file(p, false, &p->config);
	load_file(p, true, &p->credentials);
	return p;
}

void
profiles_free(struct profiles **pp)
{
	struct profiles *p = *pp;

	if (p == NULL)
		return;
	buf_fini_wipe(&p->config);
	buf_fini_wipe(&p->credentials);
	buf_fini(&p->error);
	mem_free(p->entries);
	mem_free(p);
	*pp = NULL;
}

const char *
profiles_error(const struct profiles *p)
{
	return buf_cstr(&p->error);
}

const char *
profiles_chosen(bool *named)
{
	const char *name = source_env("AWS_PROFILE");

	if (name == NULL)
		name = source_env("AWS_DEFAULT_PROFILE");
	*named = name != NULL;
	return name != NULL ? name : "default";
}

static bool
has_section(const struct profiles *p, enum kind kind, struct span name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->entries[i].kind == kind &&
		    span_eq(p->entries[i].section, name))
			return true;
	}
	return false;
}

bool
profiles_has(const struct profiles *p, struct span profile)
{
	return has_section(p, KIND_PROFILE, profile);
}

static const struct entry *
find_entry(const struct profiles *p, enum kind kind, struct span section,
    const char *parent, const char *key)
{
	const struct entry *found = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = &p->entries[i];

		if (e->kind == kind && span_eq(e->section, section) &&
		    is_key(e->parent, parent) && is_key(e->key, key) &&
		    (found == NULL || e->secret_file >= found->secret_file))
			found = e;
	}
	return found;
}

static struct span
find(const struct profiles *p, enum kind kind, struct span section,
    const char *parent, const char *key)
{
	const struct entry *e = find_entry(p, kind, section, parent, key);

	return e != NULL ? e->value : (struct span){NULL, 0};
}

bool
profiles_has_secret(
    const struct profiles *p, struct span profile, const char *key)
{
	const struct entry *e = find_entry(p, KIND_PROFILE, profile, "", key);

	return e != NULL && e->secret_file && e->value.n > 0;
}

struct span
profiles_get(const struct profiles *p, struct span profile, const char *key)
{
	return find(p, KIND_PROFILE, profile, "", key);
}

struct span
profiles_get_service(const struct profiles *p, struct span name,
    const char *service, const char *key)
{
	return find(p, KIND_SERVICES, name, service, key);
}

bool
profiles_has_session(const struct profiles *p, struct span name)
{
	return has_section(p, KIND_SESSION, name);
}

struct span
profiles_get_session(
    const struct profiles *p, struct span name, const char *key)
{
	return find(p, KIND_SESSION, name, "", key);
}

bool
profiles_has_services(const struct profiles *p, struct span name)
{
	return has_section(p, KIND_SERVICES, name);
}

struct span
profiles_get_nested(const struct profiles *p, struct span profile,
    const char *parent, const char *key)
{
	return find(p, KIND_PROFILE, profile, parent, key);
}
