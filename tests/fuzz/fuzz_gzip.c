/* The seam of compressing, both codecs: what went in comes out of zlib, within
 * the bounds that are told beforehand, however in and out are cut. The input is
 * a recipe for the text, which may be far longer. What lies beside the bytes
 * and the room that a codec is given cannot be touched, since the sanitizer
 * does not see into a library. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>

#include "sink/gzip_internal.h"
#include "sink/pool.h"
#include "sink/zstream.h"

enum {
	TEXT_MAX = 300 * 1024, /* of some */
	SHORT_MAX = 4 * 1024,  /* of most, to have many */
	PACKED_MAX = 2 * TEXT_MAX,
	PAGE = 64 * 1024, /* a multiple of any */
	LEVELS = 9,
};

static const struct gzip_codec *const codecs[] = {
    &gzip_zlib,
#ifdef GZIP_ISAL
    &gzip_isal,
#endif
};
enum { CODECS = sizeof codecs / sizeof codecs[0], ISAL = 1, ISAL_LEVELS = 3 };

static struct gzip *kept[CODECS][LEVELS];
static char text[TEXT_MAX], packed[PACKED_MAX], plain[TEXT_MAX + 1];
static size_t ntext, npacked;

/* n bytes of memory of which the last ones are before a page that may not be
 * touched. */
static char *
fenced(char **memory, size_t n)
{
	size_t all = (n + PAGE - 1) / PAGE * PAGE;

	if (*memory == NULL) {
		*memory = mmap(NULL, PACKED_MAX + 2 * (size_t)PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(*memory != MAP_FAILED);
		CHECK(mprotect(*memory, PACKED_MAX / PAGE * PAGE,
			  PROT_READ | PROT_WRITE) == 0);
	}
	CHECK(all <= PACKED_MAX / PAGE * PAGE);
	return *memory + PACKED_MAX / PAGE * PAGE - n;
}

static uint32_t
next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static size_t
add_text(const char *p, size_t n, size_t max)
{
	n = n < max - ntext ? n : max - ntext;
	memcpy(text + ntext, p, n);
	ntext += n;
	return n;
}

static const char *
noise(void)
{
	static char bytes[2 * PAGE];
	uint32_t state = 1;

	if (bytes[0] == 0 && bytes[1] == 0) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)next_number(&state);
	}
	return bytes;
}

/* Bytes as they stand, noise, and what was there before, again and again. */
static void
make_text(struct span in, size_t max)
{
	ntext = 0;
	while (in.n > 0 && ntext < max) {
		uint8_t what = fuzz_byte(&in);
		size_t n = 1 + fuzz_byte(&in), k = fuzz_byte(&in);

		if (what < 200) {
			n = n < in.n ? n : in.n;
			add_text(in.p, n, max);
			in.p += n;
			in.n -= n;
		} else if (what < 220) {
			n *= what < 216 ? 1 : 256;
			add_text(noise() + 255 * k, n, max);
		} else if (ntext > 0) {
			size_t back = 1 + k * (what < 240 ? 1 : 200);

			back = back < ntext ? back : ntext;
			n *= what < 250 ? 1 : 200;
			while (n > 0 && ntext < max)
				n -= add_text(text + ntext - back,
				    n < back ? n : back, max);
		}
	}
}

/* Mostly short, some as long as it goes. */
static size_t
length(uint32_t *state, uint8_t how, size_t most)
{
	uint32_t r = next_number(state);
	size_t n = most;

	if (how % 4 == 1)
		n = 1 + r % 8;
	else if (how % 4 == 2)
		n = 1 + r % 3000;
	else if (how % 4 == 3)
		n = 1 + (r >> 8) % (r % 16 == 0 ? 70000 : 300);
	return n < most ? n : most;
}

static size_t
room(uint32_t *state, uint8_t how)
{
	size_t n = length(state, how, POOL_PIECE);

	return n < sizeof packed - npacked ? n : sizeof packed - npacked;
}

/* What was written to the room of n bytes. */
static void
take_packed(const char *out, size_t n)
{
	memcpy(packed + npacked, out, n);
	npacked += n;
}

static void
pack(struct gzip *g, const struct gzip_codec *codec, int level, uint8_t how)
{
	static char *in_memory, *out_memory;
	uint32_t state = how;
	size_t at = 0, before;
	bool done = false;

	npacked = 0;
	while (at < ntext) {
		size_t n = length(&state, how / 16, ntext - at);
		struct span in = {fenced(&in_memory, n), n};

		memcpy(in_memory + (in.p - in_memory), text + at, n);
		at += n;
		while (in.n > 0) {
			size_t free = room(&state, how);
			char *out = fenced(&out_memory, free);

			take_packed(out, gzip_add(g, &in, out, free));
		}
	}
	before = npacked;
	while (!done) {
		size_t n = room(&state, how);
		char *out = fenced(&out_memory, n);

		done = gzip_end(g, out, &n);
		take_packed(out, n);
	}
	CHECK(npacked <= codec->bound(ntext));
	CHECK(npacked - before <= codec->held_max(level));
}

static void
check_inflates(void)
{
	static z_stream z;

	if (z.zalloc == NULL)
		zstream_inflate(&z);
	CHECK(inflateReset(&z) == Z_OK);
	zstream_input(&z, (struct span){packed, npacked});
	z.next_out = (Bytef *)plain;
	z.avail_out = sizeof plain;
	CHECK(inflate(&z, Z_FINISH) == Z_STREAM_END);
	CHECK(z.avail_in == 0 && sizeof plain - z.avail_out == ntext);
	CHECK(memcmp(plain, text, ntext) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t which = fuzz_byte(&in), how = fuzz_byte(&in);
	size_t c = which % CODECS;
	int levels = c == ISAL ? ISAL_LEVELS : LEVELS;
	int level = 1 + which / 2 % levels;
	struct gzip **g = &kept[c][level - 1];

	make_text(in, which % 64 == 63 ? TEXT_MAX : SHORT_MAX);
	/* Mostly the one that has made many members before. */
	if (*g != NULL && which >= 240)
		gzip_free(g);
	if (*g == NULL)
		*g = codecs[c]->open(level);
	pack(*g, codecs[c], level, how);
	check_inflates();
	return 0;
}
