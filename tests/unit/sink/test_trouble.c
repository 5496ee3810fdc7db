/* What the delivery says of Dassana to whoever looks on. */
#include "fake/sink_world.c"

static enum part_mood
mood(void)
{
	return delivery_part(w.delivery).mood;
}

static void
open_small(void)
{
	open_world(1, 4, 64 * KIB, MIB);
	assert_int_equal(mood(), PART_UNTRIED);
	assert_int_equal(delivery_token(w.delivery), TOKEN_UNTRIED);
}

static void
test_well(void **state)
{
	(void)state;
	open_small();
	(void)submit(3);
	serve_now();
	assert_int_equal(mood(), PART_WELL);
	assert_int_equal(delivery_token(w.delivery), TOKEN_TAKEN);
	close_world();
}

/* What fails that began before one that was taken is no news. */
static void
test_late_failure(void **state)
{
	(void)state;
	open_small();
	(void)submit(3);
	(void)submit(3);
	fake_run();
	answer(1, 200, NULL);
	answer(0, 500, NULL);
	assert_true(delivery_answers(w.delivery));
	fake_run();
	close_world();
}

static void
test_token(void **state)
{
	struct part p;

	(void)state;
	open_small();
	w.all = 403;
	(void)submit(3);
	serve_now();
	p = delivery_part(w.delivery);
	assert_int_equal(p.mood, PART_ILL);
	assert_string_equal(p.problem, "the token was refused");
	assert_non_null(strstr(p.advice, "switched on"));
	assert_int_equal(delivery_token(w.delivery), TOKEN_REFUSED);
	w.all = 0;
	serve_for(2000);
	assert_int_equal(mood(), PART_WELL);
	assert_int_equal(delivery_token(w.delivery), TOKEN_TAKEN);
	close_world();
}

static void
assert_token(enum token_state state)
{
	assert_int_equal(delivery_token(w.delivery), state);
}

/* What fails otherwise says nothing of the token. */
static void
test_token_amid_other_failures(void **state)
{
	static const int others[] = {503, 404, 429, 500};

	(void)state;
	open_small();
	w.all = 503;
	(void)submit(3);
	serve_for(5000);
	assert_token(TOKEN_UNTRIED);
	w.all = 401;
	serve_for(60 * 1000);
	assert_token(TOKEN_REFUSED);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		w.all = others[i];
		serve_for(120 * 1000);
		assert_token(TOKEN_REFUSED);
	}
	w.all = 0;
	serve_for(120 * 1000);
	assert_token(TOKEN_TAKEN);
	w.all = 404;
	(void)submit(3);
	serve_now();
	assert_token(TOKEN_TAKEN);
	w.all = 0;
	serve_for(120 * 1000);
	close_world();
}

/* Of another token nothing is known, least of all by answers to the old one. */
static void
test_another_token(void **state)
{
	(void)state;
	open_world(1, 4, 64 * KIB, MIB);
	for (int i = 0; i < 4; i++)
		(void)submit(3);
	fake_run();
	answer(0, 200, NULL);
	assert_token(TOKEN_TAKEN);
	dassana_set_token(w.dassana, "token");
	assert_token(TOKEN_TAKEN);
	dassana_set_token(w.dassana, "another");
	assert_token(TOKEN_UNTRIED);
	answer(0, 200, NULL);
	assert_token(TOKEN_UNTRIED);
	answer(0, 401, NULL);
	assert_token(TOKEN_UNTRIED);
	serve_for(60 * 1000);
	assert_token(TOKEN_TAKEN);
	close_world();
}

/* Whoever counts by the token's state is told of its changes, though the gate
 * stays closed. */
static void
test_the_token_is_told(void **state)
{
	unsigned before;

	(void)state;
	open_small();
	w.all = 404;
	(void)submit(3);
	serve_now();
	before = w.progress;
	serve_for(10 * 1000);
	assert_int_equal(w.progress, before);
	w.all = 401;
	serve_for(10 * 1000);
	assert_int_equal(w.progress, before + 1);
	assert_false(delivery_open(w.delivery));
	w.all = 0;
	serve_for(60 * 1000);
	close_world();
}

/* One failure is none; the same for 10 s is, though the gate is open. */
static void
test_lasting(void **state)
{
	int64_t began;

	(void)state;
	open_small();
	w.all = 503;
	(void)submit(3);
	serve_now();
	began = clock_mono_ms();
	assert_int_equal(mood(), PART_UNTRIED);
	serve_for(59999);
	assert_int_equal(mood(), PART_UNTRIED);
	serve_for(1);
	assert_int_equal(mood(), PART_ILL);
	assert_true(delivery_open(w.delivery));
	assert_int_equal(delivery_part(w.delivery).since_ms, began);
	/* Another fault is the same trouble. */
	w.all = 429;
	serve_for(60 * 1000);
	assert_int_equal(mood(), PART_ILL);
	assert_int_equal(delivery_part(w.delivery).since_ms, began);
	assert_string_equal(
	    delivery_part(w.delivery).problem, "Dassana limits the rate");
	w.all = 0;
	serve_for(60 * 1000);
	assert_int_equal(mood(), PART_WELL);
	close_world();
}

/* A bad event is told of by others, but not that all are refused. */
static void
test_refusals(void **state)
{
	uint64_t bad;

	(void)state;
	open_small();
	bad = submit(9);
	w.event[bad + 4].bad = true;
	serve_for(60 * 1000);
	assert_int_equal(mood(), PART_WELL);
	w.all = 400;
	(void)submit(20);
	serve_for(2000);
	assert_int_equal(mood(), PART_WELL);
	serve_for(60 * 1000);
	assert_int_equal(mood(), PART_ILL);
	assert_string_equal(
	    delivery_part(w.delivery).problem, "the events were refused");
	assert_int_equal(delivery_token(w.delivery), TOKEN_TAKEN);
	w.all = 0;
	(void)submit(1);
	serve_now();
	assert_int_equal(mood(), PART_WELL);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_well),
	    cmocka_unit_test(test_late_failure),
	    cmocka_unit_test(test_token),
	    cmocka_unit_test(test_token_amid_other_failures),
	    cmocka_unit_test(test_another_token),
	    cmocka_unit_test(test_the_token_is_told),
	    cmocka_unit_test(test_lasting),
	    cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
