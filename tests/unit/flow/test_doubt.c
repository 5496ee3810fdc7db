/* What a failure means: who waits, who is asked, who goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake/objects_by_key.c"
#include "flow/lot.h"

/* Others are read: three times over ten minutes, and it is given back; for two
 * hours if somebody would have to grant it. */
static void
test_at_fault_by_comparison(void **state)
{
	static const struct {
		enum aws_class class;
		unsigned hidden_s;
	} rows[] = {{AWS_DENIED, 2 * 3600}, {AWS_TRANSIENT, 30}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned tries = 0;
		int64_t begin;
		char other[8];

		open_world(4);
		message("bad");
		fake_s3_fail(fake_s3_of("bad"), rows[i].class, "");
		begin = clock_mono_ms();
		while (stats().failed == 0) {
			snprintf(other, sizeof other, "o%u", tries++);
			deliver(other);
			(void)leave();
			assert_true(tries < 20);
			wait_for_get("bad");
			fake_s3_fail(fake_s3_of("bad"), rows[i].class, "");
			fake_run();
		}
		assert_true(clock_mono_ms() - begin >= BLAME_MS);
		assert_int_equal(objects_parked(t.os), 0);
		assert_int_equal(stats().failed_by[FAILURE_UNREAD], 1);
		messages_flush(t.ms);
		assert_int_equal(fake_sqs_expect(FAKE_HIDE, 1)->seconds[0],
		    rows[i].hidden_s);
		assert_int_equal(leave().released, 1);
		close_world();
	}
}

static void
break_off(const char *key)
{
	struct s3_get *g = fake_s3_of(key);

	fake_s3_head(g, "\"e\"");
	fake_s3_fail(g, AWS_TRANSIENT, "");
}

/* Two more comparisons, ten minutes later. */
static void
compare_twice(void (*go_wrong)(const char *key))
{
	char other[8];

	for (unsigned i = 0; i < 2; i++) {
		fake_advance(5 * 60 * 1000 + 1);
		snprintf(other, sizeof other, "o%u", i);
		deliver(other);
		wait_for_get("a");
		go_wrong("a");
	}
}

/* Whoever succeeds in between has not failed again and again, in that. */
static void
test_a_success_of_its_own_forgives(void **state)
{
	(void)state;
	for (int body = 0; body < 2; body++) {
		void (*go_wrong)(const char *) = body ? break_off : refuse;

		open_world(4);
		message("a");
		go_wrong("a");
		compare_twice(go_wrong);
		wait_for_get("a");
		if (body) {
			assert_true(fake_s3_send(fake_s3_of("a"), TWO));
			settle(DELIVERY_REFUSED);
		} else {
			break_off("a");
		}
		deliver("c");
		wait_for_get("a");
		go_wrong("a");
		deliver("d");
		wait_for_get("a");
		go_wrong("a");
		fake_run();
		assert_int_equal(stats().failed, 0);
		assert_int_equal(objects_parked(t.os), 1);
		close_world();
	}
}

/* A message that is at fault goes when each of its objects was tried. */
static void
test_all_are_tried_before_it_goes(void **state)
{
	static char keys[60 * 3];
	bool tried[60] = {false};
	char key[16];
	unsigned n = 0;

	(void)state;
	open_world(4);
	keys[0] = '\0';
	for (int i = 0; i < 60; i++)
		snprintf(keys + strlen(keys), 4, "%s%02d", i ? " " : "", i);
	message(keys);
	for (int s = 0; s < 3600 && stats().failed == 0; s++) {
		struct s3_get *g;

		while ((g = fake_s3_nth(0)) != NULL) {
			tried[(g->key[0] - '0') * 10 + g->key[1] - '0'] = true;
			fake_s3_fail(g, AWS_DENIED, "AccessDenied");
		}
		if (s % 120 == 0) {
			snprintf(key, sizeof key, "o%d", s);
			deliver(key);
		}
		fake_advance(1000);
	}
	for (int i = 0; i < 60; i++)
		n += tried[i];
	assert_int_equal(n, 60);
	assert_int_equal(stats().failed, 60);
	close_world();
}

/* What Dassana refuses of it keeps the rest from nothing. */
static void
test_a_refused_message_goes_on(void **state)
{
	(void)state;
	open_world(1);
	message("a b c d");
	for (char key[] = "a"; key[0] <= 'c'; key[0]++) {
		assert_true(fake_s3_send(fake_s3_of(key), TWO));
		if (key[0] == 'a')
			message("x"); /* its turn is before that of d */
	}
	settle(DELIVERY_REFUSED);
	assert_true(fake_s3_send(fake_s3_of("x"), TWO));
	assert_true(fake_s3_is_open("d"));
	close_world();
}

/* Repeats have a quarter of the slots, and of those that first tries want too
 * only one. */
static void
test_repeats_leave_room(void **state)
{
	(void)state;
	open_world(8);
	for (char key[] = "a"; key[0] <= 'd'; key[0]++) {
		message(key);
		refuse(key);
	}
	deliver("x"); /* S3 is well, and each is due by itself */
	fake_advance(10 * 1000);
	assert_int_equal(fake_s3_open(), 2);
	refuse("a");
	refuse("b");
	deliver("y");
	assert_true(fake_s3_is_open("c") && fake_s3_is_open("d"));
	fake_advance(2500);
	for (char key[] = "o"; key[0] <= 'z'; key[0]++)
		message(key);
	fake_advance(1000); /* a and b are due */
	assert_int_equal(fake_s3_open(), 8);
	assert_true(fake_s3_send(fake_s3_of("c"), TWO));
	assert_false(fake_s3_is_open("a"));
	assert_true(fake_s3_send(fake_s3_of("d"), TWO));
	assert_true(fake_s3_is_open("a"));
	assert_int_equal(fake_s3_open(), 8);
	close_world();
}

/* While nothing succeeds the one tried longest ago is next, however often that
 * was. */
static void
test_probes_take_turns(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	refuse("a");
	for (int i = 0; i < 4; i++) {
		wait_for_get("a");
		refuse("a");
	}
	message("b");
	refuse("b");
	wait_for_get("a");
	assert_false(fake_s3_is_open("b"));
	refuse("a");
	wait_for_get("b");
	close_world();
}

/* While nobody else is due, or no other repeat may be, nobody looks for one. */
static void
test_nobody_looks_in_vain(void **state)
{
	(void)state;
	for (int others = 0; others < 2; others++) {
		open_world(others ? 4 : 8);
		message("a");
		refuse("a");
		if (others) {
			message("b");
			refuse("b");
		}
		deliver("c");
		(void)leave();
		wait_for_get("a");
		fake_advance(1000); /* b would be due, too */
		assert_false(fake_s3_is_open("b"));
		assert_true(fake_next_timer() > 1);
		close_world();
	}
}

/* The others wait for something else, or for it alone. */
static void
test_a_success_does_not_wake_all(void **state)
{
	(void)state;
	open_world(8);
	message("s");
	assert_true(fake_s3_send(fake_s3_of("s"), TWO));
	settle(DELIVERY_REFUSED);
	message("a");
	refuse("a");
	deliver("x");
	wait_for_get("a");
	refuse("a"); /* by comparison */
	message("b");
	refuse("b");
	wait_for_get("a");
	refuse("a");
	wait_for_get("b");
	refuse("b");
	assert_int_equal(objects_parked(t.os), 3);
	deliver("y");
	assert_true(fake_s3_is_open("b"));
	assert_int_equal(objects_parked(t.os), 2);
	assert_false(fake_s3_is_open("s"));
	close_world();
}

/* It is bounded by bytes, too. */
static void
test_the_lot_is_full_of_bytes(void **state)
{
	(void)state;
	open_world(8);
	for (char key[] = "a"; key[0] <= 'd'; key[0]++) {
		struct message *m = message(key);

		message_charge(t.ms, m, LOT_BYTES / 4);
		refuse(key);
		fake_run();
		assert_int_equal(objects_stand_still(t.os), key[0] >= 'c');
	}
	assert_int_equal(objects_parked(t.os), 3);
	assert_int_equal(leave().released, 1);
	close_world();
}

/* Polling stops only when nothing succeeds; and when it is known who may go,
 * there is room for others. */
static void
test_full_while_others_succeed(void **state)
{
	(void)state;
	for (int compared = 0; compared < 2; compared++) {
		char key[8];

		open_world(8);
		t.receives = 1;
		message("a");
		refuse("a");
		deliver("good");
		(void)leave();
		if (compared) {
			wait_for_get("a");
			refuse("a");
			fake_advance(61 * 1000);
			objects_start(t.os);
			wait_for_get("a");
			refuse("a");
		}
		for (unsigned i = 0; i < 20; i++) {
			assert_int_equal(objects_parked(t.os), 1 + i);
			assert_false(objects_stand_still(t.os));
			snprintf(key, sizeof key, "k%u", i);
			message(key);
			refuse(key);
		}
		fake_run();
		messages_flush(t.ms);
		assert_string_equal(
		    fake_sqs_expect(FAKE_HIDE, 1)->handle[0], "m1");
		assert_int_equal(fake_sqs_at(0)->seconds[0], 2 * 3600);
		assert_int_equal(leave().released, 1);
		close_world();
	}
}

/* Refused credentials are everybody's at once, unless something was read of
 * late; with the first object that is, they are good. */
static void
test_refused_credentials(void **state)
{
	(void)state;
	for (int well = 0; well < 2; well++) {
		open_world(4);
		if (well)
			deliver("a");
		message("b");
		fake_s3_fail(
		    fake_s3_of("b"), AWS_BAD_CREDS, "InvalidAccessKeyId");
		assert_int_equal(objects_stand_still(t.os), !well);
		deliver("c");
		assert_false(objects_stand_still(t.os));
		close_world();
	}
}

/* Three in a row: one that is read begins the row anew. */
static void
test_failures_in_a_row(void **state)
{
	(void)state;
	open_world(1);
	message("a b c d e f");
	refuse("a");
	refuse("b");
	assert_true(fake_s3_send(fake_s3_of("c"), TWO));
	refuse("d");
	refuse("e");
	assert_true(fake_s3_is_open("f"));
	close_world();
}

/* One that can be read again tells those in its bucket, however long they would
 * have waited, and no others. */
static void
test_a_success_hurries_its_bucket(void **state)
{
	static const char *const keys[] = {"a", "b", "z"};
	char other[8];

	(void)state;
	open_world(16);
	message("a");
	message("b");
	in_bucket = "c";
	message("z");
	in_bucket = "b";
	for (unsigned i = 0; i < 4; i++) {
		for (size_t k = 0; k < 3; k++)
			wait_for_get(keys[k]);
		for (size_t k = i == 3; k < 3; k++)
			refuse(keys[k]);
		snprintf(other, sizeof other, "o%u", i);
		deliver(other); /* which is no repeat */
	}
	assert_false(fake_s3_is_open("b"));
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	fake_advance(1);
	assert_true(fake_s3_is_open("b"));
	assert_false(fake_s3_is_open("z"));
	refuse("b");
	deliver("p");
	assert_in_range(wait_for_get("b"), 900, 3100); /* from the start */
	close_world();
}

/* Something may have mended it: the next probe does not wait. */
static void
test_retry_at_once(void **state)
{
	(void)state;
	for (int dassana = 0; dassana < 2; dassana++) {
		open_world(4);
		message("a");
		for (int i = 0; i < 6; i++) {
			wait_for_get("a");
			if (!dassana) {
				refuse("a");
				continue;
			}
			assert_true(fake_s3_send(fake_s3_of("a"), TWO));
			settle(DELIVERY_REFUSED);
		}
		fake_advance(1000);
		assert_false(fake_s3_is_open("a"));
		objects_retry(t.os);
		fake_advance(1);
		assert_true(fake_s3_is_open("a"));
		close_world();
	}
}

#define THREE "[{\"a\":1},{\"a\":2},{\"a\":3}]"

static void
refuse_alone(const char *key, const char *text)
{
	wait_for_get(key);
	assert_true(fake_s3_send(fake_s3_of(key), text));
	settle_parts(1, DELIVERY_REFUSED);
	fake_advance(1);
}

/* So many events of it are sent, and come out so. */
static void
send_some(
    const char *key, const char *text, size_t n, enum delivery_outcome outcome)
{
	wait_for_get(key);
	assert_true(fake_s3_send(fake_s3_of(key), text));
	batcher_seal(t.batcher);
	assert_int_equal(t.nsealed, n > 0);
	if (n > 0)
		assert_int_equal(batch_events(t.sealed[0]), n);
	settle_parts(1, outcome);
	objects_start(t.os); /* as delivery's progress does */
	fake_advance(1);
}

/* What was not tried for want of POSTs is in doubt like the rest. */
static void
test_left_untried(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_UNTRIED);
	assert_int_equal(objects_parked(t.os), 1);
	assert_int_equal(leave().released, 0);
	send_some("a", TWO, 2, DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* Of those that were refused alone one is asked with. If it is taken, it was
 * not their fault: all are sent, and nothing is held against them. */
static void
test_one_is_asked_for_all(void **state)
{
	char other[8];

	(void)state;
	open_world(4);
	message("a");
	refuse_alone("a", THREE);
	for (unsigned i = 0; i < 2; i++) {
		fake_advance(5 * 60 * 1000);
		snprintf(other, sizeof other, "o%u", i);
		deliver(other);
		send_some("a", THREE, 1, DELIVERY_REFUSED);
	}
	deliver("p");
	send_some("a", THREE, 1, DELIVERY_TAKEN);
	assert_true(fake_s3_is_open("a"));
	send_some("a", THREE, 2, DELIVERY_REFUSED);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(other, sizeof other, "q%u", i);
		deliver(other);
		send_some("a", THREE, 1, DELIVERY_REFUSED);
	}
	assert_int_equal(stats().failed, 0);
	assert_int_equal(objects_parked(t.os), 1);
	close_world();
}

/* All of it is refused again and again, and then each event alone: they are at
 * fault if one of them is refused once more. */
static void
refuse_parts(const char *key, uint32_t most)
{
	wait_for_get(key);
	assert_true(fake_s3_send(fake_s3_of(key), TWO));
	settle_parts(most, DELIVERY_REFUSED);
	fake_advance(1);
}

static void
test_refused_alone_and_again(void **state)
{
	int64_t begin;

	(void)state;
	open_world(4);
	begin = clock_mono_ms();
	message("a");
	message("a"); /* both go */
	refuse_parts("a", 2);
	deliver("b");
	refuse_parts("a", 2);
	deliver("c");
	refuse_parts("a", 2);
	while (clock_mono_ms() - begin < BLAME_MS)
		refuse_parts("a", 2);
	deliver("d");
	refuse_parts("a", 1);
	assert_int_equal(leave().released, 0);
	deliver("e");
	refuse_parts("a", 1);
	assert_int_equal(leave().released, 2);
	assert_int_equal(stats().refused, 2);
	/* What was judged is not asked again. */
	message("a");
	send_some("a", TWO, 0, DELIVERY_TAKEN);
	assert_int_equal(leave().released, 3);
	assert_int_equal(stats().refused, 2);
	close_world();
}

/* It goes for what S3 says: its events are not judged by that. */
static void
test_judged_by_s3_alone(void **state)
{
	char other[8];

	(void)state;
	open_world(4);
	message("a");
	refuse_alone("a", TWO);
	for (unsigned i = 0; stats().failed == 0; i++) {
		assert_true(i < 20);
		snprintf(other, sizeof other, "o%u", i);
		wait_for_get("a");
		refuse("a");
		fake_advance(60 * 1000);
		deliver(other);
	}
	assert_int_equal(stats().refused, 0);
	close_world();
}

/* One after the other; and when one is taken, the next has its turn. */
static void
test_suspects_one_at_a_time(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_REFUSED);
	fake_advance(10 * 1000);
	message("b c");
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	assert_true(fake_s3_send(fake_s3_of("c"), TWO));
	settle(DELIVERY_REFUSED);
	deliver("x");
	wait_for_get("a");
	fake_advance(1000);
	assert_int_equal(fake_s3_open(), 1);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	fake_advance(1);
	assert_int_equal(fake_s3_open(), 0);
	settle(DELIVERY_TAKEN);
	objects_start(t.os);
	assert_int_equal(fake_s3_open(), 1);
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	settle(DELIVERY_TAKEN);
	objects_start(t.os);
	/* The rest of its message does not wait. */
	assert_int_equal(objects_parked(t.os), 0);
	assert_true(fake_s3_is_open("c"));
	close_world();
}

/* 30 s, 90 s, 270 s, and no longer than 5 minutes. */
static void
test_suspects_pause(void **state)
{
	static const int64_t s[] = {30, 90, 270, 300};

	(void)state;
	open_world(4);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_REFUSED);
	for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
		char other[8];

		snprintf(other, sizeof other, "o%zu", i);
		deliver(other);
		assert_in_range(
		    wait_for_get("a"), s[i] * 1000 - 100, s[i] * 1000 + 100);
		assert_true(fake_s3_send(fake_s3_of("a"), TWO));
		settle(DELIVERY_REFUSED);
	}
	close_world();
}

/* However many are due. */
static void
test_one_suspect_alone(void **state)
{
	(void)state;
	open_world(8);
	message("a");
	message("b");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	settle(DELIVERY_REFUSED);
	deliver("x");
	fake_advance(31 * 1000);
	assert_int_equal(fake_s3_open(), 1);
	close_world();
}

/* Who has joined it goes on when the other message is given back for room. */
static void
test_a_suspect_that_another_gave_up(void **state)
{
	char key[8];

	(void)state;
	open_world(8);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_REFUSED);
	objects_wanted(t.os, message("a"));
	deliver("good");
	for (unsigned i = 0; i < 19; i++) {
		snprintf(key, sizeof key, "k%u", i);
		message(key);
		refuse(key);
		fake_run();
	}
	assert_int_equal(leave().released, 1);
	wait_for_get("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 2);
	close_world();
}

/* Who is given back for room is known as a suspect when it comes again, but
 * only if others were taken since it was refused. */
static void
test_a_suspect_by_comparison_alone(void **state)
{
	(void)state;
	for (int taken = 0; taken < 2; taken++) {
		char key[8];

		open_world(8);
		deliver("good");
		for (unsigned i = 0; i < 21; i++) {
			if (i == 20 && taken)
				deliver("other");
			snprintf(key, sizeof key, "k%u", i);
			message(key);
			assert_true(fake_s3_send(
			    fake_s3_of(key), "{\"Records\":[{\"a\":1}]}"));
			settle(DELIVERY_REFUSED);
		}
		fake_run();
		(void)leave();
		assert_int_equal(objects_parked(t.os), 20);
		objects_wanted(t.os, message("k0"));
		assert_int_equal(fake_s3_is_open("k0"), !taken);
		close_world();
	}
}

/* Who is being tried is not given back for room, nor one of which another
 * message has something read. */
static void
test_nobody_is_given_back_amid_a_try(void **state)
{
	(void)state;
	for (int joined = 0; joined < 2; joined++) {
		char key[8];

		open_world(8);
		message("a");
		refuse("a");
		deliver("good");
		(void)leave();
		if (joined)
			message("a");
		else
			wait_for_get("a");
		assert_true(fake_s3_is_open("a"));
		for (unsigned i = 0; i < 20; i++) {
			snprintf(key, sizeof key, "k%u", i);
			message(key);
			refuse(key);
		}
		fake_run();
		messages_flush(t.ms);
		assert_int_equal(objects_parked(t.os), 20);
		assert_string_not_equal(
		    fake_sqs_expect(FAKE_HIDE, 1)->handle[0], "m1");
		assert_int_equal(leave().released, 1);
		close_world();
	}
}

/* Under the name that a relay gives it, without an ETag. */
static void
deliver_unnamed(const char *key)
{
	struct message *m = hold();

	want(m, key, "");
	message_ended(t.ms, m, true);
	objects_start(t.os);
	assert_true(fake_s3_send(fake_s3_of(key), TWO));
	settle(DELIVERY_TAKEN);
}

static void
park(const char *key, bool suspect)
{
	message(key);
	if (!suspect) {
		refuse(key);
		return;
	}
	assert_true(fake_s3_send(fake_s3_of(key), TWO));
	settle(DELIVERY_REFUSED);
}

/* Whoever turns out to be delivered when its turn comes leaves that to the
 * next. */
static void
test_one_that_is_known_keeps_no_turn(void **state)
{
	(void)state;
	for (int suspect = 0; suspect < 2; suspect++) {
		open_world(4);
		park("a", suspect);
		deliver("x");
		/* Failed by comparison: what succeeds wakes it no more. */
		wait_for_get("a");
		if (suspect) {
			assert_true(fake_s3_send(fake_s3_of("a"), TWO));
			settle(DELIVERY_REFUSED);
		} else {
			refuse("a");
		}
		deliver_unnamed("a");
		park("b", suspect);
		while (stats().known == 0)
			fake_advance(1000);
		wait_for_get("b");
		close_world();
	}
}

/* What was sent before Dassana refused everything tells nothing of now. */
static void
test_an_old_take_is_no_news(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		struct delivery_settled s = {.outcome = DELIVERY_TAKEN};
		struct trial before;

		open_world(8);
		message("k");
		assert_true(fake_s3_send(fake_s3_of("k"), TWO));
		before = judge_begin(&t.judge);
		batcher_seal(t.batcher);
		assert_int_equal(t.nsealed, 1);
		s.run = *batch_run_at(t.sealed[0], 0);
		batch_free(&t.sealed[--t.nsealed]);
		message("a");
		for (int i = 0; i < 8; i++) {
			wait_for_get("a");
			assert_true(fake_s3_send(fake_s3_of("a"), TWO));
			settle(DELIVERY_REFUSED);
		}
		s.trial = old ? before : judge_begin(&t.judge);
		judge_succeeded(&t.judge, JUDGE_DASSANA, &s.trial);
		objects_settled(t.os, &s);
		assert_int_equal(objects_parked(t.os), old);
		close_world();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_at_fault_by_comparison),
	    cmocka_unit_test(test_a_success_of_its_own_forgives),
	    cmocka_unit_test(test_all_are_tried_before_it_goes),
	    cmocka_unit_test(test_a_refused_message_goes_on),
	    cmocka_unit_test(test_repeats_leave_room),
	    cmocka_unit_test(test_probes_take_turns),
	    cmocka_unit_test(test_nobody_looks_in_vain),
	    cmocka_unit_test(test_a_success_does_not_wake_all),
	    cmocka_unit_test(test_the_lot_is_full_of_bytes),
	    cmocka_unit_test(test_full_while_others_succeed),
	    cmocka_unit_test(test_refused_credentials),
	    cmocka_unit_test(test_failures_in_a_row),
	    cmocka_unit_test(test_a_success_hurries_its_bucket),
	    cmocka_unit_test(test_retry_at_once),
	    cmocka_unit_test(test_left_untried),
	    cmocka_unit_test(test_one_is_asked_for_all),
	    cmocka_unit_test(test_refused_alone_and_again),
	    cmocka_unit_test(test_judged_by_s3_alone),
	    cmocka_unit_test(test_suspects_one_at_a_time),
	    cmocka_unit_test(test_suspects_pause),
	    cmocka_unit_test(test_one_suspect_alone),
	    cmocka_unit_test(test_a_suspect_that_another_gave_up),
	    cmocka_unit_test(test_a_suspect_by_comparison_alone),
	    cmocka_unit_test(test_nobody_is_given_back_amid_a_try),
	    cmocka_unit_test(test_one_that_is_known_keeps_no_turn),
	    cmocka_unit_test(test_an_old_take_is_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
