/*
 * A loop, an http, a scripted peer, and requests that note what they are told.
 */
#ifndef TEST_HTTP_FIXTURE_H
#define TEST_HTTP_FIXTURE_H

#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_peer.h"
#include "net/http.h"
#include "net/timer.h"

struct fixture {
	struct ev_loop *loop;
	struct http *http;
	struct timers *timers;
	struct timer *guard;
	struct peer peer;
	unsigned pending; /* asks that are not done */
	bool hung;
};

struct ask;
typedef size_t ask_take_fn(struct ask *a, struct span bytes);

struct ask {
	struct fixture *f;
	struct request *r;
	struct timer *timer; /* for what the test wants to do later */
	void (*on_timer)(struct ask *a);
	/* What to do in the callbacks, beyond noting. */
	void (*in_head)(struct ask *a);
	ask_take_fn *take; /* NULL: all */
	void (*in_done)(struct ask *a);
	struct ask *other;
	/* Notes. */
	unsigned heads, datas, dones, last_turn;
	size_t total, largest;
	bool wrong;	    /* a byte differed from peer_pattern */
	struct reply reply; /* without its spans */
	struct buf body, detail, head;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Until no ask is pending; fails when that takes more than 10 s. */
void fixture_run(struct fixture *f);
/* Turns of the loop for about so long, whatever is pending. */
void fixture_idle(struct fixture *f, int64_t ms);
/* Until something was counted; fails when that takes more than 10 s. */
void fixture_await(struct fixture *f, const unsigned *count);

/* For the next connection, and all after it. */
void use_script(struct fixture *f, const struct peer_step *script);

void ask_init(struct ask *a, struct fixture *f);
void ask_fini(struct ask *a);
/* GET of the peer's base URL, collected; change it and start. */
struct request_spec ask_spec(struct ask *a);
/* The same, streamed. */
struct request_spec ask_stream_spec(struct ask *a);
void ask_start(struct ask *a, const struct request_spec *spec);
void ask_cancel(struct ask *a);
/* Starts a stream from the peer's base URL. */
void start_stream(struct ask *a, struct fixture *f, int64_t stall_ms);

#define HTTP_TEST(fn)                                                          \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

#endif
