/*
 * The reasons for which something from outside can fail. 0 is success.
 * A bug is not among them (CHECK aborts), nor is lack of memory (mem_* dies).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	ERR_OK = 0,
	ERR_LIMIT,     /* larger than its stated limit */
	ERR_DEPTH,     /* nested deeper than its stated limit */
	ERR_SYNTAX,    /* not well-formed */
	ERR_SHAPE,     /* well-formed, but not what belongs here */
	ERR_CORRUPT,   /* compressed data is damaged, or its checksum wrong */
	ERR_TRUNCATED, /* ends before its end */
	ERR_TRAILING,  /* goes on after its end */
	ERR_RANGE,     /* a number out of its range */
	ERR_RESOLVE,   /* host name not resolved */
	ERR_CONNECT,   /* no connection */
	ERR_TLS,       /* TLS handshake or certificate */
	ERR_TIMEOUT,   /* no reply within the time allowed */
	ERR_STALL,     /* no byte of a stream for too long */
	ERR_RESET,     /* connection broke */
	ERR_PROTOCOL,  /* not HTTP as we know it */
	ERR_SYSTEM,    /* a system call failed; errno says how */
	ERR_COUNT
};

/* A short lower-case word for logs and counters, e.g. "truncated". */
const char *err_name(enum err e);

#endif
