#include "settings/hosts.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* true: it asked for FIPS. */
static bool
read_region(char *s)
{
	static const char word[] = "fips";
	size_t n = sizeof word - 1, len;
	bool fips = false;

	for (char *p = s; *p != '\0'; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
	len = strlen(s);
	if (strncmp(s, "fips-", n + 1) == 0) {
		memmove(s, s + n + 1, len - n);
		fips = true;
	} else if (len > n && strcmp(s + len - n - 1, "-fips") == 0) {
		s[len - n - 1] = '\0';
		fips = true;
	}
	return fips;
}

void
hosts_read_regions(struct config *c)
{
	bool fips = read_region(c->region);
	bool env = read_region(c->env_region);
	bool profile = read_region(c->profile_region);

	if (*c->region == '\0')
		fips = *c->env_region != '\0' ? env : profile;
	if (fips)
		c->use_fips_endpoint = 1;
}

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

/* STS is asked where we are, as AWS_REGION or the profile have it, and not
 * where the queue is; but within the queue's partition, since nothing that
 * another one gives is good there. */
static void
choose_sts_region(const struct config *c, char out[REGION_MAX])
{
	const char *here =
	    *c->env_region != '\0' ? c->env_region : c->profile_region;

	if (!endpoint_same_partition(here, c->region))
		here = c->region;
	(void)snprintf(out, REGION_MAX, "%s", here);
}

void
hosts_find(const struct config *c, struct hosts *out)
{
	*out = (struct hosts){.variant = variant_of(c)};
	find_sqs(c, out);
	out->s3_custom = spelled_out(c, c->endpoint_url_s3, &out->s3);
	choose_sts_region(c, out->sts_region);
	out->has_sts = spelled_out(c, c->endpoint_url_sts, &out->sts) ||
		       endpoint_choose("sts", out->sts_region, out->variant,
			   &out->sts) == ERR_OK;
}

/*
 * A service whose host was spelled out is asked there, and the others through
 * the variant. One URL for all leaves nothing for the variant to be, and
 * whoever asks for FIPS must not get less in silence.
 */
void
hosts_check(struct notes *n, const struct config *c)
{
	const char *flag = c->use_fips_endpoint != 0 ? "use_fips_endpoint"
						     : "use_dualstack_endpoint";
	struct endpoint e;

	if (c->use_fips_endpoint == 0 && c->use_dualstack_endpoint == 0)
		return;
	if (*c->endpoint_url != '\0')
		notes_fatal(n,
		    "%s does not go with endpoint_url, which is for all "
		    "services: leave one of them, or set endpoint_url_sqs, "
		    "endpoint_url_s3 or endpoint_url_sts for the one that "
		    "you mean",
		    flag);
	else if (*c->region != '\0' && endpoint_dns_suffix(c->region) != NULL &&
		 endpoint_choose("sqs", c->region, variant_of(c), &e) != ERR_OK)
		notes_fatal(n, "%s: there are no FIPS endpoints in %s", flag,
		    c->region);
}
