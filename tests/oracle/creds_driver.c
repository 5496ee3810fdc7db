/*
 * Finds credentials for creds_oracle.py, in its own environment and home as
 * everybody does, and writes "KEY SECRET TOKEN" ("-" for no token), or "! " and
 * why there are none. STS is where AWS_ENDPOINT_URL_STS says.
 */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/creds.h"
#include "aws/profile.h"
#include "base/env.h"
#include "base/mem.h"

enum { WHY_MAX = 8192 };

struct world {
	struct ev_loop *loop;
	struct timers *timers;
	struct http *http;
	struct buf why;
};

static void
on_fetched(void *arg, struct creds *c, const struct creds_failure *why)
{
	struct world *w = arg;

	if (c != NULL) {
		printf("%s %s %s\n", c->key_id, c->secret,
		    c->token != NULL ? c->token : "-");
		creds_fini(c);
	} else {
		printf(
		    "! %s; %s\n", buf_cstr(&why->text), buf_cstr(&why->advice));
	}
	ev_break(w->loop, EVBREAK_ALL);
}

static void
find(struct world *w)
{
	struct endpoint sts;
	struct creds_conf conf = {
	    .timers = w->timers, .http = w->http, .region = "us-east-1"};
	struct creds_source *s;

	CHECK(endpoint_parse(span_str(getenv("AWS_ENDPOINT_URL_STS")), &sts) ==
	      ERR_OK);
	conf.sts = &sts;
	s = creds_chain_new(&conf, &w->why);
	if (s == NULL) {
		printf("! %s\n", buf_cstr(&w->why));
		return;
	}
	s->fetch(s, on_fetched, w);
	ev_run(w->loop, 0);
	s->free(s);
}

int
main(void)
{
	struct http_conf conf = {.user_agent = "oracle",
	    .connect_timeout_ms = 5000,
	    .max_idle_connections = 1};
	struct world w = {.loop = ev_loop_new(EVFLAG_AUTO)};

	CHECK(w.loop != NULL);
	env_trim(environ);
	buf_init(&w.why, WHY_MAX);
	w.timers = timers_new(w.loop);
	w.http = http_new(w.loop, &conf);
	CHECK(w.http != NULL);
	if (profile_fault(&w.why))
		printf("! %s\n", buf_cstr(&w.why));
	else
		find(&w);
	http_free(&w.http);
	timers_free(&w.timers);
	buf_fini(&w.why);
	ev_loop_destroy(w.loop);
	return 0;
}
