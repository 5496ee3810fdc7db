/* Dassana: takes events or says why not. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim_world.h"

static void
say(struct request *r, enum sim_dassana what)
{
	switch (what) {
	case SAYS_403:
		sim_reply(r, 403, NULL, "<html>blocked</html>");
		return;
	case SAYS_302:
		sim_reply(r, 302, "Location: https://example/\r\n", "moved");
		return;
	case SAYS_ZERO:
		sim_reply(r, 200, NULL, "{\"docCount\":0}");
		return;
	case SAYS_ERROR:
		sim_reply(r, 200, NULL, "{\"errorMessage\":\"timed out\"}");
		return;
	case SAYS_EMPTY:
		sim_reply(r, 200, NULL, "{}");
		return;
	case SAYS_FALSE:
		sim_reply(r, 200, NULL, "{\"success\":false}");
		return;
	case SAYS_500:
		sim_reply(r, 500, NULL, "oops");
		return;
	case SAYS_429:
		sim_reply(r, 429, NULL, "{}");
		return;
	case SAYS_OK:
	case SAYS_BOM:
	case SAYS_400:
		break;
	}
	sim_reply(r, 400, NULL, "bad event");
}

/* One line of a POST: which event it is, and what is said to it. */
static enum sim_dassana
read_event(struct span line, uint64_t *event)
{
	char *end;
	size_t object = strtoull(line.p + strlen("{\"o\":\""), &end, 16);
	uint64_t i = strtoull(end + strlen("\",\"i\":"), NULL, 10);
	const struct sim_load *l;

	CHECK(object < S.nobjects && i < S.object[object].events);
	l = &S.row->load[S.object[object].load];
	CHECK(line.n >= sim_event_bytes(l)); /* whole */
	*event = S.object[object].first + i;
	return i < l->bad ? l->dassana : SAYS_OK;
}

static struct span
whole_body(const struct request *r)
{
	static char *text;
	static size_t cap;
	size_t n = 0;

	for (size_t i = 0; i < r->spec.nbody; i++)
		n += r->spec.body[i].n;
	if (n > cap)
		text = mem_realloc(text, cap = 2 * n);
	n = 0;
	for (size_t i = 0; i < r->spec.nbody; i++) {
		memcpy(text + n, r->spec.body[i].p, r->spec.body[i].n);
		n += r->spec.body[i].n;
	}
	return (struct span){text, n};
}

/* By what held when it was sent. */
static void
refuse(struct request *r)
{
	say(r, r->refusal);
}

static void
serve(struct request *r)
{
	static uint64_t *event;
	static size_t cap;
	enum sim_dassana said = SAYS_OK, bad = SAYS_OK;
	struct span body;
	size_t n = 0;

	body = whole_body(r);
	while (body.n > 0) {
		if (n == cap)
			event = mem_realloc(
			    event, (cap = 2 * cap + 64) * sizeof *event);
		said = read_event(span_cut(&body, '\n'), &event[n++]);
		if (said != SAYS_OK)
			bad = said;
	}
	if (bad != SAYS_OK && bad != SAYS_BOM) {
		say(r, bad);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		S.again += S.acks[event[i]] > 0;
		S.acks[event[i]] = 1;
	}
	S.events += n;
	sim_reply(r, 200, NULL, "%s{\"docCount\":%zu}",
	    bad == SAYS_BOM ? "\xef\xbb\xbf" : "", n);
}

/* Mostly quick; now and then a later one is answered first. */
static int64_t
latency(void)
{
	if (S.row->post_ms > 0)
		return S.row->post_ms;
	return 20 + (int64_t)sim_random(sim_random(8) ? 130 : 5 * SIM_S);
}

void
sim_dassana_open(struct request *r)
{
	const struct sim_fault *f = sim_fault_now();

	S.posts++;
	S.proc[r->http->proc].fault_posts++;
	r->refusal = f != NULL ? f->dassana : SAYS_OK;
	sim_later(r, latency(), r->refusal != SAYS_OK ? refuse : serve);
}
