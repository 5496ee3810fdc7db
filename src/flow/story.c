#include "flow/story.h"

#include <string.h>

#include "base/log.h"

#define NAME(o) F_SPAN("bucket", (o)->bucket), F_SPAN("key", (o)->key)
#define IDS(o)	F_SPAN("message_id", story_ids((o), (char[STORY_IDS_MAX]){0}))

struct span
story_ids(const struct object *o, char out[STORY_IDS_MAX])
{
	struct span all = {out, 0};

	for (size_t i = 0; i < o->nmessages; i++) {
		size_t n = strlen(o->message[i]->id);

		if (all.n + 1 + n > STORY_IDS_MAX)
			break;
		if (i > 0)
			out[all.n++] = ',';
		memcpy(out + all.n, o->message[i]->id, n);
		all.n += n;
	}
	return all;
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
	LOG_DEBUG("object.get", NAME(o), F_SPAN("version", o->version), IDS(o));
}

void
story_opened(const struct object *o, const struct s3_head *h)
{
	LOG_DEBUG("object.opened", NAME(o), F_INT("size", h->size),
	    F_SPAN("request_id", h->request_id), IDS(o));
}

void
story_read(const struct object *o, const struct slots_end *e)
{
	LOG_DEBUG("object.read", NAME(o), F_INT("bytes", e->bytes),
	    F_INT("json_bytes", e->json_bytes), F_INT("events", o->sliced),
	    F_INT("skipped", o->skipped), IDS(o));
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

		LOG_DEBUG("object.batched", F_INT("batch", batch_id(b)),
		    NAME(o), F_INT("first", run->first),
		    F_INT("events", run->count), IDS(o));
	}
}

void
story_delivered(const struct object *o, const struct batch_run *run)
{
	LOG_DEBUG("object.delivered", NAME(o), F_INT("first", run->first),
	    F_INT("events", run->count), IDS(o));
}

void
story_settled(const struct object *o, bool good)
{
	LOG_DEBUG("object.settled", NAME(o), F_INT("events", o->sliced),
	    F_INT("delivered", o->delivered), F_INT("skipped", o->skipped),
	    F_STR("outcome", good ? "delivered" : "kept"), IDS(o));
}
