/*
 * What gzip_level costs and saves, beside zlib at the same level: the table in
 * docs/configuration.md, and why gzip.c takes which codec.
 *
 *   levels EVENTS.ndjson BATCH_BYTES
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/span.h"
#include "sink/gzip.h"
#include "sink/zstream.h"

enum { FILE_MAX = 1 << 28, ROUNDS = 5 };

static char out[FILE_MAX];

static double
cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t
by_gzip(void *arg, struct span batch)
{
	size_t n = 0, room;

	/* An event at a time, as the batcher does. */
	while (batch.n > 0) {
		struct span line = span_cut(&batch, '\n');

		line.n++;
		while (line.n > 0)
			n += gzip_add(arg, &line, out + n, sizeof out - n);
	}
	room = sizeof out - n;
	CHECK(gzip_end(arg, out + n, &room));
	return n + room;
}

static size_t
by_zlib(void *arg, struct span batch)
{
	z_stream *z = arg;

	z->next_out = (Bytef *)out;
	z->avail_out = sizeof out;
	while (batch.n > 0) {
		struct span line = span_cut(&batch, '\n');

		line.n++;
		zstream_input(z, line);
		CHECK(deflate(z, Z_NO_FLUSH) == Z_OK);
	}
	CHECK(deflate(z, Z_FINISH) == Z_STREAM_END);
	CHECK(deflateReset(z) == Z_OK);
	return sizeof out - z->avail_out;
}

/* Whole lines, of together at most `max` bytes unless it is one. */
static struct span
next_batch(struct span *rest, size_t max)
{
	struct span batch = {rest->p, 0};

	while (rest->n > 0) {
		struct span after = *rest, line = span_cut(&after, '\n');

		if (batch.n > 0 && batch.n + line.n + 1 > max)
			break;
		batch.n += line.n + 1;
		*rest = after;
	}
	return batch;
}

static void
measure(
    struct span text, size_t max, size_t (*fn)(void *, struct span), void *arg)
{
	double best = 1e9;
	size_t packed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct span rest = text;
		double begin = cpu_s();

		for (packed = 0; rest.n > 0;)
			packed += fn(arg, next_batch(&rest, max));
		if (cpu_s() - begin < best)
			best = cpu_s() - begin;
	}
	printf(" %8.2f x %6.0f MB/s %10zu", (double)text.n / (double)packed,
	    (double)text.n / best / 1e6, packed);
}

int
main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
	char *text = mem_alloc(FILE_MAX);
	struct span all = {text, 0};
	size_t max = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	CHECK(file != NULL && max > 0);
	all.n = fread(text, 1, FILE_MAX, file);
	CHECK(all.n > 0 && all.n < FILE_MAX && text[all.n - 1] == '\n');
	for (int level = 1; level <= 9; level++) {
		struct gzip *g = gzip_new(level);
		z_stream z;

		printf("%d %-5s", level, gzip_codec(level));
		measure(all, max, by_gzip, g);
		zstream_deflate(&z, level);
		printf("   zlib");
		measure(all, max, by_zlib, &z);
		puts("");
		deflateEnd(&z);
		gzip_free(&g);
	}
	mem_free(text);
	return fclose(file);
}
