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
				w.suspects = true;
				w.event[at].bad = true;
				submit(n);
				serve_now();
				assert_all_right();
				assert_true(w.posts <= 2 * log2_up(n) + 3);
				assert_true(delivery_open(w.delivery));
				assert_int_equal(stats().taken_events, n - 1);
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
			w.suspects = true;
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

/* ---- parts and the rest of the rules ---- */

/* Also where only one is left. */
static void
what_is_left_was_not_tried(void **state)
{
	(void)state;
	for (unsigned n = 40; n < 80; n++) {
		open_world(0, 1, MIB, 4 * MIB);
		w.suspects = true;
		for (unsigned i = 0; i < n; i++)
			w.event[i].bad = true;
		submit(n);
		serve_now();
		assert_int_equal(
		    count(DELIVERY_REFUSED) + count(DELIVERY_UNTRIED), n);
		close_world();
	}
}

/* A suspect needs no comparison: an answer that a wrong set-up would give is a
 * refusal while others are taken. */
static void
suspects_are_refused_at_once(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	submit(3);
	serve_now();
	w.suspects = true;
	w.event[5].bad = true;
	w.bad_status = 403;
	submit(7);
	serve_now();
	assert_all_right();
	assert_true(delivery_open(w.delivery));
	assert_int_equal(logged("dassana.gate_closed"), 0);
	close_world();
}

/* Nor do they keep a closed gate from being tried again. */
static void
suspects_probe_like_others(void **state)
{
	(void)state;
	open_world(1, 1, MIB, 4 * MIB);
	w.all = 404;
	submit(3);
	serve_now();
	w.suspects = true;
	submit(7);
	serve_for(10 * MINUTE);
	assert_false(delivery_open(w.delivery));
	w.all = 0;
	serve_for(2 * MINUTE);
	assert_true(delivery_idle(w.delivery));
	assert_true(delivery_open(w.delivery));
	assert_int_equal(w.event[0].outcome, DELIVERY_TAKEN);
	close_world();
}

/* However many of them there are, one after the other: each of the others has a
 * turn between two of them. */
static void
suspects_leave_probes_to_others(void **state)
{
	(void)state;
	open_world(1, 1, MIB, 4 * MIB);
	w.all = 404;
	submit(7);
	submit(7);
	w.suspects = true;
	for (int i = 0; i < 12; i++) {
		uint64_t suspect = submit(1);
		unsigned before = w.posts;

		while (!w.event[suspect].settled) {
			assert_true(w.posts - before < 3);
			serve_for(1000);
		}
		/* Since the last one. */
		assert_true(i == 0 || w.posts - before == 3);
	}
	w.all = 0;
	serve_for(2 * MINUTE);
	assert_true(delivery_open(w.delivery));
	close_world();
}

/* Others than suspects are cut where one object's events end: every 7 events
 * here. Whoever is not in a run with a bad one is taken. */
static void
runs_are_kept_whole(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 49; a += 3) {
		for (unsigned b = a; b < 49; b += 8) {
			open_world(1, 4, MIB, 4 * MIB);
			w.event[a].bad = w.event[b].bad = true;
			submit(49);
			serve_now();
			assert_true(delivery_idle(w.delivery));
			for (unsigned i = 0; i < 49; i++)
				assert_int_equal(w.event[i].outcome,
				    i / 7 == a / 7 || i / 7 == b / 7
					? DELIVERY_REFUSED
					: DELIVERY_TAKEN);
			assert_true(w.posts <= 2 * (2 * 3 + 2));
			close_world();
		}
	}
}

static int
verdict_of_post(size_t i)
{
	struct body b;
	int status;

	read_body(fake_http_nth(i), &b);
	status = verdict_on(&b);
	free_body(&b);
	return status;
}

/* Dassana takes long to refuse: the others wait for two such answers. */
static void
few_runs_wait_for_two_answers(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 28; at += 3) {
		open_world(1, 4, MIB, 4 * MIB);
		w.event[at].bad = true;
		submit(28);
		serve_now();
		assert_int_equal(count(DELIVERY_TAKEN), 21);
		assert_int_equal(stats().answers[DELIVERY_A_REFUSED], 2);
		assert_true(w.posts <= 5);
		close_world();
	}
}

/* It takes long to refuse each of several: the others wait for none of them. */
static void
the_last_few_do_not_wait_for_one_another(void **state)
{
	(void)state;
	open_world(1, 4, MIB, 4 * MIB);
	for (unsigned at = 3; at < 3 + 3 * 14; at += 14)
		w.event[at].bad = true;
	submit(8 * 7);
	fake_run();
	(void)serve(0);
	fake_run();
	/* Runs 0, 2 and 4 are bad, and answered last. */
	for (int i = 0; i < 20 && count(DELIVERY_TAKEN) < 5 * 7; i++) {
		for (size_t k = fake_http_open(); k-- > 0;) {
			if (verdict_of_post(k) == 200)
				(void)serve(k);
		}
		fake_run();
	}
	assert_int_equal(count(DELIVERY_TAKEN), 5 * 7);
	assert_int_equal(stats().answers[DELIVERY_A_REFUSED], 1);
	serve_now();
	assert_int_equal(count(DELIVERY_REFUSED), 3 * 7);
	assert_int_equal(w.posts, 1 + 8);
	close_world();
}

/* Also if they are long, for they are short when they are compressed. */
static void
long_ones_do_not_wait_either(void **state)
{
	(void)state;
	for (int level = 0; level <= 1; level++) {
		open_world(level, 4, 8 * MIB, 16 * MIB);
		w.event[3].bad = true;
		for (int i = 0; i < 8 * 7; i++)
			assert_true(add_event(4 * KIB));
		batcher_seal(w.batcher);
		fake_run();
		(void)serve(0);
		fake_run();
		assert_int_equal(fake_http_open(), 4);
		/* Each is what it was when it was made. */
		for (size_t k = 4; k-- > 0;)
			(void)serve(k);
		serve_now();
		assert_int_equal(count(DELIVERY_REFUSED), 7);
		assert_int_equal(count(DELIVERY_TAKEN), 7 * 7);
		close_world();
	}
}

static size_t
events_of_post(size_t i)
{
	struct body b;
	size_t n;

	read_body(fake_http_nth(i), &b);
	n = b.n;
	free_body(&b);
	return n;
}

/* Where much was refused of late, by itself, each object has its own POST. What
 * is taken makes up for it, however much was refused; suspects tell nothing. */
static void
much_that_is_refused_is_sent_alone(void **state)
{
	static const struct {
		bool suspects_refused;
		unsigned then_taken;
		bool suspect;
		size_t events;
	} rows[] = {{false, 0, false, 7}, {false, 8, false, 7},
	    {false, 9, false, 14}, {true, 0, false, 14}, {false, 0, true, 14}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		open_world(0, 1, MIB, 4 * MIB);
		w.suspects = rows[i].suspects_refused;
		for (int n = 0; n < 20; n++) {
			for (unsigned k = 0; k < 7; k++)
				w.event[w.nevents + k].bad = true;
			(void)submit(7);
			serve_now();
		}
		w.suspects = false;
		for (unsigned n = 0; n < rows[i].then_taken; n++) {
			(void)submit(7);
			serve_now();
		}
		w.suspects = rows[i].suspect;
		(void)submit(14);
		fake_run();
		assert_int_equal(events_of_post(0), rows[i].events);
		serve_now();
		close_world();
	}
}

/* It is made over some turns of the loop, and what is whole does not wait for
 * that. */
static void
a_part_holds_up_nobody(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		open_world(1, 3, MIB, 4 * MIB);
		w.event[0].bad = true;
		submit(28);
		submit(1);
		fake_run();
		/* All are held back, so that all begin together. */
		answer(1, 429, "Retry-After: 5\r\n");
		fake_run();
		(void)serve(0);
		submit(2);
		fake_run();
		assert_int_equal(fake_http_open(), 0);
		fake_advance(5000);
		assert_int_equal(fake_http_open(), 3);
		assert_int_equal(events_of_post(2), 7);
		if (way == 0)
			serve_now();
		else
			delivery_give_up(w.delivery);
		assert_true(delivery_idle(w.delivery));
		assert_int_equal(stats().in_flight, 0);
		close_world();
	}
}

static void
change_sink(uint64_t rate_limit, enum doc_count doc_count)
{
	struct dassana_conf conf = {
	    .endpoint = "http://dassana.example/",
	    .app_id = "app",
	    .token = "token",
	    .post_timeout_ms = 60000,
	    .gzip = true,
	    .doc_count = doc_count,
	    .rate_limit = rate_limit,
	};

	dassana_change(w.dassana, &conf);
}

/* Of 100 in a row 64 POSTs are tried; the rest is left to the next time. Of who
 * has never taken anything 8, each of one event: others have their turn. */
static void
suspects_have_so_many_posts(void **state)
{
	static const struct {
		enum doc_count doc_count;
		unsigned posts, refused_min, refused_max;
	} rows[] = {
	    {DOC_COUNT_IGNORED, 64, 50, 60}, {DOC_COUNT_WANTED, 8, 8, 8}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		open_world(1, 1, MIB, 4 * MIB);
		change_sink(0, rows[i].doc_count);
		w.suspects = true;
		for (unsigned k = 0; k < 100; k++)
			w.event[k].bad = true;
		submit(110);
		serve_for(MINUTE);
		assert_true(delivery_idle(w.delivery));
		assert_int_equal(w.posts, rows[i].posts);
		assert_in_range(count(DELIVERY_REFUSED), rows[i].refused_min,
		    rows[i].refused_max);
		assert_int_equal(
		    count(DELIVERY_REFUSED) + count(DELIVERY_UNTRIED), 110);
		close_world();
	}
}

/* Each takes from what may be sent in a second, once it is known how much. */
static void
parts_keep_the_rate(void **state)
{
	(void)state;
	open_world(1, 4, MIB, 4 * MIB);
	w.event[0].bad = w.event[28].bad = true;
	submit(28);
	submit(28);
	submit(1);
	fake_run();
	answer(2, 429, "Retry-After: 5\r\n");
	(void)serve(0);
	(void)serve(0);
	change_sink(100, DOC_COUNT_IGNORED);
	fake_advance(5000);
	for (size_t posts = 1; posts <= 2; posts++) {
		assert_int_equal(fake_http_open(), posts);
		fake_advance(410 * (int64_t)events_of_post(posts - 1) - 1);
		assert_int_equal(fake_http_open(), posts);
		fake_advance(1);
	}
	serve_for(MINUTE);
	assert_true(delivery_idle(w.delivery));
	close_world();
}

static void
go_elsewhere(enum doc_count doc_count)
{
	struct dassana_conf conf = {
	    .endpoint = "http://elsewhere.example/",
	    .app_id = "app",
	    .token = "token",
	    .post_timeout_ms = 60000,
	    .gzip = true,
	    .doc_count = doc_count,
	};

	dassana_change(w.dassana, &conf);
}

/* Another endpoint may take what was too large for the one before: all is sent
 * again at once, and what is taken in parts teaches no limit. */
static void
another_endpoint_knows_no_limit(void **state)
{
	static const struct {
		int status; /* of the half that is under way to the first */
		size_t next;
	} rows[] = {{503, 28}, {200, 14}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		open_world(0, 1, MIB, 4 * MIB);
		submit(28);
		fake_run();
		answer(0, 413, NULL);
		assert_int_equal(events_of_post(0), 14);
		go_elsewhere(DOC_COUNT_IGNORED);
		delivery_retry(w.delivery);
		answer(0, rows[i].status, NULL);
		assert_int_equal(events_of_post(0), rows[i].next);
		serve_now();
		assert_int_equal(count(DELIVERY_TAKEN), 28);
		assert_int_equal(delivery_limit(w.delivery), SIZE_MAX);
		close_world();
	}
}

/* Nor does it refuse what was to blame before. */
static void
another_endpoint_may_take_poison(void **state)
{
	(void)state;
	open_world(0, 1, MIB, 4 * MIB);
	w.event[0].poison = true;
	submit(14);
	while (logged("dassana.poison") == 0) {
		fake_run();
		if (fake_http_open() > 0) {
			(void)serve(0);
		} else {
			submit(1);
			fake_advance(1000);
		}
	}
	assert_int_equal(events_of_post(0), 7);
	go_elsewhere(DOC_COUNT_IGNORED);
	delivery_retry(w.delivery);
	for (int i = 0; i < 3; i++) {
		answer(0, 500, NULL);
		submit(1);
		fake_advance(1000);
		while (count(DELIVERY_TAKEN) < w.nevents - 7)
			(void)serve(0);
		fake_advance(1000);
		assert_int_equal(count(DELIVERY_REFUSED), 0);
		assert_int_equal(events_of_post(0), 7);
	}
	answer(0, 200, NULL);
	assert_int_equal(count(DELIVERY_TAKEN), w.nevents);
	close_world();
}

/* Who has not shown that it counts gets one event, whatever was made for the
 * one before. */
static void
a_part_amid_a_change_of_endpoint(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	submit(28);
	fake_run();
	fake_reply(fake_http_nth(0), 400, NULL, SPAN("no"));
	while (fake_http_open() > 0 || stats().in_flight == 0)
		assert_true(fake_step());
	/* A part is being made. */
	go_elsewhere(DOC_COUNT_WANTED);
	fake_run();
	assert_int_equal(fake_http_open(), 1);
	assert_int_equal(stats().in_flight, 1);
	assert_int_equal(events_of_post(0), 1);
	close_world();
}

/* It is not sent when it is complete if nothing may be by then. */
static void
a_part_amid_a_failure(void **state)
{
	static const struct {
		int status;
		const char *head;
		int64_t wait_ms;
	} rows[] = {{404, NULL, 1000}, {429, "Retry-After: 5\r\n", 5000}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		open_world(1, 2, 4 * MIB, 16 * MIB);
		w.event[0].bad = true;
		for (int n = 0; n < 28; n++)
			assert_true(add_event(64 * KIB));
		(void)submit(7);
		fake_run();
		fake_reply(fake_http_nth(0), 400, NULL, SPAN("no"));
		while (fake_http_open() > 1 || stats().in_flight < 2)
			assert_true(fake_step());
		/* A part is being made, beside the other POST. */
		fake_reply(
		    fake_http_nth(0), rows[i].status, rows[i].head, SPAN("no"));
		while (fake_http_open() > 0)
			assert_true(step_one()); /* before a timer */
		assert_int_equal(stats().in_flight, 1);
		fake_advance(rows[i].wait_ms - 1);
		assert_int_equal(fake_http_open(), 0);
		assert_int_equal(stats().in_flight, 0);
		fake_advance(1);
		assert_true(fake_http_open() > 0);
		serve_for(MINUTE);
		assert_int_equal(count(DELIVERY_REFUSED), 7);
		assert_int_equal(count(DELIVERY_TAKEN), 28);
		close_world();
	}
}

/* There is room for a part of half a batch: what is left of one after its first
 * event goes in two. */
static void
no_part_is_larger_than_half(void **state)
{
	(void)state;
	event_max = 64;
	open_world(1, 1, MIB, 4 * MIB);
	event_max = 0;
	change_sink(0, DOC_COUNT_WANTED);
	submit(18000);
	serve_now();
	assert_all_right();
	assert_int_equal(w.posts, 3);
	close_world();
}

/* All is refused: each object once, and no more POSTs than that takes. */
static void
all_refused(void **state)
{
	(void)state;
	open_world(1, 4, MIB, 4 * MIB);
	w.all = 400;
	submit(700);
	serve_for(60 * MINUTE);
	assert_int_equal(count(DELIVERY_REFUSED), 700);
	assert_true(w.posts <= 100 + 8);
	assert_true(delivery_open(w.delivery));
	assert_false(delivery_answers(w.delivery));
	close_world();
}

static bool
is_of_suspect(size_t i)
{
	struct body b;
	bool suspect;

	read_body(fake_http_nth(i), &b);
	suspect = w.event[b.id[0]].suspect;
	free_body(&b);
	return suspect;
}

/* The first event of the POST that was started as the i-th of those open. */
static uint64_t
first_of(size_t i)
{
	struct body b;
	uint64_t id;

	read_body(fake_http_nth(i), &b);
	id = b.id[0];
	free_body(&b);
	return id;
}

/* What is cut has three of four while whole ones wait, and not less. */
static void
cut_ones_leave_one(void **state)
{
	(void)state;
	open_world(1, 4, MIB, 4 * MIB);
	for (unsigned i = 0; i < 4 * 28; i++)
		w.event[i].bad = i % 7 == 0;
	for (int i = 0; i < 4; i++)
		submit(28);
	fake_run();
	for (int i = 0; i < 8; i++)
		submit(1);
	for (int i = 0; i < 4; i++)
		(void)serve(0);
	for (int whole = 0; whole < 8; whole++) {
		size_t n = 0, at = 0;

		assert_int_equal(fake_http_open(), 4);
		for (size_t i = 0; i < 4; i++) {
			bool is_whole = first_of(i) >= 4 * 28;

			n += is_whole;
			at = is_whole ? i : at;
		}
		assert_int_equal(n, 1);
		(void)serve(at);
	}
	serve_now();
	assert_true(delivery_idle(w.delivery));
	close_world();
}

/* Of one POST at a time they have every second. */
static void
cut_ones_take_turns(void **state)
{
	(void)state;
	open_world(1, 1, MIB, 4 * MIB);
	for (unsigned i = 0; i < 28; i += 7)
		w.event[i].bad = true;
	submit(28);
	fake_run();
	(void)serve(0);
	for (int i = 0; i < 4; i++)
		submit(1);
	fake_run();
	for (int i = 0; i < 8; i++) {
		assert_int_equal(first_of(0) >= 28, i % 2);
		(void)serve(0);
	}
	serve_now();
	assert_true(delivery_idle(w.delivery));
	close_world();
}

/* While whole batches wait, suspects have one POST in 16. */
static void
suspects_leave_room(void **state)
{
	unsigned suspects = 0;

	(void)state;
	for (unsigned concurrency = 1; concurrency <= 8; concurrency *= 2) {
		open_world(0, concurrency, MIB, 8 * MIB);
		w.suspects = true;
		for (int i = 0; i < 3; i++)
			submit(4);
		w.suspects = false;
		for (int i = 0; i < 34; i++)
			submit(4);
		fake_run();
		assert_int_equal(fake_http_open(), concurrency);
		suspects = 0;
		while (count(DELIVERY_TAKEN) < 4 * 34) {
			suspects += is_of_suspect(0);
			(void)serve(0);
		}
		assert_in_range(suspects, 2, 3);
		serve_now();
		assert_all_right();
		close_world();
	}
}

/* And one at a time, however long that takes. */
static void
suspects_go_one_by_one(void **state)
{
	(void)state;
	open_world(0, 4, MIB, 16 * MIB);
	w.suspects = true;
	for (int i = 0; i < 3; i++)
		submit(1);
	w.suspects = false;
	for (int i = 0; i < 80; i++)
		submit(1);
	fake_run();
	for (int i = 0; i < 60; i++) {
		unsigned suspects = 0;

		for (size_t k = 0; k < 4; k++)
			suspects += is_of_suspect(k);
		assert_int_equal(suspects, i >= 12);
		(void)serve(is_of_suspect(0) ? 1 : 0);
	}
	serve_now();
	assert_all_right();
	close_world();
}

/* When more than a third of the objects is refused each is sent by itself at
 * once; when less is they go together again. */
static void
much_refused_is_sent_apart(void **state)
{
	uint64_t first;

	(void)state;
	open_world(0, 4, MIB, 4 * MIB);
	for (unsigned i = 0; i < 4; i++) {
		first = submit(28);
		w.event[first].bad = w.event[first + 7].bad = true;
		serve_now();
	}
	w.posts = 0;
	submit(56);
	serve_now();
	assert_int_equal(w.posts, 8);
	submit(56);
	serve_now();
	assert_int_equal(w.posts, 9);
	assert_int_equal(count(DELIVERY_REFUSED), 4 * 14);
	close_world();
}

static void
giving_up_amid_a_split(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	submit(28);
	submit(28);
	fake_run();
	answer(0, 400, NULL);
	answer(0, 400, NULL);
	assert_int_equal(fake_http_open(), 2);
	delivery_give_up(w.delivery);
	assert_int_equal(fake_http_open(), 0);
	assert_int_equal(count(DELIVERY_DROPPED), 56);
	assert_int_equal(stats().dropped_events, 56);
	assert_true(delivery_idle(w.delivery));
	submit(4); /* and it goes on */
	serve_now();
	assert_int_equal(count(DELIVERY_TAKEN), 4);
	close_world();
}

static void
suspects_alone_are_dropped(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	submit(5);
	w.suspects = true;
	submit(7);
	fake_run();
	delivery_drop_suspects(w.delivery);
	assert_int_equal(count(DELIVERY_DROPPED), 7);
	serve_now();
	assert_int_equal(count(DELIVERY_TAKEN), 5);
	close_world();
}

/* Who waited for the place of a suspect, or for its probe, has it. */
static void
what_suspects_leave_is_taken(void **state)
{
	(void)state;
	for (int failures = 0; failures <= 3; failures += 3) {
		open_world(1, 1, MIB, 4 * MIB);
		w.suspects = true;
		submit(7);
		fake_run();
		for (int i = 0; i < failures; i++) {
			answer(0, 503, NULL);
			fake_advance(MINUTE);
		}
		assert_int_equal(fake_http_open(), 1);
		w.suspects = false;
		submit(5);
		fake_run();
		assert_int_equal(fake_http_open(), 1);
		delivery_drop_suspects(w.delivery);
		assert_int_equal(count(DELIVERY_DROPPED), 7);
		serve_now();
		assert_int_equal(count(DELIVERY_TAKEN), 5);
		close_world();
	}
}

/* Whoever has much waits behind what only waits for its turn: not behind what
 * is cut or fails by itself, but behind all while Dassana takes nothing. */
static void
what_is_a_crowd(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	for (unsigned i = 0; i < 4; i++) {
		assert_false(delivery_crowded(w.delivery));
		w.event[w.nevents].bad = true;
		submit(28);
	}
	assert_true(delivery_crowded(w.delivery));
	fake_run();
	for (unsigned i = 0; i < 4; i++)
		answer(0, 400, NULL);
	assert_false(delivery_crowded(w.delivery));
	delivery_give_up(w.delivery);
	for (unsigned i = 0; i < 4; i++)
		submit(1);
	fake_run();
	while (fake_http_open() > 0)
		answer(0, 500, NULL);
	assert_true(delivery_crowded(w.delivery));
	close_world();
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

/* What another endpoint takes at most is not known, whatever this one says or
 * has still to say. */
static void
the_limit_is_of_one_endpoint(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	for (int i = 0; i < 800; i++)
		assert_true(add_event(1000));
	batcher_seal(w.batcher);
	fake_run();
	answer(0, 413, NULL);
	serve_now();
	assert_int_equal(delivery_limit(w.delivery), 400 * 1001);
	for (int i = 0; i < 300; i++)
		assert_true(add_event(1000));
	batcher_seal(w.batcher);
	fake_run();
	go_elsewhere(DOC_COUNT_WANTED);
	delivery_retry(w.delivery);
	assert_int_equal(delivery_limit(w.delivery), SIZE_MAX);
	answer(0, 413, NULL);
	assert_int_equal(events_of_post(0), 1);
	(void)serve(0);
	serve_now();
	assert_int_equal(delivery_limit(w.delivery), SIZE_MAX);
	assert_int_equal(stats().answers[DELIVERY_A_TOO_LARGE], 2);
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

/* Five times, and each time something else was taken in between; then it is cut
 * down to the object that has the event. */
static void
a_batch_that_fails_for_ever_is_isolated(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 28; at += 5) {
		unsigned others = 0;

		open_world(1, 2, MIB, 4 * MIB);
		w.event[at].poison = true;
		submit(28);
		for (; !w.event[at].settled; others++) {
			assert_true(others < 40);
			serve_for(MINUTE);
			submit(1);
			serve_now();
		}
		assert_true(others >= 5);
		serve_for(10 * MINUTE);
		assert_true(delivery_idle(w.delivery));
		assert_int_equal(count(DELIVERY_REFUSED), 7);
		for (unsigned i = 0; i < 28; i++)
			assert_int_equal(w.event[i].outcome,
			    i / 7 == at / 7 ? DELIVERY_REFUSED
					    : DELIVERY_TAKEN);
		close_world();
	}
}

/* While others are taken all the time the search itself costs little. */
static void
poison_is_found_soon(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 112; at += 11) {
		int64_t begin;

		open_world(1, 2, MIB, 4 * MIB);
		w.event[at].poison = true;
		submit(112);
		begin = clock_mono_ms();
		while (!w.event[at].settled) {
			assert_true(clock_mono_ms() - begin < MINUTE);
			submit(1);
			serve_for(500);
		}
		assert_in_range(clock_mono_ms() - begin, 1000, 12000);
		assert_int_equal(count(DELIVERY_REFUSED), 7);
		assert_true(w.posts - w.takes <= 6 + 4);
		assert_true(delivery_open(w.delivery));
		close_world();
	}
}

/* Halved at once then, it is no news; the last one has to fail once more by
 * comparison. */
static void
poison_is_who_failed_five_times_among_others(void **state)
{
	(void)state;
	for (unsigned halved = 0; halved < 2; halved++) {
		unsigned others = 0;

		open_world(1, 2, MIB, 4 * MIB);
		w.event[0].poison = true;
		submit(halved ? 14 : 7);
		serve_for(MINUTE);
		while (!w.event[0].settled) {
			assert_in_range(++others, 1, 5 + halved);
			submit(1);
			serve_for(MINUTE);
		}
		assert_int_equal(others, 5 + halved);
		close_world();
	}
}

/* From its third failure on it waits for another to be taken that began after
 * the first, and a second at least. */
static void
who_failed_waits_for_news(void **state)
{
	(void)state;
	open_world(0, 3, MIB, 4 * MIB);
	for (int i = 0; i < 3; i++)
		submit(1);
	fake_run();
	answer(0, 500, NULL); /* the others began before that */
	while (fake_http_open() < 3)
		fake_advance(1);
	answer(2, 500, NULL);
	while (fake_http_open() < 3)
		fake_advance(1);
	answer(0, 200, NULL);
	answer(1, 500, NULL);
	answer(0, 200, NULL);
	fake_advance(20 * 1000);
	assert_int_equal(fake_http_open(), 0);
	submit(1);
	fake_run();
	answer(0, 200, NULL);
	assert_int_equal(fake_http_open(), 1);
	answer(0, 500, NULL);
	submit(1);
	fake_run();
	answer(0, 200, NULL);
	fake_advance(999);
	assert_int_equal(fake_http_open(), 0);
	fake_advance(1);
	assert_int_equal(fake_http_open(), 1);
	answer(0, 200, NULL);
	assert_all_right();
	close_world();
}

/* It takes a minute to fail, and others come seldom: twice it is tried at once,
 * then each failure tells something. */
static void
each_failure_of_poison_tells(void **state)
{
	unsigned failed = 0;

	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	w.event[0].poison = true;
	submit(7);
	fake_run();
	while (!w.event[0].settled) {
		if (fake_http_open() > 0) {
			fake_advance(MINUTE);
			(void)serve(0);
			assert_in_range(++failed, 1, 8);
		}
		fake_advance(10000);
		submit(1);
		fake_run();
		(void)serve(fake_http_open() - 1);
		fake_advance(10000);
	}
	assert_in_range(failed, 6, 8);
	serve_now();
	close_world();
}

/* A firewall dislikes one event: three times, then it is cut out. */
static void
an_answer_of_others_is_isolated(void **state)
{
	static const int status[] = {403, 404, 302};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		open_world(1, 4, MIB, 4 * MIB);
		w.event[10].bad = true;
		w.bad_status = status[k];
		submit(28);
		for (int i = 0; i < 60; i++) {
			submit(3);
			serve_for(1000);
		}
		assert_true(delivery_idle(w.delivery));
		assert_true(delivery_open(w.delivery));
		assert_int_equal(count(DELIVERY_REFUSED), 7);
		assert_int_equal(w.event[10].outcome, DELIVERY_REFUSED);
		assert_int_equal(count(DELIVERY_TAKEN), w.nevents - 7);
		close_world();
	}
}

/* One that something on the way dislikes is refused when it has failed three
 * times more; and what is left of it is halved at once. */
static void
who_is_disliked_fails_so_often(void **state)
{
	(void)state;
	for (unsigned halved = 0; halved < 2; halved++) {
		open_world(1, 2, MIB, 4 * MIB);
		w.event[0].bad = true;
		w.bad_status = 403;
		submit(halved ? 14 : 7);
		while (!w.event[0].settled) {
			submit(1);
			serve_for(500);
		}
		assert_int_equal(w.event[0].outcome, DELIVERY_REFUSED);
		assert_int_equal(w.posts - w.takes, 1 + 3 + halved);
		close_world();
	}
}

/* Each batch has one that is disliked: now and then half of one is sent, and
 * others show the rest. */
static void
each_batch_has_one_that_is_disliked(void **state)
{
	(void)state;
	open_world(1, 2, MIB, 4 * MIB);
	w.bad_status = 403;
	for (unsigned i = 0; i < 3; i++) {
		w.event[w.nevents + 20].bad = true;
		submit(28);
	}
	serve_for(MINUTE);
	assert_int_equal(count(DELIVERY_TAKEN), 3 * 14);
	for (int i = 0; i < 30; i++) {
		submit(1);
		serve_for(MINUTE);
	}
	assert_true(delivery_open(w.delivery));
	assert_int_equal(count(DELIVERY_REFUSED), 3 * 7);
	assert_int_equal(count(DELIVERY_TAKEN), 3 * 21 + 30);
	close_world();
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
	/* However many wait: one POST in 30 s. */
	assert_true(w.posts < 180 * 2 + 20);
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
	static const int status[] = {429, 503, UNREACHED};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		open_world(0, 2, MIB, 4 * MIB);
		w.event[0].poison = true;
		w.poison_status = status[k];
		submit(1);
		for (int i = 0; i < 100; i++) {
			submit(1);
			serve_for(30000);
		}
		assert_false(w.event[0].settled);
		assert_int_equal(w.settled, 100);
		w.event[0].poison = false;
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
	    cmocka_unit_test(suspects_have_so_many_posts),
	    cmocka_unit_test(what_is_left_was_not_tried),
	    cmocka_unit_test(suspects_are_refused_at_once),
	    cmocka_unit_test(suspects_probe_like_others),
	    cmocka_unit_test(suspects_leave_probes_to_others),
	    cmocka_unit_test(runs_are_kept_whole),
	    cmocka_unit_test(few_runs_wait_for_two_answers),
	    cmocka_unit_test(the_last_few_do_not_wait_for_one_another),
	    cmocka_unit_test(long_ones_do_not_wait_either),
	    cmocka_unit_test(a_part_holds_up_nobody),
	    cmocka_unit_test(much_that_is_refused_is_sent_alone),
	    cmocka_unit_test(another_endpoint_knows_no_limit),
	    cmocka_unit_test(another_endpoint_may_take_poison),
	    cmocka_unit_test(parts_keep_the_rate),
	    cmocka_unit_test(a_part_amid_a_change_of_endpoint),
	    cmocka_unit_test(a_part_amid_a_failure),
	    cmocka_unit_test(no_part_is_larger_than_half),
	    cmocka_unit_test(all_refused),
	    cmocka_unit_test(cut_ones_leave_one),
	    cmocka_unit_test(cut_ones_take_turns),
	    cmocka_unit_test(suspects_go_one_by_one),
	    cmocka_unit_test(suspects_leave_room),
	    cmocka_unit_test(much_refused_is_sent_apart),
	    cmocka_unit_test(giving_up_amid_a_split),
	    cmocka_unit_test(suspects_alone_are_dropped),
	    cmocka_unit_test(what_suspects_leave_is_taken),
	    cmocka_unit_test(what_is_a_crowd),
	    cmocka_unit_test(a_batch_that_fails_for_ever_is_isolated),
	    cmocka_unit_test(poison_is_found_soon),
	    cmocka_unit_test(poison_is_who_failed_five_times_among_others),
	    cmocka_unit_test(who_failed_waits_for_news),
	    cmocka_unit_test(each_failure_of_poison_tells),
	    cmocka_unit_test(an_answer_of_others_is_isolated),
	    cmocka_unit_test(full_batches_too_large_with_the_buffer_full),
	    cmocka_unit_test(the_limit_is_learned_and_grows),
	    cmocka_unit_test(the_limit_is_of_one_endpoint),
	    cmocka_unit_test(below_the_floor_it_still_fits),
	    cmocka_unit_test(an_event_too_large_by_itself),
	    cmocka_unit_test(who_is_disliked_fails_so_often),
	    cmocka_unit_test(each_batch_has_one_that_is_disliked),
	    cmocka_unit_test(down_for_hours_is_no_poison),
	    cmocka_unit_test(busy_is_no_poison),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
