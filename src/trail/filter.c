#include "trail/filter.h"

#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"

/* Only below AWSLogs/, so that a trail's own prefix may have any of these
 * names. CloudTrail-Insight, -NetworkActivity and -Aggregated hold events and
 * are shipped. */
const char filter_default_exclude[] = "*AWSLogs/*/CloudTrail-Digest/* "
				      "*AWSLogs/*/Config/* "
				      "*AWSLogs/*/CloudFront/* "
				      "*AWSLogs/*/elasticloadbalancing/* "
				      "*AWSLogs/*/globalaccelerator/* "
				      "*AWSLogs/*/GuardDuty/* "
				      "*AWSLogs/*/network-firewall/* "
				      "*AWSLogs/*/redshift/* "
				      "*AWSLogs/*/vpcdnsquerylogs/* "
				      "*AWSLogs/*/vpcflowlogs/* "
				      "*AWSLogs/*/WAFLogs/*";

struct patterns {
	char *text; /* the patterns, each with its NUL, one after the other */
	size_t count;
};

struct filter {
	struct patterns include, exclude;
};

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
		to += n + 1;
		list += n;
		p.count++;
	}
}

static bool
matches(const struct patterns *p, const char *key)
{
	const char *pattern = p->text;

	for (size_t i = 0; i < p->count; i++) {
		if (fnmatch(pattern, key, 0) == 0)
			return true;
		pattern += strlen(pattern) + 1;
	}
	return false;
}

struct filter *
filter_new(const char *include, const char *exclude)
{
	struct filter *f = mem_zalloc(sizeof *f);

	filter_change(f, include, exclude);
	return f;
}

void
filter_change(struct filter *f, const char *include, const char *exclude)
{
	mem_free(f->include.text);
	mem_free(f->exclude.text);
	f->include = split(include);
	f->exclude = split(exclude);
}

void
filter_free(struct filter **fp)
{
	struct filter *f = *fp;

	if (f == NULL)
		return;
	mem_free(f->include.text);
	mem_free(f->exclude.text);
	mem_free(f);
	*fp = NULL;
}

bool
filter_takes(const struct filter *f, struct span key)
{
	char *s;
	bool takes;

	if (span_ends(key, "/"))
		return false;
	s = mem_strndup(key.p, key.n);
	takes = (f->include.count == 0 || matches(&f->include, s)) &&
		!matches(&f->exclude, s);
	mem_free(s);
	return takes;
}
