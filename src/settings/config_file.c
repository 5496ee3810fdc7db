#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ini.h"
#include "base/mem.h"
#include "settings/config_internal.h"
#include "settings/guess.h"
#include "settings/option.h"

enum { FILE_MAX = 1024 * 1024, PIPE_MS = 2000 };

struct file_reader {
	struct notes *notes;
	struct config *c;
	const char *path;
	struct span text;
	const char *section;		/* the last one that was told */
	unsigned seen[CONFIG_KEYS_MAX]; /* line that set the key; 0: none */
};

/* It is a mistake once; its keys are read all the same, so that what is wrong
 * with them is told in the same run. */
static void
tell_section(struct file_reader *r, struct span name)
{
	unsigned line = 1;

	if (name.n == 0 || name.p == r->section)
		return;
	r->section = name.p;
	for (const char *p = r->text.p; p < name.p; p++)
		line += *p == '\n';
	notes_fatal(
	    r->notes, "%s:%u: there are no [sections] here", r->path, line);
}

/* Which character of its line the value begins with. */
static size_t
column(const struct file_reader *r, struct span value)
{
	size_t n = 1;

	for (const char *p = value.p; p > r->text.p && p[-1] != '\n'; p--)
		n += ((unsigned char)p[-1] & 0xc0) != 0x80;
	return n;
}

static void
take_line(void *arg, const struct ini_line *line)
{
	struct file_reader *r = arg;
	size_t row = option_find(line->key);
	struct buf at, guess;

	buf_init(&guess, 128);
	buf_init(&at, 4096 + 32);
	buf_printf(&at, "%s:%u", r->path, line->number);
	tell_section(r, line->section);
	if (line->error != NULL) {
		notes_fatal(r->notes, "%s: %s", buf_cstr(&at), line->error);
	} else if (row == option_count()) {
		guess_key(line->key, &guess);
		notes_fatal(r->notes, "%s: unknown key '%.*s'%s", buf_cstr(&at),
		    (int)(line->key.n < 64 ? line->key.n : 64), line->key.p,
		    buf_cstr(&guess));
	} else if (r->seen[row] != 0 && option_at(row)->type != OPTION_RULES) {
		notes_fatal(r->notes, "%s: %s was set before, in line %u",
		    buf_cstr(&at), option_at(row)->key, r->seen[row]);
	} else {
		r->seen[row] = line->number;
		config_set_at(r->notes, r->c, row, line->value, SOURCE_FILE,
		    buf_cstr(&at), column(r, line->value));
	}
	buf_fini(&at);
	buf_fini(&guess);
}

/* A pipe may have a writer that is about to write: <(…) of a shell. It has so
 * long in all. */
static bool
await(int fd, int64_t until_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left_ms = until_ms - clock_mono_ms();

	if (left_ms > 0 && poll(&p, 1, (int)left_ms) != 0)
		return true;
	errno = ETIMEDOUT;
	return false;
}

/* Appends all of the file; false with errno set. */
static bool
read_file(int fd, struct buf *text)
{
	int64_t until_ms = clock_mono_ms() + PIPE_MS;
	char chunk[4096];
	ssize_t n;

	while (
	    text->err == ERR_OK && (n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && (errno == EINTR ||
				 (errno == EAGAIN && await(fd, until_ms))))
			continue;
		if (n < 0)
			return false;
		buf_add(text, chunk, (size_t)n);
	}
	mem_wipe(chunk, sizeof chunk);
	if (text->err != ERR_OK)
		errno = EFBIG;
	return text->err == ERR_OK;
}

bool
config_read_file(
    struct notes *n, struct config *c, const struct config_sources *src)
{
	struct file_reader r = {.notes = n, .c = c, .path = src->file};
	struct buf text;
	struct stat st;
	int fd;

	if (src->file == NULL)
		return true;
	/* O_NONBLOCK: a FIFO without a writer must not hang a reload. */
	fd = open(src->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && !src->file_required)
		return true;
	if (fd < 0) {
		notes_fatal(n, "%s: %s", src->file, strerror(errno));
		return false;
	}
	buf_init(&text, FILE_MAX);
	if (read_file(fd, &text)) {
		r.text = buf_view(&text);
		ini_parse(r.text, false, take_line, &r);
	} else {
		notes_fatal(n, "%s: %s", src->file, strerror(errno));
	}
	if (*c->dassana_token != '\0' && fstat(fd, &st) == 0 &&
	    (st.st_mode & S_IROTH) != 0)
		notes_warn(n, "%s: holds the token, and others can read it",
		    src->file);
	buf_fini_wipe(&text);
	close(fd);
	return true;
}

static bool
is_set(const struct config *c, const char *key)
{
	return c->origin[option_find(span_str(key))] != NULL;
}

/* Somebody has just installed it, or wants to see what it is. */
bool
config_is_bare(const struct config *c, const struct config_sources *src)
{
	for (size_t i = 0; i < option_count(); i++) {
		if (c->rank[i] == SOURCE_FILE ||
		    c->rank[i] >= SOURCE_OWN_VARIABLE)
			return false;
	}
	return src->noptions == 0 && !is_set(c, "dassana_token") &&
	       !is_set(c, "dassana_token_file");
}

void
config_tell_bare(struct notes *n, const struct config_sources *src)
{
	notes_fatal(n,
	    "queue_url and the token are missing: neither %s nor TRAILPOST_ "
	    "variables nor -o say anything",
	    src->file);
	notes_fatal(n,
	    "to begin: trailpost -o queue_url=URL -o dassana_token_file=FILE "
	    "check; trailpost help says more");
}
