/*
 * Puts records through rules for events_oracle.py: reads one case a line from
 * stdin, three fields in hexadecimal, "-" for an empty one:
 *
 *	INCLUDE EXCLUDE FILE
 *
 * and writes one line: "bad COLUMN" if a rule is none, else the indices of the
 * records that pass, then "|" and how many each rule of EXCLUDE has left out.
 * The file is read whole, byte by byte and in two pieces cut at every place (of
 * a long one at some). If that makes a difference the program ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "trail/slicer.h"

enum { LINE_BYTES = 4 << 20, OUT_MAX = 1 << 20, RECORD_MAX = 64 * 1024 };
enum { LONG_BYTES = 2000, LONG_STEP = 101 };

struct seen {
	struct buf out;
	uint64_t index;
};

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct seen *s = arg;

	CHECK(head.n + tail.n >= 2);
	buf_printf(&s->out, "%" PRIu64 " ", s->index++);
}

static void
on_ruled_out(void *arg, uint64_t index)
{
	struct seen *s = arg;

	CHECK(index == s->index);
	s->index++;
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	(void)cause;
	on_ruled_out(arg, index);
}

static unsigned
digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static char *
from_hex(struct span hex, size_t *n)
{
	char *text;

	if (span_is(hex, "-"))
		hex.n = 0;
	*n = hex.n / 2;
	text = mem_alloc(*n + 1);
	for (size_t i = 0; i < *n; i++)
		text[i] =
		    (char)(digit(hex.p[2 * i]) << 4 | digit(hex.p[2 * i + 1]));
	text[*n] = '\0';
	return text;
}

static bool
all_right(const char *lines)
{
	struct span rest = span_str(lines), line;
	struct buf why;
	size_t column;
	bool right = true;

	buf_init(&why, 1024);
	while (right && rest.n > 0) {
		line = span_cut(&rest, '\n');
		right = events_check(line, &column, &why);
		if (!right)
			printf("bad %zu\n", column);
	}
	buf_fini(&why);
	return right;
}

/* In pieces of `first`, then `each` bytes. */
static void
slice(struct slicer *s, struct seen *seen, struct events_rules *rules,
    struct span file, size_t first, size_t each)
{
	buf_reset(&seen->out);
	seen->index = 0;
	slicer_rules(s, rules, on_ruled_out);
	for (size_t n = first; file.n > 0; n = each) {
		if (n > file.n)
			n = file.n;
		CHECK(slicer_feed(s, (struct span){file.p, n}) == ERR_OK);
		file.p += n;
		file.n -= n;
	}
	CHECK(slicer_finish(s) == ERR_OK);
	slicer_reset(s);
}

static void
one_case(struct slicer *s, struct seen *seen, const char *include,
    const char *exclude, struct span file)
{
	struct events *e = events_new(include, exclude);
	struct events_rules *rules = events_hold(e);
	struct seen again = {.index = 0};

	buf_init(&again.out, OUT_MAX);
	slice(s, seen, rules, file, file.n, file.n);
	printf("%s|", buf_cstr(&seen->out));
	for (size_t i = 0; i < events_count(e); i++) {
		struct events_tally t = events_at(e, i);

		printf(" %" PRIu64, t.n);
	}
	puts("");
	again = *seen;
	buf_init(&seen->out, OUT_MAX);
	for (size_t cut = 0; cut <= file.n;
	     cut += file.n > LONG_BYTES ? LONG_STEP : 1) {
		/* The first of all is byte by byte. */
		slice(s, seen, rules, file, cut, cut == 0 ? 1 : file.n);
		if (!span_eq(buf_view(&seen->out), buf_view(&again.out)))
			exit(3);
	}
	buf_fini(&again.out);
	events_release(&rules);
	events_free(&e);
}

int
main(void)
{
	char *line = mem_alloc(LINE_BYTES);
	struct seen seen = {.index = 0};
	struct slicer *s =
	    slicer_new(RECORD_MAX, on_record, on_left_out, &seen);

	buf_init(&seen.out, OUT_MAX);
	while (fgets(line, LINE_BYTES, stdin) != NULL) {
		struct span rest = span_trim(span_str(line));
		size_t n;
		char *include = from_hex(span_cut(&rest, ' '), &n);
		char *exclude = from_hex(span_cut(&rest, ' '), &n);
		char *file = from_hex(rest, &n);

		if (all_right(include) && all_right(exclude))
			one_case(
			    s, &seen, include, exclude, (struct span){file, n});
		mem_free(include);
		mem_free(exclude);
		mem_free(file);
	}
	slicer_free(&s);
	buf_fini(&seen.out);
	mem_free(line);
	return 0;
}
