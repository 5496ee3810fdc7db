/* One object, apart from what is done with it. */
#include "base/log.h"
#include "base/mem.h"
#include "flow/advice.h"
#include "flow/objects.h"
#include "flow/slots.h"
#include "flow/story.h"

/* Lines about one object that is full of what is left out: more the log would
 * fold anyway. */
enum { LEFT_OUT_TOLD = 20 };

int
object_cmp(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	int c = span_cmp(x->key, y->key);

	if (c == 0)
		c = span_cmp(x->bucket, y->bucket);
	if (c == 0)
		c = span_cmp(x->version, y->version);
	return c != 0 ? c : span_cmp(x->etag, y->etag);
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

struct object *
object_new(const struct notify_object *n)
{
	struct object *o = mem_zalloc(sizeof *o);
	char *at;

	o->text = at = mem_alloc(text_bytes(n));
	o->bucket = span_place(&at, n->bucket);
	o->key = span_place(&at, n->key);
	o->version = span_place(&at, n->version);
	o->etag = span_place(&at, n->etag);
	o->region = span_place(&at, n->region);
	o->put_s = n->event_time;
	o->event_s = -1;
	o->state = OBJECT_WAITING;
	return o;
}

void
object_free(struct object *o)
{
	mem_free(o->message);
	mem_free(o->text);
	mem_free(o);
}

bool
object_is_good(const struct object *o)
{
	return o->whole && o->left_out == 0 && o->delivered == o->sliced;
}

enum shipper_fault
object_fault(const struct object *o)
{
	if (!o->whole)
		return o->fault;
	return o->delivered < o->sliced ? SHIPPER_F_REFUSED : SHIPPER_F_IN_PART;
}

void
object_log_failure(const struct object *o, const struct slots_end *e)
{
	char ids[STORY_IDS_MAX];
	struct span messages = story_ids(o, ids);

	if (e->aws != NULL)
		LOG_EACH(LOG_LVL_WARN, "object.failed",
		    F_SPAN("bucket", o->bucket), F_SPAN("key", o->key),
		    F_SPAN("version", o->version), F_STR("cause", "GET failed"),
		    F_ERR(e->aws->err), AWS_FIELDS(e->aws),
		    F_INT("events_before", o->sliced),
		    F_SPAN("message_id", messages),
		    F_STR("advice", advice_get(e->aws)));
	else
		LOG_EACH(LOG_LVL_WARN, "object.failed",
		    F_SPAN("bucket", o->bucket), F_SPAN("key", o->key),
		    F_SPAN("version", o->version), F_STR("cause", e->cause),
		    F_ERR(e->err), F_STR("request_id", e->request_id),
		    F_INT("events_before", o->sliced),
		    F_SPAN("message_id", messages));
}

void
object_log_held(const struct object *o, const struct aws_result *r, bool again)
{
	char ids[STORY_IDS_MAX];

	/* Once is enough. */
	LOG_EACH(again ? LOG_LVL_DEBUG : LOG_LVL_WARN, "object.held",
	    F_SPAN("bucket", o->bucket), F_SPAN("key", o->key),
	    F_SPAN("version", o->version), F_STR("cause", "GET failed"),
	    F_ERR(r->err), AWS_FIELDS(r), F_INT("events_before", o->sliced),
	    F_SPAN("message_id", story_ids(o, ids)),
	    F_STR("advice", advice_get(r)),
	    F_STR("effect", "kept leased until another object shows whether "
			    "it is all of them or only this one"));
}

/* Each of the first ones; `trailpost cat` names all of them. */
void
object_log_left_out(
    const struct object *o, uint64_t index, enum slicer_cause cause)
{
	char ids[STORY_IDS_MAX];

	LOG_EACH(o->left_out > LEFT_OUT_TOLD ? LOG_LVL_DEBUG : LOG_LVL_WARN,
	    "record.left_out", F_SPAN("bucket", o->bucket),
	    F_SPAN("key", o->key), F_SPAN("version", o->version),
	    F_INT("index", index), F_STR("cause", slicer_cause_name(cause)),
	    F_SPAN("message_id", story_ids(o, ids)));
}

bool
object_is_empty(const struct object *o)
{
	char ids[STORY_IDS_MAX];

	if (o->sliced > 0 || o->left_out > 0)
		return false;
	LOG_INFO("object.empty", F_SPAN("bucket", o->bucket),
	    F_SPAN("key", o->key), F_SPAN("version", o->version),
	    F_SPAN("message_id", story_ids(o, ids)));
	return true;
}

void
object_log_gave_way(const struct object *o)
{
	char ids[STORY_IDS_MAX];

	LOG_EACH(LOG_LVL_WARN, "object.gave_way", F_SPAN("bucket", o->bucket),
	    F_SPAN("key", o->key), F_SPAN("version", o->version),
	    F_SPAN("message_id", story_ids(o, ids)),
	    F_STR("cause", "so many objects cannot be read that no other can "
			   "be received"),
	    F_STR("effect", "its message comes again later"));
}

void
object_log_refusal(const struct object *o, const struct batch_run *run,
    const struct dassana_result *r)
{
	char ids[STORY_IDS_MAX];

	LOG_EACH(LOG_LVL_ERROR, "dassana.refused", F_SPAN("bucket", o->bucket),
	    F_SPAN("key", o->key), F_SPAN("version", o->version),
	    F_INT("index", run->first), F_INT("events", run->count),
	    F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_STR("why", r->why), F_STR("advice", r->advice),
	    F_SPAN("message_id", story_ids(o, ids)), F_SPAN("reply", r->reply));
}
