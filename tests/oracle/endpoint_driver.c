/*
 * Builds URLs for endpoint_oracle.py: reads one case a line from stdin, writes
 * "URL REGION" or "-" (there is none) a line to stdout. A case is
 *
 *	SERVICE REGION FIPS DUAL_STACK STYLE CUSTOM BUCKET
 *
 * FIPS and DUAL_STACK are 0 or 1; STYLE is a number of enum path_style; CUSTOM
 * is an URL or "-"; BUCKET is for s3 alone, "-" for others.
 */
#include <stdio.h>
#include <string.h>

#include "aws/regions.h"
#include "base/mem.h"

enum { LINE_BYTES = 2048, FIELDS = 7 };

static void
write_url(const struct endpoint *e, struct span path, const char *region)
{
	struct buf url;

	buf_init(&url, LINE_BYTES);
	endpoint_url(e, &url);
	buf_span(&url, path);
	printf("%s %s\n", buf_cstr(&url), region);
	buf_fini(&url);
}

/* As aws/s3 does it. */
static void
one_bucket(const struct span *field, struct endpoint_s3 *how, const char *ours)
{
	struct regions none = {.next = 0};
	char region[REGION_MAX];
	struct endpoint e, custom;
	struct buf path;

	buf_init(&path, LINE_BYTES);
	regions_choose(&none, field[6], SPAN(""), ours, region);
	how->region = region;
	if (!span_is(field[5], "-")) {
		CHECK(endpoint_parse(field[5], &custom) == ERR_OK);
		how->custom = &custom;
	}
	if (endpoint_bucket(field[6], how, &e, &path) == ERR_OK)
		write_url(&e, buf_view(&path), region);
	else
		puts("-");
	buf_fini(&path);
}

static void
one_case(const struct span *field)
{
	struct endpoint_variant v = {
	    span_is(field[2], "1"), span_is(field[3], "1")};
	struct endpoint_s3 how = {.variant = v};
	char service[16], region[64];
	struct endpoint e;
	uint64_t style;

	CHECK(field[0].n < sizeof service && field[1].n < sizeof region);
	(void)snprintf(
	    service, sizeof service, "%.*s", (int)field[0].n, field[0].p);
	(void)snprintf(
	    region, sizeof region, "%.*s", (int)field[1].n, field[1].p);
	CHECK(span_u64(field[4], 0, PATH_STYLE_NO, &style) == ERR_OK);
	how.path_style = (enum path_style)style;
	if (strcmp(service, "s3") == 0)
		one_bucket(field, &how, region);
	else if (endpoint_choose(service, region, v, &e) == ERR_OK)
		write_url(&e, SPAN(""), region);
	else
		puts("-");
}

int
main(void)
{
	char line[LINE_BYTES];

	while (fgets(line, sizeof line, stdin) != NULL) {
		struct span rest = span_trim(span_str(line));
		struct span field[FIELDS];

		for (size_t i = 0; i < FIELDS; i++)
			field[i] = span_cut(&rest, ' ');
		CHECK(field[FIELDS - 1].n > 0);
		one_case(field);
	}
	return 0;
}
