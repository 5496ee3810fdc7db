#include "trail/pattern.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum {
	BYTES = 256,
	WORDS_MAX = PATTERN_MAX / 64 + 1, /* a state more than elements */
};

/* Which bytes an element takes. */
struct element {
	uint64_t takes[BYTES / 64];
};

struct pattern {
	struct element *at; /* owned; until it is sealed */
	size_t n, cap;
	/* By state; owned, NULL as long as it is plain. */
	uint64_t *star;	 /* a '*' follows: it stays, whatever comes */
	uint64_t *wide;	 /* it stays while a character goes on */
	struct buf text; /* the bytes, as long as it is plain */
	bool plain;	 /* no stars, no sets */
	size_t words;
	uint64_t *table; /* owned; by byte, then word: which states it enters */
};

static void
set_bit(uint64_t *words, size_t bit)
{
	words[bit / 64] |= (uint64_t)1 << bit % 64;
}

static bool
has_bit(const uint64_t *words, size_t bit)
{
	return (words[bit / 64] >> bit % 64 & 1) != 0;
}

struct pattern *
pattern_new(void)
{
	struct pattern *p = mem_zalloc(sizeof *p);

	p->plain = true;
	buf_init(&p->text, PATTERN_MAX);
	return p;
}

void
pattern_free(struct pattern **pp)
{
	struct pattern *p = *pp;

	if (p == NULL)
		return;
	buf_fini(&p->text);
	mem_free(p->at);
	mem_free(p->star);
	mem_free(p->wide);
	mem_free(p->table);
	mem_free(p);
	*pp = NULL;
}

bool
pattern_is_full(const struct pattern *p)
{
	return p->n == PATTERN_MAX;
}

static struct element *
add(struct pattern *p)
{
	CHECK(!pattern_is_full(p) && p->table == NULL);
	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? 32 : p->cap * 2;
		p->at = mem_realloc(p->at, p->cap * sizeof *p->at);
	}
	p->at[p->n] = (struct element){{0}};
	return &p->at[p->n++];
}

void
pattern_add_byte(struct pattern *p, char c)
{
	set_bit(add(p)->takes, (unsigned char)c);
	buf_char(&p->text, c);
}

static void
turn_wild(struct pattern *p)
{
	if (!p->plain)
		return;
	p->plain = false;
	p->star = mem_zalloc(WORDS_MAX * sizeof *p->star);
	p->wide = mem_zalloc(WORDS_MAX * sizeof *p->wide);
}

void
pattern_add_star(struct pattern *p)
{
	turn_wild(p);
	set_bit(p->star, p->n);
}

void
pattern_add_set(struct pattern *p, const bool ascii[128], bool others)
{
	struct element *e = add(p);

	turn_wild(p);
	for (size_t c = 0; c < 128; c++) {
		if (ascii[c])
			set_bit(e->takes, c);
	}
	if (!others)
		return;
	for (size_t c = 0xc0; c < BYTES; c++)
		set_bit(e->takes, c);
	set_bit(p->wide, p->n);
}

void
pattern_seal(struct pattern *p)
{
	p->words = p->n / 64 + 1;
	if (!p->plain) {
		buf_fini(&p->text);
		p->star = mem_realloc(p->star, p->words * sizeof *p->star);
		p->wide = mem_realloc(p->wide, p->words * sizeof *p->wide);
		p->table = mem_zalloc(BYTES * p->words * sizeof *p->table);
		for (size_t i = 0; i < p->n; i++) {
			for (size_t c = 0; c < BYTES; c++) {
				if (has_bit(p->at[i].takes, c))
					set_bit(p->table + c * p->words, i + 1);
			}
		}
	}
	mem_free(p->at);
	p->at = NULL;
}

size_t
pattern_memory(const struct pattern *p)
{
	size_t row = p->words * sizeof *p->table;

	return sizeof *p + (p->plain ? p->text.cap : (BYTES + 2) * row);
}

/* One byte; false: no state is left. */
static bool
step(const struct pattern *p, uint64_t *states, unsigned char c)
{
	const uint64_t *enters = p->table + c * p->words;
	uint64_t carry = 0, any = 0;
	bool goes_on = (c & 0xc0) == 0x80;

	for (size_t w = 0; w < p->words; w++) {
		uint64_t was = states[w];
		uint64_t stays = p->star[w] | (goes_on ? p->wide[w] : 0);

		states[w] = ((was << 1 | carry) & enters[w]) | (was & stays);
		carry = was >> 63;
		any |= states[w];
	}
	return any != 0;
}

bool
pattern_matches(const struct pattern *p, struct span s)
{
	uint64_t states[WORDS_MAX];
	bool open; /* it ends with a '*' */

	if (p->plain)
		return span_eq(s, buf_view(&p->text));
	open = has_bit(p->star, p->n);
	memset(states, 0, p->words * sizeof *states);
	set_bit(states, 0);
	for (size_t i = 0; i < s.n; i++) {
		if (open && has_bit(states, p->n))
			return true;
		if (!step(p, states, (unsigned char)s.p[i]))
			return false;
	}
	return has_bit(states, p->n);
}
