#include "admin/address.h"

#include <arpa/inet.h>
#include <string.h>

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
