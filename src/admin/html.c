#include "admin/html.h"

#include <inttypes.h>

#include "base/secret.h"

static void
add_text(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '&')
			buf_str(b, "&amp;");
		else if (c == '<')
			buf_str(b, "&lt;");
		else if (c == '>')
			buf_str(b, "&gt;");
		else if (c == '"')
			buf_str(b, "&quot;");
		else if (c == '\'')
			buf_str(b, "&#39;");
		else
			buf_char(b, c >= ' ' && c < 0x7f ? c : '?');
	}
}

void
html_text(struct buf *b, struct span s)
{
	secret_apart(b, s, add_text);
}

void
html_count(struct buf *b, uint64_t n)
{
	if (n >= 1000) {
		html_count(b, n / 1000);
		buf_printf(b, ",%03u", (unsigned)(n % 1000));
	} else {
		buf_printf(b, "%" PRIu64, n);
	}
}

void
html_rate(struct buf *b, double per_second)
{
	if (per_second > 0 && per_second < 10)
		buf_printf(b, "%.1f", per_second);
	else
		html_count(b, (uint64_t)(per_second + 0.5));
}

void
html_bytes(struct buf *b, double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	while (bytes >= 1024 && i < sizeof units / sizeof units[0] - 1) {
		bytes /= 1024;
		i++;
	}
	buf_printf(
	    b, i > 0 && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[i]);
}

void
html_duration(struct buf *b, int64_t s)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	if (s < 0)
		s = 0;
	while (i < 3 && s < units[i].s)
		i++;
	buf_printf(b, "%" PRId64 " %s", s / units[i].s, units[i].unit);
	s %= units[i].s;
	/* Two of them where that still tells something. */
	if (i < 2 && s / units[i + 1].s > 0)
		buf_printf(b, " %" PRId64 " %s", s / units[i + 1].s,
		    units[i + 1].unit);
}
