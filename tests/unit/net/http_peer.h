/*
 * A scripted TCP server on the same loop as the program under test: each
 * connection follows its own list of steps.
 */
#ifndef TEST_HTTP_PEER_H
#define TEST_HTTP_PEER_H

#include <stddef.h>

#include "base/buf.h"

struct ev_loop;

enum peer_op {
	PEER_END,     /* of the list: stay silent, keep the connection */
	PEER_READ,    /* one whole request, head and Content-Length bytes */
	PEER_SIP,     /* reads n bytes, slowly: PEER_SIP_BYTES, then a rest */
	PEER_SEND,    /* text */
	PEER_PATTERN, /* n bytes of peer_pattern */
	PEER_FLOOD,   /* text again and again */
	PEER_WAIT,    /* n milliseconds */
	PEER_CLOSE,
	PEER_RESET,
	PEER_AGAIN, /* from the first step on */
};

struct peer_step {
	enum peer_op op;
	const char *text;
	size_t n;
};

#define READ                                                                   \
	{                                                                      \
		.op = PEER_READ                                                \
	}
#define SEND(text_)                                                            \
	{                                                                      \
		.op = PEER_SEND, .text = (text_)                               \
	}
#define PATTERN(n_)                                                            \
	{                                                                      \
		.op = PEER_PATTERN, .n = (n_)                                  \
	}
#define FLOOD(text_)                                                           \
	{                                                                      \
		.op = PEER_FLOOD, .text = (text_)                              \
	}
#define WAIT(ms_)                                                              \
	{                                                                      \
		.op = PEER_WAIT, .n = (ms_)                                    \
	}
#define SIP(n_)                                                                \
	{                                                                      \
		.op = PEER_SIP, .n = (n_)                                      \
	}
#define CLOSE                                                                  \
	{                                                                      \
		.op = PEER_CLOSE                                               \
	}
#define RESET                                                                  \
	{                                                                      \
		.op = PEER_RESET                                               \
	}
#define AGAIN                                                                  \
	{                                                                      \
		.op = PEER_AGAIN                                               \
	}
#define END                                                                    \
	{                                                                      \
		.op = PEER_END                                                 \
	}

#define HEAD_OF(n) "HTTP/1.1 200 OK\r\nContent-Length: " #n "\r\n\r\n"

enum { PEER_SIP_BYTES = 512 * 1024, PEER_SIP_MS = 5, PEER_CONNS_MAX = 16 };

struct peer {
	struct ev_loop *loop;
	const struct peer_step *scripts[PEER_CONNS_MAX]; /* by connection; the
							  * last for the rest */
	size_t nscripts;
	size_t cut;	    /* > 0: at most so many bytes per write */
	char base[64];	    /* http://127.0.0.1:port */
	struct buf request; /* the last one */
	size_t accepted, requests, sent;
	struct peer_conn *conns[PEER_CONNS_MAX];
	struct peer_accept *accept;
};

void peer_start(struct peer *p, struct ev_loop *loop);
void peer_stop(struct peer *p);
/* Byte i of what PEER_PATTERN sends. */
char peer_pattern(size_t i);

#endif
