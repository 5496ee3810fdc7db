/*
 * The floor that the daemon is measured against: the least that any program
 * must do with these files, in one loop with nothing around it. Inflate, parse
 * with yajl, cut the records out, deflate them again by the codec that the
 * daemon was built with. No HTTP, no batches.
 *
 *   floor FILE.gz...   prints JSON bytes, events and CPU seconds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <yajl/yajl_parse.h>
#include <zlib.h>

#include "sink/gzip.h"

enum { CHUNK = 16 * 1024, OUT = 64 * 1024, CARRY = 1024 * 1024 };

struct floor {
	yajl_handle yajl;
	const unsigned char *chunk;
	size_t at; /* start of the open record in the chunk */
	int depth, open;
	unsigned char *carry;
	size_t carried;
	struct gzip *out;
	unsigned char *sink;
	unsigned long long json, events, packed;
};

static void
pack(struct floor *f, const unsigned char *p, size_t n)
{
	struct span in = {(const char *)p, n};

	while (in.n > 0)
		f->packed += gzip_add(f->out, &in, f->sink, OUT);
}

static int
on_open(void *ctx)
{
	struct floor *f = ctx;

	if (++f->depth == 3) {
		f->open = 1;
		f->at = yajl_get_bytes_consumed(f->yajl) - 1;
	}
	return 1;
}

static int
on_close(void *ctx)
{
	struct floor *f = ctx;
	size_t end = yajl_get_bytes_consumed(f->yajl);

	if (f->depth-- != 3 || !f->open)
		return 1;
	if (f->carried > 0)
		pack(f, f->carry, f->carried);
	pack(f, f->chunk + f->at, end - f->at);
	pack(f, (const unsigned char *)"\n", 1);
	f->carried = 0;
	f->open = 0;
	f->events++;
	return 1;
}

static int
on_key(void *ctx, const unsigned char *p, size_t n)
{
	(void)ctx, (void)p, (void)n;
	return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_start_map = on_open,
    .yajl_end_map = on_close,
    .yajl_map_key = on_key,
    .yajl_start_array = on_open,
    .yajl_end_array = on_close,
};

static void
slice(struct floor *f, const unsigned char *p, size_t n)
{
	f->chunk = p;
	f->at = 0;
	f->json += n;
	if (yajl_parse(f->yajl, p, n) != yajl_status_ok)
		exit(1);
	if (f->open && f->carried + n - f->at <= CARRY) {
		memcpy(f->carry + f->carried, p + f->at, n - f->at);
		f->carried += n - f->at;
	}
}

static void
one_file(struct floor *f, const char *name)
{
	static unsigned char in[CHUNK], out[CHUNK];
	FILE *file = fopen(name, "rb");
	z_stream z = {0};
	size_t n;

	if (file == NULL || inflateInit2(&z, 15 + 16) != Z_OK)
		exit(1);
	f->yajl = yajl_alloc(&callbacks, NULL, f);
	f->depth = f->open = 0;
	while ((n = fread(in, 1, sizeof in, file)) > 0) {
		z.next_in = in;
		z.avail_in = (unsigned)n;
		do {
			z.next_out = out;
			z.avail_out = sizeof out;
			inflate(&z, Z_NO_FLUSH);
			slice(f, out, sizeof out - z.avail_out);
		} while (z.avail_in > 0 || z.avail_out == 0);
	}
	inflateEnd(&z);
	yajl_free(f->yajl);
	fclose(file);
}

int
main(int argc, char **argv)
{
	struct floor f = {0};
	struct rusage u;

	f.carry = malloc(CARRY);
	f.sink = malloc(OUT);
	f.out = gzip_new(1);
	if (f.carry == NULL || f.sink == NULL)
		return 1;
	for (int i = 1; i < argc; i++)
		one_file(&f, argv[i]);
	getrusage(RUSAGE_SELF, &u);
	printf("{\"json_bytes\": %llu, \"events\": %llu, \"cpu_s\": %.3f}\n",
	    f.json, f.events,
	    (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
	gzip_free(&f.out);
	free(f.carry);
	free(f.sink);
	return 0;
}
