#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "aws/partition.h"

enum { LABEL_MAX = 63, HOST_NAME_BYTES = 253 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

static bool
is_host_name(struct span s)
{
	if (s.n == 0 || s.n > HOST_NAME_BYTES)
		return false;
	while (s.p != NULL) {
		struct span label = span_cut(&s, '.');

		if (label.n == 0 || label.n > LABEL_MAX)
			return false;
		for (size_t i = 0; i < label.n; i++) {
			if (!is_alnum(label.p[i]) && label.p[i] != '-' &&
			    label.p[i] != '_')
				return false;
		}
	}
	return true;
}

/* "[::1]" */
static bool
is_ipv6(const char *host, struct in6_addr *addr)
{
	char bare[INET6_ADDRSTRLEN];
	size_t n = strlen(host);

	if (n < 3 || n - 2 >= sizeof bare || host[0] != '[' ||
	    host[n - 1] != ']')
		return false;
	memcpy(bare, host + 1, n - 2);
	bare[n - 2] = '\0';
	return inet_pton(AF_INET6, bare, addr) == 1;
}

static bool
is_ipv4(const char *host, struct in_addr *addr)
{
	return inet_pton(AF_INET, host, addr) == 1;
}

static bool
starts_nocase(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp(s.p, prefix, n) == 0;
}

static enum err
set_host(struct endpoint *out, struct span host)
{
	struct in6_addr v6;

	if (host.n == 0 || host.n >= sizeof out->host ||
	    memchr(host.p, '\0', host.n) != NULL)
		return ERR_SYNTAX;
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];

		out->host[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	out->host[host.n] = '\0';
	if (!is_host_name(span_str(out->host)) && !is_ipv6(out->host, &v6))
		return ERR_SYNTAX;
	return ERR_OK;
}

/* "host[:port]" */
static enum err
parse_authority(struct span s, struct endpoint *out)
{
	struct span port = s, host;
	uint64_t n;

	if (s.n > 0 && s.p[0] == '[') {
		const char *close = memchr(s.p, ']', s.n);

		if (close == NULL)
			return ERR_SYNTAX;
		host = (struct span){s.p, (size_t)(close + 1 - s.p)};
		port = (struct span){close + 1, s.n - host.n};
		if (port.n == 0)
			port.p = NULL;
		else if (span_cut(&port, ':').n > 0 || port.p == NULL)
			return ERR_SYNTAX;
	} else {
		host = span_cut(&port, ':');
	}
	if (port.p != NULL) {
		if (span_u64(port, 1, 65535, &n) != ERR_OK)
			return ERR_SYNTAX;
		if (n != (out->tls ? 443 : 80))
			out->port = (unsigned)n;
	}
	return set_host(out, host);
}

/* Takes "http(s)://host[:port]" off the front; *rest begins with the path. */
static enum err
parse_origin(struct span url, struct endpoint *out, struct span *rest)
{
	struct span authority;
	const char *slash;

	*out = (struct endpoint){.tls = starts_nocase(url, "https://")};
	if (!out->tls && !starts_nocase(url, "http://"))
		return ERR_SYNTAX;
	authority = url;
	authority.p += out->tls ? 8 : 7;
	authority.n -= out->tls ? 8 : 7;
	slash = authority.n > 0 ? memchr(authority.p, '/', authority.n) : NULL;
	if (slash != NULL)
		authority.n = (size_t)(slash - authority.p);
	rest->p = authority.p + authority.n;
	rest->n = (size_t)(url.p + url.n - rest->p);
	return parse_authority(authority, out);
}

enum err
endpoint_parse(struct span url, struct endpoint *out)
{
	struct span path;
	enum err err = parse_origin(url, out, &path);

	if (err == ERR_OK && path.n > 0 && !span_is(path, "/"))
		err = ERR_SYNTAX;
	return err;
}

void
endpoint_host(const struct endpoint *e, struct buf *out)
{
	buf_str(out, e->host);
	if (e->port != 0)
		buf_printf(out, ":%u", e->port);
}

void
endpoint_url(const struct endpoint *e, struct buf *out)
{
	buf_str(out, e->tls ? "https://" : "http://");
	endpoint_host(e, out);
}

bool
endpoint_is_ip(const struct endpoint *e)
{
	struct in_addr v4;
	struct in6_addr v6;

	return is_ipv4(e->host, &v4) || is_ipv6(e->host, &v6);
}

bool
endpoint_is_loopback(const struct endpoint *e)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (is_ipv4(e->host, &v4))
		return ntohl(v4.s_addr) >> 24 == 127;
	if (is_ipv6(e->host, &v6))
		return IN6_IS_ADDR_LOOPBACK(&v6);
	/* A resolver may take what ends in ".localhost" elsewhere. */
	return strcmp(e->host, "localhost") == 0;
}

/*
 * The region that a host of SQS tells; empty if it is no host of SQS.
 * *old: "queue.SUFFIX" and "REGION.queue.SUFFIX", which speak for the host
 * that has replaced them.
 */
static struct span
sqs_region(const char *host, bool *old)
{
	struct span rest = span_str(host);
	struct span first = span_cut(&rest, '.');
	const struct partition *p;
	struct span region;
	bool vpce;

	*old = true;
	if (span_is(first, "queue") && span_is(rest, "amazonaws.com"))
		return SPAN("us-east-1");
	p = partition_of(first);
	if (p != NULL && span_is(span_cut(&rest, '.'), "queue") &&
	    span_is(rest, p->dns))
		return first;
	*old = false;
	vpce = span_starts(first, "vpce-");
	if (vpce)
		first = span_cut(&rest, '.');
	if (!span_is(first, "sqs") && !span_is(first, "sqs-fips"))
		return (struct span){NULL, 0};
	region = span_cut(&rest, '.');
	p = partition_of(region);
	if (p == NULL || (vpce && !span_is(span_cut(&rest, '.'), "vpce")) ||
	    (!span_is(rest, p->dns) && !span_is(rest, p->dual_dns)))
		return (struct span){NULL, 0};
	return region;
}

enum err
endpoint_queue_url(
    struct span url, struct endpoint *out, char region[REGION_MAX])
{
	struct span path, found;
	char copy[REGION_MAX];
	enum err err;
	bool old;

	region[0] = '\0';
	err = parse_origin(url, out, &path);
	if (err != ERR_OK)
		return err;
	if (path.n < 2 || path.p[path.n - 1] == '/')
		return ERR_SYNTAX;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] <= ' ' || path.p[i] == '?' || path.p[i] == '#' ||
		    path.p[i] >= 0x7f)
			return ERR_SYNTAX;
	}
	found = sqs_region(out->host, &old);
	if (found.n == 0)
		return ERR_OK;
	memcpy(copy, found.p, found.n); /* found lies in the host */
	copy[found.n] = '\0';
	memcpy(region, copy, found.n + 1);
	if (old)
		return endpoint_service("sqs", copy, out);
	return ERR_OK;
}

bool
endpoint_is_vpce(const struct endpoint *e)
{
	struct span host = span_str(e->host);

	return memmem(host.p, host.n, ".vpce.", strlen(".vpce.")) != NULL;
}
