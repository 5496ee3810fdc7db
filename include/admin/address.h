/*
 * The address that admin_listen names: "127.0.0.1:9090", "[::1]:9090",
 * "localhost:9090"; every address of the host: ":9090", "0.0.0.0:9090",
 * "[::]:9090". No other names: nothing is resolved.
 */
#ifndef ADMIN_ADDRESS_H
#define ADMIN_ADDRESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

struct admin_address {
	char host[46]; /* numeric, without brackets; "": every address */
	unsigned port; /* 0: a free one */
};

/* false: it is not of that form; *out is undefined then. */
bool admin_address_parse(struct span text, struct admin_address *out);
/* "http://HOST:PORT" to ask it from this host: a loopback address where it
 * stands for all. */
void admin_address_url(const struct admin_address *a, struct buf *out);

/* Whether it may be asked by that Host header ("NAME" or "NAME:PORT"; "": there
 * was none): by its own address, or any where it is every address, by
 * "localhost", and by names, separated by blanks, in upper or lower case. Any
 * other name may be one whose owner has led it here, so that a page of his in
 * somebody's browser can read us (DNS rebinding). */
bool admin_address_is(
    const struct admin_address *a, struct span header, struct span names);
/* Whether that can stand in names: no port, no URL, no pattern. */
bool admin_address_names(struct span name);

#endif
