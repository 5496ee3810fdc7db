#include "base/err.h"

const char *
err_name(enum err e)
{
	static const char *const names[ERR_COUNT] = {
	    [ERR_OK] = "ok",
	    [ERR_LIMIT] = "limit",
	    [ERR_DEPTH] = "depth",
	    [ERR_SYNTAX] = "syntax",
	    [ERR_SHAPE] = "shape",
	    [ERR_CORRUPT] = "corrupt",
	    [ERR_TRUNCATED] = "truncated",
	    [ERR_TRAILING] = "trailing",
	    [ERR_RANGE] = "range",
	    [ERR_RESOLVE] = "resolve",
	    [ERR_CONNECT] = "connect",
	    [ERR_TLS] = "tls",
	    [ERR_TIMEOUT] = "timeout",
	    [ERR_STALL] = "stall",
	    [ERR_RESET] = "reset",
	    [ERR_PROTOCOL] = "protocol",
	    [ERR_SYSTEM] = "system",
	};

	if ((unsigned)e >= ERR_COUNT)
		return "unknown";
	return names[e];
}
