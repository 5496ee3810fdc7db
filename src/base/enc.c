#include "base/enc.h"

#include <string.h>

#include "base/secret.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

void
enc_hex(struct buf *b, const void *p, size_t n)
{
	const unsigned char *u = p;

	for (size_t i = 0; i < n; i++) {
		buf_char(b, hex_lower[u[i] >> 4]);
		buf_char(b, hex_lower[u[i] & 15]);
	}
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void
enc_uri(struct buf *b, struct span s, bool keep_slash)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(c) || (c == '/' && keep_slash)) {
			buf_char(b, (char)c);
		} else {
			char esc[3] = {
			    '%', hex_upper[c >> 4], hex_upper[c & 15]};

			buf_add(b, esc, sizeof esc);
		}
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

enum err
enc_form_decode(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '+') {
			buf_char(b, ' ');
		} else if (s.p[i] == '%') {
			int hi = s.n - i > 2 ? hex_value(s.p[i + 1]) : -1;
			int lo = s.n - i > 2 ? hex_value(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return ERR_SYNTAX;
			buf_char(b, (char)(hi << 4 | lo));
			i += 2;
		} else {
			buf_char(b, s.p[i]);
		}
	}
	return b->err;
}

uint32_t
enc_utf8(struct span s, size_t *n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char c = (unsigned char)s.p[0];
	size_t len = c < 0x80	? 1
		     : c < 0xc2 ? 0
		     : c < 0xe0 ? 2
		     : c < 0xf0 ? 3
				: 4;
	uint32_t cp = len == 1 ? c : c & (0x7fu >> len);

	*n = 1;
	if (len == 0 || c > 0xf4 || len > s.n)
		return ENC_BAD;
	for (size_t i = 1; i < len; i++) {
		c = (unsigned char)s.p[i];
		if ((c & 0xc0) != 0x80)
			return ENC_BAD;
		cp = cp << 6 | (c & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >> 11) == 0x1b)
		return ENC_BAD;
	*n = len;
	return cp;
}

bool
enc_is_visible(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200b, 0x200f},
	    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
	    {0xfff9, 0xfffb}, {0xe0000, 0xe007f}, {ENC_BAD, ENC_BAD}};

	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
		if (cp >= hidden[i].first && cp <= hidden[i].last)
			return false;
	}
	return true;
}

/* As JSON escapes it. */
static void
add_escaped(struct buf *b, uint32_t cp)
{
	if (cp == ENC_BAD)
		cp = 0xfffd;
	if (cp < 0x10000)
		buf_printf(b, "\\u%04x", (unsigned)cp);
	else
		buf_printf(b, "\\u%04x\\u%04x",
		    (unsigned)(0xd800 + ((cp - 0x10000) >> 10)),
		    (unsigned)(0xdc00 + ((cp - 0x10000) & 0x3ff)));
}

static void
add_visible(struct buf *b, struct span s)
{
	size_t n;

	for (; s.n > 0; s.p += n, s.n -= n) {
		if (enc_is_visible(enc_utf8(s, &n)))
			buf_add(b, s.p, n);
		else
			buf_char(b, '?');
	}
}

void
enc_json_visible(struct buf *b, struct span s)
{
	size_t n;

	for (; s.n > 0; s.p += n, s.n -= n) {
		uint32_t cp = enc_utf8(s, &n);

		if (enc_is_visible(cp))
			buf_add(b, s.p, n);
		else if (cp < 0x20) /* a blank between tokens */
			buf_char(b, ' ');
		else
			add_escaped(b, cp);
	}
}

void
enc_visible(struct buf *b, struct span s)
{
	secret_apart(b, s, add_visible);
}

/* A password may have '/', '?' and '@' in it: the last '@' is what counts. */
void
enc_bare_url(struct buf *b, struct span url)
{
	const char *host = memmem(url.p, url.n, "://", 3);
	const char *at = url.n > 0 ? memrchr(url.p, '@', url.n) : NULL;
	struct span rest = url;

	if (at != NULL) {
		if (host != NULL && host < at)
			buf_add(b, url.p, (size_t)(host + 3 - url.p));
		rest.n = (size_t)(url.p + url.n - at - 1);
		rest.p = at + 1;
	}
	buf_span(b, span_cut(&rest, '?'));
}

void
enc_json_text(struct buf *b, struct span s)
{
	size_t n;

	for (; s.n > 0; s.p += n, s.n -= n) {
		uint32_t cp = enc_utf8(s, &n);

		if (cp == '"' || cp == '\\')
			buf_printf(b, "\\%c", (int)cp);
		else if (cp >= ' ' && cp < 0x7f)
			buf_char(b, (char)cp);
		else
			add_escaped(b, cp);
	}
}

void
enc_json_string(struct buf *b, struct span s)
{
	buf_char(b, '"');
	enc_json_text(b, s);
	buf_char(b, '"');
}
