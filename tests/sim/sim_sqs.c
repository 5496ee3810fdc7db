/*
 * The queue: at least once, redrive on receive, visibility up to 12 h from the
 * receive, retention, at most so many in flight, and a choice of what it hands
 * out that is nobody's friend.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sqs.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/mem.h"
#include "sim_world.h"

enum {
	IN_FLIGHT_MAX = 120000,
	RETENTION_MS = 14 * 24 * SIM_H,
	VISIBILITY_MAX_MS = 12 * SIM_H,
	TWICE = 2000, /* one receive in so many brings a message again */
};

static struct request *waiting[16 * SIM_PROCS_MAX];
static size_t nwaiting;

static int64_t
latency(void)
{
	return 5 + (int64_t)sim_random(40);
}

static void
wait_for_more(struct request *r)
{
	CHECK(nwaiting + 1 < sizeof waiting / sizeof *waiting);
	waiting[nwaiting++] = r;
	r->waiting = nwaiting;
}

void
sim_sqs_forget(struct request *r)
{
	struct request *last = waiting[--nwaiting];

	waiting[r->waiting - 1] = last;
	last->waiting = r->waiting;
	r->waiting = 0;
}

static void serve_receive(struct request *r);

static int64_t
rank(const struct sim_message *m)
{
	if (S.order == ANY)
		return (int64_t)sim_random(1 << 30);
	return S.order == NEWEST ? -m->sent_ms : m->sent_ms;
}

static void
show(struct sim_message *m)
{
	struct request *r;

	S.in_flight -= m->in_flight;
	m->in_flight = false;
	sim_heap_put(&S.waiting, &m->visible, rank(m));
	if (nwaiting > 0) {
		r = waiting[sim_random(nwaiting)];
		sim_sqs_forget(r);
		sim_later(r, latency(), serve_receive);
	}
}

static void
on_visible(void *arg)
{
	show(arg);
}

void
sim_queue_add(struct sim_message *m)
{
	m->hidden.fn = on_visible;
	m->hidden.arg = m->visible.arg = m;
	show(m);
}

/* ---- receive ---- */

static uint64_t
number(struct span body, const char *name)
{
	const char *at = memmem(body.p, body.n, name, strlen(name));

	CHECK(at != NULL);
	return strtoull(at + strlen(name), NULL, 10);
}

static bool
is_over(struct sim_message *m)
{
	m->too_old = sim_now() > m->sent_ms + RETENTION_MS;
	m->dead = !m->too_old && m->receives >= S.max_receives;
	return m->dead || m->too_old;
}

static struct sim_message *
next_message(void)
{
	struct sim_ev *e;
	struct sim_message *m;

	if (S.in_flight >= IN_FLIGHT_MAX)
		return NULL;
	while ((e = sim_heap_first(&S.waiting)) != NULL) {
		sim_heap_drop(&S.waiting, e);
		m = e->arg;
		if (!is_over(m))
			return m;
	}
	return NULL;
}

static void
hand_out(struct sim_message *m, uint64_t visibility_s, struct buf *out)
{
	struct buf body;

	m->receives++;
	m->received_ms = sim_now();
	S.in_flight += !m->in_flight;
	m->in_flight = true;
	sim_after(&m->hidden, (int64_t)visibility_s * 1000);
	buf_init(&body, 1 << 20);
	sim_queue_body(m, &body);
	buf_printf(out,
	    "%s{\"MessageId\":\"m%u\",\"ReceiptHandle\":\"h%u-%u\","
	    "\"Attributes\":{\"ApproximateReceiveCount\":\"%u\","
	    "\"SentTimestamp\":\"%lld\"},\"Body\":",
	    out->n > 0 ? "," : "", m->id, m->id, m->receives, m->receives,
	    (long long)(clock_wall_ms() - sim_now() + m->sent_ms));
	enc_json_string(out, buf_view(&body));
	buf_char(out, '}');
	buf_fini(&body);
}

/* One that somebody has already, now and then. */
static struct sim_message *
once_more(void)
{
	struct sim_message *m;

	if (S.nmessages == 0 || sim_random(TWICE) > 0)
		return NULL;
	m = S.message[S.nmessages - 1 -
		      sim_random(S.nmessages < 100 ? S.nmessages : 100)];
	return m->in_flight && m->deleted_ms < 0 ? m : NULL;
}

static void
serve_receive(struct request *r)
{
	struct span body = *r->spec.body;
	uint64_t max = number(body, "\"MaxNumberOfMessages\":");
	uint64_t visibility_s = number(body, "\"VisibilityTimeout\":");
	struct sim_message *m = once_more();
	struct buf out;
	unsigned n = 0;

	if (r->waiting > 0)
		sim_sqs_forget(r);
	buf_init(&out, 1 << 24);
	/* Fewer than there are, as SQS does. */
	if (max > 1 && sim_random(4) == 0)
		max = 1 + sim_random(max);
	if (m == NULL)
		m = next_message();
	for (; m != NULL; m = ++n < max ? next_message() : NULL)
		hand_out(m, visibility_s, &out);
	if (n == 0 && sim_now() < r->until_ms) {
		wait_for_more(r);
		sim_later(r, r->until_ms - sim_now(), serve_receive);
	} else {
		S.proc[r->http->proc].polled_ms = sim_now();
		sim_reply(r, 200, NULL, "{\"Messages\":[%s]}",
		    n > 0 ? buf_cstr(&out) : "");
	}
	buf_fini(&out);
}

/* ---- delete, change visibility ---- */

/* Nothing is deleted before it has arrived. */
static void
check_arrived(const struct sim_message *m)
{
	for (unsigned i = 0; i < m->objects; i++) {
		const struct sim_object *o = &S.object[m->object + i];

		for (unsigned e = 0; e < o->events; e++) {
			if (S.acks[o->first + e] > 0)
				continue;
			printf("message %u deleted, event %u of object %u was "
			       "not taken\n",
			    m->id, e, m->object + i);
			fflush(stdout);
			abort();
		}
	}
}

static const char *
delete_message(struct sim_message *m, bool current)
{
	check_arrived(m);
	if (!current || m->dead)
		return sim_random(2) ? NULL : "ReceiptHandleIsInvalid";
	if (m->deleted_ms >= 0)
		return NULL;
	m->deleted_ms = sim_now();
	S.deletes++;
	S.in_flight -= m->in_flight;
	m->in_flight = false;
	sim_off(&m->hidden);
	sim_heap_drop(&S.waiting, &m->visible);
	return NULL;
}

static const char *
hide_message(struct sim_message *m, bool current, uint64_t s)
{
	int64_t until = sim_now() + (int64_t)s * 1000;

	if (!current || m->dead || m->deleted_ms >= 0)
		return "ReceiptHandleIsInvalid";
	if (!m->in_flight)
		return "MessageNotInflight";
	if (until > m->received_ms + VISIBILITY_MAX_MS)
		return "InvalidParameterValue";
	sim_at(&m->hidden, until);
	return NULL;
}

static void
serve_entry(const struct request *r, const struct json_node *e, struct buf *ok,
    struct buf *bad)
{
	struct span id = json_str(json_get(e, "Id")), rest;
	struct span handle = json_str(json_get(e, "ReceiptHandle"));
	uint64_t i, receive, s = 0;
	const char *code;
	bool current;

	rest = (struct span){handle.p + 1, handle.n - 1};
	CHECK(span_u64(span_cut(&rest, '-'), 0, S.nmessages - 1, &i) == 0);
	CHECK(span_u64(rest, 1, UINT32_MAX, &receive) == 0);
	(void)json_u64(json_get(e, "VisibilityTimeout"), &s);
	current = receive == S.message[i]->receives;
	code = r->op == OP_DELETE ? delete_message(S.message[i], current)
				  : hide_message(S.message[i], current, s);
	if (code == NULL)
		buf_printf(ok, "%s{\"Id\":\"%.*s\"}", ok->n > 0 ? "," : "",
		    (int)id.n, id.p);
	else
		buf_printf(bad,
		    "%s{\"Id\":\"%.*s\",\"Code\":\"%s\","
		    "\"SenderFault\":true}",
		    bad->n > 0 ? "," : "", (int)id.n, id.p, code);
}

static void
serve_batch(struct request *r)
{
	const struct json_node *root, *e;
	struct json *j;
	struct buf ok, bad;

	CHECK(json_parse(*r->spec.body, 1 << 20, &j, &root) == 0);
	if (json_get(root, "Entries") == NULL) {
		sim_reply(r, 200, NULL,
		    "{\"Attributes\":{"
		    "\"ApproximateNumberOfMessagesNotVisible\":\"%u\"}}",
		    (unsigned)S.in_flight);
		json_free(&j);
		return;
	}
	buf_init(&ok, 1 << 16);
	buf_init(&bad, 1 << 16);
	for (e = json_get(root, "Entries")->child; e != NULL; e = e->next)
		serve_entry(r, e, &ok, &bad);
	sim_reply(r, 200, NULL, "{\"Successful\":[%s],\"Failed\":[%s]}",
	    ok.n > 0 ? buf_cstr(&ok) : "", bad.n > 0 ? buf_cstr(&bad) : "");
	buf_fini(&ok);
	buf_fini(&bad);
	json_free(&j);
}

void
sim_sqs_open(struct request *r)
{
	if (r->op != OP_RECEIVE) {
		sim_later(r, latency(), serve_batch);
		return;
	}
	S.polls++;
	S.proc[r->http->proc].fault_polls++;
	r->until_ms =
	    sim_now() +
	    (int64_t)number(*r->spec.body, "\"WaitTimeSeconds\":") * 1000;
	sim_later(r, latency(), serve_receive);
}
