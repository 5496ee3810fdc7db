#include "backfill/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_out.h"
#include "base/mem.h"

enum {
	KEY_MAX = 4096,
	LIST_MAX = 256 * 1024, /* of accounts */
	FILE_MAX = 512 * 1024,
	PATH_MAX_BYTES = 8 * 1024
};

void
state_init(struct state *s)
{
	*s = (struct state){.to_s = -1};
	buf_init(&s->after, KEY_MAX);
}

void
state_fini(struct state *s)
{
	buf_fini(&s->after);
}

/* ---- what it is good for ---- */

enum { BUCKET, PREFIX, QUEUE, ORGANIZATION, ACCOUNTS, REGIONS, KEYS, FROM, TO };

static const char *const names[] = {"bucket", "prefix", "queue", "organization",
    "accounts", "regions", "keys", "from", "to"};

enum { NAMES = sizeof names / sizeof names[0] };

static void
add_list(struct buf *b, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%s", i > 0 ? " " : "", list[i]);
}

static void
describe(const struct work *w, int i, struct buf *b)
{
	switch (i) {
	case BUCKET:
		buf_span(b, w->bucket);
		break;
	case PREFIX:
		enc_uri(b, w->prefix, true);
		break;
	case QUEUE:
		buf_span(b, w->queue);
		break;
	case ORGANIZATION:
		buf_span(b, w->organization);
		break;
	case ACCOUNTS:
		add_list(b, w->accounts, w->naccounts);
		break;
	case REGIONS:
		add_list(b, w->regions, w->nregions);
		break;
	case KEYS:
		buf_str(b, w->any_key ? "any" : "of a trail");
		break;
	case FROM:
		clock_format_iso(b, w->from_s);
		break;
	case TO:
	default:
		if (w->to_s >= 0)
			clock_format_iso(b, w->to_s);
		break;
	}
}

/* ---- reading ---- */

static bool
slurp(const char *path, struct buf *out, bool *there, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char piece[4096];
	ssize_t n;

	*there = fd >= 0 || errno != ENOENT;
	if (fd < 0) {
		buf_printf(why, "%s: %s", path, strerror(errno));
		return !*there;
	}
	while ((n = read(fd, piece, sizeof piece)) > 0)
		buf_add(out, piece, (size_t)n);
	if (n < 0)
		buf_printf(why, "%s: %s", path, strerror(errno));
	close(fd);
	return n == 0;
}

static bool
is_same(const struct json_node *root, const struct work *w, const char *path,
    struct buf *why)
{
	bool same = true;
	struct buf mine;

	buf_init(&mine, LIST_MAX);
	for (int i = 0; i < NAMES && same; i++) {
		struct span theirs = json_str(json_get(root, names[i]));

		buf_reset(&mine);
		describe(w, i, &mine);
		same = (i == TO && w->to_s < 0) ||
		       span_eq(theirs, buf_view(&mine));
		if (!same)
			buf_printf(why,
			    "%s is of another backfill (%s: \"%.*s\", not "
			    "\"%.200s\"): name another file, or remove it",
			    path, names[i],
			    theirs.n < 200 ? (int)theirs.n : 200, theirs.p,
			    buf_cstr(&mine));
	}
	buf_fini(&mine);
	return same;
}

static uint64_t
number(const struct json_node *root, const char *name)
{
	uint64_t n;

	return json_u64(json_get(root, name), &n) == ERR_OK ? n : 0;
}

static bool
take(struct state *s, const struct json_node *root)
{
	const struct json_node *done = json_get(root, "done");

	buf_reset(&s->after);
	if (!json_is(json_get(root, "after"), JSON_STRING) ||
	    enc_form_decode(&s->after, json_str(json_get(root, "after"))) !=
		ERR_OK ||
	    clock_parse_iso(json_str(json_get(root, "to")), &s->to_s) != ERR_OK)
		return false;
	s->objects = number(root, "objects");
	s->messages = number(root, "messages");
	s->done = json_is(done, JSON_BOOL) && done->boolean;
	return true;
}

bool
state_read(
    struct state *s, const char *path, const struct work *w, struct buf *why)
{
	const struct json_node *root;
	struct json *j = NULL;
	bool there = false, ok;
	struct buf text;

	buf_init(&text, FILE_MAX);
	ok = slurp(path, &text, &there, why);
	if (ok && there) {
		ok = text.err == ERR_OK &&
		     json_parse(buf_view(&text), 4 * (size_t)FILE_MAX, &j,
			 &root) == ERR_OK &&
		     json_is(json_get(root, "bucket"), JSON_STRING);
		if (!ok)
			buf_printf(why, "%s is no state of a backfill", path);
		else if (!is_same(root, w, path, why))
			ok = false;
		else if (!take(s, root)) {
			buf_printf(why, "%s is no state of a backfill", path);
			ok = false;
		}
	}
	json_free(&j);
	buf_fini(&text);
	return ok;
}

/* ---- writing ---- */

static void
make(const struct state *s, const struct work *w, struct buf *out)
{
	struct json_out j = {.b = out};
	struct buf b;

	buf_init(&b, LIST_MAX);
	json_begin(&j, NULL, '{');
	for (int i = 0; i < NAMES; i++) {
		buf_reset(&b);
		describe(w, i, &b);
		buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", names[i]);
		enc_json_string(out, buf_view(&b));
	}
	j.follows = true;
	buf_reset(&b);
	enc_uri(&b, buf_view(&s->after), true);
	json_text(&j, "after", buf_view(&b));
	json_count(&j, "objects", s->objects);
	json_count(&j, "messages", s->messages);
	json_flag(&j, "done", s->done);
	json_end(&j, '}');
	buf_char(out, '\n');
	buf_fini(&b);
}

static bool
spill(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			s.p += n;
			s.n -= (size_t)n;
		}
	}
	return fsync(fd) == 0;
}

/* Or a power cut could bring back the file before; not all file systems can. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf folder;
	int fd;

	buf_init(&folder, PATH_MAX_BYTES);
	if (slash == NULL)
		buf_char(&folder, '.');
	else
		buf_add(&folder, path, (size_t)(slash + 1 - path));
	fd = open(buf_cstr(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	buf_fini(&folder);
}

bool
state_write(const struct state *s, const char *path, const struct work *w,
    struct buf *why)
{
	struct buf text, aside;
	bool ok;
	int fd;

	buf_init(&text, FILE_MAX);
	buf_init(&aside, PATH_MAX_BYTES);
	make(s, w, &text);
	buf_printf(&aside, "%s.new", path);
	fd = open(buf_cstr(&aside),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ok = fd >= 0 && spill(fd, buf_view(&text));
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(buf_cstr(&aside), path) == 0;
	if (ok)
		sync_folder(path);
	else
		buf_printf(why, "%s: %s", path, strerror(errno));
	buf_fini(&text);
	buf_fini(&aside);
	return ok;
}
