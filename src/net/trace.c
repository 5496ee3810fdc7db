#include "net/trace.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

enum { FIELDS_MAX = 48, NAME_MAX_BYTES = 64, URL_MAX = 4096 };

static const char hidden[] = "[hidden]";

/* One line: the fields are few enough to be told from one another, and the
 * logger cuts what is too long. */
struct line {
	struct log_field field[FIELDS_MAX + 1];
	char name[FIELDS_MAX][NAME_MAX_BYTES];
	size_t n;
	struct buf url;
	struct buf location; /* the URL of a redirect; shown once, it stays */
};

static bool
has_word(const char *name, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strstr(name, *words) != NULL)
			return true;
	}
	return false;
}

/* name in lower case. By parts of names, so that what nobody has thought of is
 * hidden rather than shown. */
static bool
is_secret(const char *name)
{
	static const char *const words[] = {"authorization", "token", "cookie",
	    "secret", "signature", "credential", "password", "api-key",
	    "apikey", NULL};

	return strcmp(name, "x-aws-ec2-metadata-token-ttl-seconds") != 0 &&
	       has_word(name, words);
}

static bool
is_harmless(struct span parameter)
{
	static const char *const names[] = {"versionId", "list-type", "prefix",
	    "start-after", "max-keys", "location", "Action", "Version", NULL};

	for (const char *const *n = names; *n != NULL; n++) {
		if (span_is(parameter, *n))
			return true;
	}
	return false;
}

/* A user:password@ is left out altogether. */
static void
add_url(struct buf *b, struct span s)
{
	struct span path = span_cut(&s, '?');
	const char *slashes = memmem(path.p, path.n, "//", 2);
	const char *sep = "?";

	if (slashes != NULL) {
		struct span host = {slashes + 2, 0};
		struct span rest, user;

		host.n = path.n - (size_t)(host.p - path.p);
		buf_add(b, path.p, (size_t)(host.p - path.p));
		path = rest = host;
		host = span_cut(&rest, '/');
		while (memchr(host.p, '@', host.n) != NULL) {
			user = span_cut(&host, '@');
			path.p += user.n + 1;
			path.n -= user.n + 1;
		}
	}
	buf_span(b, path);
	while (s.p != NULL) {
		struct span value = span_cut(&s, '&');
		struct span name = span_cut(&value, '=');

		buf_str(b, sep);
		sep = "&";
		if (value.p == NULL) {
			buf_str(b, is_harmless(name) ? "" : hidden);
			continue;
		}
		buf_span(b, name);
		buf_char(b, '=');
		if (is_harmless(name))
			buf_span(b, value);
		else
			buf_str(b, hidden);
	}
}

static void
line_init(struct line *l, const struct request *r)
{
	l->n = 0;
	buf_init(&l->url, URL_MAX);
	buf_init(&l->location, URL_MAX);
	add_url(&l->url, span_str(r->url));
}

static void
line_add(struct line *l, struct log_field f)
{
	if (l->n < FIELDS_MAX)
		l->field[l->n++] = f;
}

/* "h.x-amzn-requestid=…": the prefix keeps a server from naming our fields. */
static void
line_add_header(struct line *l, struct span name, struct span value)
{
	char *lower;
	size_t n = 0;

	if (l->n == FIELDS_MAX)
		return;
	lower = l->name[l->n];
	memcpy(lower, "h.", 2);
	for (; n < name.n && n < NAME_MAX_BYTES - 3; n++) {
		unsigned char c = (unsigned char)name.p[n];

		lower[n + 2] =
		    isalnum(c) || c == '-' || c == '_' ? (char)tolower(c) : '?';
	}
	lower[n + 2] = '\0';
	/* A name too long to be seen whole is not judged by a part of it. */
	if (n < name.n || is_secret(lower + 2)) {
		value = span_str(hidden);
	} else if (strcmp(lower + 2, "location") == 0 && l->location.n > 0) {
		value = span_str(hidden); /* nobody has two */
	} else if (strcmp(lower + 2, "location") == 0) {
		add_url(&l->location, value);
		value = buf_view(&l->location);
	}
	line_add(l, F_SPAN(lower, value));
}

static void
line_write(struct line *l, const char *event)
{
	l->field[l->n] = (struct log_field){.name = NULL};
	log_write(LOG_LVL_TRACE, event, l->field);
	buf_fini(&l->url);
	buf_fini(&l->location);
}

void
trace_request(const struct request *r, const struct request_spec *spec)
{
	struct line l;

	if (!log_on(LOG_LVL_TRACE))
		return;
	line_init(&l, r);
	line_add(&l, F_STR("method", r->method));
	line_add(&l, F_SPAN("url", buf_view(&l.url)));
	line_add(&l, F_INT("id", r->id));
	for (size_t i = 0; i < spec->nheaders; i++)
		line_add_header(&l, span_str(spec->headers[i].name),
		    span_str(spec->headers[i].value));
	line_write(&l, "http.start");
}

/* Without the status line and the empty one at the end. */
static void
add_reply_headers(struct line *l, struct span head)
{
	span_cut(&head, '\n');
	while (head.p != NULL && head.n > 0) {
		struct span value = span_cut(&head, '\n');
		struct span name = span_cut(&value, ':');

		if (value.p != NULL)
			line_add_header(l, span_trim(name), span_trim(value));
	}
}

void
trace_reply(const struct request *r)
{
	struct line l;

	if (!log_on(LOG_LVL_TRACE))
		return;
	line_init(&l, r);
	line_add(&l, F_STR("method", r->method));
	line_add(&l, F_SPAN("url", buf_view(&l.url)));
	line_add(&l, F_INT("status", r->reply.status));
	line_add(&l, F_ERR(r->reply.err));
	line_add(&l, F_SPAN("detail", r->reply.detail));
	line_add(&l, F_INT("ms", r->reply.total_us / 1000));
	line_add(&l, F_INT("in", r->bytes_in));
	line_add(&l, F_INT("out", r->uploaded));
	line_add(&l, F_INT("id", r->id));
	add_reply_headers(&l, buf_view(&r->head));
	line_write(&l, "http.end");
}
