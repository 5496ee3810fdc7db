/* The queue: at-least-once delivery, visibility, handles, faults. Part of
 * model.c. */
#include "aws/sqs.h"
#include "base/enc.h"
#include "base/json.h"
#include "model_internal.h"

static bool
is_visible(const struct m_message *m, int64_t now)
{
	return !m->deleted && !m->dead && m->visible_ms <= now;
}

/* Bad ones would be tried for ever: the queue's redrive policy. */
enum { BAD_RECEIVES_MAX = 12 };

static void
add_received(struct buf *out, unsigned i, bool first)
{
	struct m_message *m = &M.message[i];

	buf_printf(out,
	    "%s{\"MessageId\":\"m%u\",\"ReceiptHandle\":\"h%u-%u\","
	    "\"Attributes\":{\"ApproximateReceiveCount\":\"%u\"},\"Body\":",
	    first ? "" : ",", i, i, m->receives, m->receives);
	enc_json_string(out, span_str(m->body));
	buf_char(out, '}');
}

static void
take(struct m_serving *s, unsigned i, int64_t now, uint64_t visibility_s)
{
	struct m_message *m = &M.message[i];

	m->receives++;
	m->received_ms = now;
	m->visible_ms = now + (int64_t)visibility_s * 1000;
	m->hidden = HIDDEN_TAKEN;
	m->unheard = 0;
	s->taken[s->ntaken++] = i;
}

static void
choose(struct m_serving *s, uint64_t max, uint64_t visibility_s)
{
	int64_t now = clock_mono_ms();
	size_t at = m_random(M.nmessages + 1);

	for (size_t k = 0; k < M.nmessages && s->ntaken < max; k++) {
		unsigned i = (unsigned)((at + k) % M.nmessages);
		struct m_message *m = &M.message[i];
		bool live = !m->deleted && !m->dead;

		if (!is_visible(m, now) &&
		    !(live && m_chance(M.conf.faults.twice)))
			continue;
		if (!m->good && m->receives >= BAD_RECEIVES_MAX) {
			m->dead = true;
			continue;
		}
		if (m_random(8) > 0)
			take(s, i, now, visibility_s);
	}
}

/* They are hidden, and nobody knows. */
static void
lose_taken(struct m_serving *s)
{
	for (unsigned k = 0; k < s->ntaken; k++)
		M.message[s->taken[k]].hidden = HIDDEN_UNHEARD;
	s->ntaken = 0;
}

static void
serve_receive(struct m_serving *s, const struct json_node *root)
{
	int64_t now = clock_mono_ms();
	uint64_t max = 0, wait_s = 0, visibility_s = 0;
	struct buf body;

	CHECK(json_u64(json_get(root, "MaxNumberOfMessages"), &max) == 0);
	CHECK(json_u64(json_get(root, "WaitTimeSeconds"), &wait_s) == 0);
	CHECK(
	    json_u64(json_get(root, "VisibilityTimeout"), &visibility_s) == 0);
	CHECK(max >= 1 && max <= 10);
	if (s->until_ms == 0)
		s->until_ms = now + (int64_t)wait_s * 1000;
	choose(s, max, visibility_s);
	if (s->ntaken == 0 && now < s->until_ms) {
		s->due_ms = now + 100 + (int64_t)m_random(2000);
		return;
	}
	M.stats.receives++;
	if (m_chance(M.conf.faults.sqs)) {
		lose_taken(s);
		m_break(s);
		return;
	}
	buf_init(&body, 1 << 20);
	for (unsigned k = 0; k < s->ntaken; k++)
		add_received(&body, s->taken[k], k == 0);
	m_reply(s, 200, NULL, "{\"Messages\":[%s]}", buf_cstr(&body));
	s->ntaken = 0;
	buf_fini(&body);
}

/* ---- what is said of messages ---- */

/* Invariant: what is deleted has arrived, and this process knows it. */
static void
check_deletable(const struct m_message *m, unsigned i)
{
	CHECK(!m->unknown);
	for (unsigned k = 0; k < m->nobjects; k++) {
		const struct m_object *o = &M.object[m->object[k]];

		if (o->kind == MODEL_FILTERED)
			continue;
		if (o->kind != MODEL_GOOD && o->kind != MODEL_POISON)
			fail_msg("message %u deleted, object %u is bad", i,
			    m->object[k]);
		if (!m_rules_done(o))
			fail_msg("message %u deleted, not all of object %u "
				 "was acknowledged",
			    i, m->object[k]);
	}
}

enum said { SAID_OK, SAID_INVALID, SAID_NOT_INFLIGHT };

static enum said
say_delete(unsigned i, bool current, int64_t now)
{
	struct m_message *m = &M.message[i];

	(void)now;
	check_deletable(m, i);
	if (m->deleted)
		return SAID_OK;
	/* An old handle may be refused, or be taken and do nothing. */
	if (!current)
		return m_random(2) ? SAID_INVALID : SAID_OK;
	m->deleted = true;
	M.stats.deletes++;
	return SAID_OK;
}

static enum said
say_hide(unsigned i, bool current, int64_t now, uint64_t s)
{
	struct m_message *m = &M.message[i];

	if (!current || m->deleted)
		return SAID_INVALID;
	if (m->visible_ms <= now)
		return SAID_NOT_INFLIGHT;
	CHECK(now + (int64_t)s * 1000 <=
	      m->received_ms + MODEL_VISIBILITY_MAX_MS);
	m->visible_ms = now + (int64_t)s * 1000;
	/* Only a release says another time than an extension. */
	if (s != M.conf.shipper.visibility_timeout_s)
		m->hidden = HIDDEN_RELEASED;
	return SAID_OK;
}

struct said_of {
	uint64_t i, s; /* message, visibility */
	bool current;  /* by the handle of its last receive */
};

static struct said_of
read_entry(const struct json_node *e)
{
	struct span handle = json_str(json_get(e, "ReceiptHandle"));
	struct said_of of = {0};
	uint64_t receive;

	handle.p++;
	handle.n--;
	CHECK(span_u64(span_cut(&handle, '-'), 0, M.nmessages - 1, &of.i) == 0);
	CHECK(span_u64(handle, 1, UINT32_MAX, &receive) == 0);
	of.current = receive == M.message[of.i].receives;
	(void)json_u64(json_get(e, "VisibilityTimeout"), &of.s);
	return of;
}

/* A release that the queue did not do. */
static void
note_unheard(struct said_of of, bool is_delete)
{
	if (!is_delete && of.current &&
	    of.s != M.conf.shipper.visibility_timeout_s)
		M.message[of.i].unheard++;
}

static void
note_all_unheard(const struct json_node *root, bool is_delete)
{
	const struct json_node *e = json_get(root, "Entries")->child;

	for (; e != NULL; e = e->next)
		note_unheard(read_entry(e), is_delete);
}

static void
say(const struct json_node *e, bool is_delete, struct buf *ok, struct buf *bad)
{
	static const char *const codes[] = {
	    [SAID_INVALID] = "ReceiptHandleIsInvalid",
	    [SAID_NOT_INFLIGHT] = "MessageNotInflight"};
	struct span id = json_str(json_get(e, "Id"));
	struct said_of of = read_entry(e);
	int64_t now = clock_mono_ms();
	enum said said;

	if (m_chance(M.conf.faults.entry)) {
		note_unheard(of, is_delete);
		buf_printf(bad,
		    "%s{\"Id\":\"%.*s\",\"Code\":\"InternalError\","
		    "\"SenderFault\":false}",
		    bad->n > 0 ? "," : "", (int)id.n, id.p);
		return;
	}
	said = is_delete ? say_delete((unsigned)of.i, of.current, now)
			 : say_hide((unsigned)of.i, of.current, now, of.s);
	if (said == SAID_OK)
		buf_printf(ok, "%s{\"Id\":\"%.*s\"}", ok->n > 0 ? "," : "",
		    (int)id.n, id.p);
	else
		buf_printf(bad,
		    "%s{\"Id\":\"%.*s\",\"Code\":\"%s\",\"SenderFault\":true}",
		    bad->n > 0 ? "," : "", (int)id.n, id.p, codes[said]);
}

static void
serve_batch(struct m_serving *s, const struct json_node *root, bool is_delete)
{
	const struct json_node *e = json_get(root, "Entries");
	bool fault = m_chance(M.conf.faults.sqs);
	struct buf ok, bad;

	if (fault && m_random(2)) { /* not done */
		note_all_unheard(root, is_delete);
		m_break(s);
		return;
	}
	buf_init(&ok, 1 << 16);
	buf_init(&bad, 1 << 16);
	CHECK(json_is(e, JSON_ARRAY) && e->child != NULL);
	for (e = e->child; e != NULL; e = e->next)
		say(e, is_delete, &ok, &bad);
	if (fault) /* done, but nobody hears of it */
		m_break(s);
	else
		m_reply(s, 200, NULL, "{\"Successful\":[%s],\"Failed\":[%s]}",
		    buf_cstr(&ok), buf_cstr(&bad));
	buf_fini(&ok);
	buf_fini(&bad);
}

void
m_serve_sqs(struct m_serving *s)
{
	const char *target = fake_header(s->request, "x-amz-target");
	bool is_receive = strcmp(target, "AmazonSQS.ReceiveMessage") == 0;
	bool is_delete = strcmp(target, "AmazonSQS.DeleteMessageBatch") == 0;
	const struct json_node *root;
	struct json *j;

	CHECK(json_parse(fake_body(s->request), 1 << 20, &j, &root) == 0);
	if (m_window(WINDOW_CREDS)) {
		lose_taken(s);
		if (!is_receive)
			note_all_unheard(root, is_delete);
		m_reply(s, 403, NULL, "{\"__type\":\"ExpiredToken\"}");
	} else if (is_receive) {
		serve_receive(s, root);
	} else {
		serve_batch(s, root, is_delete);
	}
	json_free(&j);
}
