/* What /metrics says of a model of the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/metrics.h"
#include "admin/metrics_internal.h"
#include "fake/model.c"

static struct buf page;
static struct histogram turns;

static void
render_with(const struct creds_keeper *keeper)
{
	struct metrics_source src = {.shipper = model_shipper(),
	    .aws = M.aws,
	    .keeper = keeper,
	    .http = fake_http(),
	    .turns = &turns};

	buf_fini(&page);
	buf_init(&page, METRICS_MAX);
	metrics_render(&page, &src);
	assert_int_equal(page.err, ERR_OK);
}

static void
render(void)
{
	render_with(M.keeper);
}

/* The value behind a series' name and labels; fails if it is not there. */
static double
value(const char *series)
{
	char want[256];
	const char *at;
	char *end;
	double v;

	snprintf(want, sizeof want, "\n%s ", series);
	at = strstr(buf_cstr(&page), want);
	if (at == NULL)
		fail_msg("there is no %s", series);
	v = strtod(at + strlen(want), &end);
	assert_int_equal(*end, '\n');
	return v;
}

static void
open_world(unsigned messages, unsigned events)
{
	struct model_conf c = {.seed = 1, .one_shape = true};

	histogram_init(&turns, &histogram_turn_us);
	set_defaults(&c.shipper);
	model_begin(&c);
	for (unsigned i = 0; i < messages; i++) {
		unsigned o = model_object(MODEL_GOOD, events, 50);

		(void)model_message(&o, 1);
	}
}

static void
close_world(void)
{
	model_end();
	buf_fini(&page);
}

/* ---- its form ---- */

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || c == '_' ||
			(i > 0 && c >= '0' && c <= '9')))
			return false;
	}
	return s.n > 0;
}

static bool
is_number(struct span s)
{
	char text[64];
	char *end;

	if (span_is(s, "+Inf"))
		return true;
	snprintf(text, sizeof text, "%.*s", (int)s.n, s.p);
	(void)strtod(text, &end);
	return s.n > 0 && *end == '\0' && (s.p[0] == '-' || s.p[0] <= '9');
}

/* {a="b",c="d"}: names, and values without anything to escape. */
static void
check_labels(struct span s)
{
	assert_true(s.n > 2 && s.p[s.n - 1] == '}');
	s.n--;
	while (s.n > 0) {
		struct span one = span_cut(&s, ',');
		struct span name = span_cut(&one, '=');

		assert_true(is_name(name));
		assert_true(
		    one.n >= 2 && one.p[0] == '"' && one.p[one.n - 1] == '"');
		for (size_t i = 1; i < one.n - 1; i++)
			assert_true(one.p[i] > ' ' && one.p[i] != '"' &&
				    one.p[i] != '\\' && one.p[i] != '}');
	}
}

/* A sample is of the metric that was announced last. */
static void
check_sample(struct span line, const struct metric *m)
{
	struct span series = span_cut(&line, ' ');
	struct span labels = series;
	struct span name = span_cut(&labels, '{');
	bool is_bucket = span_ends(name, "_bucket");

	assert_true(is_number(line));
	assert_true(span_starts(name, m->name));
	if (m->type == METRIC_HISTOGRAM)
		assert_true(is_bucket || span_ends(name, "_sum") ||
			    span_ends(name, "_count"));
	else
		assert_true(span_is(name, m->name));
	if (labels.p != NULL)
		check_labels(labels);
	else
		assert_true(m->label[0].name == NULL && !is_bucket);
}

static void
check_head(struct span line, const struct metric *m, const char *what)
{
	assert_true(span_is(span_cut(&line, ' '), "#"));
	assert_true(span_is(span_cut(&line, ' '), what));
	assert_true(span_is(span_cut(&line, ' '), m->name));
	assert_true(line.n > 0 && memchr(line.p, '\\', line.n) == NULL);
}

/* Each metric once: HELP, TYPE, samples. */
static void
check_form(void)
{
	struct span rest = buf_view(&page);
	size_t i = 0, samples = 1;

	assert_int_equal(rest.p[rest.n - 1], '\n');
	for (size_t at = 0; at < rest.n; at++)
		assert_in_range(rest.p[at], '\n', '~');
	while (rest.n > 0) {
		struct span line = span_cut(&rest, '\n');

		if (span_starts(line, "# HELP ")) {
			/* Without rules there is none for each of them. */
			assert_true(
			    i < metrics_table_n &&
			    (samples > 0 || metrics_table[i - 1].each_rule));
			check_head(line, &metrics_table[i++], "HELP");
			line = span_cut(&rest, '\n');
			check_head(line, &metrics_table[i - 1], "TYPE");
			samples = 0;
		} else {
			assert_true(i > 0);
			check_sample(line, &metrics_table[i - 1]);
			samples++;
		}
	}
	assert_int_equal(i, metrics_table_n);
}

static void
test_nothing(void **state)
{
	(void)state;
	open_world(0, 0);
	render();
	check_form();
	assert_true(value("trailpost_build_info{version=\"" TRAILPOST_VERSION
			  "\"}") > 0);
	assert_true(value("trailpost_events_delivered_total") <= 0);
	assert_true(value("trailpost_object_lag_seconds_count") <= 0);
	assert_true(value("trailpost_ready") <= 0);
	close_world();
}

/* What promtool would say too, and that no two rows are of one name. */
static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < metrics_table_n; i++) {
		const struct metric *m = &metrics_table[i];
		struct span name = span_str(m->name), help = span_str(m->help);

		assert_true(is_name(name));
		assert_true(span_starts(name, "trailpost_") ||
			    span_starts(name, "process_"));
		assert_int_equal(
		    span_ends(name, "_total"), m->type == METRIC_COUNTER);
		assert_int_equal(
		    m->kind == KIND_HISTOGRAM, m->type == METRIC_HISTOGRAM);
		assert_true(span_ends(help, "."));
		for (size_t j = 0; j < help.n; j++)
			assert_true(help.p[j] != '\n' && help.p[j] != '\\');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(m->name, metrics_table[j].name);
	}
}

/* ---- its values ---- */

static void
test_job(void **state)
{
	(void)state;
	open_world(4, 5);
	model_message_text("{\"Event\":\"s3:TestEvent\"}", true);
	model_message_text("{\"other\":1}", false);
	render();
	assert_true(value("trailpost_ready") <= 0);
	assert_true(value("trailpost_token{state=\"untried\"}") > 0);
	model_run(30 * 1000);
	render();
	check_form();
	assert_true(value("trailpost_ready") > 0);
	assert_true(value("trailpost_events_read_total") == 20);
	assert_true(value("trailpost_events_delivered_total") == 20);
	assert_true(value("trailpost_objects_delivered_total") == 4);
	assert_true(value("trailpost_messages_deleted_total") == 5);
	assert_true(value("trailpost_messages_nothing_total"
			  "{reason=\"test_event\"}") == 1);
	assert_true(value("trailpost_messages_unknown_total"
			  "{reason=\"unknown_shape\"}") >= 1);
	assert_true(value("trailpost_posts_total{answer=\"taken\"}") ==
		    value("trailpost_post_duration_seconds_count"));
	assert_true(value("trailpost_aws_requests_total"
			  "{operation=\"GetObject\"}") == 4);
	assert_true(value("trailpost_aws_request_duration_seconds_bucket"
			  "{operation=\"GetObject\",le=\"+Inf\"}") == 4);
	assert_true(value("trailpost_token{state=\"accepted\"}") == 1);
	assert_true(value("trailpost_token{state=\"untried\"}") <= 0);
	assert_true(value("trailpost_credentials_valid") == 1);
	assert_true(value("trailpost_buffer_bytes") ==
		    (double)shipper_stats(model_shipper()).buffer_bytes);
	close_world();
}

/* Bounds and sums are in seconds whatever they are counted in, and the buckets
 * add up. */
static void
test_histogram(void **state)
{
	(void)state;
	open_world(0, 0);
	histogram_observe(&turns, 100);
	histogram_observe(&turns, 101);
	histogram_observe(&turns, 2500 * 1000);
	histogram_observe(&turns, 60 * 1000 * 1000);
	render();
#define LOOP "trailpost_loop_turn_seconds"
	assert_true(value(LOOP "_bucket{le=\"0.0001\"}") == 1);
	assert_true(value(LOOP "_bucket{le=\"0.0005\"}") == 2);
	assert_true(value(LOOP "_bucket{le=\"1\"}") == 2);
	assert_true(value(LOOP "_bucket{le=\"5\"}") == 3);
	assert_true(value(LOOP "_bucket{le=\"+Inf\"}") == 4);
	assert_true(value(LOOP "_count") == 4);
	assert_true(value(LOOP "_sum") == 62.500201);
	close_world();
}

static void
test_refused_token(void **state)
{
	(void)state;
	open_world(20, 5);
	model_refuse(WINDOW_DASSANA, 0, 600 * 1000);
	model_run(300 * 1000);
	render();
	assert_true(value("trailpost_ready") <= 0);
	assert_true(value("trailpost_trouble{part=\"dassana\"}") == 1);
	assert_true(value("trailpost_trouble{part=\"s3\"}") <= 0);
	assert_true(value("trailpost_paused{cause=\"token\"}") == 1);
	assert_true(
	    value("trailpost_paused_seconds_total{cause=\"token\"}") > 200);
	assert_true(value("trailpost_token{state=\"refused\"}") == 1);
	assert_true(
	    value("trailpost_posts_total{answer=\"token_refused\"}") >= 2);
	assert_true(value("trailpost_events_delivered_total") <= 0);
	assert_true(model_settle(3600 * 1000) >= 0);
	render();
	assert_true(value("trailpost_ready") == 1);
	assert_true(value("trailpost_events_delivered_total") == 100);
	close_world();
}

static void
test_credentials(void **state)
{
	struct creds_keeper *k;

	(void)state;
	open_world(0, 0);
	k = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	render_with(k);
	assert_true(value("trailpost_credentials_valid") <= 0);
	assert_true(value("trailpost_credentials_expiry_seconds") <= 0);
	fake_run();
	render_with(k);
	assert_true(value("trailpost_credentials_valid") == 1);
	assert_non_null(strstr(
	    buf_cstr(&page), "\ntrailpost_credentials_expiry_seconds +Inf\n"));
	assert_true(value("trailpost_credentials_fetches_total") == 1);
	creds_keeper_free(&k);
	close_world();
}

/* Of this very process: something, and not just anything. */
static void
test_process(void **state)
{
	struct process a, b;
	double start;
	FILE *file;

	(void)state;
	/* An emulator of user programs tells no sizes there. */
	if (getenv("EMULATOR") != NULL && *getenv("EMULATOR") != '\0')
		skip();
	process_look(&a);
	assert_true(a.cpu_seconds > 0);
	assert_true(a.resident_bytes > 100e3);
	assert_true(a.virtual_bytes >= a.resident_bytes);
	assert_true(a.open_fds >= 3 && a.open_fds < a.max_fds);
	/* The fake world's clock stands; this is by the real one. */
	clock_use_real();
	process_look(&a);
	start = process_start_seconds();
	assert_true(start < (double)clock_wall_s() + 1);
	assert_true(start > (double)clock_wall_s() - 3600);
	file = fopen("/dev/null", "r");
	assert_non_null(file);
	process_look(&b);
	assert_true(b.open_fds == a.open_fds + 1);
	(void)fclose(file);
}

static void
test_document(void **state)
{
	struct buf doc;

	(void)state;
	buf_init(&doc, METRICS_MAX);
	metrics_document(&doc);
	for (size_t i = 0; i < metrics_table_n; i++)
		assert_non_null(strstr(buf_cstr(&doc), metrics_table[i].name));
	assert_null(strstr(buf_cstr(&doc), TRAILPOST_VERSION));
	buf_fini(&doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_job),
	    cmocka_unit_test(test_histogram),
	    cmocka_unit_test(test_refused_token),
	    cmocka_unit_test(test_credentials),
	    cmocka_unit_test(test_process),
	    cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
