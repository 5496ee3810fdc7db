#include "daemon/hosts.h"

#include <string.h>

#include "base/mem.h"

/* The one for this service, else the one for all; false: neither is set. */
static bool
spelled_out(const struct config *c, const char *own, struct endpoint *out)
{
	const char *url = *own != '\0' ? own : c->endpoint_url;

	return *url != '\0' && endpoint_parse(span_str(url), out) == ERR_OK;
}

static struct endpoint_variant
variant_of(const struct config *c)
{
	return (struct endpoint_variant){.fips = c->use_fips_endpoint != 0,
	    .dual_stack = c->use_dualstack_endpoint != 0};
}

/* Whether it is one of AWS's public hosts, which have variants. */
static bool
is_public(const struct endpoint *e, const char *region)
{
	return *region != '\0' && !endpoint_is_vpce(e);
}

/* The variant that the host of a queue URL is by itself. */
static struct endpoint_variant
variant_in(const struct endpoint *e, const char *region)
{
	struct endpoint_variant v = {
	    .fips = span_starts(span_str(e->host), "sqs-fips."),
	    .dual_stack = true};
	struct endpoint dual;

	v.dual_stack = endpoint_choose("sqs", region, v, &dual) == ERR_OK &&
		       strcmp(dual.host, e->host) == 0;
	return v;
}

static void
find_sqs(const struct config *c, struct hosts *h)
{
	struct endpoint_variant v = h->variant, own;
	char region[REGION_MAX];

	CHECK(endpoint_queue_url(span_str(c->queue_url), &h->sqs, region) ==
	      ERR_OK);
	if (spelled_out(c, c->endpoint_url_sqs, &h->sqs) ||
	    !is_public(&h->sqs, region) || (!v.fips && !v.dual_stack))
		return;
	/* What the URL asks for by itself is not taken back. */
	own = variant_in(&h->sqs, region);
	v.fips |= own.fips;
	v.dual_stack |= own.dual_stack;
	(void)endpoint_choose("sqs", region, v, &h->sqs);
}

void
hosts_find(const struct config *c, struct hosts *out)
{
	*out = (struct hosts){.variant = variant_of(c)};
	find_sqs(c, out);
	out->s3_custom = spelled_out(c, c->endpoint_url_s3, &out->s3);
	out->has_sts = spelled_out(c, c->endpoint_url_sts, &out->sts) ||
		       endpoint_choose(
			   "sts", c->region, out->variant, &out->sts) == ERR_OK;
}

/* The key that spells out this service's endpoint; NULL: none does. */
static const char *
who_spells_out(const struct config *c, const char *key, const char *own)
{
	if (*own != '\0')
		return key;
	return *c->endpoint_url != '\0' ? "endpoint_url" : NULL;
}

/*
 * As the SDKs have it: a variant of a host that was spelled out is a
 * contradiction, and whoever asks for FIPS must not get less in silence.
 */
void
hosts_check(struct notes *n, const struct config *c)
{
	const char *flag = c->use_fips_endpoint != 0 ? "use_fips_endpoint"
						     : "use_dualstack_endpoint";
	const struct {
		const char *key, *own;
	} rows[] = {
	    {"endpoint_url_sqs", c->endpoint_url_sqs},
	    {"endpoint_url_s3", c->endpoint_url_s3},
	    {"endpoint_url_sts", c->endpoint_url_sts},
	};
	char region[REGION_MAX];
	struct endpoint e;

	if (c->use_fips_endpoint == 0 && c->use_dualstack_endpoint == 0)
		return;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *key = who_spells_out(c, rows[i].key, rows[i].own);

		if (key == NULL)
			continue;
		notes_fatal(n,
		    "%s does not go with %s: leave one of them, or write the "
		    "host that you mean into %s",
		    flag, key, key);
		return;
	}
	if (endpoint_queue_url(span_str(c->queue_url), &e, region) == ERR_OK &&
	    !is_public(&e, region))
		notes_fatal(n,
		    "%s does not go with the host of queue_url: leave %s, and "
		    "write the hosts that you mean into queue_url and "
		    "endpoint_url_s3",
		    flag, flag);
	else if (*c->region != '\0' && endpoint_dns_suffix(c->region) != NULL &&
		 endpoint_choose("sqs", c->region, variant_of(c), &e) != ERR_OK)
		notes_fatal(n, "%s: there are no FIPS endpoints in %s", flag,
		    c->region);
}
