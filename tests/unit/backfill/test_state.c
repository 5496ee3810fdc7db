#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backfill/state.h"

#define ODD "AWSLogs/a\"b\\c \xc3\xa9\xff\x01/k"

static char folder[] = "/tmp/trailpost-state-XXXXXX";
static char path[sizeof folder + 16];

static const char *const accounts[] = {"111122223333", "444455556666"};

static const struct work full = {.bucket = {"b", 1},
    .prefix = {"p \xff/q", 5},
    .queue = {"https://q", 9},
    .from_s = 1767225600,
    .to_s = 1769860800,
    .organization = {"o-abc", 5},
    .accounts = accounts,
    .naccounts = 2};

static int
setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/state", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	assert_int_equal(rmdir(folder), 0); /* nothing is left beside it */
	memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
	return 0;
}

static void
write_state(const struct work *w, const char *key)
{
	struct state s;
	struct buf why;

	buf_init(&why, 1024);
	state_init(&s);
	buf_str(&s.after, key);
	s.objects = 250;
	s.messages = 10;
	assert_true(state_write(&s, path, w, &why));
	assert_int_equal(why.n, 0);
	state_fini(&s);
	buf_fini(&why);
}

static bool
reads(struct state *s, const struct work *w, const char *word)
{
	struct buf why;
	bool ok;

	buf_init(&why, 4096);
	ok = state_read(s, path, w, &why);
	if (!ok)
		assert_non_null(strstr(buf_cstr(&why), word));
	buf_fini(&why);
	return ok;
}

static void
test_there_and_back(void **state)
{
	struct work open = full;
	struct stat st;
	struct state s;

	(void)state;
	state_init(&s);
	assert_true(reads(&s, &full, ""));
	assert_int_equal(s.to_s, -1);
	write_state(&full, "first");
	write_state(&full, ODD);
	assert_true(reads(&s, &full, ""));
	assert_true(span_is(buf_view(&s.after), ODD));
	assert_int_equal(s.to_s, full.to_s);
	assert_int_equal(s.objects, 250);
	assert_int_equal(s.messages, 10);
	assert_false(s.done);
	open.to_s = -1;
	assert_true(reads(&s, &open, ""));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	state_fini(&s);
}

static void
test_another_work_is_refused(void **state)
{
	struct work w;
	struct state s;

	(void)state;
	write_state(&full, "k");
	state_init(&s);
#define OTHER(member, value, word)                                             \
	w = full;                                                              \
	w.member = value;                                                      \
	assert_false(reads(&s, &w, word))
	OTHER(bucket, SPAN("c"), "bucket");
	OTHER(prefix, SPAN(""), "prefix");
	OTHER(queue, SPAN("https://r"), "queue");
	OTHER(from_s, full.from_s - 1, "from");
	OTHER(to_s, full.to_s + 1, "to");
	OTHER(organization, SPAN(""), "organization");
	OTHER(naccounts, 1, "accounts");
	OTHER(any_key, true, "keys");
	w = full;
	w.regions = accounts;
	w.nregions = 1;
	assert_false(reads(&s, &w, "regions"));
	state_fini(&s);
}

static void
put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Cut at every byte it is refused, never taken for less than it was. */
static void
test_a_broken_file(void **state)
{
	char text[4096];
	struct state s;
	size_t n;
	FILE *f;

	(void)state;
	write_state(&full, ODD);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	state_init(&s);
	for (size_t i = 0; i + 1 < n; i++) {
		put(text, i);
		assert_false(reads(&s, &full, "state"));
	}
	put("[]", 2);
	assert_false(reads(&s, &full, "state"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(reads(&s, &full, "directory"));
	assert_int_equal(rmdir(path), 0);
	state_fini(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_there_and_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_another_work_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_broken_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
