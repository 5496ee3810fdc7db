#include "flow/story.h"

#include <string.h>

#include "aws/s3.h"
#include "base/log.h"
#include "flow/messages.h"

#define NAME(o) F_SPAN("bucket", (o)->bucket), F_SPAN("key", (o)->key)

/* Ids of the messages that name an object, as many as a line has room for. */
struct ids {
	char text[STORY_IDS_MAX];
	size_t n;
	const struct want *next; /* whose id begins the next line */
	bool any;		 /* there was a line */
};

/* One line, or as many as the ids take. */
#define TELL(o, event, ...)                                                    \
	for (struct ids ids_ = {0};                                            \
	     log_on(LOG_LVL_DEBUG) && ids_next(&ids_, (o));)                   \
	LOG_DEBUG(event, NAME(o), __VA_ARGS__,                                 \
	    F_SPAN("message_id", ((struct span){ids_.text, ids_.n})))

/* False if they have all been told. */
static bool
ids_next(struct ids *ids, const struct object *o)
{
	if (!ids->any)
		ids->next = TAILQ_FIRST(&o->wants);
	else if (ids->next == NULL)
		return false;
	ids->any = true;
	ids->n = 0;
	for (; ids->next != NULL;
	     ids->next = TAILQ_NEXT(ids->next, of_object)) {
		struct span id = span_str(ids->next->message->id);
		size_t comma = ids->n > 0;

		if (id.n > STORY_IDS_MAX)
			id.n = STORY_IDS_MAX;
		if (ids->n + comma + id.n > STORY_IDS_MAX)
			break;
		memcpy(ids->text + ids->n, ",", comma);
		memcpy(ids->text + ids->n + comma, id.p, id.n);
		ids->n += comma + id.n;
	}
	return true;
}

struct span
story_ids(const struct object *o, char out[STORY_IDS_MAX])
{
	struct ids ids = {0};

	(void)ids_next(&ids, o);
	memcpy(out, ids.text, ids.n);
	return (struct span){out, ids.n};
}

void
story_wanted(const struct object *o, const struct message *m, bool joined)
{
	LOG_DEBUG(joined ? "object.joined" : "object.wanted", NAME(o),
	    F_SPAN("version", o->version), F_STR("message_id", m->id));
}

void
story_get(const struct object *o)
{
	TELL(o, "object.get", F_SPAN("version", o->version));
}

void
story_opened(const struct object *o, const struct s3_head *h)
{
	TELL(o, "object.opened", F_INT("size", h->size),
	    F_SPAN("request_id", h->request_id));
}

void
story_read(const struct object *o, const struct object_end *e)
{
	TELL(o, "object.read", F_INT("bytes", e->bytes),
	    F_INT("json_bytes", e->json_bytes), F_INT("events", o->sliced),
	    F_INT("skipped", o->skipped), F_INT("left_out", o->ruled_out));
}

void
story_sealed(const struct batch *b)
{
	if (!log_on(LOG_LVL_DEBUG))
		return;
	LOG_DEBUG("batch.sealed", F_INT("batch", batch_id(b)),
	    F_INT("events", batch_events(b)),
	    F_INT("json_bytes", batch_plain_bytes(b)),
	    F_INT("bytes", batch_body_bytes(b)));
	for (size_t i = 0; i < batch_nruns(b); i++) {
		const struct batch_run *run = batch_run_at(b, i);
		const struct object *o = run->owner;

		TELL(o, "object.batched", F_INT("batch", batch_id(b)),
		    F_INT("first", run->first), F_INT("events", run->count));
	}
}

void
story_delivered(const struct object *o, const struct batch_run *run)
{
	TELL(o, "object.delivered", F_INT("first", run->first),
	    F_INT("events", run->count));
}

void
story_settled(const struct object *o, bool good)
{
	TELL(o, "object.settled", F_INT("events", o->sliced),
	    F_INT("delivered", o->delivered), F_INT("skipped", o->skipped),
	    F_INT("left_out", o->ruled_out),
	    F_STR("outcome", good ? "delivered" : "kept"));
}
