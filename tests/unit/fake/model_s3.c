/* The bucket: objects written on demand, faults, broken streams. Part of
 * model.c. */
#include "gzip.c"
#include "model_internal.h"

/* The contents of a version: the events in an order of their own. */
static void
write_text(const struct m_object *o, struct buf *out)
{
	uint64_t at = o->version % o->count;

	buf_str(out, "{\"Records\":[");
	for (uint64_t k = 0; k < o->count; k++) {
		if (k > 0)
			buf_char(out, ',');
		m_event_text(o, o->first + (at + k) % o->count, out);
	}
	buf_str(out, "]}");
}

/* The same version has the same bytes. */
static void
write_body(const struct m_object *o, struct buf *out)
{
	unsigned form = (unsigned)(o->first + o->version) % 7;
	struct span text, rest;
	struct buf b;

	buf_init(&b, 1 << 27);
	write_text(o, &b);
	text = rest = buf_view(&b);
	if (form == 0) {
		buf_span(out, text); /* not compressed */
	} else if (form == 1) {
		text.n = rest.n / 3;
		rest.p += text.n;
		rest.n -= text.n;
		gzip_member(out, text, 1);
		gzip_member(out, rest, 9);
	} else {
		gzip_member(out, text, (int)form);
	}
	if (o->kind == MODEL_CORRUPT)
		out->n -= out->n > 20 ? 9 : 1;
	CHECK(out->err == 0 && b.err == 0);
	buf_fini(&b);
}

static struct m_object *
find_object(const char *url)
{
	const char *at = strrchr(url, '-');
	struct span s = span_str(at + 1);
	uint64_t i;

	CHECK(at != NULL);
	CHECK(span_u64(span_cut(&s, '.'), 0, M.nobjects - 1, &i) == 0);
	return &M.object[i];
}

static void
s3_error(struct m_serving *s, int status, const char *code)
{
	m_reply(s, status, NULL, "<Error><Code>%s</Code></Error>", code);
}

/* What may be said of all objects. */
static void
refuse_all(struct m_serving *s, unsigned way)
{
	static const struct {
		int status;
		const char *code;
	} rows[] = {{403, "AccessDenied"}, {400, "KMS.DisabledException"},
	    {503, "SlowDown"}, {500, "InternalError"}, {404, "NoSuchBucket"},
	    {403, "SignatureDoesNotMatch"}, {403, "InvalidAccessKeyId"},
	    {404, ""}, {405, "MethodNotAllowed"}};
	unsigned n = sizeof rows / sizeof *rows;

	if (way % (n + 1) < n) {
		s3_error(
		    s, rows[way % (n + 1)].status, rows[way % (n + 1)].code);
		return;
	}
	s->told = true;
	fake_fail(s->request, ERR_CONNECT);
}

static void
s3_fault(struct m_serving *s)
{
	switch (m_random(9)) {
	case 5:
		s3_error(s, 403, "SignatureDoesNotMatch");
		return;
	case 6:
		s3_error(s, 400, m_random(2) ? "ExpiredToken" : "InvalidToken");
		return;
	case 7:
		s3_error(s, 404, "NoSuchBucket");
		return;
	case 8:
		s3_error(s, 301, "PermanentRedirect");
		return;
	case 0:
		s3_error(s, 403, "AccessDenied");
		return;
	case 1:
		s3_error(s, 404, "NoSuchKey");
		return;
	case 2:
		s3_error(s, 503, "SlowDown");
		return;
	case 3:
		s3_error(s, 500, "InternalError");
		return;
	default:
		m_break(s);
	}
}

/* Where it breaks, if it does: near either end too. */
static size_t
choose_break(size_t n)
{
	if (!m_chance(M.conf.faults.cut))
		return SIZE_MAX;
	switch (m_random(3)) {
	case 0:
		return m_random(n < 20 ? n : 20);
	case 1:
		return n - m_random(n < 20 ? n : 20) - 1;
	default:
		return m_random(n);
	}
}

/* 200, or 206 from the byte asked for, as If-Match says. */
static void
open_stream(struct m_serving *s, struct m_object *o)
{
	const char *range = fake_header(s->request, "range");
	const char *match = fake_header(s->request, "if-match");
	char etag[32], head[256];
	uint64_t from = 0;
	struct span at;

	snprintf(etag, sizeof etag, "\"e%llu-%u\"",
	    (unsigned long long)o->first, o->version);
	if (range != NULL) {
		at = span_str(range + strlen("bytes="));
		CHECK(span_u64(span_cut(&at, '-'), 1, SIZE_MAX, &from) == 0);
		CHECK(match != NULL);
		if (strcmp(match, etag) != 0) {
			s3_error(s, 412, "PreconditionFailed");
			return;
		}
		if (m_random(4) == 0)
			from = 0; /* some give all of it */
	}
	buf_init(&s->body, 1 << 27);
	write_body(o, &s->body);
	CHECK(from < s->body.n);
	snprintf(head, sizeof head,
	    "ETag: %s\r\nContent-Length: %zu\r\nContent-Range: bytes "
	    "%llu-%zu/%zu\r\n",
	    etag, s->body.n - (size_t)from, (unsigned long long)from,
	    s->body.n - 1, s->body.n);
	fake_reply_head(s->request, from > 0 ? 206 : 200, head);
	s->sent = (size_t)from;
	s->break_at = choose_break(s->body.n);
	s->streaming = true;
}

static void
send_piece(struct m_serving *s)
{
	size_t n = s->body.n - s->sent, piece = 1 + m_random(1 << m_random(18));

	if (piece > n)
		piece = n;
	if (s->break_at != SIZE_MAX && s->sent + piece > s->break_at) {
		if (s->break_at > s->sent)
			fake_reply_body(
			    s->request, (struct span){s->body.p + s->sent,
					    s->break_at - s->sent});
		s->told = true;
		switch (m_random(3)) {
		case 0:
			fake_break(s->request, ERR_RESET);
			return;
		case 1:
			fake_reply_end(s->request); /* cut short */
			return;
		default:
			fake_fail(s->request, ERR_STALL);
			return;
		}
	}
	fake_reply_body(s->request, (struct span){s->body.p + s->sent, piece});
	s->sent += piece;
	s->due_ms = clock_mono_ms() + (int64_t)m_random(50);
	if (s->sent == s->body.n) {
		fake_reply_end(s->request);
		s->told = true;
	}
}

void
m_serve_s3(struct m_serving *s)
{
	struct m_object *o;

	if (s->streaming) {
		send_piece(s);
		return;
	}
	/* Which region the bucket is in: it is nowhere else. */
	if (strcmp(fake_method(s->request), "HEAD") == 0) {
		s3_error(s, 403, "AccessDenied");
		return;
	}
	M.stats.gets++;
	o = find_object(fake_url(s->request));
	CHECK(o->kind != MODEL_FILTERED);
	if (m_chance(M.conf.faults.replace))
		o->version++;
	if (m_window(WINDOW_CREDS))
		s3_error(s, 400, "ExpiredToken");
	else if (m_window(WINDOW_S3))
		refuse_all(s, M.window_kind);
	else if (m_chance(M.conf.faults.s3))
		s3_fault(s);
	else if (o->kind == MODEL_FORBIDDEN)
		refuse_all(s, (unsigned)o->first % 6);
	else if (o->kind == MODEL_MISSING)
		s3_error(s, 404, "NoSuchKey");
	else
		open_stream(s, o);
}
