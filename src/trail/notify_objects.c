#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/mem.h"
#include "trail/notify_internal.h"

enum {
	KEY_MAX = 1024,
	VERSION_MAX = KEY_MAX,
	ETAG_MAX = 255,
	REGION_MAX = 32,
};

struct entry {
	struct notify_object object;
	char *key; /* owned: a decoded key; else NULL */
};

/* ---- what is wrong ---- */

static enum notify_reason
fault(struct notify *n, enum notify_reason why, const char *name,
    const char *what)
{
	(void)snprintf(n->fault, sizeof n->fault, "%s %s", name, what);
	return why;
}

enum notify_reason
notify_unknown(
    struct notify *n, const char *name, const struct json_node *member)
{
	bool missing = member == NULL || json_is(member, JSON_NULL);

	return fault(n, NOTIFY_R_UNKNOWN_SHAPE, name,
	    missing ? "is missing" : "has an unknown value");
}

/* NULL: it may name a bucket or an object. */
static const char *
name_fault(const struct json_node *member, size_t max)
{
	struct span s = json_str(member);

	if (member == NULL || json_is(member, JSON_NULL))
		return "is missing";
	if (!json_is(member, JSON_STRING))
		return "is no text";
	if (s.n == 0)
		return "is empty";
	if (s.n > max)
		return "is too long";
	return memchr(s.p, '\0', s.n) != NULL ? "has a NUL in it" : NULL;
}

/* ---- objects ---- */

static bool
is_text(struct span s, size_t max)
{
	return s.n > 0 && s.n <= max && memchr(s.p, '\0', s.n) == NULL;
}

/* It becomes part of a host name. */
static bool
is_region(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return s.n > 0 && s.n <= REGION_MAX;
}

static struct span
unquote(struct span s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct span){s.p + 1, s.n - 2};
	return s;
}

/* What can do without is left out if it makes no sense. */
static void
append(struct notify *n, struct notify_object o, char *key)
{
	o.etag = unquote(o.etag);
	if (!is_text(o.etag, ETAG_MAX))
		o.etag = SPAN("");
	if (!is_region(o.region))
		o.region = SPAN("");
	if (n->count == n->cap) {
		n->cap = n->cap > 0 ? n->cap * 2 : 4;
		n->entries =
		    mem_realloc(n->entries, n->cap * sizeof *n->entries);
	}
	n->entries[n->count++] = (struct entry){.object = o, .key = key};
}

/* NULL if it cannot be decoded, or makes no key. */
static char *
decode(struct span encoded, struct span *key)
{
	char *text = NULL;
	struct buf b;

	buf_init(&b, KEY_MAX);
	if (enc_form_decode(&b, encoded) == ERR_OK &&
	    is_text(buf_view(&b), KEY_MAX)) {
		text = mem_strndup(buf_cstr(&b), b.n);
		*key = (struct span){text, b.n};
	}
	buf_fini(&b);
	return text;
}

/* What names the object must be right: another one would be read. */
enum notify_reason
notify_add(struct notify *n, struct notify_found f)
{
	/* An escape is three bytes for one. */
	const char *wrong =
	    name_fault(f.key, f.encoded ? 3 * KEY_MAX : KEY_MAX);
	const char *bucket_wrong = name_fault(f.bucket, NOTIFY_BUCKET_MAX);
	char *decoded = NULL;

	if (n->count == NOTIFY_OBJECTS_MAX)
		return fault(n, NOTIFY_R_UNKNOWN_SHAPE, "the list of objects",
		    "is too long");
	if (bucket_wrong != NULL)
		return fault(n, NOTIFY_R_BAD_KEY, f.bucket_name, bucket_wrong);
	if (wrong != NULL)
		return fault(n, NOTIFY_R_BAD_KEY, f.key_name, wrong);
	if (f.o.version.n > 0 && !is_text(f.o.version, VERSION_MAX))
		return fault(
		    n, NOTIFY_R_BAD_KEY, "the version", "makes no sense");
	f.o.bucket = json_str(f.bucket);
	f.o.key = json_str(f.key);
	if (f.encoded) {
		decoded = decode(json_str(f.key), &f.o.key);
		if (decoded == NULL)
			return fault(n, NOTIFY_R_BAD_KEY, f.key_name,
			    "cannot be decoded, or is too long");
	}
	append(n, f.o, decoded);
	return NOTIFY_R_NONE;
}

void
notify_drop(struct notify *n)
{
	for (size_t i = 0; i < n->count; i++)
		mem_free(n->entries[i].key);
	mem_free(n->entries);
	n->entries = NULL;
	n->count = n->cap = 0;
}

size_t
notify_count(const struct notify *n)
{
	return n->count;
}

const struct notify_object *
notify_at(const struct notify *n, size_t i)
{
	CHECK(i < n->count);
	return &n->entries[i].object;
}
