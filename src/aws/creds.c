/*
 * The keeper. At any time either a fetch is under way or the refresh timer is
 * armed, or neither: then the set never expires and nobody has refused it.
 *
 *	fetch ok	-> keep the set; refresh timer for the next one
 *	fetch failed	-> the old set stays; refresh timer with back-off
 *	set expires	-> expiry timer: changed, or overdue
 *	refused		-> refresh timer, soon but not too often
 *
 * overdue: the set has expired and serves on, since its source is one that does
 * and AWS has not refused it. One that was refused is not valid again.
 */
#include "aws/creds.h"

#include <string.h>

#include "aws/creds_priv.h"
#include "base/advice.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	REFRESH_BEFORE_MS = 600 * 1000,
	AGAIN_MS = 60 * 1000,  /* where the source has nothing newer yet */
	APART_MIN_MS = 1000,   /* of two fetches */
	REFUSED_MIN_MS = 5000, /* the same after a refusal */
	RETRY_BASE_MS = 2000,
	RETRY_CAP_MS = 60 * 1000,
	/* A timer that fires early looks at the clock again: the wall clock may
	 * be set, and the monotonic one stands still while a machine sleeps. */
	WAKE_MAX_MS = 5 * 60 * 1000,
	LOG_EVERY = 32,		    /* failures in a row */
	OVERDUE_MS = 5 * 60 * 1000, /* to twice that */
};

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
arm_expiry(struct creds_keeper *k)
{
	int64_t ms = keeper_left_ms(k);

	timer_stop(k->expiry);
	if (ms > 0 && ms != KEEPER_NEVER)
		timer_after(k->expiry, least(ms, WAKE_MAX_MS));
}

/* Sets of many daemons expire together; they should not all ask together. */
static void
set_window(struct creds_keeper *k)
{
	int64_t left = keeper_left_ms(k), life, w;

	life = left != KEEPER_NEVER ? left + clock_mono_ms() - k->since_ms : 0;
	w = least(REFRESH_BEFORE_MS, life > 0 ? life / 4 : 0);

	k->window_ms = w - w / 10 + (int64_t)clock_random((uint64_t)w / 5 + 1);
}

/* When to ask again within the window: more often the less is left. */
static int64_t
again_ms(int64_t left, int64_t cap_ms)
{
	int64_t ms = least(cap_ms, left / 4);

	return ms > APART_MIN_MS ? ms : APART_MIN_MS;
}

static int64_t
overdue_ms(void)
{
	return OVERDUE_MS + (int64_t)clock_random(OVERDUE_MS);
}

/* Expired, but nobody else has anything newer: AWS judges. */
static void
serve_on(struct creds_keeper *k)
{
	if (!k->source->serves_on || k->is_bad || k->set.key_id == NULL ||
	    keeper_in_time(k))
		return;
	if (k->overdue)
		return;
	k->overdue = true;
	LOG_WARN("creds.overdue", F_STR("source", k->source->name),
	    F_INT("expired_s",
		clock_wall_s() + clock_offset_s(&k->offset) - k->set.expires_s),
	    F_STR("effect", "they are used until AWS refuses them, and others "
			    "are asked for every 5 to 10 minutes"));
}

static void
arm_refresh(struct creds_keeper *k)
{
	int64_t left = keeper_left_ms(k), ms = left - k->window_ms;

	timer_stop(k->refresh);
	if (k->set.expires_s == 0)
		return;
	if (k->overdue) {
		timer_after(k->refresh, overdue_ms());
		return;
	}
	if (ms < APART_MIN_MS)
		ms = again_ms(left, AGAIN_MS);
	timer_after(k->refresh, least(ms, WAKE_MAX_MS));
}

/* Last thing that its caller does: changed may free the keeper. */
static void
tell(struct creds_keeper *k)
{
	bool valid = creds_get(k) != NULL;

	if (valid == k->told_valid)
		return;
	k->told_valid = valid;
	if (k->changed != NULL)
		k->changed(k->arg);
}

static void
take_failure(struct creds_keeper *k, const struct creds_failure *why)
{
	int64_t ms = clock_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, k->failures);
	int64_t left;

	k->failures++;
	k->all_failures++;
	keeper_log_failure(k, why);
	creds_failure_reset(&k->failure);
	creds_failure_add(&k->failure, why);
	if (why->again_ms > 0)
		ms = least(ms, why->again_ms);
	if (ms < APART_MIN_MS)
		ms = APART_MIN_MS;
	left = keeper_left_ms(k);
	if (left > 0 && left != KEEPER_NEVER)
		ms = again_ms(left, ms);
	serve_on(k);
	if (k->overdue && !k->is_bad)
		ms = overdue_ms();
	timer_after(k->refresh, ms);
}

/* A failure that is found here and not by the source. */
static void
fail(struct creds_keeper *k, const char *text, enum cause cause)
{
	struct creds_failure f;

	creds_failure_init(&f);
	buf_str(&f.text, text);
	buf_str(&f.advice, advice_of(cause));
	take_failure(k, &f);
	creds_failure_fini(&f);
}

/*
 * Keeps the set; false if that leaves us with an expired one. What AWS has said
 * of our clock counts until it alone makes a fresh set an expired one: then the
 * clock was set right meanwhile, and whoever gave the set knows better.
 */
static bool
take_set(struct creds_keeper *k, struct creds *c)
{
	bool was_in_time = keeper_in_time(k);
	bool is_same =
	    k->set.key_id != NULL && strcmp(c->key_id, k->set.key_id) == 0;
	struct clock_offset known = k->offset;
	struct creds old = k->set;

	k->set = *c;
	*c = (struct creds){0};
	if (!keeper_in_time(k))
		clock_offset_learn(&k->offset, k->set.offset_s);
	if (!keeper_in_time(k))
		k->offset = known;
	if (!keeper_in_time(k) && was_in_time) {
		creds_fini(&k->set);
		k->set = old;
		return false;
	}
	k->is_bad = k->is_bad && is_same && !keeper_in_time(k);
	k->overdue = k->overdue && !k->is_bad && !keeper_in_time(k);
	serve_on(k);
	if (k->set.expires_s != old.expires_s)
		k->since_ms = clock_mono_ms();
	if (k->set.expires_s != old.expires_s ||
	    k->offset.learned_s != known.learned_s)
		set_window(k);
	creds_fini(&old);
	return creds_get(k) != NULL;
}

static void
on_fetched(void *arg, struct creds *c, const struct creds_failure *why)
{
	struct creds_keeper *k = arg;
	bool is_news =
	    k->failures > 0 || (c != NULL && !creds_are_same(c, &k->set));

	k->fetching = false;
	if (c == NULL) {
		take_failure(k, why);
	} else if (!creds_are_whole(c)) {
		creds_fini(c);
		fail(k,
		    "the credentials are empty or have blanks or control "
		    "characters in them",
		    CAUSE_CREDS_BROKEN);
	} else if (!take_set(k, c)) {
		fail(k, "the source gave credentials that have expired",
		    CAUSE_CREDS_EXPIRED);
	} else {
		keeper_log_set(k, is_news && !k->overdue);
		k->failures = 0;
		creds_failure_reset(&k->failure);
		arm_refresh(k);
	}
	arm_expiry(k);
	tell(k);
}

static void
fetch(struct creds_keeper *k)
{
	k->fetching = true;
	k->all_fetches++;
	k->refused = false;
	k->fetched_ms = clock_mono_ms();
	k->source->fetch(k->source, on_fetched, k);
}

static void
on_refresh(void *arg)
{
	struct creds_keeper *k = arg;

	if (!k->refused && k->failures == 0 &&
	    keeper_left_ms(k) > k->window_ms + APART_MIN_MS)
		arm_refresh(k);
	else
		fetch(k);
}

static void
on_expiry(void *arg)
{
	struct creds_keeper *k = arg;

	arm_expiry(k);
	if (k->source->serves_on && !k->overdue)
		serve_on(k);
	if (creds_get(k) == NULL && k->told_valid)
		LOG_EACH(LOG_LVL_ERROR, "creds.expired",
		    F_STR("source", k->source->name),
		    F_STR("effect", "nothing is fetched until there are new "
				    "ones"),
		    F_STR("error", creds_error(k)));
	tell(k);
}

struct creds_keeper *
creds_keeper_new(struct timers *t, struct creds_source *source,
    creds_changed_fn *changed, void *arg)
{
	struct creds_keeper *k = mem_zalloc(sizeof *k);

	k->source = source;
	k->changed = changed;
	k->arg = arg;
	k->refresh = timer_new(t, on_refresh, k);
	k->expiry = timer_new(t, on_expiry, k);
	creds_failure_init(&k->failure);
	fetch(k);
	return k;
}

void
creds_keeper_free(struct creds_keeper **kp)
{
	struct creds_keeper *k = *kp;

	if (k == NULL)
		return;
	k->source->cancel(k->source);
	k->source->free(k->source);
	timer_free(&k->refresh);
	timer_free(&k->expiry);
	creds_fini(&k->set);
	creds_failure_fini(&k->failure);
	mem_free(k);
	*kp = NULL;
}

void
creds_refused(struct creds_keeper *k, const char *key_id)
{
	int64_t due = k->fetched_ms + REFUSED_MIN_MS;
	int64_t now = clock_mono_ms();

	if (k->set.key_id == NULL || strcmp(k->set.key_id, key_id) != 0)
		return;
	if (k->fetching)
		return;
	/* After a failure the timer runs already, with its own back-off. */
	if (k->failures > 0 && !k->overdue)
		return;
	if (k->overdue && !k->is_bad) {
		k->is_bad = true;
		timer_soon(k->expiry);
	}
	k->refused = true;
	timer_after(k->refresh, due > now ? due - now : 0);
}

void
creds_set_offset(struct creds_keeper *k, int64_t offset_s)
{
	clock_offset_learn(&k->offset, offset_s);
	set_window(k);
	arm_expiry(k);
	if (!k->fetching && !k->refused && k->failures == 0)
		arm_refresh(k);
	if ((creds_get(k) != NULL) != k->told_valid)
		timer_soon(k->expiry);
}
