#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/creds.h"
#include "base/log.h"
#include "base/mem.h"

#include "fake/fake_http.c"
#include "fake/quiet.h"

/* A source that answers what the test tells it to. */
struct scripted {
	struct creds_source base;
	creds_fetched_fn *fn;
	void *arg;
	unsigned fetches, cancels, frees;
};

static void
scripted_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct scripted *sc = (struct scripted *)s;

	assert_null(sc->fn);
	sc->fn = fn;
	sc->arg = arg;
	sc->fetches++;
}

static void
scripted_cancel(struct creds_source *s)
{
	((struct scripted *)s)->cancels++;
}

static void
scripted_free(struct creds_source *s)
{
	((struct scripted *)s)->frees++;
}

static struct scripted
scripted_new(void)
{
	return (struct scripted){.base = {.name = "scripted",
				     .fetch = scripted_fetch,
				     .cancel = scripted_cancel,
				     .free = scripted_free}};
}

static void
answer(struct scripted *s, const char *key_id, int64_t life_s)
{
	creds_fetched_fn *fn = s->fn;
	struct creds c = {.key_id = mem_strndup(key_id, strlen(key_id)),
	    .secret = mem_strndup("s", 1),
	    .token = mem_strndup("t", 1),
	    .expires_s = life_s != 0 ? clock_wall_s() + life_s : 0};

	assert_non_null(fn);
	s->fn = NULL;
	fn(s->arg, &c, NULL);
}

static void
answer_error(struct scripted *s, const char *error)
{
	creds_fetched_fn *fn = s->fn;
	struct creds_failure f;

	assert_non_null(fn);
	s->fn = NULL;
	creds_failure_init(&f);
	buf_str(&f.text, error);
	buf_str(&f.advice, "do this");
	f.status = 403;
	memcpy(f.code, "Denied", sizeof "Denied");
	memcpy(f.request_id, "R-1", sizeof "R-1");
	fn(s->arg, NULL, &f);
	creds_failure_fini(&f);
}

static unsigned changes;

static void
on_changed(void *arg)
{
	(void)arg;
	changes++;
}

static struct creds_keeper *
keeper_new(struct scripted *s)
{
	changes = 0;
	return creds_keeper_new(fake_timers(), &s->base, on_changed, NULL);
}

static void
assert_key(const struct creds_keeper *k, const char *key_id)
{
	const struct creds *c = creds_get(k);

	if (key_id == NULL) {
		assert_null(c);
		assert_true(creds_error(k)[0] != '\0');
	} else {
		assert_non_null(c);
		assert_string_equal(c->key_id, key_id);
		assert_string_equal(creds_error(k), "");
	}
}

/* Time goes on between two looks at the clock, wherever the set ends among
 * them: no timer is armed for less than nothing, and no set is one for ever. */
static void
test_end_between_two_looks(void **state)
{
	(void)state;
	log_quiet();
	for (int64_t step_ms = 1; step_ms <= 1000; step_ms++) {
		struct scripted s = scripted_new();
		struct creds_keeper *k;

		fake_begin();
		k = keeper_new(&s);
		clock_step_test(step_ms);
		answer(&s, "K", 1);
		assert_true(creds_stats(k).left_s >= 0);
		creds_set_offset(k, 0);
		clock_step_test(0);
		fake_advance(5000);
		creds_keeper_free(&k);
		fake_end();
	}
	log_set_sink(NULL, NULL);
}

static void
test_static(void **state)
{
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	changes = 0;
	k = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", "T"), on_changed, NULL);
	assert_string_equal(creds_source_name(k), "static");
	assert_key(k, NULL); /* never from inside */
	fake_run();
	assert_key(k, "K");
	assert_string_equal(creds_get(k)->secret, "S");
	assert_string_equal(creds_get(k)->token, "T");
	assert_int_equal(changes, 1);
	assert_int_equal(fake_next_timer(), -1);
	creds_keeper_free(&k);
	assert_null(k);
	creds_keeper_free(&k);
	fake_end();
}

static void
set_env(const char *id, const char *secret, const char *token)
{
	const char *name[] = {
	    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
	const char *value[] = {id, secret, token};

	for (size_t i = 0; i < 3; i++) {
		if (value[i] != NULL)
			setenv(name[i], value[i], 1);
		else
			unsetenv(name[i]);
	}
}

static void
test_environment(void **state)
{
	static const struct {
		const char *id, *secret, *token;
		bool source, ok;
		const char *error; /* a word of it */
	} rows[] = {
	    {NULL, NULL, NULL, false, false, NULL},
	    {"", "", "", false, false, NULL},
	    {" ", "\n", NULL, false, false, NULL},
	    {"K", "S", NULL, true, true, NULL},
	    {" K\n", "S\r\n", "T\n", true, true, NULL},
	    {"K", NULL, NULL, true, false, "AWS_SECRET_ACCESS_KEY"},
	    {"K", "", NULL, true, false, "AWS_SECRET_ACCESS_KEY"},
	    {NULL, "S", NULL, true, false, "AWS_ACCESS_KEY_ID"},
	    {NULL, NULL, "T", false, false, NULL},
	    {"K", "S S", NULL, true, false, "blanks"},
	    {"K", "S", "T\nX: y", true, false, "blanks"},
	};
	(void)state;
	fake_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_source *s;
		struct creds_keeper *k;

		set_env(rows[i].id, rows[i].secret, rows[i].token);
		s = creds_env_new(fake_timers());
		set_env(NULL, NULL, NULL);
		assert_int_equal(s != NULL, rows[i].source);
		if (s == NULL)
			continue;
		assert_string_equal(s->name, "environment");
		k = creds_keeper_new(fake_timers(), s, NULL, NULL);
		fake_run();
		assert_key(k, rows[i].ok ? "K" : NULL);
		if (rows[i].ok)
			assert_string_equal(creds_get(k)->secret, "S");
		if (rows[i].ok && rows[i].token != NULL)
			assert_string_equal(creds_get(k)->token, "T");
		if (rows[i].error != NULL)
			assert_non_null(strstr(creds_error(k), rows[i].error));
		creds_keeper_free(&k);
	}
	fake_end();
}

/* Its old name, and when it ends. */
static void
test_environment_that_ends(void **state)
{
	static const struct {
		const char *end, *session, *security;
		const char *token; /* NULL: an error */
		int64_t expires_s;
		const char *error;
	} rows[] = {
	    {NULL, NULL, "OLD", "OLD", 0, NULL},
	    {"", "NEW", "OLD", "NEW", 0, NULL},
	    {"2026-11-22T13:00:00Z", "NEW", NULL, "NEW", FAKE_WALL_S + 3600,
		NULL},
	    {" 2026-11-22T13:00:00+00:00\n", "", "OLD", "OLD",
		FAKE_WALL_S + 3600, NULL},
	    {"tomorrow", "T", NULL, NULL, 0,
		"environment: AWS_CREDENTIAL_EXPIRATION: \"tomorrow\""},
	    {"2026-11-22T11:00:00Z", "T", NULL, NULL, 0, "have expired"},
	};
	(void)state;
	fake_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_keeper *k;

		set_env("K", "S", rows[i].session);
		if (rows[i].security != NULL)
			setenv("AWS_SECURITY_TOKEN", rows[i].security, 1);
		if (rows[i].end != NULL)
			setenv("AWS_CREDENTIAL_EXPIRATION", rows[i].end, 1);
		k = creds_keeper_new(
		    fake_timers(), creds_env_new(fake_timers()), NULL, NULL);
		unsetenv("AWS_SECURITY_TOKEN");
		unsetenv("AWS_CREDENTIAL_EXPIRATION");
		set_env(NULL, NULL, NULL);
		fake_run();
		assert_key(k, rows[i].token != NULL ? "K" : NULL);
		if (rows[i].token != NULL) {
			assert_string_equal(creds_get(k)->token, rows[i].token);
			assert_int_equal(
			    creds_get(k)->expires_s, rows[i].expires_s);
		} else {
			assert_non_null(strstr(creds_error(k), rows[i].error));
		}
		creds_keeper_free(&k);
	}
	/* Half a pair is told before a time that is none. */
	set_env("K", NULL, NULL);
	setenv("AWS_CREDENTIAL_EXPIRATION", "x", 1);
	{
		struct creds_keeper *k = creds_keeper_new(
		    fake_timers(), creds_env_new(fake_timers()), NULL, NULL);

		fake_run();
		assert_non_null(strstr(creds_error(k), "SECRET_ACCESS_KEY"));
		creds_keeper_free(&k);
	}
	unsetenv("AWS_CREDENTIAL_EXPIRATION");
	set_env(NULL, NULL, NULL);
	fake_end();
}

/* When ten minutes or a quarter of the life are left, give or take a tenth. */
static void
test_refresh_before_expiry(void **state)
{
	static const struct {
		int64_t life_s, early_ms, late_ms; /* of the refresh */
	} rows[] = {
	    {6 * 3600, 5 * 3600 * 1000 + 2940 * 1000,
		5 * 3600 * 1000 + 3060000},
	    {3600, 2940 * 1000, 3060 * 1000},
	    {2400, 1740 * 1000, 1860 * 1000},
	    {900, 652500, 697500},
	    {60, 43500, 46500},
	    {4, 2900, 3100},
	};
	(void)state;
	fake_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scripted s = scripted_new();
		struct creds_keeper *k = keeper_new(&s);

		answer(&s, "A", rows[i].life_s);
		assert_key(k, "A");
		fake_advance(rows[i].early_ms - 1);
		assert_int_equal(s.fetches, 1);
		fake_advance(rows[i].late_ms - rows[i].early_ms + 2);
		assert_int_equal(s.fetches, 2);
		assert_key(k, "A");
		answer(&s, "B", rows[i].life_s);
		assert_key(k, "B");
		assert_int_equal(changes, 1); /* valid all the time */
		creds_keeper_free(&k);
		assert_int_equal(s.cancels, 1);
		assert_int_equal(s.frees, 1);
		fake_advance((1795348800 + 1000000 * (int64_t)(i + 1)) * 1000 -
			     clock_wall_ms());
	}
	fake_end();
}

/* As IMDS has it until five minutes before the end: every minute or quarter of
 * what is left, and never in less than a second. */
static void
test_nothing_newer(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	int64_t end_ms, left, at;
	unsigned n = 0;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	answer(&s, "A", 3600);
	end_ms = clock_wall_ms() + 3600 * 1000;
	fake_advance(2939 * 1000);
	while (s.fn == NULL)
		fake_advance(1000);
	for (; end_ms - clock_wall_ms() > 2000; n++) {
		at = clock_mono_ms();
		left = end_ms - clock_wall_ms();
		answer(&s, "A", left / 1000 + (left % 1000 != 0));
		end_ms = clock_wall_ms() + left;
		while (s.fn == NULL)
			fake_advance(100);
		at = clock_mono_ms() - at;
		assert_true(at >= 1000 || left < 1000);
		assert_true(at <= 60100);
		assert_true(at <= (left / 4 > 1000 ? left / 4 : 1000) + 100);
		assert_key(k, left - at > 0 ? "A" : NULL);
	}
	assert_in_range(n, 15, 40);
	creds_keeper_free(&k);
	fake_end();
}

/* Ten sets that live for seconds: none is let expire. */
static void
test_stats(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	s.base.sts = (const struct aws *)(const void *)&s;
	k = keeper_new(&s);
	fake_run();
	assert_int_equal(creds_stats(k).fetches, 1);
	assert_int_equal(creds_stats(k).left_s, 0);
	assert_ptr_equal(creds_stats(k).sts, s.base.sts);
	answer(&s, "A", 60);
	assert_int_equal(creds_stats(k).left_s, 60);
	fake_advance(59 * 1000);
	assert_int_equal(creds_stats(k).left_s, 1);
	fake_advance(1000);
	assert_int_equal(creds_stats(k).left_s, 0);
	assert_int_equal(creds_stats(k).fetches, 2);
	answer_error(&s, "down");
	assert_int_equal(creds_stats(k).failures, 1);
	fake_advance(60 * 1000);
	answer(&s, "B", 0);
	assert_int_equal(creds_stats(k).left_s, -1);
	assert_int_equal(creds_stats(k).fetches, 3);
	assert_int_equal(creds_stats(k).failures, 1);
	creds_keeper_free(&k);
	fake_end();
}

static void
test_short_lives(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	for (int i = 0; i < 10; i++) {
		answer(&s, i % 2 == 0 ? "A" : "B", 3);
		while (s.fn == NULL) {
			assert_non_null(creds_get(k));
			fake_advance(50);
		}
	}
	assert_int_equal(s.fetches, 11);
	assert_int_equal(changes, 1);
	creds_keeper_free(&k);
	fake_end();
}

/* The machine slept: the wall clock went on, the monotonic one did not. */
static void
test_after_sleep(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	answer(&s, "A", 6 * 3600);
	fake_turn_wall(6 * 3600 * 1000);
	assert_key(k, NULL);
	fake_advance(5 * 60 * 1000);
	assert_int_equal(s.fetches, 2);
	answer(&s, "B", 3600);
	assert_key(k, "B");
	creds_keeper_free(&k);
	fake_end();
}

static void
test_failed_refresh(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	unsigned fetches;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	answer(&s, "A", 1300);
	fake_advance(700 * 1000);
	/* Fails for longer than the set lives. */
	while (clock_wall_s() < FAKE_WALL_S + 1299) {
		assert_key(k, "A");
		if (s.fn != NULL)
			answer_error(&s, "scripted: it is down");
		fake_advance(1000);
	}
	assert_in_range(s.fetches, 10, 200);
	assert_int_equal(changes, 1);
	fake_advance(1000); /* the expiry, to the second */
	assert_key(k, NULL);
	assert_int_equal(changes, 2);
	assert_string_equal(creds_error(k), "scripted: it is down");
	assert_string_equal(
	    buf_cstr(&creds_failure(k)->text), "scripted: it is down");
	assert_string_equal(buf_cstr(&creds_failure(k)->advice), "do this");
	assert_int_equal(creds_failure(k)->status, 403);
	assert_string_equal(creds_failure(k)->code, "Denied");
	assert_string_equal(creds_failure(k)->request_id, "R-1");
	fetches = s.fetches;
	if (s.fn != NULL)
		answer_error(&s, "scripted: still");
	fake_advance(61 * 1000);
	assert_true(s.fetches > fetches || s.fn != NULL);
	answer(&s, "B", 0);
	assert_key(k, "B");
	assert_int_equal(changes, 3);
	assert_int_equal(fake_next_timer(), -1);
	creds_keeper_free(&k);
	fake_end();
}

/* What arrives expired is not valid, and is not asked for in a tight loop. */
static void
test_expired_on_arrival(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	for (unsigned i = 1; i <= 60; i++) {
		answer(&s, "A", -1);
		assert_key(k, NULL);
		assert_non_null(strstr(creds_error(k), "expired"));
		fake_advance(999);
		assert_int_equal(s.fetches, i);
		fake_advance(60 * 1000 - 999);
		assert_int_equal(s.fetches, i + 1);
	}
	assert_int_equal(changes, 0);
	answer(&s, "B", 3600);
	assert_key(k, "B");
	assert_int_equal(changes, 1);
	/* Worse than what we have: ours stays. */
	fake_advance(3060 * 1000);
	answer(&s, "A", -1);
	assert_key(k, "B");
	creds_keeper_free(&k);
	fake_end();
}

/* Whoever gives them knows the time better. */
static void
test_offset_of_the_source(void **state)
{
	struct scripted s = scripted_new();
	struct creds c = {.key_id = mem_strndup("A", 1),
	    .secret = mem_strndup("s", 1),
	    .offset_s = -7200,
	    .expires_s = FAKE_WALL_S - 3600};
	creds_fetched_fn *fn;
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	fn = s.fn;
	s.fn = NULL;
	fn(s.arg, &c, NULL);
	assert_key(k, "A");
	creds_keeper_free(&k);
	fake_end();
}

static void
test_refused(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	int64_t wait;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	creds_refused(k, "A"); /* none yet */
	answer(&s, "A", 0);
	creds_refused(k, "other");
	fake_advance(60 * 1000);
	assert_int_equal(s.fetches, 1);
	creds_refused(k, "A");
	creds_refused(k, "A");
	fake_run();
	assert_int_equal(s.fetches, 2);
	creds_refused(k, "A"); /* on its way */
	answer(&s, "A", 0);
	/* The same again: not more often than every few seconds. */
	creds_refused(k, "A");
	fake_advance(4999);
	creds_refused(k, "A");
	assert_int_equal(s.fetches, 2);
	fake_advance(1);
	assert_int_equal(s.fetches, 3);
	answer(&s, "B", 0);
	creds_refused(k, "A");
	fake_advance(60 * 1000);
	assert_int_equal(s.fetches, 3);
	assert_int_equal(changes, 1);
	/* A source that fails has its own back-off. */
	creds_refused(k, "B");
	fake_run();
	answer_error(&s, "down");
	fake_advance(100);
	wait = fake_next_timer();
	creds_refused(k, "B");
	assert_int_equal(fake_next_timer(), wait);
	creds_keeper_free(&k);
	fake_end();
}

static void
test_offset(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	answer(&s, "A", -3000); /* our clock is two hours ahead */
	assert_key(k, NULL);
	creds_set_offset(k, -7200);
	assert_key(k, "A");
	creds_set_offset(k, 0);
	assert_key(k, NULL);
	creds_keeper_free(&k);
	fake_end();
}

/* It changes when a set ends, not how long it has been there: the refresh is
 * where it was. A set that ends by it is told of, when its caller is done. */
static void
test_offset_of_a_set_at_work(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	answer(&s, "A", 3600);
	fake_advance(2700 * 1000);
	creds_set_offset(k, 300);
	fake_advance((600 - 540) * 1000);
	assert_int_equal(s.fetches, 2);
	answer(&s, "B", 3600);
	assert_int_equal(changes, 1);
	creds_set_offset(k, 3600);
	assert_int_equal(changes, 1);
	fake_run();
	assert_int_equal(changes, 2);
	fake_advance(1000);
	assert_int_equal(s.fetches, 3);
	answer(&s, "C", 7200);
	assert_int_equal(changes, 3);
	creds_set_offset(k, 8000);
	creds_set_offset(k, 0);
	fake_run();
	assert_int_equal(changes, 3);
	creds_keeper_free(&k);
	fake_end();
}

static unsigned told;

static void
count_told(void *arg, struct span line)
{
	(void)arg;
	told += memmem(line.p, line.n, "event=creds.fetch", 17) != NULL;
}

/* The same keys again are no news, however often AWS refuses them. */
static void
test_the_same_again_is_not_told(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	log_set_sink(count_told, NULL);
	told = 0;
	k = keeper_new(&s);
	for (int i = 0; i < 5; i++) {
		answer(&s, "A", 0);
		assert_int_equal(told, 1);
		creds_refused(k, "A");
		fake_advance(5000);
	}
	answer(&s, "B", 0);
	assert_int_equal(told, 2);
	creds_refused(k, "B");
	fake_advance(5000);
	answer_error(&s, "down");
	fake_advance(5000);
	answer(&s, "B", 0);
	assert_int_equal(told, 4); /* that it was down, and that it is back */
	assert_null(creds_failure(k));
	creds_keeper_quiet(k);
	creds_refused(k, "B");
	fake_advance(5000);
	answer_error(&s, "down");
	assert_int_equal(told, 4);
	creds_keeper_free(&k);
	log_set_sink(NULL, NULL);
	fake_end();
}

/* Somebody sets the clock right: what AWS has said of the wrong one is over,
 * for the set at hand and for those that come. */
static void
test_clock_set_right(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	fake_turn_wall(-7200 * 1000);
	creds_set_offset(k, 7200);
	answer(&s, "A", 7200 + 3600);
	assert_key(k, "A");
	assert_int_equal(creds_stats(k).left_s, 3600);
	fake_turn_wall(59 * 1000); /* no more than steps of a clock that runs */
	assert_int_equal(creds_stats(k).left_s, 3600 - 59);
	fake_turn_wall((7200 - 59) * 1000);
	assert_key(k, "A");
	assert_int_equal(creds_stats(k).left_s, 3600);
	for (int i = 0; i < 24 * 60; i++) {
		fake_advance(60 * 1000);
		if (s.fn != NULL)
			answer(&s, "B", 3600);
		assert_non_null(creds_get(k));
	}
	assert_in_range(s.fetches, 24, 40);
	assert_int_equal(changes, 1);
	creds_keeper_free(&k);
	fake_end();
}

/* So slowly that it does not show: a fresh set does not count as expired by
 * the old offset alone, whether its source tells the time or not. */
static void
test_stale_offset(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	k = keeper_new(&s);
	creds_set_offset(k, 7200);
	answer(&s, "A", 3600);
	assert_key(k, "A");
	assert_int_equal(creds_stats(k).left_s, 3600);
	creds_set_offset(k, 7200);
	assert_key(k, NULL);
	fake_advance(5 * 60 * 1000);
	answer(&s, "B", 3600);
	assert_key(k, "B");
	/* One that is long over is none. */
	creds_set_offset(k, 7200);
	fake_advance(5 * 60 * 1000);
	answer(&s, "C", -1);
	assert_key(k, NULL);
	/* And what AWS has said is not forgotten for it. */
	fake_advance(61 * 1000);
	answer(&s, "D", 7200 + 60);
	assert_int_equal(creds_stats(k).left_s, 60);
	creds_keeper_free(&k);
	fake_end();
}

static bool leaked;

static void
look_for_secrets(void *arg, struct span line)
{
	(void)arg;
	leaked = leaked || memmem(line.p, line.n, "TOPSECRET", 9) != NULL;
}

static void
test_no_secret_in_logs(void **state)
{
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	leaked = false;
	log_set_sink(look_for_secrets, NULL);
	log_set_level(LOG_LVL_TRACE);
	set_env("K", "TOPSECRET", "TOPSECRET x");
	k = creds_keeper_new(
	    fake_timers(), creds_env_new(fake_timers()), NULL, NULL);
	fake_run();
	creds_keeper_free(&k);
	set_env("K", "TOPSECRET", "TOPSECRET");
	k = creds_keeper_new(
	    fake_timers(), creds_env_new(fake_timers()), NULL, NULL);
	fake_run();
	creds_keeper_free(&k);
	set_env(NULL, NULL, NULL);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LVL_INFO);
	assert_false(leaked);
	fake_end();
}

/* Ten minutes at most until the next one is asked for, and five at least. */
static void
let_overdue_pass(struct scripted *s)
{
	unsigned before = s->fetches;

	fake_advance(5 * 60 * 1000 - 1);
	assert_int_equal(s->fetches, before);
	fake_advance(5 * 60 * 1000 + 1);
	assert_int_equal(s->fetches, before + 1);
}

/* Of a source beside us an expired set serves on until AWS refuses it. */
static void
test_serves_on(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	s.base.serves_on = true;
	k = keeper_new(&s);
	answer(&s, "A", 600);
	while (creds_stats(k).left_s > 0 || s.fn == NULL) {
		if (s.fn != NULL)
			answer_error(&s, "down");
		fake_advance(1000);
	}
	answer_error(&s, "down");
	assert_key(k, "A");
	assert_int_equal(creds_stats(k).left_s, 0);
	assert_int_equal(changes, 1);
	let_overdue_pass(&s);
	answer_error(&s, "down");
	/* The same, as an agent has it whose own renewal fails. */
	let_overdue_pass(&s);
	answer(&s, "A", -3600);
	assert_key(k, "A");
	/* Another one is not refused by what refuses this one. */
	creds_refused(k, "B");
	fake_run();
	assert_key(k, "A");
	creds_refused(k, "A");
	fake_advance(5000);
	assert_key(k, NULL);
	assert_int_equal(changes, 2);
	answer(&s, "A", -3600);
	assert_key(k, NULL);
	for (int i = 0; i < 120 && s.fn == NULL; i++)
		fake_advance(1000);
	answer(&s, "C", 3600);
	assert_key(k, "C");
	assert_int_equal(changes, 3);
	assert_int_equal(creds_stats(k).left_s, 3600);
	creds_keeper_free(&k);
	fake_end();
}

/* Also where the first set that comes has expired already. */
static void
test_starts_overdue(void **state)
{
	struct scripted s = scripted_new();
	struct creds_keeper *k;
	(void)state;
	fake_begin();
	s.base.serves_on = true;
	k = keeper_new(&s);
	answer(&s, "A", -60);
	assert_key(k, "A");
	assert_int_equal(changes, 1);
	let_overdue_pass(&s);
	answer(&s, "B", 3600);
	assert_key(k, "B");
	creds_keeper_free(&k);
	fake_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_static),
	    cmocka_unit_test(test_end_between_two_looks),
	    cmocka_unit_test(test_environment),
	    cmocka_unit_test(test_environment_that_ends),
	    cmocka_unit_test(test_refresh_before_expiry),
	    cmocka_unit_test(test_nothing_newer),
	    cmocka_unit_test(test_stats),
	    cmocka_unit_test(test_short_lives),
	    cmocka_unit_test(test_after_sleep),
	    cmocka_unit_test(test_offset_of_the_source),
	    cmocka_unit_test(test_failed_refresh),
	    cmocka_unit_test(test_expired_on_arrival),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_offset),
	    cmocka_unit_test(test_offset_of_a_set_at_work),
	    cmocka_unit_test(test_the_same_again_is_not_told),
	    cmocka_unit_test(test_clock_set_right),
	    cmocka_unit_test(test_stale_offset),
	    cmocka_unit_test(test_no_secret_in_logs),
	    cmocka_unit_test(test_serves_on),
	    cmocka_unit_test(test_starts_overdue),
	};

	return cmocka_run_group_tests_name("creds", tests, NULL, NULL);
}
