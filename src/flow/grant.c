#include "flow/grant.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/advice.h"

enum { PROBE_FIRST_MS = 1000, PROBE_MAX_MS = 60000 };

struct grant {
	bool closed;
	bool turn;  /* closed: one GET may start */
	bool trial; /* and it should be of a fresh object */
	bool no_creds;
	struct aws_result why; /* it was closed */
	int64_t closed_ms;
	bool read_any;	 /* an object, ever */
	unsigned probes; /* since it was closed */
	unsigned era;
	uint64_t refused[GRANT_REFUSALS]; /* keys refused in a row, as hashes */
	unsigned nrefused;
	int64_t probe_ms; /* the next delay */
	struct timer *probe;
	grant_retry_fn *retry;
	void *arg;
};

/* FNV-1a; a collision only delays the closing by one refusal. */
static uint64_t
hash(uint64_t h, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h;
}

static void
arm(struct grant *g)
{
	if (timer_armed(g->probe))
		return;
	timer_after(g->probe, g->probe_ms);
	g->probe_ms *= 2;
	if (g->probe_ms > PROBE_MAX_MS)
		g->probe_ms = PROBE_MAX_MS;
}

static void
on_probe(void *arg)
{
	struct grant *g = arg;

	g->turn = true;
	g->trial = g->closed && !g->no_creds && ++g->probes % 2 == 0;
	g->retry(g->arg);
	/* There may be nothing to try: then it is the next one's turn. */
	if (g->closed && g->turn)
		arm(g);
}

struct grant *
grant_new(struct timers *t, grant_retry_fn *retry, void *arg)
{
	struct grant *g = mem_zalloc(sizeof *g);

	g->probe = timer_new(t, on_probe, g);
	g->retry = retry;
	g->arg = arg;
	return g;
}

void
grant_free(struct grant **gp)
{
	struct grant *g = *gp;

	if (g == NULL)
		return;
	timer_free(&g->probe);
	mem_free(g);
	*gp = NULL;
}

bool
grant_open(const struct grant *g)
{
	return !g->closed;
}

bool
grant_start(struct grant *g)
{
	bool may = !g->closed || g->turn;

	g->turn = g->trial = false;
	return may;
}

bool
grant_on_trial(const struct grant *g)
{
	return g->closed && g->trial;
}

static void
reopen(struct grant *g, const char *why)
{
	g->closed = g->turn = g->trial = false;
	g->nrefused = 0;
	LOG_INFO("s3.gate.opened", F_STR("because", why));
	/* Runs the retry from the loop, never from inside this call. */
	timer_soon(g->probe);
}

unsigned
grant_era(const struct grant *g)
{
	return g->era;
}

bool
grant_read(struct grant *g, unsigned era)
{
	if (g->closed && era != g->era)
		return false;
	g->read_any = true;
	g->nrefused = 0;
	if (!g->closed)
		return false;
	reopen(g, "an object could be read");
	return true;
}

void
grant_failed(struct grant *g)
{
	if (g->closed)
		arm(g);
}

void
grant_nothing_held(struct grant *g)
{
	if (g->closed)
		reopen(g, "no object is left to try");
}

void
grant_probe_now(struct grant *g)
{
	if (!g->closed)
		return;
	g->probe_ms = PROBE_FIRST_MS;
	timer_soon(g->probe);
}

bool
grant_needs_creds(const struct aws_result *r)
{
	return r->class == AWS_NO_CREDS || r->class == AWS_BAD_CREDS;
}

struct part
grant_part(const struct grant *g)
{
	struct part p = PART_IN(g->read_any ? PART_WELL : PART_UNTRIED);

	if (!g->closed)
		return p;
	p.mood = PART_ILL;
	p.problem = g->no_creds ? "S3 refuses the credentials"
				: "S3 lets no object be read";
	p.code = advice_code(&g->why);
	p.detail = g->why.message;
	p.advice = advice_get(&g->why);
	p.since_ms = g->closed_ms;
	return p;
}

static bool
is_refusal(const struct aws_result *r)
{
	return grant_needs_creds(r) || r->class == AWS_DENIED ||
	       strcmp(r->code, "NoSuchBucket") == 0;
}

static bool
is_new(const struct grant *g, uint64_t h)
{
	for (unsigned i = 0; i < g->nrefused; i++) {
		if (g->refused[i] == h)
			return false;
	}
	return true;
}

static void
close_gate(struct grant *g, struct span bucket, struct span key,
    const struct aws_result *r)
{
	g->closed = true;
	g->era++;
	g->turn = g->trial = false;
	g->no_creds = grant_needs_creds(r);
	g->probes = 0;
	g->probe_ms = PROBE_FIRST_MS;
	g->why = *r;
	g->why.reply = NULL;
	g->closed_ms = clock_mono_ms();
	LOG_ERROR("s3.gate.closed", F_SPAN("bucket", bucket),
	    F_SPAN("key", key), AWS_FIELDS(r), F_STR("advice", advice_get(r)),
	    F_STR("effect",
		"polling is paused, what is held stays leased, nothing is "
		"lost; one object is tried from time to time"));
}

bool
grant_refused(struct grant *g, struct span bucket, struct span key,
    const struct aws_result *r)
{
	uint64_t h = hash(hash(0xcbf29ce484222325u, bucket), key);

	if (!is_refusal(r)) {
		grant_failed(g);
		return false;
	}
	if (!g->closed) {
		if (g->nrefused < GRANT_REFUSALS && is_new(g, h))
			g->refused[g->nrefused++] = h;
		if (g->nrefused < GRANT_REFUSALS && !grant_needs_creds(r))
			return false;
		close_gate(g, bucket, key, r);
	}
	arm(g);
	return true;
}
