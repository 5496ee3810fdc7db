#include "base/secret.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	KEPT_MAX =
	    4096,	/* of a secret; a text with so much of one ends there */
	FORMS = 4,	/* as it is, and base64 of it at three offsets */
	BASE64_MIN = 8, /* shorter ones may be anything */
	PAD = 64,
};

/* Scrambled, since it outlives the secret itself, which is wiped. */
struct form {
	char *p; /* owned */
	size_t n;
};

struct secret {
	struct form form[FORMS]; /* the first is the secret itself */
	bool cut;
};

static struct {
	struct secret s[SECRETS_MAX]; /* the latest first */
	size_t n;
	bool first[256]; /* what a form of one may begin with */
	char pad[PAD];	 /* chosen anew for each first one */
} known;

static char
char_at(const struct form *f, size_t i)
{
	return (char)(f->p[i] ^ known.pad[i % PAD]);
}

static void
add_char(struct form *f, char c)
{
	f->p[f->n] = (char)(c ^ known.pad[f->n % PAD]);
	f->n++;
}

static void
drop(struct secret *s)
{
	for (size_t i = 0; i < FORMS; i++) {
		mem_wipe(s->form[i].p, s->form[i].n);
		mem_free(s->form[i].p);
	}
	*s = (struct secret){.cut = false};
}

/* What of base64 is sure to stand there when at bytes come before s: without
 * the digits that what is before and behind it has a part in. */
static struct form
base64(struct span s, size_t at)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t first = (at * 8 + 5) / 6, end = (at + s.n) * 8 / 6;
	struct form f = {.p = mem_alloc(end + 1)};

	for (size_t i = first; i < end; i++) {
		unsigned v = 0;

		for (size_t bit = i * 6; bit < i * 6 + 6; bit++) {
			unsigned c = (unsigned char)s.p[bit / 8 - at];

			v = v << 1 | (c >> (7 - bit % 8) & 1u);
		}
		add_char(&f, digits[v]);
	}
	return f;
}

static struct secret
make(struct span s)
{
	struct secret made = {.cut = s.n > KEPT_MAX};

	if (made.cut)
		s.n = KEPT_MAX;
	made.form[0].p = mem_alloc(s.n);
	for (size_t i = 0; i < s.n; i++)
		add_char(&made.form[0], s.p[i]);
	for (size_t i = 1; i < FORMS; i++)
		made.form[i] = base64(s, i - 1);
	return made;
}

static bool
is_same(const struct secret *s, struct span text)
{
	size_t n = text.n > KEPT_MAX ? KEPT_MAX : text.n, i = 0;

	while (
	    i < n && i < s->form[0].n && char_at(&s->form[0], i) == text.p[i])
		i++;
	return i == n && i == s->form[0].n;
}

static void note_first(void);

void
secret_know(struct span s)
{
	struct secret made;
	size_t i = 0;

	if (s.n < SECRET_MIN)
		return;
	for (size_t j = 0; known.n == 0 && j < PAD; j++)
		known.pad[j] = (char)clock_random(256);
	while (i < known.n && !is_same(&known.s[i], s))
		i++;
	if (i < known.n) {
		made = known.s[i];
	} else {
		made = make(s);
		if (known.n < SECRETS_MAX)
			known.n++;
		else
			drop(&known.s[--i]);
	}
	memmove(known.s + 1, known.s, i * sizeof made);
	known.s[0] = made;
	note_first();
}

void
secret_know_str(const char *s)
{
	secret_know(span_str(s));
}

void
secret_forget(void)
{
	while (known.n > 0)
		drop(&known.s[--known.n]);
	note_first();
}

static void
note_first(void)
{
	memset(known.first, 0, sizeof known.first);
	known.first['%'] = known.first['\\'] = known.n > 0;
	for (size_t i = 0; i < known.n; i++) {
		for (size_t j = 0; j < FORMS; j++) {
			const struct form *f = &known.s[i].form[j];

			char c = char_at(f, 0);

			known.first[(unsigned char)c] = true;
			if (j > 0 && c == '+')
				known.first['-'] = true;
			if (j > 0 && c == '/')
				known.first['_'] = true;
		}
	}
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n digits at p; −1 if they are none. */
static int
read_hex(const char *p, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		int d = hex(p[i]);

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* How many bytes of text stand for one, %XX or \x or \uXXXX, the latter two
 * also where they were escaped again; 0: it is none of these. */
static size_t
decode(struct span text, char wanted, char *out)
{
	size_t n = 1;
	int v = -1;

	if (text.n >= 3 && text.p[0] == '%') {
		v = read_hex(text.p + 1, 2);
		*out = (char)v;
		return v >= 0 ? 3 : 0;
	}
	if (text.n < 2 || text.p[0] != '\\')
		return 0;
	while (wanted != '\\' && n + 1 < text.n && text.p[n] == '\\')
		n++;
	if (text.n >= n + 5 && text.p[n] == 'u')
		v = read_hex(text.p + n + 1, 4);
	*out = v >= 0 && v < 0x80 ? (char)v : text.p[n];
	return v >= 0 && v < 0x80 ? n + 5 : n + 1;
}

static bool
is_char(char c, char wanted, bool url_safe)
{
	return c == wanted || (url_safe && ((c == '-' && wanted == '+') ||
					       (c == '_' && wanted == '/')));
}

/* How much of the front of text is a form of a secret, or a prefix that is long
 * enough; 0: none. A secret may have '%' and '\' of its own, so there are two
 * ways to read them. */
static size_t
match_way(struct span text, const struct form *f, bool base64, bool plain_first)
{
	size_t at = 0, n = 0,
	       least = f->n < SECRET_PREFIX ? f->n : SECRET_PREFIX;

	while (n < f->n && at < text.n) {
		struct span rest = {text.p + at, text.n - at};
		bool plain = is_char(*rest.p, char_at(f, n), base64);
		char c = '\0';
		size_t used =
		    plain && plain_first ? 0 : decode(rest, char_at(f, n), &c);

		if (used == 0 || !is_char(c, char_at(f, n), base64))
			used = plain ? 1 : 0;
		if (used == 0)
			break;
		at += used;
		n++;
	}
	return n >= least ? at : 0;
}

static size_t
match_form(struct span text, const struct form *f, bool base64)
{
	size_t a, b;

	if (*text.p != '%' && *text.p != '\\' &&
	    !is_char(*text.p, char_at(f, 0), base64))
		return 0;
	a = match_way(text, f, base64, true);
	b = match_way(text, f, base64, false);
	return a > b ? a : b;
}

static size_t
match(struct span text, const struct secret *s)
{
	size_t longest = match_form(text, &s->form[0], false);

	if (s->cut && longest >= s->form[0].n)
		return text.n;
	for (size_t i = 1; i < FORMS; i++) {
		size_t n = s->form[i].n >= BASE64_MIN
			       ? match_form(text, &s->form[i], true)
			       : 0;

		if (n > longest)
			longest = n;
	}
	return longest;
}

/* Of the front of text. */
static size_t
hidden_bytes(struct span text)
{
	size_t longest = 0;

	if (!known.first[(unsigned char)*text.p])
		return 0;
	for (size_t i = 0; i < known.n; i++) {
		size_t n = match(text, &known.s[i]);

		if (n > longest)
			longest = n;
	}
	return longest;
}

bool
secret_is_in(struct span text)
{
	for (; text.n >= SECRET_MIN; text.p++, text.n--) {
		if (hidden_bytes(text) > 0)
			return true;
	}
	return false;
}

void
secret_apart(struct buf *out, struct span text,
    void (*add)(struct buf *out, struct span s))
{
	struct span plain = {text.p, 0};

	while (text.n > 0) {
		size_t n = hidden_bytes(text), step = n > 0 ? n : 1;

		text.p += step;
		text.n -= step;
		if (n == 0) {
			plain.n++;
			continue;
		}
		add(out, plain);
		buf_str(out, "[hidden]");
		plain = (struct span){text.p, 0};
	}
	add(out, plain);
}

void
secret_mask(struct buf *out, struct span text)
{
	secret_apart(out, text, buf_span);
}
