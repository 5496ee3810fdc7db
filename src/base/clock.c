#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"

enum { SET_MS = 60 * 1000 }; /* less than that may be drift */

/* The seam for tests: when frozen, all clocks read from here. */
static struct {
	bool frozen;
	int64_t mono_ms;
	int64_t wall_ms;
	int64_t step_ms;
	int64_t slept_ms;
	uint64_t rng;
} seam;

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	CHECK(clock_gettime(id, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
step(void)
{
	seam.mono_ms += seam.step_ms;
	seam.wall_ms += seam.step_ms;
}

int64_t
clock_mono_us(void)
{
	if (!seam.frozen)
		return read_us(CLOCK_BOOTTIME) + seam.slept_ms * 1000;
	step();
	return (seam.mono_ms + seam.slept_ms) * 1000;
}

int64_t
clock_awake_us(void)
{
	return seam.frozen ? seam.mono_ms * 1000 : read_us(CLOCK_MONOTONIC);
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t
clock_wall_ms(void)
{
	if (!seam.frozen)
		return read_us(CLOCK_REALTIME) / 1000 + seam.slept_ms;
	step();
	return seam.wall_ms + seam.slept_ms;
}

int64_t
clock_wall_s(void)
{
	return clock_wall_ms() / 1000;
}

/* Moves only when the wall clock is set. */
static int64_t
base_ms(void)
{
	return clock_wall_ms() - clock_mono_ms();
}

void
clock_offset_learn(struct clock_offset *o, int64_t s)
{
	*o = (struct clock_offset){.learned_s = s, .base_ms = base_ms()};
}

int64_t
clock_offset_s(const struct clock_offset *o)
{
	int64_t moved_ms = base_ms() - o->base_ms;

	return moved_ms > SET_MS || moved_ms < -SET_MS ? 0 : o->learned_s;
}

void
clock_set_test(int64_t mono_ms, int64_t wall_ms)
{
	seam.frozen = true;
	seam.slept_ms = 0;
	seam.mono_ms = mono_ms;
	seam.wall_ms = wall_ms;
}

void
clock_step_test(int64_t ms)
{
	seam.step_ms = ms;
}

void
clock_sleep_test(int64_t ms)
{
	seam.slept_ms += ms;
}

void
clock_use_real(void)
{
	seam.frozen = false;
	seam.step_ms = seam.slept_ms = 0;
}

static struct tm
to_utc(int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm tm = {0};

	(void)gmtime_r(&t, &tm);
	return tm;
}

void
clock_format_amz(char out[17], int64_t wall_s)
{
	struct tm tm = to_utc(wall_s);

	if (strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm) == 0)
		out[0] = '\0';
}

static void
add_iso(struct buf *b, int64_t wall_s)
{
	struct tm tm = to_utc(wall_s);
	char s[32];

	if (strftime(s, sizeof s, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		s[0] = '\0';
	buf_str(b, s);
}

void
clock_format_iso(struct buf *b, int64_t wall_s)
{
	add_iso(b, wall_s);
	buf_char(b, 'Z');
}

void
clock_format_log(struct buf *b, int64_t wall_ms)
{
	add_iso(b, wall_ms / 1000);
	buf_printf(b, ".%03dZ", (int)(wall_ms % 1000));
}

/* n decimal digits of s from at on; -1 where they are not digits. */
static int
digits(struct span s, size_t at, size_t n)
{
	int v = 0;

	if (at + n > s.n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v;
}

static enum err
from_parts(const int part[6], int64_t *wall_s)
{
	struct tm tm = {.tm_year = part[0] - 1900,
	    .tm_mon = part[1] - 1,
	    .tm_mday = part[2],
	    .tm_hour = part[3],
	    .tm_min = part[4],
	    .tm_sec = part[5]};

	if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
	    part[2] > 31 || part[3] < 0 || part[3] > 23 || part[4] < 0 ||
	    part[4] > 59 || part[5] < 0 || part[5] > 60)
		return ERR_SYNTAX;
	*wall_s = (int64_t)timegm(&tm);
	return ERR_OK;
}

/* Whether s has the shape of pat, where '9' stands for a digit, 'a' for a
 * letter and anything else for itself; s may be longer. */
static bool
has_shape(struct span s, const char *pat)
{
	size_t n = strlen(pat);

	if (s.n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[i];
		char low = (char)(c | 0x20);

		if (pat[i] == '9'   ? c < '0' || c > '9'
		    : pat[i] == 'a' ? low < 'a' || low > 'z'
				    : c != pat[i])
			return false;
	}
	return true;
}

enum err
clock_parse_http(struct span s, int64_t *wall_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char shape[] = "aaa, 99 aaa 9999 99:99:99 GMT";
	int part[6];

	if (s.n != sizeof shape - 1 || !has_shape(s, shape))
		return ERR_SYNTAX;
	part[1] = 0;
	for (int m = 0; m < 12; m++) {
		if (memcmp(months + (ptrdiff_t)m * 3, s.p + 8, 3) == 0)
			part[1] = m + 1;
	}
	part[0] = digits(s, 12, 4);
	part[2] = digits(s, 5, 2);
	part[3] = digits(s, 17, 2);
	part[4] = digits(s, 20, 2);
	part[5] = digits(s, 23, 2);
	return from_parts(part, wall_s);
}

/* How far that zone is ahead of UTC. */
static enum err
parse_zone(struct span s, int *ahead_s)
{
	bool colon = s.n == 6 && s.p[3] == ':';
	int hours = digits(s, 1, 2);
	int minutes = s.n > 3 ? digits(s, colon ? 4 : 3, 2) : 0;

	*ahead_s = 0;
	if (span_is(s, "Z") || span_is(s, "z") || span_is(s, "UTC"))
		return ERR_OK;
	if ((s.n != 3 && s.n != 5 && !colon) || (*s.p != '+' && *s.p != '-') ||
	    hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return ERR_SYNTAX;
	*ahead_s = (hours * 60 + minutes) * (*s.p == '+' ? 60 : -60);
	return ERR_OK;
}

/* Where the parts of a time are: year, month, day, hour, minute, second. */
struct layout {
	const char *shape; /* ' ' is what parts date and time */
	unsigned char at[6];
};

static const struct layout extended = {
    "9999-99-99 99:99:99", {0, 5, 8, 11, 14, 17}};
static const struct layout basic = {"99999999 999999", {0, 4, 6, 9, 11, 13}};

static const struct layout *
find_layout(struct span s)
{
	const struct layout *l = digits(s, 0, 8) >= 0 ? &basic : &extended;
	char copy[sizeof "9999-99-99 99:99:99"];
	size_t n = strlen(l->shape), parting = l->at[3] - (size_t)1;

	if (s.n < n ||
	    (s.p[parting] | 0x20) != (s.p[parting] == ' ' ? ' ' : 't'))
		return NULL;
	memcpy(copy, s.p, n);
	copy[parting] = ' ';
	return has_shape((struct span){copy, n}, l->shape) ? l : NULL;
}

enum err
clock_parse_iso(struct span s, int64_t *wall_s)
{
	const struct layout *l = find_layout(s);
	size_t at;
	int64_t utc_s;
	int part[6], ahead_s;

	if (l == NULL)
		return ERR_SYNTAX;
	for (int i = 0; i < 6; i++)
		part[i] = digits(s, l->at[i], i == 0 ? 4 : 2);
	at = strlen(l->shape);
	if (at < s.n && s.p[at] == '.') {
		at++;
		while (digits(s, at, 1) >= 0)
			at++;
	}
	if (at < s.n && s.p[at] == ' ')
		at++;
	s = (struct span){s.p + at, s.n - at};
	if (parse_zone(s, &ahead_s) != ERR_OK ||
	    from_parts(part, &utc_s) != ERR_OK || utc_s < ahead_s)
		return ERR_SYNTAX;
	*wall_s = utc_s - ahead_s;
	return ERR_OK;
}

void
clock_seed(uint64_t seed)
{
	seam.rng = seed | 1;
}

uint64_t
clock_random(uint64_t n)
{
	uint64_t x = seam.rng;

	if (x == 0) {
		if (getrandom(&x, sizeof x, 0) != (ssize_t)sizeof x)
			x = (uint64_t)read_us(CLOCK_REALTIME);
		x |= 1;
	}
	/* xorshift64* (Vigna, 2016) */
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	seam.rng = x;
	return n == 0 ? 0 : ((x * 0x2545F4914F6CDD1Du) >> 11) % n;
}

int64_t
clock_backoff_ms(int64_t base_ms, int64_t cap_ms, unsigned attempt)
{
	int64_t top = base_ms;

	for (unsigned i = 0; i < attempt && i < 62 && top < cap_ms; i++)
		top = top > cap_ms / 2 ? cap_ms : top * 2;
	if (top > cap_ms)
		top = cap_ms;
	return (int64_t)clock_random((uint64_t)top + 1);
}
