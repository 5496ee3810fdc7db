#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin/readiness.h"
#include "base/json.h"

#define NONE HEALTH_PARTS

static struct part
ill(const char *problem, const char *advice)
{
	struct part p = PART_IN(PART_ILL);

	p.problem = problem;
	p.advice = advice;
	return p;
}

/* Moods by letter: well, untried, ill. */
static struct health_facts
facts(bool stopping, const char *moods)
{
	struct health_facts f = {.stopping = stopping};

	f.of[HEALTH_STOPPING] = PART_IN(PART_WELL);
	for (int i = HEALTH_CREDENTIALS; i < HEALTH_PARTS; i++) {
		char c = moods[i - HEALTH_CREDENTIALS];

		f.of[i] = PART_IN(c == 'w' ? PART_WELL : PART_UNTRIED);
		if (c == 'i')
			f.of[i] = ill("it is ill", "mend it");
	}
	return f;
}

/* Credentials, queue, S3, Dassana. */
static void
test_judge(void **state)
{
	static const struct {
		bool stopping;
		const char *moods;
		size_t n;
		enum health_part first, last;
	} rows[] = {
	    {false, "wwww", 0, NONE, NONE},
	    {false, "wwuu", 0, NONE, NONE},
	    {false, "wuuu", 1, HEALTH_QUEUE, HEALTH_QUEUE},
	    {false, "wuww", 1, HEALTH_QUEUE, HEALTH_QUEUE},
	    {false, "iuuu", 1, HEALTH_CREDENTIALS, HEALTH_CREDENTIALS},
	    {false, "iwww", 1, HEALTH_CREDENTIALS, HEALTH_CREDENTIALS},
	    {false, "wiuu", 1, HEALTH_QUEUE, HEALTH_QUEUE},
	    {false, "wwiw", 1, HEALTH_S3, HEALTH_S3},
	    {false, "wwwi", 1, HEALTH_DASSANA, HEALTH_DASSANA},
	    {false, "wuwi", 1, HEALTH_DASSANA, HEALTH_DASSANA},
	    {false, "iiii", 4, HEALTH_CREDENTIALS, HEALTH_DASSANA},
	    {true, "wwww", 1, HEALTH_STOPPING, HEALTH_STOPPING},
	    {true, "wuuu", 1, HEALTH_STOPPING, HEALTH_STOPPING},
	    {true, "iiii", 5, HEALTH_STOPPING, HEALTH_DASSANA},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct health_facts f = facts(rows[i].stopping, rows[i].moods);
		struct health h;

		health_judge(&f, &h);
		assert_int_equal(h.ready, rows[i].n == 0);
		assert_int_equal(h.n, rows[i].n);
		if (h.n == 0)
			continue;
		assert_int_equal(h.reason[0].part, rows[i].first);
		assert_int_equal(h.reason[h.n - 1].part, rows[i].last);
		for (size_t k = 0; k < h.n; k++)
			assert_true(*h.reason[k].what.problem != '\0');
	}
}

static void
test_advice(void **state)
{
	struct health_facts f = facts(false, "wiww");
	struct health h;

	(void)state;
	health_judge(&f, &h);
	assert_string_equal(h.reason[0].what.advice, "mend it");
	f.of[HEALTH_QUEUE] = ill("it is ill", "");
	health_judge(&f, &h);
	assert_non_null(strstr(h.reason[0].what.advice, "trailpost check"));
}

static void
test_json(void **state)
{
	struct health_facts f = facts(false, "wwwi");
	const struct json_node *root, *reason;
	struct json *doc = NULL;
	struct json_out j;
	struct health h;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	f.of[HEALTH_DASSANA] = ill("\"</script>\n\xff", "see \\ the reply");
	f.of[HEALTH_DASSANA].code = "AccessDenied";
	health_judge(&f, &h);
	j = (struct json_out){.b = &b};
	json_begin(&j, NULL, '{');
	health_add_json(&h, &j);
	json_end(&j, '}');
	assert_int_equal(b.err, ERR_OK);
	assert_int_equal(json_parse(buf_view(&b), 65536, &doc, &root), ERR_OK);
	assert_false(json_get(root, "ready")->boolean);
	reason = json_get(root, "reasons")->child;
	assert_null(reason->next);
	assert_true(span_is(json_str(json_get(reason, "part")), "dassana"));
	assert_true(span_is(json_str(json_get(reason, "problem")),
	    "\"</script>\n\xef\xbf\xbd"));
	assert_true(
	    span_is(json_str(json_get(reason, "advice")), "see \\ the reply"));
	assert_true(
	    span_is(json_str(json_get(reason, "code")), "AccessDenied"));
	assert_null(json_get(reason, "detail"));
	json_free(&doc);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_judge),
	    cmocka_unit_test(test_advice),
	    cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
