#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/mem.h"
#include "base/span.h"
#include "commands/command.h"
#include "commands/summary.h"
#include "settings/option.h"
#include "trail/decode.h"

enum {
	IN_BYTES = 64 * 1024,
	OUT_BYTES = 256 * 1024,
	RECORD_MAX = 64 * 1024 * 1024,
};

struct cat {
	struct decode *decode;
	struct events_rules *rules; /* NULL: all pass */
	struct summary *summary;    /* NULL: the events themselves */
	const char *name;	    /* of the file */
	char *in;
	char *out;
	size_t nout;
	bool terminal; /* stdout is one */
	int out_errno; /* 0, or why stdout takes no more */
};

static void
write_out(struct cat *c, struct span s)
{
	while (s.n > 0 && c->out_errno == 0) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.n);

		if (n < 0 && errno != EINTR)
			c->out_errno = errno;
		if (n > 0) {
			s.p += n;
			s.n -= (size_t)n;
		}
	}
}

static void
flush(struct cat *c)
{
	write_out(c, (struct span){c->out, c->nout});
	c->nout = 0;
}

static void
put(struct cat *c, struct span s)
{
	if (s.n > OUT_BYTES - c->nout)
		flush(c);
	if (s.n > OUT_BYTES) {
		write_out(c, s);
		return;
	}
	if (s.n > 0)
		memcpy(c->out + c->nout, s.p, s.n);
	c->nout += s.n;
}

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct cat *c = arg;
	struct buf whole, shown;

	if (c->summary != NULL) {
		summary_add(c->summary, head, tail);
		return;
	}
	if (c->terminal) {
		/* The same JSON, with nothing in it that a terminal obeys. */
		buf_init(&whole, RECORD_MAX);
		buf_init(&shown, 6 * (size_t)RECORD_MAX);
		buf_span(&whole, head);
		buf_span(&whole, tail);
		enc_json_visible(&shown, buf_view(&whole));
		put(c, buf_view(&shown));
		buf_fini(&whole);
		buf_fini(&shown);
		put(c, SPAN("\n"));
		return;
	}
	put(c, head);
	put(c, tail);
	put(c, SPAN("\n"));
}

static void
on_ruled_out(void *arg, uint64_t index)
{
	(void)arg;
	(void)index;
}

/* A name may hold anything. */
static void
complain(const char *name, const char *what)
{
	struct buf b;

	buf_init(&b, 8 * 1024);
	enc_visible(&b, span_str(name));
	fprintf(stderr, "trailpost: %s: %s\n", buf_cstr(&b), what);
	buf_fini(&b);
}

/* What was good goes out before the word on what was not. */
static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	struct cat *c = arg;
	char what[128];

	flush(c);
	(void)snprintf(what, sizeof what,
	    "record with index %" PRIu64 " left out: %s", index,
	    slicer_cause_name(cause));
	complain(c->name, what);
}

/* All of fd; false after an error or if a record was left out, which was told.
 */
static bool
cat_fd(struct cat *c, int fd, const char *name)
{
	enum err err = ERR_OK;
	char why[256];
	ssize_t n = 1;
	bool empty = true;

	c->name = name;
	while (err == ERR_OK && n != 0 && c->out_errno == 0) {
		n = read(fd, c->in, IN_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			flush(c);
			complain(name, strerror(errno));
			return false;
		}
		empty = empty && n == 0;
		err = n > 0 ? decode_feed(c->decode,
				  (struct span){c->in, (size_t)n}, RECORD_MAX)
			    : decode_finish(c->decode);
	}
	if (empty) {
		flush(c);
		complain(name, "empty");
	} else if (err != ERR_OK) {
		flush(c);
		(void)snprintf(why, sizeof why, "%s (after %" PRIu64 " events)",
		    decode_error(c->decode), decode_stats(c->decode).records);
		complain(name, why);
	}
	return err == ERR_OK && !empty && decode_stats(c->decode).left_out == 0;
}

static bool
cat_file(struct cat *c, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0) {
		flush(c);
		complain(name, strerror(errno));
		return false;
	}
	decode_rules(c->decode, c->rules, on_ruled_out);
	ok = cat_fd(c, fd, is_stdin ? "standard input" : name);
	mem_free(decode_take_carry(c->decode, true));
	decode_reset(c->decode);
	if (!is_stdin)
		close(fd);
	return ok;
}

/* One rule of -o. All other settings make no difference here. */
static bool
take_rule(struct config *conf, const char *text)
{
	struct span rest = span_str(text);
	struct span key = span_trim(span_cut(&rest, '='));
	size_t row = option_find(key);
	char what[64];
	struct buf why;
	bool right = row < option_count() && rest.p != NULL &&
		     option_at(row)->type == OPTION_RULES;

	if (!right) {
		complain("-o", "cat takes event_exclude=RULE and "
			       "event_include=RULE alone");
		return false;
	}
	buf_init(&why, 1024);
	(void)snprintf(what, sizeof what, "-o %s", option_at(row)->key);
	right = option_set_rules(
	    option_at(row), conf, span_trim(rest), true, 1, &why);
	if (!right)
		complain(what, buf_cstr(&why));
	buf_fini(&why);
	return right;
}

static bool
take_rules(struct cat *c, const struct cat_args *how)
{
	struct config conf = {.token = NULL};
	struct events *events;
	bool right = true;

	for (size_t i = 0; i < how->noptions && right; i++)
		right = take_rule(&conf, how->options[i]);
	if (right) {
		events = events_new(
		    conf.event_include != NULL ? conf.event_include : "",
		    conf.event_exclude != NULL ? conf.event_exclude : "");
		c->rules = events_hold(events);
		events_free(&events);
	}
	config_fini(&conf);
	return right;
}

static bool
cat_all(struct cat *c, const char *const *files, size_t n)
{
	static const char *const only_stdin[] = {"-"};
	bool ok = true;

	if (n == 0) {
		files = only_stdin;
		n = 1;
	}
	for (size_t i = 0; i < n && c->out_errno == 0; i++)
		ok = cat_file(c, files[i]) && ok;
	return ok;
}

static void
put_summary(struct cat *c)
{
	struct buf table;

	buf_init(&table, SUMMARY_BYTES_MAX);
	summary_write(c->summary, &table);
	put(c, buf_view(&table));
	buf_fini(&table);
}

int
cat_files(const struct cat_args *how)
{
	struct cat c = {.terminal = isatty(STDOUT_FILENO) == 1};
	bool ok;

	if (!take_rules(&c, how))
		return EXIT_USAGE;
	c.in = mem_alloc(IN_BYTES);
	c.out = mem_alloc(OUT_BYTES);
	c.summary = how->summary ? summary_new() : NULL;
	c.decode = decode_new(RECORD_MAX, on_record, on_left_out, &c);
	ok = cat_all(&c, how->files, how->n);
	if (c.summary != NULL)
		put_summary(&c);
	flush(&c);
	decode_free(&c.decode);
	events_release(&c.rules);
	summary_free(&c.summary);
	mem_free(c.in);
	mem_free(c.out);
	/* A reader that has seen enough is no trouble worth a word. */
	if (c.out_errno != 0 && c.out_errno != EPIPE)
		fprintf(stderr, "trailpost: standard output: %s\n",
		    strerror(c.out_errno));
	return ok && c.out_errno == 0 ? EXIT_OK : EXIT_TROUBLE;
}
