#include "settings/similar.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 40 };

static char
plain(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, by rows. */
static size_t
distance(struct span a, struct span b)
{
	size_t row[3][WORD_MAX + 1], *old = row[0], *last = row[1],
				     *now = row[2], *spare;

	for (size_t k = 0; k <= b.n; k++)
		last[k] = k;
	for (size_t i = 1; i <= a.n; i++) {
		now[0] = i;
		for (size_t k = 1; k <= b.n; k++) {
			bool same = plain(a.p[i - 1]) == plain(b.p[k - 1]);

			now[k] = least(least(last[k], now[k - 1]) + 1,
			    last[k - 1] + !same);
			if (i > 1 && k > 1 &&
			    plain(a.p[i - 1]) == plain(b.p[k - 2]) &&
			    plain(a.p[i - 2]) == plain(b.p[k - 1]))
				now[k] = least(now[k], old[k - 2] + 1);
		}
		spare = old;
		old = last;
		last = now;
		now = spare;
	}
	return last[b.n];
}

/* "warning" for "warn", "queue" for "queue_url". */
static bool
begins(struct span s, struct span with)
{
	return with.n >= 4 && s.n >= with.n &&
	       distance((struct span){s.p, with.n}, with) == 0;
}

size_t
similar(struct span s, similar_name_fn *name, const void *arg, size_t n)
{
	size_t best = n, nearest = WORD_MAX;

	if (s.n > WORD_MAX)
		return n;
	for (size_t i = 0; i < n; i++) {
		struct span word = span_str(name(arg, i));
		size_t d;

		if (word.n == 0 || word.n > WORD_MAX)
			continue;
		d = begins(s, word) || begins(word, s) ? 1 : distance(s, word);
		if (d < nearest && d <= (word.n + 1) / 3) {
			nearest = d;
			best = i;
		}
	}
	return best;
}
