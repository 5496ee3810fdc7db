/* What a keeper tells of what it has: to who asks, and to the log. */
#include "aws/creds_priv.h"
#include "base/clock.h"

enum { LOG_EVERY = 32 /* failures in a row */ };

int64_t
keeper_left_ms(const struct creds_keeper *k)
{
	int64_t ms;

	if (k->set.key_id == NULL)
		return 0;
	if (k->set.expires_s == 0)
		return KEEPER_NEVER;
	ms = (k->set.expires_s - clock_offset_s(&k->offset)) * 1000 -
	     clock_wall_ms();
	return ms > 0 ? ms : 0;
}

bool
keeper_in_time(const struct creds_keeper *k)
{
	return keeper_left_ms(k) > 0;
}

const struct creds *
creds_get(const struct creds_keeper *k)
{
	if (keeper_in_time(k) || (k->overdue && !k->is_bad))
		return &k->set;
	return NULL;
}

/* Not every line of a long failure: the first, and any that says another
 * thing. */
void
keeper_log_failure(
    const struct creds_keeper *k, const struct creds_failure *why)
{
	bool valid = creds_get(k) != NULL;
	enum log_level level = valid ? LOG_LVL_WARN : LOG_LVL_ERROR;

	if (k->quiet || (k->failures % LOG_EVERY != 1 &&
			    creds_failure_is_same(why, &k->failure)))
		level = LOG_LVL_DEBUG;
	creds_failure_log(why, level, k->source->name, k->failures, valid);
}

void
keeper_log_set(const struct creds_keeper *k, bool is_news)
{
	enum log_level level = is_news ? LOG_LVL_INFO : LOG_LVL_DEBUG;

	if (k->set.expires_s == 0)
		LOG_AT(level, "creds.fetch", F_STR("source", k->source->name),
		    F_STR("expires", "never"));
	else
		LOG_AT(level, "creds.fetch", F_STR("source", k->source->name),
		    F_INT("expires_in_s", keeper_left_ms(k) / 1000));
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
	if (k->failure.text.n > 0)
		return buf_cstr(&k->failure.text);
	return k->set.key_id != NULL ? "the credentials have expired"
				     : "credentials are being fetched";
}

const struct creds_failure *
creds_failure(const struct creds_keeper *k)
{
	return creds_get(k) == NULL && k->failure.text.n > 0 ? &k->failure
							     : NULL;
}

void
creds_keeper_quiet(struct creds_keeper *k)
{
	k->quiet = true;
}

struct creds_stats
creds_stats(const struct creds_keeper *k)
{
	struct creds_stats s = {.fetches = k->all_fetches,
	    .failures = k->all_failures,
	    .sts = k->source->sts};
	int64_t left = keeper_left_ms(k);

	s.left_s = left == KEEPER_NEVER ? -1 : left / 1000;
	return s;
}
