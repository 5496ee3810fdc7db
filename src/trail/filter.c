#include "trail/filter.h"

#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"

/* Most are of the form "*TEXT*", which is looked for without fnmatch. */
struct pattern {
	const char *text;  /* in that of all */
	struct span inner; /* TEXT; p is NULL for any other form */
};

struct patterns {
	char *text; /* the patterns, each with its NUL, one after the other */
	struct pattern *pattern;
	size_t count;
};

struct filter {
	struct patterns include, exclude;
	bool folders;
};

static struct pattern
compile(const char *text, size_t n)
{
	struct pattern p = {.text = text};

	if (n >= 2 && text[0] == '*' && text[n - 1] == '*' &&
	    strcspn(text + 1, "*?[\\") == n - 2)
		p.inner = (struct span){text + 1, n - 2};
	return p;
}

static struct patterns
split(const char *list)
{
	static const char separators[] = ", \t\r\n";
	struct patterns p = {.text = NULL};
	char *to;

	if (list == NULL)
		list = "";
	p.text = to = mem_alloc(strlen(list) + 1);
	for (;;) {
		size_t n;

		list += strspn(list, separators);
		n = strcspn(list, separators);
		if (n == 0)
			return p;
		memcpy(to, list, n);
		to[n] = '\0';
		p.pattern =
		    mem_realloc(p.pattern, (p.count + 1) * sizeof *p.pattern);
		p.pattern[p.count++] = compile(to, n);
		to += n + 1;
		list += n;
	}
}

static void
patterns_free(struct patterns *p)
{
	mem_free(p->text);
	mem_free(p->pattern);
}

static bool
matches(const struct patterns *p, struct span key, const char *cstr)
{
	for (size_t i = 0; i < p->count; i++) {
		struct span inner = p->pattern[i].inner;

		if (inner.p != NULL
			? memmem(key.p, key.n, inner.p, inner.n) != NULL
			: fnmatch(p->pattern[i].text, cstr, 0) == 0)
			return true;
	}
	return false;
}

/* ---- AWS's folders ---- */

static bool
all_of(struct span s, bool (*is)(char c))
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is(s.p[i]))
			return false;
	}
	return s.n > 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_digit_or_letter(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

/* "111122223333"; also as flow logs with Hive's names have it. */
static bool
is_account(struct span s)
{
	static const char hive[] = "aws-account-id=";

	if (span_starts(s, hive))
		s = (struct span){s.p + sizeof hive - 1, s.n - sizeof hive + 1};
	return s.n == 12 && all_of(s, is_digit);
}

static bool
is_organization(struct span s)
{
	return s.n > 2 && span_starts(s, "o-") &&
	       all_of((struct span){s.p + 2, s.n - 2}, is_digit_or_letter);
}

static bool
has_events(struct span folder)
{
	if (span_is(folder, "CloudTrail"))
		return true;
	return span_starts(folder, "CloudTrail-") &&
	       !span_is(folder, "CloudTrail-Lake") &&
	       memmem(folder.p, folder.n, "Digest", 6) == NULL;
}

/* The last place counts: a trail's own prefix may look like one. */
struct span
filter_other_folder(struct span key)
{
	struct span rest = key, found = SPAN("");

	while (rest.n > 0) {
		struct span part = span_cut(&rest, '/'), below = rest;

		if (!span_is(part, "AWSLogs"))
			continue;
		part = span_cut(&below, '/');
		if (is_organization(part))
			part = span_cut(&below, '/');
		if (is_account(part))
			found = span_cut(&below, '/');
	}
	return has_events(found) ? SPAN("") : found;
}

/* ---- all of it ---- */

struct filter *
filter_new(const char *include, const char *exclude, bool folders)
{
	struct filter *f = mem_zalloc(sizeof *f);

	filter_change(f, include, exclude, folders);
	return f;
}

void
filter_change(
    struct filter *f, const char *include, const char *exclude, bool folders)
{
	patterns_free(&f->include);
	patterns_free(&f->exclude);
	f->include = split(include);
	f->exclude = split(exclude);
	f->folders = folders;
}

void
filter_free(struct filter **fp)
{
	struct filter *f = *fp;

	if (f == NULL)
		return;
	patterns_free(&f->include);
	patterns_free(&f->exclude);
	mem_free(f);
	*fp = NULL;
}

enum filter_verdict
filter_judge(const struct filter *f, struct span key, int64_t size)
{
	char *s;
	bool takes;

	if (span_ends(key, "/") && size <= 0)
		return FILTER_MARKER;
	if (f->folders && filter_other_folder(key).n > 0)
		return FILTER_FOLDER;
	s = mem_strndup(key.p, key.n);
	takes = (f->include.count == 0 || matches(&f->include, key, s)) &&
		!matches(&f->exclude, key, s);
	mem_free(s);
	return takes ? FILTER_TAKES : FILTER_PATTERN;
}
