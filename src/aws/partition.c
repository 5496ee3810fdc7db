#include "aws/partition.h"

#include <string.h>

/* A region is a row's prefix, a word, '-' and digits. No name fits two rows,
 * because the word has no '-' in it. */
static const struct partition partitions[] = {
    {"us-", "aws", "amazonaws.com", "api.aws"},
    {"eu-", "aws", "amazonaws.com", "api.aws"},
    {"ap-", "aws", "amazonaws.com", "api.aws"},
    {"sa-", "aws", "amazonaws.com", "api.aws"},
    {"ca-", "aws", "amazonaws.com", "api.aws"},
    {"me-", "aws", "amazonaws.com", "api.aws"},
    {"af-", "aws", "amazonaws.com", "api.aws"},
    {"il-", "aws", "amazonaws.com", "api.aws"},
    {"mx-", "aws", "amazonaws.com", "api.aws"},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"},
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-de-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
};

/* What has a prefix that is in none of the rows: the newest regions are here,
 * as far as anybody can tell. */
static const struct partition newest = {"", "aws", "amazonaws.com", "api.aws"};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What follows a prefix: "east-1". */
static bool
is_word_and_number(struct span s)
{
	struct span number = s;
	struct span word = span_cut(&number, '-');

	for (size_t i = 0; i < word.n; i++) {
		if (!(word.p[i] >= 'a' && word.p[i] <= 'z') &&
		    !is_digit(word.p[i]))
			return false;
	}
	for (size_t i = 0; i < number.n; i++) {
		if (!is_digit(number.p[i]))
			return false;
	}
	return word.n > 0 && number.n > 0;
}

/* "xx-moon-1", with as many words as may be; none of a partition of its own. */
static bool
is_newest(struct span s)
{
	struct span rest = s, word = {NULL, 0};
	size_t words = 0;

	for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
		if (strcmp(partitions[i].name, newest.name) != 0 &&
		    span_starts(s, partitions[i].prefix))
			return false;
	}
	for (; rest.p != NULL; words++) {
		word = span_cut(&rest, '-');
		for (size_t i = 0; i < word.n; i++) {
			bool letter = word.p[i] >= 'a' && word.p[i] <= 'z';

			if (!is_digit(word.p[i]) && (!letter || rest.p == NULL))
				return false;
		}
		if (word.n == 0 || (rest.p != NULL && is_digit(*word.p)))
			return false;
	}
	return words >= 3;
}

const struct partition *
partition_of(struct span region)
{
	if (region.n == 0 || region.n >= REGION_MAX)
		return NULL;
	for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
		size_t n = strlen(partitions[i].prefix);

		if (span_starts(region, partitions[i].prefix) &&
		    is_word_and_number(
			(struct span){region.p + n, region.n - n}))
			return &partitions[i];
	}
	return is_newest(region) ? &newest : NULL;
}

static bool
is(const struct partition *p, const char *name)
{
	return strcmp(p->name, name) == 0;
}

enum err
partition_host(struct endpoint *out, const char *service, struct span region,
    struct endpoint_variant v)
{
	const struct partition *p = partition_of(region);
	bool s3 = span_starts(span_str(service), "s3");
	bool fips = v.fips;
	struct buf host;

	/* China has none; a name made by the rule would not resolve. */
	if (p == NULL || (fips && is(p, "aws-cn")))
		return ERR_SHAPE;
	/* The ordinary hosts of GovCloud are the FIPS ones, but for S3's. */
	if (is(p, "aws-us-gov") && !s3 && !v.dual_stack)
		fips = false;
	buf_init(&host, sizeof out->host - 1);
	buf_printf(&host, "%s%s%s.%.*s.%s", service, fips ? "-fips" : "",
	    s3 && v.dual_stack ? ".dualstack" : "", (int)region.n, region.p,
	    !s3 && v.dual_stack ? p->dual_dns : p->dns);
	if (host.err == ERR_OK)
		memcpy(out->host, host.p, host.n + 1);
	buf_fini(&host);
	return host.err;
}

const char *
endpoint_dns_suffix(const char *region)
{
	const struct partition *p = partition_of(span_str(region));

	return p != NULL ? p->dns : NULL;
}

const char *
endpoint_partition(const char *region)
{
	const struct partition *p = partition_of(span_str(region));

	return p != NULL ? p->name : NULL;
}

static bool
is_below(struct span host, const char *suffix)
{
	size_t n = strlen(suffix);

	return host.n > n && span_ends(host, suffix) &&
	       host.p[host.n - n - 1] == '.';
}

bool
endpoint_is_aws(const struct endpoint *e)
{
	struct span host = span_str(e->host);

	for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
		if (is_below(host, partitions[i].dns) ||
		    is_below(host, partitions[i].dual_dns))
			return true;
	}
	return false;
}

bool
endpoint_same_partition(const char *a, const char *b)
{
	const struct partition *pa = partition_of(span_str(a));
	const struct partition *pb = partition_of(span_str(b));

	return pa != NULL && pb != NULL && strcmp(pa->name, pb->name) == 0;
}

enum err
endpoint_choose(const char *service, const char *region,
    struct endpoint_variant v, struct endpoint *out)
{
	*out = (struct endpoint){.tls = true};
	return partition_host(out, service, span_str(region), v);
}

enum err
endpoint_service(const char *service, const char *region, struct endpoint *out)
{
	return endpoint_choose(
	    service, region, (struct endpoint_variant){false, false}, out);
}
