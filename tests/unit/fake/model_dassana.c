/* Dassana: takes events, or does not, or does and nobody hears of it. Part of
 * model.c. */
#include <zlib.h>

#include "model_internal.h"

static void
inflate_body(struct span in, struct buf *out)
{
	z_stream z = {0};
	char piece[16 * 1024];
	int rc;

	CHECK(inflateInit2(&z, 15 + 16) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	do {
		z.next_out = (Bytef *)piece;
		z.avail_out = sizeof piece;
		rc = inflate(&z, Z_NO_FLUSH);
		CHECK(rc == Z_OK || rc == Z_STREAM_END);
		buf_add(out, piece, sizeof piece - z.avail_out);
	} while (rc != Z_STREAM_END);
	CHECK(z.avail_in == 0);
	inflateEnd(&z);
}

/* The number of an event, whose bytes must be exactly those of the bucket. */
static uint64_t
event_of(struct span line)
{
	struct span s = line;
	struct buf want;
	uint64_t id;

	(void)span_cut(&s, ':');
	CHECK(span_u64(span_cut(&s, ','), 0, M.nevents - 1, &id) == 0);
	buf_init(&want, 1 << 27);
	m_event_text(m_object_of(id), id, &want);
	if (!span_eq(line, buf_view(&want)))
		fail_msg("event %llu: not its bytes: %.*s",
		    (unsigned long long)id, (int)line.n, line.p);
	buf_fini(&want);
	return id;
}

struct post_body {
	uint64_t *id;
	size_t n;
	bool poison;
};

static void
read_events(struct span text, struct post_body *b)
{
	struct span line;

	CHECK(text.n > 0 && text.p[text.n - 1] == '\n');
	b->id = mem_alloc(text.n * sizeof *b->id / 8 + 64);
	while (text.n > 0) {
		line = span_cut(&text, '\n');
		b->id[b->n] = event_of(line);
		if (!m_rules_may_send(b->id[b->n]))
			fail_msg("event %llu was sent, and is not wanted",
			    (unsigned long long)b->id[b->n]);
		b->poison |= M.event[b->id[b->n]].poison;
		b->n++;
	}
}

static void
acknowledge(const struct post_body *b, bool heard)
{
	M.dassana_took = true;
	if (!heard) {
		M.stats.taken_unheard += b->n;
		return;
	}
	for (size_t i = 0; i < b->n; i++) {
		struct m_event *e = &M.event[b->id[i]];

		M.stats.events_taken++;
		M.stats.events_again += e->acked;
		e->acked = true;
	}
}

static void
dassana_fault(struct m_serving *s, const struct post_body *b)
{
	switch (m_random(8)) {
	case 0:
		m_reply(s, 429, "Retry-After: 3\r\n", "{}");
		return;
	case 1:
		m_reply(s, 503, m_random(2) ? "Retry-After: 120\r\n" : NULL,
		    "busy");
		return;
	case 2:
		m_reply(s, 500, NULL, "oops");
		return;
	case 3: /* taken, and then it broke */
		acknowledge(b, false);
		m_reply(s, 500, NULL, "oops");
		return;
	case 4:
		acknowledge(b, false);
		fake_fail(s->request, ERR_TIMEOUT);
		s->told = true;
		return;
	case 5:
		m_reply(s, 504, NULL, "<html>");
		return;
	default:
		if (m_random(2))
			acknowledge(b, false);
		m_break(s);
	}
}

static void
dassana_refuses_all(struct m_serving *s)
{
	if (M.window_kind == MODEL_REFUSES_EVENTS) {
		m_reply(s, 400, NULL, "bad events");
		return;
	}
	switch (M.window_kind % 5) {
	case 0:
		m_reply(s, 401, NULL, "{}");
		return;
	case 1:
		m_reply(s, 404, NULL, "not found");
		return;
	case 2:
		m_reply(s, 200, NULL, "{\"docCount\":0}");
		return;
	case 3:
		m_reply(s, 302, "Location: https://example/\r\n", "moved");
		return;
	default:
		m_reply(s, 200, NULL, "<html>sign in</html>");
	}
}

void
m_serve_dassana(struct m_serving *s)
{
	struct post_body b = {0};
	struct buf text;

	M.stats.posts++;
	if (m_window(WINDOW_DASSANA)) {
		dassana_refuses_all(s);
		return;
	}
	buf_init(&text, 1 << 27);
	if (fake_header(s->request, "content-encoding") != NULL)
		inflate_body(fake_body(s->request), &text);
	else
		buf_span(&text, fake_body(s->request));
	read_events(buf_view(&text), &b);
	if (m_chance(M.conf.faults.dassana)) {
		dassana_fault(s, &b);
	} else if (M.conf.post_max_bytes > 0 &&
		   text.n > M.conf.post_max_bytes) {
		m_reply(s, 413, NULL, "too large");
	} else if (b.poison) {
		m_reply(s, m_random(2) ? 400 : 422, NULL, "bad event");
	} else {
		acknowledge(&b, true);
		m_reply(s, 200, NULL, "{\"docCount\":%zu}", b.n);
	}
	mem_free(b.id);
	buf_fini(&text);
}
