/*
 * What -vv shows of an exchange: request line, headers, status. No bodies, and
 * no secrets: values of headers that authenticate, and of all query parameters
 * but a few that are known to be harmless, are shown as "[hidden]".
 */
#ifndef NET_TRACE_H
#define NET_TRACE_H

#include "net/http_internal.h"

void trace_request(const struct request *r, const struct request_spec *spec);
void trace_reply(const struct request *r);

#endif
