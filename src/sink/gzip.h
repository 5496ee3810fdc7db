/*
 * How bodies are compressed, in one place: the batcher writes them and split
 * writes parts of them anew.
 */
#ifndef SINK_GZIP_H
#define SINK_GZIP_H

#include <zlib.h>

enum {
	GZIP_WINDOW_BITS = 15,
	GZIP_FORMAT = 16, /* added to the window bits, asks for gzip */
	GZIP_MEM_LEVEL = 8,
	/* All that zlib allocates for a stream (zconf.h). */
	GZIP_STATE_MAX =
	    (1 << (GZIP_WINDOW_BITS + 2)) + (1 << (GZIP_MEM_LEVEL + 9)),
};

void gzip_deflater(z_stream *z, int level); /* 1 … 9 */
void gzip_inflater(z_stream *z);
/* zlib reads only; its pointer is const with ZLIB_CONST alone. */
void gzip_input(z_stream *z, const char *p, size_t n);

#endif
