/*
 * zlib's streams, of gzip, with the memory of this program.
 */
#ifndef SINK_ZSTREAM_H
#define SINK_ZSTREAM_H

#include <zlib.h>

#include "base/span.h"

enum {
	ZSTREAM_WINDOW_BITS = 15,
	ZSTREAM_MEM_LEVEL = 8,
	/* All that zlib allocates for one (zconf.h). */
	ZSTREAM_DEFLATE_MAX =
	    (1 << (ZSTREAM_WINDOW_BITS + 2)) + (1 << (ZSTREAM_MEM_LEVEL + 9)),
	ZSTREAM_INFLATE_MAX = (1 << ZSTREAM_WINDOW_BITS) + 8 * 1024,
};

void zstream_deflate(z_stream *z, int level); /* 1 … 9 */
void zstream_inflate(z_stream *z);
/* zlib reads only; its pointer is const with ZLIB_CONST alone. */
void zstream_input(z_stream *z, struct span in);

#endif
