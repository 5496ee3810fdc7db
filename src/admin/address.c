#include "admin/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool
take_host(struct span s, int family, struct admin_address *out)
{
	unsigned char any[16] = {0}, bin[16];

	if (s.n >= sizeof out->host)
		return false;
	memcpy(out->host, s.p, s.n);
	out->host[s.n] = '\0';
	if (inet_pton(family, out->host, bin) != 1)
		return false;
	/* "0.0.0.0" stays as it is, since it leaves IPv6 out. */
	if (family == AF_INET6 && memcmp(bin, any, sizeof any) == 0)
		out->host[0] = '\0';
	return true;
}

bool
admin_address_parse(struct span text, struct admin_address *out)
{
	struct span host = text, port = text;
	uint64_t n;

	while (host.n > 0 && host.p[host.n - 1] != ':')
		host.n--;
	if (host.n == 0)
		return false;
	port.p += host.n;
	port.n -= host.n--;
	if (span_u64(port, 0, 65535, &n) != ERR_OK)
		return false;
	*out = (struct admin_address){.port = (unsigned)n};
	if (host.n == 0)
		return true;
	if (span_is(host, "localhost"))
		host = SPAN("127.0.0.1");
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
		host.p++;
		host.n -= 2;
		return take_host(host, AF_INET6, out);
	}
	return take_host(host, AF_INET, out);
}

void
admin_address_url(const struct admin_address *a, struct buf *out)
{
	const char *host = a->host;

	if (*host == '\0' || strcmp(host, "0.0.0.0") == 0)
		host = "127.0.0.1";
	buf_printf(out,
	    strchr(host, ':') != NULL ? "http://[%s]:%u" : "http://%s:%u", host,
	    a->port);
}

/* ---- who may ask ---- */

/* Without its port, and an IPv6 address without its brackets. */
static struct span
host_of(struct span header)
{
	struct span host = header;
	const char *end = memchr(host.p, ']', host.n);
	size_t n = host.n;

	if (n > 0 && host.p[0] == '[' && end != NULL)
		return (struct span){host.p + 1, (size_t)(end - host.p) - 1};
	while (n > 0 && host.p[n - 1] != ':')
		n--;
	if (n > 0)
		host.n = n - 1;
	return host;
}

static bool
is_same(struct span a, struct span b)
{
	return a.n == b.n && a.n > 0 && strncasecmp(a.p, b.p, a.n) == 0;
}

/* 4 or 6 with what it stands for in bin, or 0. */
static int
read_numeric(struct span host, unsigned char bin[16])
{
	char text[INET6_ADDRSTRLEN];

	memset(bin, 0, 16);
	if (host.n == 0 || host.n >= sizeof text)
		return 0;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (inet_pton(AF_INET, text, bin) == 1)
		return 4;
	return inet_pton(AF_INET6, text, bin) == 1 ? 6 : 0;
}

bool
admin_address_is(
    const struct admin_address *a, struct span header, struct span names)
{
	unsigned char asked[16], own[16];
	struct span host = host_of(header);
	int family = read_numeric(host, asked);
	bool every = *a->host == '\0' || strcmp(a->host, "0.0.0.0") == 0;

	if (is_same(host, SPAN("localhost")) || (family != 0 && every))
		return true;
	if (family != 0 && family == read_numeric(span_str(a->host), own) &&
	    memcmp(asked, own, sizeof own) == 0)
		return true;
	while (names.n > 0) {
		if (is_same(host, host_of(span_cut(&names, ' '))))
			return true;
	}
	return false;
}

bool
admin_address_names(struct span name)
{
	unsigned char bin[16];

	if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
		return read_numeric(host_of(name), bin) == 6;
	for (size_t i = 0; i < name.n; i++) {
		if (strchr(":/*?@[]\"'\\,", name.p[i]) != NULL)
			return false;
	}
	return true;
}
