/*
 * The keeper. At any time either a fetch is under way or the refresh timer is
 * armed, or neither: then the set never expires and nobody has refused it.
 *
 *	fetch ok	-> keep the set; refresh timer for the next one
 *	fetch failed	-> the old set stays; refresh timer with back-off
 *	set expires	-> expiry timer: changed
 *	refused		-> refresh timer, soon but not too often
 */
#include "aws/creds.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	REFRESH_BEFORE_S = 600,
	REFRESH_JITTER_S = 60,
	REFRESH_MIN_MS = 5000,
	RETRY_MIN_MS = 1000,
	RETRY_BASE_MS = 2000,
	RETRY_CAP_MS = 60 * 1000,
	TIMER_MAX_S = 24 * 3600, /* a timer that fires early does no harm */
	ERROR_MAX = 1024,
};

struct creds_keeper {
	struct creds_source *source;
	struct timer *refresh, *expiry;
	creds_changed_fn *changed;
	void *arg;
	struct creds set; /* key_id NULL: none yet */
	struct buf error;
	int64_t offset_s;
	int64_t fetched_ms; /* when the last fetch was started */
	unsigned failures;  /* in a row */
	bool fetching;
	bool told_valid; /* what changed has last told */
};

static void
wipe_string(char **s)
{
	if (*s != NULL)
		mem_wipe(*s, strlen(*s));
	mem_free(*s);
	*s = NULL;
}

void
creds_fini(struct creds *c)
{
	wipe_string(&c->key_id);
	wipe_string(&c->secret);
	wipe_string(&c->token);
	c->expires_s = 0;
}

/* What is put into a header must be visible ASCII. */
static bool
is_sendable(const char *s)
{
	if (s == NULL || *s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	}
	return true;
}

static int64_t
left_s(const struct creds_keeper *k)
{
	return k->set.expires_s - (clock_wall_s() + k->offset_s);
}

const struct creds *
creds_get(const struct creds_keeper *k)
{
	if (k->set.key_id == NULL || (k->set.expires_s != 0 && left_s(k) <= 0))
		return NULL;
	return &k->set;
}

static void
arm_expiry(struct creds_keeper *k)
{
	int64_t s;

	timer_stop(k->expiry);
	if (k->set.expires_s == 0 || creds_get(k) == NULL)
		return;
	s = left_s(k);
	timer_after(k->expiry, (s < TIMER_MAX_S ? s : TIMER_MAX_S) * 1000);
}

static void
arm_refresh(struct creds_keeper *k)
{
	int64_t left, ms;

	if (k->set.expires_s == 0)
		return;
	left = left_s(k);
	ms = (left - REFRESH_BEFORE_S -
		 (int64_t)clock_random(REFRESH_JITTER_S)) *
	     1000;
	if (left < 2 * REFRESH_BEFORE_S)
		ms = left * 500;
	if (ms < REFRESH_MIN_MS)
		ms = REFRESH_MIN_MS;
	if (ms > TIMER_MAX_S * (int64_t)1000)
		ms = TIMER_MAX_S * (int64_t)1000;
	timer_after(k->refresh, ms);
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
take_failure(struct creds_keeper *k, const char *error)
{
	int64_t ms = clock_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, k->failures);

	k->failures++;
	buf_reset(&k->error);
	buf_span(&k->error, (struct span){error, strnlen(error, ERROR_MAX)});
	LOG_WARN("creds.fetch", F_STR("source", k->source->name),
	    F_STR("error", error), F_INT("failures", k->failures),
	    F_STR("still_valid", creds_get(k) != NULL ? "yes" : "no"));
	timer_after(k->refresh, ms > RETRY_MIN_MS ? ms : RETRY_MIN_MS);
}

static void
on_fetched(void *arg, struct creds *c, const char *error)
{
	struct creds_keeper *k = arg;

	k->fetching = false;
	if (c != NULL && (!is_sendable(c->key_id) || !is_sendable(c->secret) ||
			     (c->token != NULL && !is_sendable(c->token)))) {
		creds_fini(c);
		c = NULL;
		error = "the credentials are empty or have blanks or control "
			"characters in them; copy them again";
	}
	if (c == NULL) {
		take_failure(k, error != NULL ? error : "no credentials");
	} else {
		creds_fini(&k->set);
		k->set = *c;
		*c = (struct creds){0};
		k->failures = 0;
		buf_reset(&k->error);
		if (k->set.expires_s == 0)
			LOG_INFO("creds.fetch",
			    F_STR("source", k->source->name),
			    F_STR("expires", "never"));
		else
			LOG_INFO("creds.fetch",
			    F_STR("source", k->source->name),
			    F_INT("expires_in_s", left_s(k)));
		arm_refresh(k);
	}
	arm_expiry(k);
	tell(k);
}

static void
fetch(void *arg)
{
	struct creds_keeper *k = arg;

	if (k->fetching)
		return;
	k->fetching = true;
	k->fetched_ms = clock_mono_ms();
	k->source->fetch(k->source, on_fetched, k);
}

static void
on_expiry(void *arg)
{
	struct creds_keeper *k = arg;

	arm_expiry(k);
	if (creds_get(k) == NULL && k->told_valid)
		LOG_ERROR("creds.expired", F_STR("source", k->source->name),
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
	k->refresh = timer_new(t, fetch, k);
	k->expiry = timer_new(t, on_expiry, k);
	buf_init(&k->error, ERROR_MAX);
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
	buf_fini(&k->error);
	mem_free(k);
	*kp = NULL;
}

void
creds_refused(struct creds_keeper *k, const char *key_id)
{
	int64_t due = k->fetched_ms + REFRESH_MIN_MS;
	int64_t now = clock_mono_ms();

	if (k->set.key_id == NULL || strcmp(k->set.key_id, key_id) != 0)
		return;
	/* After a failure the timer runs already, with its own back-off. */
	if (k->fetching || k->failures > 0)
		return;
	timer_after(k->refresh, due > now ? due - now : 0);
}

void
creds_set_offset(struct creds_keeper *k, int64_t offset_s)
{
	k->offset_s = offset_s;
	arm_expiry(k);
	if (!k->fetching && k->failures == 0)
		arm_refresh(k);
}

const char *
creds_source_name(const struct creds_keeper *k)
{
	return k->source->name;
}

const char *
creds_error(const struct creds_keeper *k)
{
	if (creds_get(k) != NULL)
		return "";
	if (k->error.n > 0)
		return buf_cstr(&k->error);
	return k->set.key_id != NULL ? "the credentials have expired"
				     : "credentials are being fetched";
}
