/* A configuration file, then, each after a NUL, options of the command line.
 * What is accepted and printed is accepted again and means the same. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ini.h"
#include "settings/config.h"

enum { OPTIONS_MAX = 8, LINE_MAX_BYTES = 64 * 1024 };

static void
on_note(void *arg, bool fatal, const char *text)
{
	unsigned *fatals = arg;

	CHECK(text[0] != '\0' && strchr(text, '\n') == NULL);
	*fatals += fatal;
}

static unsigned
load(struct config *c, struct span file, const char *const *options,
    size_t noptions)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct buf path;
	unsigned fatals = 0, mistakes;

	CHECK(fd >= 0 && write(fd, file.p, file.n) == (ssize_t)file.n);
	buf_init(&path, 64);
	buf_printf(&path, "/proc/self/fd/%d", fd);
	mistakes = config_load(c,
	    &(struct config_sources){.file = buf_cstr(&path),
		.file_required = true,
		.options = options,
		.noptions = noptions},
	    on_note, &fatals);
	CHECK(mistakes == fatals);
	buf_fini(&path);
	close(fd);
	return mistakes;
}

/* The settings as printed, without the comments that say where from. */
static char *
print(const struct config *c, size_t *n)
{
	char *text;
	FILE *out = open_memstream(&text, n), *bare;
	struct span rest;
	char *all;

	CHECK(out != NULL);
	config_print(c, out);
	CHECK(fclose(out) == 0);
	all = text;
	rest = (struct span){all, *n};
	bare = open_memstream(&text, n);
	CHECK(bare != NULL);
	while (rest.p != NULL && rest.n > 0) {
		struct span line = span_cut(&rest, '\n');

		if (!span_starts(line, "#"))
			fprintf(bare, "%.*s\n", (int)line.n, line.p);
	}
	CHECK(fclose(bare) == 0);
	mem_free(all);
	return text;
}

static void
check_printed(const struct config *c)
{
	struct config again;
	size_t n, m;
	char *one = print(c, &n), *two;

	/* Of a secret only "(set)" is printed, which is good as one. */
	CHECK(load(&again, (struct span){one, n}, NULL, 0) == 0);
	two = print(&again, &m);
	CHECK(span_eq((struct span){one, n}, (struct span){two, m}));
	config_fini(&again);
	mem_free(one);
	mem_free(two);
}

static void
on_line(void *arg, const struct ini_line *line)
{
	unsigned *last = arg;

	CHECK(line->number > *last);
	*last = line->number;
	if (line->error == NULL) {
		CHECK(line->key.n > 0 || line->section.n > 0);
		CHECK(span_eq(line->value, span_trim(line->value)));
		CHECK(line->value.n <= INI_LINE_MAX);
	}
}

static void
check_ini(struct span s)
{
	unsigned plain = 0, nested = 0;

	ini_parse(s, false, on_line, &plain);
	ini_parse(s, true, on_line, &nested);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	struct span file = span_cut(&in, '\0');
	char *copy = fuzz_copy(file);
	char *options[OPTIONS_MAX];
	size_t noptions = 0;
	struct config c;

	file.p = copy;
	while (in.p != NULL && noptions < OPTIONS_MAX)
		options[noptions++] = fuzz_cstr(span_cut(&in, '\0'));
	check_ini(file);
	if (load(&c, file, (const char *const *)options, noptions) == 0)
		check_printed(&c);
	config_fini(&c);
	for (size_t i = 0; i < noptions; i++)
		mem_free(options[i]);
	mem_free(copy);
	return 0;
}
