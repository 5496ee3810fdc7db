/* The loop, timers and HTTP of the real kind. */
#include <ev.h>
#include <signal.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/timer.h"

#include "oom.h"

#define LIBEV "(libev) cannot allocate"

static void
on_done(void *arg, const struct reply *r)
{
	/* Whatever the reason is: nobody listens there. */
	CHECK(r->err != ERR_OK);
	ev_break(arg, EVBREAK_ALL);
}

static void
run_request(void)
{
	const struct http_conf conf = {.user_agent = "oom",
	    .connect_timeout_ms = 2000,
	    .max_idle_connections = 2};
	const struct http_header header = {"x-a", "b"};
	const struct span body = SPAN("hello");
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct http *h;

	if (loop == NULL)
		return;
	h = http_new(loop, &conf);
	if (h != NULL) {
		(void)request_start(h, &(struct request_spec){
					   .method = "POST",
					   .url = "http://127.0.0.1:1/",
					   .headers = &header,
					   .nheaders = 1,
					   .body = &body,
					   .nbody = 1,
					   .total_timeout_ms = 5000,
					   .reply_max = 1024,
					   .on_done = on_done,
					   .arg = loop,
				       });
		ev_run(loop, 0);
	}
	http_free(&h);
	ev_loop_destroy(loop);
}

static void
on_timer(void *arg)
{
	ev_break(arg, EVBREAK_ALL);
}

static void
run_timer(void)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct timers *timers;
	struct timer *timer;

	if (loop == NULL)
		return;
	timers = timers_new(loop);
	timer = timer_new(timers, on_timer, loop);
	timer_after(timer, 1);
	ev_run(loop, 0);
	timer_free(&timer);
	timers_free(&timers);
	ev_loop_destroy(loop);
}

int
main(void)
{
	static const struct oom_scenario all[] = {
	    {.name = "timer", .run = run_timer, .last_words = {LIBEV}},
	    {.name = "request", .run = run_request, .last_words = {LIBEV}},
	    {.name = NULL},
	};

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LVL_ERROR);
	return oom_main(all);
}
