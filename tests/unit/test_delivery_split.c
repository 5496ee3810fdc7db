/* What becomes of refused, too large and poisonous batches. */
#include "fake/sink_world.c"

enum { MINUTE = 60 * 1000 };

static unsigned
log2_up(size_t n)
{
	unsigned l = 0;

	while ((size_t)1 << l < n)
		l++;
	return l;
}

static struct delivery_stats
stats(void)
{
	return delivery_stats(w.delivery);
}

/* ---- refused events ---- */

static void
the_event_to_blame_is_isolated(void **state)
{
	(void)state;
	for (int level = 0; level <= 1; level++) {
		for (unsigned n = 2; n <= 20; n++) {
			for (unsigned at = 0; at < n; at++) {
				open_world(level, 1, MIB, 4 * MIB);
				w.event[at].bad = true;
				submit(n);
				serve_now();
				assert_all_right();
				assert_true(w.posts <= 2 * log2_up(n) + 3);
				assert_true(delivery_open(w.delivery));
				assert_int_equal(stats().refused_events, 1);
				assert_int_equal(stats().taken_events, n - 1);
				assert_int_equal(stats().in_doubt, 0);
				assert_true(stats().splits > 0);
				close_world();
			}
		}
	}
}

static void
several_to_blame(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 32; a++) {
		for (unsigned b = a + 1; b < 32; b++) {
			open_world(1, 2, MIB, 4 * MIB);
			w.event[a].bad = w.event[b].bad = true;
			submit(32);
			submit(3);
			serve_now();
			assert_all_right();
			assert_true(w.posts <= 2 * (2 * 5 + 2) + 3);
			assert_true(delivery_open(w.delivery));
			close_world();
		}
	}
}

static void
many_to_blame_in_bounded_posts(void **state)
{
	const unsigned n = 4096, k = 40;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		open_world(1, 1, MIB, 4 * MIB);
		clock_seed(seed);
		for (unsigned i = 0; i < k; i++)
			w.event[clock_random(n)].bad = true;
		submit(n);
		serve_for(10 * MINUTE);
		assert_all_right();
		assert_true(w.posts <= k * (2 * log2_up(n) + 2) + 2);
		close_world();
	}
}

/* Neighbours: the parts stay small where they are. 20 in a row look like the
 * set-up at first, until something fresh is taken. */
static void
a_row_to_blame(void **state)
{
	(void)state;
	for (unsigned len = 2; len <= 20; len += 6) {
		for (unsigned from = 0; from + len <= 64; from += 11) {
			open_world(0, 1, MIB, 4 * MIB);
			for (unsigned i = 0; i < len; i++)
				w.event[from + i].bad = true;
			submit(64);
			serve_for(20 * MINUTE);
			/* With those at the end only fresh events tell. */
			if (!delivery_idle(w.delivery))
				submit(1);
			serve_for(5 * MINUTE);
			assert_all_right();
			assert_true(delivery_open(w.delivery));
			close_world();
		}
	}
}

static void
an_event_alone_waits_for_another_to_be_taken(void **state)
{
	(void)state;
	open_world(0, 1, MIB, 4 * MIB);
	w.event[0].bad = true;
	submit(1);
	serve_for(10 * MINUTE);
	assert_false(w.event[0].settled);
	assert_true(delivery_open(w.delivery));
	assert_int_equal(stats().in_doubt, 1);
	assert_true(w.posts <= 12); /* once a minute */
	submit(1);
	serve_now();
	assert_all_right();
	close_world();
}

static void
what_was_in_doubt_gets_another_chance(void **state)
{
	(void)state;
	open_world(0, 1, MIB, 4 * MIB);
	w.all = 400;
	submit(5);
	serve_now();
	assert_int_equal(w.settled, 0);
	assert_int_equal(stats().in_doubt, 5);
	w.all = 0;
	submit(1);
	serve_now();
	assert_all_right();
	assert_int_equal(count(DELIVERY_TAKEN), 6);
	close_world();
}

/* Refused to the last, in the very first batch. */
static void
all_refused_is_the_set_up(void **state)
{
	unsigned posts;

	(void)state;
	for (int level = 0; level <= 1; level++) {
		open_world(level, 2, MIB, 4 * MIB);
		w.all = 400;
		submit(1000);
		submit(10);
		submit(1);
		serve_now();
		assert_false(delivery_open(w.delivery));
		assert_int_equal(w.settled, 0);
		assert_true(w.posts <= 60);
		assert_int_equal(logged("dassana.gate_closed"), 1);
		assert_non_null(strstr(buf_cstr(&w.log), "dassana_app_id"));
		posts = w.posts;
		serve_for(1000);
		assert_int_equal(w.posts, posts + 1);
		serve_for(2000);
		assert_int_equal(w.posts, posts + 2);
		serve_for(60 * MINUTE);
		assert_true(w.posts <= posts + 70);
		assert_true(w.posts >= posts + 60);
		assert_int_equal(w.settled, 0);
		assert_false(delivery_open(w.delivery));
		w.all = 0;
		serve_for(2 * MINUTE);
		assert_all_right();
		assert_true(delivery_open(w.delivery));
		assert_int_equal(logged("dassana.gate_closed"), 1);
		close_world();
	}
}

static void
seven_are_not_the_set_up_but_eight_are(void **state)
{
	(void)state;
	for (unsigned n = 7; n <= 8; n++) {
		open_world(0, 4, MIB, 4 * MIB);
		w.all = 400;
		for (unsigned i = 0; i < n; i++)
			submit(1);
		serve_now();
		assert_int_equal(delivery_open(w.delivery), n == 7);
		assert_int_equal(w.settled, 0);
		w.all = 0;
		submit(1);
		serve_for(2000);
		assert_all_right();
		close_world();
	}
}

/* The batch is half delivered when the set-up breaks. */
static void
a_set_up_that_breaks_in_mid_batch(void **state)
{
	(void)state;
	open_world(0, 1, MIB, 4 * MIB);
	submit(100);
	fake_run();
	answer(0, 400, NULL);
	answer(0, 200, NULL); /* a half */
	w.all = 422;
	serve_for(5 * MINUTE);
	assert_int_equal(w.settled, 50);
	assert_false(delivery_open(w.delivery));
	w.all = 0;
	serve_for(2 * MINUTE);
	assert_int_equal(count(DELIVERY_TAKEN), 100);
	close_world();
}

/* Eight in a row, and nothing else is held: only what is not yet fetched can
 * tell, so the gate must not stay closed for ever. */
static void
the_gate_opens_for_fresh_events(void **state)
{
	(void)state;
	open_world(0, 1, MIB, 4 * MIB);
	for (unsigned i = 0; i < 8; i++)
		w.event[i].bad = true;
	submit(8);
	serve_for(MINUTE);
	assert_false(delivery_open(w.delivery));
	serve_for(4 * MINUTE);
	assert_true(delivery_open(w.delivery));
	assert_int_equal(w.settled, 0);
	/* One more refusal closes it at once, and for a minute. */
	w.event[8].bad = true;
	submit(1);
	serve_now();
	assert_false(delivery_open(w.delivery));
	assert_int_equal(logged("dassana.gate_closed"), 2);
	serve_for(MINUTE + 1000);
	assert_true(delivery_open(w.delivery));
	submit(1);
	serve_now();
	assert_all_right();
	close_world();
}

/* The gate was closed for another reason, and now events are judged. */
static void
a_refused_probe_opens_what_a_plain_fault_closed(void **state)
{
	(void)state;
	open_world(0, 1, MIB, 4 * MIB);
	w.event[0].bad = true;
	submit(1);
	w.all = 404;
	serve_for(3 * MINUTE);
	assert_false(delivery_open(w.delivery));
	w.all = 0;
	serve_for(MINUTE);
	assert_true(delivery_open(w.delivery));
	assert_int_equal(w.settled, 0);
	submit(1);
	serve_now();
	assert_all_right();
	close_world();
}

/* What was sent before the gate closed and is taken after it is no news about
 * the set-up, but about its own batch it is. */
static void
taken_late_of_a_batch_with_events_in_doubt(void **state)
{
	(void)state;
	open_world(0, 2, MIB, 4 * MIB);
	submit(4);
	submit(1);
	w.event[2].bad = w.event[4].bad = true;
	fake_run();
	answer(0, 400, NULL);
	answer(1, 400, NULL);
	answer(1, 400, NULL); /* event 0 alone; now event 1 is out */
	assert_int_equal(stats().in_doubt, 1);
	answer(0, 404, NULL);
	assert_false(delivery_open(w.delivery));
	answer(0, 200, NULL);
	assert_false(delivery_open(w.delivery));
	assert_int_equal(w.settled, 1);
	serve_for(5 * MINUTE);
	assert_all_right();
	close_world();
}

/* ---- parts and the rest of the rules ---- */

static void
a_part_that_fails_is_sent_again(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	w.event[3].bad = true;
	submit(8);
	fake_run();
	answer(0, 400, NULL);
	answer(0, 503, "Retry-After: 100\r\n");
	submit(4); /* is held back, too */
	fake_advance(99999);
	assert_int_equal(fake_http_open(), 0);
	fake_advance(1);
	/* The part and the other batch: only parts wait for one another. */
	assert_int_equal(fake_http_open(), 2);
	answer(0, 401, NULL); /* the part: the gate closes */
	assert_false(delivery_open(w.delivery));
	assert_int_equal(serve(0), 4);
	fake_advance(1000);
	assert_int_equal(serve(0), 4); /* the part as a probe: refused */
	assert_true(delivery_open(w.delivery));
	serve_now();
	assert_all_right();
	close_world();
}

static void
doc_count_is_of_the_part(void **state)
{
	static const struct {
		const char *reply;
		bool open;
		uint64_t too_few;
	} rows[] = {
	    {"{\"docCount\":0}", false, 0},
	    {"{\"docCount\":1}", true, 1},
	    {"{\"docCount\":2}", true, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct request *r;

		open_world(1, 1, MIB, 4 * MIB);
		submit(4);
		fake_run();
		answer(0, 400, NULL);
		r = fake_http_nth(0);
		assert_non_null(r);
		w.event[0].in_taken_body = w.event[1].in_taken_body = true;
		fake_reply(r, 200, NULL, span_str(rows[i].reply));
		fake_run();
		assert_int_equal(delivery_open(w.delivery), rows[i].open);
		assert_int_equal(w.settled, rows[i].open ? 2 : 0);
		assert_int_equal(stats().doc_count_short, rows[i].too_few);
		serve_for(2000);
		assert_int_equal(w.settled, 4);
		close_world();
	}
}

static void
giving_up_amid_a_split(void **state)
{
	(void)state;
	for (int held = 0; held <= 1; held++) {
		open_world(1, 2, MIB, 4 * MIB);
		submit(8);
		submit(8);
		fake_run();
		answer(0, 400, NULL); /* first batch */
		answer(0, 400, NULL); /* second: waits for the scratch */
		answer(0, held ? 400 : 200, NULL);
		if (held) {
			answer(0, 400, NULL);
			answer(0, 200, NULL);
			answer(0, 400, NULL);
		}
		assert_int_equal(fake_http_open(), 1);
		delivery_give_up(w.delivery);
		assert_int_equal(fake_http_open(), 0);
		assert_int_equal(w.settled, 16);
		assert_int_equal(
		    count(DELIVERY_DROPPED), stats().dropped_events);
		assert_true(delivery_idle(w.delivery));
		submit(4); /* and it goes on */
		w.event[16].bad = true;
		serve_now();
		assert_int_equal(count(DELIVERY_REFUSED), 1);
		close_world();
	}
}

/* ---- too large ---- */

static void
full_batches_too_large_with_the_buffer_full(void **state)
{
	(void)state;
	for (int level = 0; level <= 1; level++) {
		open_world(level, 4, MIB, 4 * MIB);
		w.limit_bytes = 150 * KIB;
		while (add_event(1000))
			;
		batcher_seal(w.batcher);
		assert_true(w.nbatches >= 3);
		assert_false(batcher_room(w.batcher, MIB));
		serve_now();
		assert_all_right();
		assert_true(delivery_open(w.delivery));
		assert_in_range(
		    delivery_limit(w.delivery), 64 * KIB, 150 * KIB);
		assert_int_equal(
		    stats().learned_limit_bytes, delivery_limit(w.delivery));
		close_world();
	}
}

/* Nothing is learned until all of a part that was too large is taken. */
static void
the_limit_is_learned_and_grows(void **state)
{
	size_t learned;

	(void)state;
	open_world(1, 1, MIB, 4 * MIB);
	for (int i = 0; i < 800; i++)
		assert_true(add_event(1000));
	batcher_seal(w.batcher);
	fake_run();
	answer(0, 413, NULL);
	answer(0, 413, NULL);
	answer(0, 200, NULL);
	assert_int_equal(delivery_limit(w.delivery), SIZE_MAX);
	answer(0, 200, NULL);
	learned = delivery_limit(w.delivery);
	assert_int_equal(learned, 200 * 1001);
	serve_now();
	assert_int_equal(w.posts, 6);
	/* The batcher keeps it; what was sealed before it is sent in parts. */
	for (int i = 0; i < 400; i++)
		assert_true(add_event(1000));
	batcher_seal(w.batcher);
	assert_int_equal(w.nbatches, 3);
	serve_now();
	assert_int_equal(w.posts, 8);
	for (unsigned i = 1; i <= 3; i++) {
		serve_for(10 * MINUTE);
		submit(1);
		serve_now();
		learned += learned / 4;
		assert_int_equal(delivery_limit(w.delivery), learned);
	}
	/* Another 413 begins the ten minutes anew. */
	serve_for(5 * MINUTE);
	submit(2);
	fake_run();
	answer(0, 413, NULL);
	assert_int_equal(delivery_limit(w.delivery), learned);
	serve_now();
	assert_int_equal(delivery_limit(w.delivery), 64 * KIB);
	serve_for(9 * MINUTE);
	submit(1);
	serve_now();
	assert_int_equal(delivery_limit(w.delivery), 64 * KIB);
	serve_for(300 * MINUTE);
	submit(1);
	serve_now();
	assert_int_equal(delivery_limit(w.delivery), SIZE_MAX);
	assert_int_equal(stats().learned_limit_bytes, 0);
	assert_all_right();
	close_world();
}

static void
below_the_floor_it_still_fits(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	w.limit_bytes = 5000;
	for (int i = 0; i < 300; i++)
		assert_true(add_event(1000));
	batcher_seal(w.batcher);
	serve_now();
	assert_all_right();
	assert_int_equal(delivery_limit(w.delivery), 64 * KIB);
	close_world();
}

/* It is refused, and says nothing about the others. */
static void
an_event_too_large_by_itself(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 9; at++) {
		open_world(1, 1, MIB, 4 * MIB);
		w.limit_bytes = 100 * KIB;
		for (unsigned i = 0; i < 9; i++) {
			w.event[i].bad = i == at;
			assert_true(add_event(i == at ? 120 * KIB : 500));
		}
		batcher_seal(w.batcher);
		serve_now();
		assert_all_right();
		assert_int_equal(delivery_limit(w.delivery), SIZE_MAX);
		assert_true(w.posts <= 11);
		close_world();
	}
}

/* ---- poison ---- */

static void
a_batch_that_fails_for_ever_is_isolated(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 8; at++) {
		open_world(1, 2, MIB, 4 * MIB);
		w.event[at].poison = true;
		submit(8);
		serve_for(4 * MINUTE);
		submit(1);
		serve_for(4 * MINUTE);
		assert_int_equal(w.settled, 1); /* not yet 5 minutes */
		for (int i = 0; i < 30; i++) {
			submit(1);
			serve_for(MINUTE);
		}
		assert_all_right();
		assert_true(w.posts < 200);
		close_world();
	}
}

/* Nothing else is taken: it is Dassana that is down, for hours. */
static void
down_for_hours_is_no_poison(void **state)
{
	(void)state;
	open_world(1, 4, MIB, 4 * MIB);
	for (int i = 0; i < 20; i++)
		submit(1 + (unsigned)i % 3);
	w.all = 500;
	serve_for(180 * MINUTE);
	assert_int_equal(w.settled, 0);
	assert_int_equal(stats().splits, 0);
	assert_true(w.posts < 20 * 180 * 8);
	w.all = 0;
	fake_advance(MINUTE);
	while (fake_http_open() > 0) { /* it recovers with hiccups */
		answer(0, w.posts % 2 ? 200 : 500, NULL);
		fake_advance(MINUTE);
	}
	assert_int_equal(count(DELIVERY_TAKEN), w.nevents);
	assert_int_equal(stats().splits, 0);
	close_world();
}

/* Busy or unreachable is not the batch's fault. */
static void
busy_is_no_poison(void **state)
{
	static const int status[] = {429, 503, 0};

	(void)state;
	for (size_t s = 0; s < 3; s++) {
		open_world(0, 1, MIB, 4 * MIB);
		submit(1);
		for (int i = 0; i < 100; i++) {
			fake_advance(30000);
			if (status[s] == 0) {
				fake_fail(fake_http_expect(), ERR_CONNECT);
				fake_run();
			} else {
				answer(0, status[s], NULL);
			}
			submit(1);
			while (fake_http_open() > 0) {
				struct span body = fake_body(fake_http_nth(0));

				if (memcmp(body.p, "{\"e\":0,", 7) == 0)
					break;
				answer(0, 200, NULL);
			}
		}
		assert_false(w.event[0].settled);
		fake_advance(30000);
		serve_for(MINUTE);
		assert_all_right();
		close_world();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_event_to_blame_is_isolated),
	    cmocka_unit_test(several_to_blame),
	    cmocka_unit_test(many_to_blame_in_bounded_posts),
	    cmocka_unit_test(a_row_to_blame),
	    cmocka_unit_test(an_event_alone_waits_for_another_to_be_taken),
	    cmocka_unit_test(what_was_in_doubt_gets_another_chance),
	    cmocka_unit_test(all_refused_is_the_set_up),
	    cmocka_unit_test(seven_are_not_the_set_up_but_eight_are),
	    cmocka_unit_test(a_set_up_that_breaks_in_mid_batch),
	    cmocka_unit_test(the_gate_opens_for_fresh_events),
	    cmocka_unit_test(a_refused_probe_opens_what_a_plain_fault_closed),
	    cmocka_unit_test(taken_late_of_a_batch_with_events_in_doubt),
	    cmocka_unit_test(a_part_that_fails_is_sent_again),
	    cmocka_unit_test(doc_count_is_of_the_part),
	    cmocka_unit_test(giving_up_amid_a_split),
	    cmocka_unit_test(full_batches_too_large_with_the_buffer_full),
	    cmocka_unit_test(the_limit_is_learned_and_grows),
	    cmocka_unit_test(below_the_floor_it_still_fits),
	    cmocka_unit_test(an_event_too_large_by_itself),
	    cmocka_unit_test(a_batch_that_fails_for_ever_is_isolated),
	    cmocka_unit_test(down_for_hours_is_no_poison),
	    cmocka_unit_test(busy_is_no_poison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
