#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/headline.h"

static void
says(const struct headline_facts *f, const char *text)
{
	struct buf b;

	buf_init(&b, 1024);
	headline_write(f, &b);
	assert_string_equal(buf_cstr(&b), text);
	buf_fini(&b);
}

static struct headline_facts
all_well(void)
{
	return (struct headline_facts){.creds_error = "",
	    .dassana = PART_IN(PART_WELL),
	    .queue = PART_IN(PART_WELL),
	    .s3 = PART_IN(PART_WELL)};
}

static struct part
ill(const char *problem, const char *code)
{
	struct part p = PART_IN(PART_ILL);

	p.problem = problem;
	p.code = code;
	return p;
}

static void
how_fast_it_goes(void **state)
{
	struct headline_facts f = all_well();

	(void)state;
	says(&f, "idle: waiting for messages");
	f.events = 0.4;
	says(&f, "idle: waiting for messages");
	f.messages = 1;
	says(&f, "0 events/s, 0.0 MB/s, 1 message held");
	f.events = 12345.6;
	f.bytes = 18.25e6;
	f.messages = 40;
	f.lag_s = 75;
	says(&f, "12346 events/s, 18.2 MB/s, 40 messages held, lag 75 s");
	f.messages = 0;
	f.lag_s = 0;
	says(&f, "12346 events/s, 18.2 MB/s, 0 messages held");
}

/* Each hides all that was set before it. */
static void
the_most_urgent_thing_wins(void **state)
{
	struct headline_facts f = all_well();

	(void)state;
	f.messages = 2;
	f.events = 10;
	f.s3 = ill("objects are refused", "AccessDenied");
	says(&f, "S3: objects are refused (AccessDenied)");
	f.queue = ill("it cannot be polled", "");
	says(&f, "queue: it cannot be polled");
	f.dassana = ill("no answer", "time-out");
	says(&f, "Dassana: no answer (time-out)");
	f.paused = true;
	says(&f, "paused: Dassana: no answer (time-out)");
	f.token_refused = true;
	f.paused = false; /* nothing was left to try it with */
	says(&f, "Dassana: no answer (time-out)");
	f.paused = true;
	says(&f, "paused: Dassana refused the token");
	f.creds_wanted = "instance metadata";
	f.creds_error = "HTTP status 404";
	says(&f, "waiting for credentials: instance metadata: HTTP status 404");
	f.stopping = true;
	says(&f, "draining 2 messages");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(how_fast_it_goes),
	    cmocka_unit_test(the_most_urgent_thing_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
