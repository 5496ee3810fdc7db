#include "flow/grant.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/advice.h"

enum { PROBE_FIRST_MS = 1000, PROBE_MAX_MS = 60000 };

struct grant {
	bool closed;
	bool turn;  /* one GET may start that otherwise may not */
	bool trial; /* and it should be of a fresh object */
	bool no_creds;
	struct aws_result why; /* it was closed */
	int64_t closed_ms;
	bool read_any;	 /* an object, ever */
	unsigned probes; /* since something was read, or it was closed */
	uint64_t started, closed_at;	  /* numbers of GETs */
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
	timer_after(g->probe, g->probe_ms);
	g->probe_ms *= 2;
	if (g->probe_ms > PROBE_MAX_MS)
		g->probe_ms = PROBE_MAX_MS;
}

void
grant_later(struct grant *g)
{
	if (!timer_armed(g->probe))
		arm(g);
}

static void
end_turn(struct grant *g)
{
	g->turn = g->trial = false;
}

/* There are none to sign with, so a fresh object cannot be tried either. */
static bool
lacks_creds(const struct grant *g)
{
	return g->closed && g->why.class == AWS_NO_CREDS;
}

static void
on_probe(void *arg)
{
	struct grant *g = arg;
	bool more;

	g->turn = true;
	g->trial = ++g->probes % 2 == 0 && !lacks_creds(g);
	more = g->retry(g->arg);
	/* If there was nothing to try, it is the next one's turn. */
	if (g->turn && (more || g->closed))
		arm(g);
	else
		end_turn(g);
}

struct grant *
grant_new(struct timers *t, grant_retry_fn *retry, void *arg)
{
	struct grant *g = mem_zalloc(sizeof *g);

	g->probe = timer_new(t, on_probe, g);
	g->probe_ms = PROBE_FIRST_MS;
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

uint64_t
grant_start(struct grant *g, bool held)
{
	bool needs_turn = g->closed || held;

	if (needs_turn && !g->turn)
		return 0;
	/* There are more that were not tried yet: go on at that pace. */
	if (g->trial && !held) {
		g->probe_ms = PROBE_FIRST_MS;
		timer_stop(g->probe);
	}
	if (needs_turn || g->trial)
		end_turn(g);
	return ++g->started;
}

bool
grant_calm(const struct grant *g)
{
	return !g->closed && g->nrefused == 0;
}

uint64_t
grant_started(const struct grant *g)
{
	return g->started;
}

bool
grant_on_trial(const struct grant *g)
{
	return g->turn && g->trial;
}

/* Of what comes before a closing. */
static void
begin_again(struct grant *g)
{
	g->nrefused = 0;
	g->probes = 0;
	g->probe_ms = PROBE_FIRST_MS;
	g->no_creds = false;
}

static void
reopen(struct grant *g, const char *why)
{
	g->closed = false;
	end_turn(g);
	begin_again(g);
	LOG_INFO("s3.gate.opened", F_STR("because", why));
}

bool
grant_read(struct grant *g, uint64_t number)
{
	if (g->closed && number <= g->closed_at)
		return false;
	g->read_any = true;
	if (g->closed)
		reopen(g, "an object could be read");
	else
		begin_again(g);
	return true;
}

void
grant_nothing_held(struct grant *g)
{
	if (!g->closed)
		return;
	reopen(g, "no object is left to try");
	/* Runs the retry from the loop, never from inside this call. */
	timer_soon(g->probe);
}

void
grant_probe_now(struct grant *g)
{
	if (!timer_armed(g->probe))
		return;
	g->probe_ms = PROBE_FIRST_MS;
	timer_soon(g->probe);
}

/* That a signature is wrong may be said of one key that a proxy rewrites. */
static bool
is_of_the_request(const struct aws_result *r)
{
	return strncmp(r->code, "Signature", 9) == 0 ||
	       strncmp(r->code, "InvalidSignature", 16) == 0 ||
	       strncmp(r->code, "IncompleteSignature", 19) == 0 ||
	       strcmp(r->code, "AuthorizationHeaderMalformed") == 0 ||
	       strcmp(r->code, "MissingSecurityHeader") == 0;
}

bool
grant_needs_creds(const struct aws_result *r)
{
	return r->class == AWS_NO_CREDS ||
	       (r->class == AWS_BAD_CREDS && !is_of_the_request(r));
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

/* S3 itself says something of this one object. */
static bool
is_own(const struct aws_result *r)
{
	static const char *const codes[] = {"InvalidObjectState",
	    "InvalidRange", "NoSuchKey", "NoSuchVersion", "ObjectChanged",
	    "PreconditionFailed"};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (strcmp(r->code, codes[i]) == 0)
			return true;
	}
	return false;
}

/* What may be true of every object, as when something else answers in S3's
 * place. What breaks off later is its own. */
static bool
may_be_all(const struct aws_result *r, bool answered)
{
	switch (r->class) {
	case AWS_NO_CREDS:
	case AWS_BAD_CREDS:
	case AWS_DENIED:
	case AWS_WRONG_REGION:
		return true;
	case AWS_TRANSIENT:
	case AWS_THROTTLED:
	case AWS_NOT_FOUND:
	case AWS_OTHER:
		return !answered && !is_own(r);
	case AWS_OK:
		break;
	}
	return false;
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
set_why(struct grant *g, const struct aws_result *r)
{
	g->no_creds = grant_needs_creds(r);
	g->why = *r;
	g->why.reply = NULL;
}

static void
close_gate(struct grant *g, struct span bucket, struct span key,
    const struct aws_result *r)
{
	end_turn(g);
	begin_again(g);
	g->closed = true;
	g->closed_at = g->started;
	timer_stop(g->probe);
	g->closed_ms = clock_mono_ms();
	LOG_EACH(LOG_LVL_ERROR, "s3.gate.closed", F_SPAN("bucket", bucket),
	    F_SPAN("key", key), F_ERR(r->err), AWS_FIELDS(r),
	    F_STR("advice", advice_get(r)),
	    F_STR("effect",
		"polling is paused, what is held stays leased, nothing is "
		"lost; one object is tried from time to time"));
}

bool
grant_refused(struct grant *g, struct span bucket, struct span key,
    const struct aws_result *r, bool answered)
{
	uint64_t h = hash(hash(0xcbf29ce484222325u, bucket), key);

	if (!may_be_all(r, answered))
		return false;
	if (!g->closed) {
		if (g->nrefused < GRANT_REFUSALS && is_new(g, h))
			g->refused[g->nrefused++] = h;
		if (g->nrefused == GRANT_REFUSALS || grant_needs_creds(r))
			close_gate(g, bucket, key, r);
	}
	if (g->closed)
		set_why(g, r);
	grant_later(g);
	return true;
}
