#include "flow/objects.h"

#include <search.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "flow/slots.h"

TAILQ_HEAD(object_list, object);

struct objects {
	struct messages *messages;
	struct slots *slots;
	void *tree; /* tsearch(3), by identity */
	struct object_list waiting;
	struct object_list begun; /* active and ended */
	objects_changed_fn *changed;
	void *arg;
	struct objects_stats stats;
};

/* The same object: bucket, key and version, and not known to have different
 * contents. */
static int
by_identity(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	int c = span_cmp(x->key, y->key);

	if (c == 0)
		c = span_cmp(x->bucket, y->bucket);
	if (c == 0)
		c = span_cmp(x->version, y->version);
	return c != 0 ? c : span_cmp(x->etag, y->etag);
}

/* ---- one object ---- */

static struct span
place(char **at, struct span s)
{
	struct span copy = {*at, s.n};

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

static size_t
text_bytes(const struct notify_object *n)
{
	return n->bucket.n + n->key.n + n->version.n + n->etag.n + n->region.n;
}

size_t
object_bytes(const struct notify_object *n)
{
	return sizeof(struct object) + text_bytes(n) + 2 * sizeof(void *);
}

static struct object *
object_new(const struct notify_object *n)
{
	struct object *o = mem_zalloc(sizeof *o);
	char *at;

	o->text = at = mem_alloc(text_bytes(n));
	o->bucket = place(&at, n->bucket);
	o->key = place(&at, n->key);
	o->version = place(&at, n->version);
	o->etag = place(&at, n->etag);
	o->region = place(&at, n->region);
	o->state = OBJECT_WAITING;
	return o;
}

static void
object_free(struct object *o)
{
	mem_free(o->message);
	mem_free(o->text);
	mem_free(o);
}

static void
add_message(struct object *o, struct message *m)
{
	if (o->nmessages == o->cap) {
		o->cap = o->cap == 0 ? 1 : o->cap * 2;
		o->message = mem_realloc(o->message, o->cap * sizeof(void *));
	}
	o->message[o->nmessages++] = m;
	message_expect(m);
}

/* ---- ends ---- */

/* Off the books; its messages learn how it came out. */
static void
settle(struct objects *os, struct object *o)
{
	bool good = o->whole && o->delivered == o->sliced;

	(void)tdelete(o, &os->tree, by_identity);
	if (o->state == OBJECT_WAITING) {
		TAILQ_REMOVE(&os->waiting, o, link);
		os->stats.waiting--;
	} else {
		TAILQ_REMOVE(&os->begun, o, link);
	}
	if (good)
		os->stats.done++;
	else if (o->state == OBJECT_ENDED)
		os->stats.failed++;
	LOG_DEBUG("object.settled", F_SPAN("bucket", o->bucket),
	    F_SPAN("key", o->key), F_INT("events", o->sliced),
	    F_INT("delivered", o->delivered),
	    F_STR("outcome", good ? "delivered" : "kept"));
	for (size_t i = 0; i < o->nmessages; i++)
		message_ended(os->messages, o->message[i], good);
	object_free(o);
	os->changed(os->arg);
}

static void
settle_if_over(struct objects *os, struct object *o)
{
	if (o->state == OBJECT_ENDED && o->settled == o->sliced)
		settle(os, o);
}

static void
log_failure(const struct object *o, const struct slots_end *e)
{
	if (e->aws != NULL)
		LOG_WARN("object.failed", F_SPAN("bucket", o->bucket),
		    F_SPAN("key", o->key), F_SPAN("version", o->version),
		    F_STR("cause", "GET failed"), F_ERR(e->aws->err),
		    AWS_FIELDS(e->aws), F_INT("events_before", o->sliced),
		    F_STR("message_id", o->message[0]->id));
	else
		LOG_WARN("object.failed", F_SPAN("bucket", o->bucket),
		    F_SPAN("key", o->key), F_SPAN("version", o->version),
		    F_STR("cause", e->cause), F_ERR(e->err),
		    F_STR("request_id", e->request_id),
		    F_INT("events_before", o->sliced),
		    F_STR("message_id", o->message[0]->id));
}

static void
on_ended(void *arg, struct object *o, const struct slots_end *e)
{
	struct objects *os = arg;

	os->stats.active--;
	os->stats.bytes += e->bytes;
	os->stats.json_bytes += e->json_bytes;
	os->stats.sliced += o->sliced;
	o->state = OBJECT_ENDED;
	o->whole = e->whole;
	if (!e->whole)
		log_failure(o, e);
	else
		LOG_DEBUG("object.read", F_SPAN("bucket", o->bucket),
		    F_SPAN("key", o->key), F_INT("bytes", e->bytes),
		    F_INT("json_bytes", e->json_bytes),
		    F_INT("events", o->sliced));
	objects_start(os);
	settle_if_over(os, o);
	os->changed(os->arg);
}

void
objects_settled(struct objects *os, const struct batch_run *run,
    enum delivery_outcome outcome)
{
	struct object *o = run->owner;

	o->settled += run->count;
	CHECK(o->settled <= o->sliced);
	if (outcome == DELIVERY_TAKEN) {
		o->delivered += run->count;
		os->stats.delivered += run->count;
	}
	settle_if_over(os, o);
}

/* ---- beginnings ---- */

void
objects_start(struct objects *os)
{
	struct object *o;

	while (slots_vacant(os->slots) && (o = TAILQ_FIRST(&os->waiting))) {
		TAILQ_REMOVE(&os->waiting, o, link);
		TAILQ_INSERT_TAIL(&os->begun, o, link);
		os->stats.waiting--;
		os->stats.active++;
		o->state = OBJECT_ACTIVE;
		for (size_t i = 0; i < o->nmessages; i++)
			o->message[i]->started = true;
		LOG_DEBUG("object.get", F_SPAN("bucket", o->bucket),
		    F_SPAN("key", o->key), F_SPAN("version", o->version),
		    F_STR("message_id", o->message[0]->id));
		slots_start(os->slots, o);
	}
}

void
objects_want(
    struct objects *os, struct message *m, const struct notify_object *n)
{
	struct object *o = object_new(n);
	struct object **at = tsearch(o, &os->tree, by_identity);

	CHECK(at != NULL);
	if (*at != o) {
		object_free(o);
		o = *at;
		os->stats.joined++;
		if (o->state != OBJECT_WAITING)
			m->started = true;
	} else {
		TAILQ_INSERT_TAIL(&os->waiting, o, link);
		os->stats.waiting++;
	}
	add_message(o, m);
}

void
objects_wake(struct objects *os)
{
	slots_wake(os->slots);
}

struct objects *
objects_new(struct timers *t, struct s3 *s3, struct batcher *batcher,
    struct messages *ms, const struct objects_conf *conf,
    objects_changed_fn *changed, void *arg)
{
	struct objects *os = mem_zalloc(sizeof *os);

	os->messages = ms;
	os->changed = changed;
	os->arg = arg;
	TAILQ_INIT(&os->waiting);
	TAILQ_INIT(&os->begun);
	os->slots = slots_new(t, s3, batcher, conf->concurrency,
	    conf->max_record_bytes, on_ended, os);
	return os;
}

/* ---- shutdown ---- */

static bool
any_message_begun(const struct object *o)
{
	for (size_t i = 0; i < o->nmessages; i++) {
		if (o->message[i]->started)
			return true;
	}
	return false;
}

void
objects_drop_waiting(struct objects *os)
{
	struct object *o, *next;

	for (o = TAILQ_FIRST(&os->waiting); o != NULL; o = next) {
		next = TAILQ_NEXT(o, link);
		if (any_message_begun(o))
			continue;
		for (size_t i = 0; i < o->nmessages; i++)
			o->message[i]->put_back = true;
		settle(os, o);
	}
}

static void
forget_list(struct objects *os, struct object_list *list)
{
	struct object *o;

	while ((o = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, o, link);
		(void)tdelete(o, &os->tree, by_identity);
		object_free(o);
	}
}

void
objects_abandon(struct objects *os)
{
	slots_cancel(os->slots);
	forget_list(os, &os->waiting);
	forget_list(os, &os->begun);
	os->stats.active = os->stats.waiting = 0;
}

void
objects_free(struct objects **osp)
{
	struct objects *os = *osp;

	if (os == NULL)
		return;
	objects_abandon(os);
	slots_free(&os->slots);
	mem_free(os);
	*osp = NULL;
}

bool
objects_idle(const struct objects *os)
{
	return os->stats.active == 0 && os->stats.waiting == 0;
}

struct objects_stats
objects_stats(const struct objects *os)
{
	return os->stats;
}
