/* One object, apart from what is done with it. */
#include "flow/object.h"

#include "aws/s3.h"
#include "aws/sqs.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/cause.h"
#include "flow/messages.h"
#include "flow/story.h"

/* Lines about one object that is full of what is left out: more the log would
 * fold anyway. */
enum { LEFT_OUT_TOLD = 20 };

/* What the tree's node takes, and the allocator adds to four pieces. */
enum { ALLOCATOR_BYTES = 96 };

int
object_cmp(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	int c = span_cmp(x->key, y->key);

	if (c == 0)
		c = span_cmp(x->bucket, y->bucket);
	if (c == 0)
		c = span_cmp(x->version, y->version);
	if (c == 0)
		c = span_cmp(x->region, y->region);
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
	return sizeof(struct object) + sizeof(struct want) + text_bytes(n) +
	       ALLOCATOR_BYTES;
}

size_t
objects_widest(void)
{
	const struct notify_object o = {.bucket.n = NOTIFY_BUCKET_MAX};

	return NOTIFY_OBJECTS_MAX * object_bytes(&o) + SQS_MESSAGE_MAX;
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
	TAILQ_INIT(&o->wants);
	return o;
}

void
object_free(struct object *o)
{
	mem_free(o->text);
	mem_free(o);
}

static struct span
without_quotes(struct span s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct span){s.p + 1, s.n - 2};
	return s;
}

struct ledger_page *
object_page(const struct object *o, struct ledger *l, const struct s3_head *h,
    uint64_t rules)
{
	return ledger_open(
	    l, o->bucket, o->key, without_quotes(h->etag), h->version, rules);
}

bool
object_is_good(const struct object *o)
{
	return o->whole && o->left_out == 0 &&
	       o->delivered + o->ruled_out == o->sliced;
}

enum failure
object_fault(const struct object *o)
{
	if (!o->whole)
		return o->fault;
	return o->delivered + o->ruled_out < o->sliced ? FAILURE_REFUSED
						       : FAILURE_IN_PART;
}

/* Of those that were sent alone and refused one is asked for all of them, until
 * it is known that they are at fault. */
static bool
is_asked(struct object *o)
{
	bool first = !o->asked_marked && !ledger_judged(o->page);

	o->asked_marked = true;
	return first;
}

bool
object_slice(struct object *o, uint64_t *index, uint64_t *lead)
{
	bool sent = false;

	*index = o->sliced;
	*lead = o->sliced - o->unsent;
	if (ledger_has(o->page, o->sliced)) {
		/* Dassana has it from an earlier delivery of the message. */
		o->skipped++;
		o->settled++;
		o->delivered++;
	} else if (ledger_marked(o->page, o->sliced) && !is_asked(o)) {
		o->settled++;
	} else {
		sent = true;
	}
	o->unsent = ++o->sliced;
	return sent;
}

void
object_rule_out(struct object *o)
{
	ledger_bind(o->page);
	o->ruled_out++;
	o->settled++;
	o->sliced++;
}

void
object_leave_out(struct object *o)
{
	o->left_out++;
}

void
object_count_settled(struct object *o, uint64_t count, bool taken)
{
	o->settled += count;
	CHECK(o->settled <= o->sliced);
	if (taken)
		o->delivered += count;
}

void
object_get_ended(struct object *o, const struct object_end *e)
{
	o->repeat = false;
	o->whole = e->whole;
	o->evicted |= e->evicted;
	o->tried |= !e->evicted;
	o->event_s = e->event_s;
	o->fault = e->aws != NULL ? FAILURE_UNREAD : FAILURE_DAMAGED;
}

void
object_in_doubt(struct object *o, enum object_doubt doubt, enum judge_side side,
    const struct trial *t, bool may_be_grant)
{
	o->doubt = doubt;
	o->side = side;
	o->doubt_trial = *t;
	o->may_be_grant = may_be_grant;
}

void
object_mark(struct object *o, uint64_t index)
{
	o->marked_failed |= ledger_marked(o->page, index);
	ledger_mark(o->page, index);
}

void
object_turn_large(struct object *o)
{
	o->large = true;
}

void
object_begin_anew(struct object *o)
{
	o->sliced = o->settled = o->delivered = o->skipped = 0;
	o->ruled_out = o->left_out = o->unsent = 0;
	o->whole = o->evicted = o->answered = false;
	o->asked_marked = o->marked_failed = false;
	o->doubt = DOUBT_NONE;
}

void
object_back_off(struct object *o, enum back_off how)
{
	struct want *w;

	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		message_back_off(w->message, how);
	}
}

/* ---- what is told of it ---- */

#define NAMES(o)                                                               \
	F_SPAN("bucket", (o)->bucket), F_SPAN("key", (o)->key),                \
	    F_SPAN("version", (o)->version)

void
object_log_failure(const struct object *o, const struct object_end *e)
{
	char ids[STORY_IDS_MAX];
	struct span messages = story_ids(o, ids);

	if (e->aws != NULL)
		LOG_EACH(LOG_LVL_WARN, "object.failed", NAMES(o),
		    F_STR("cause", "GET failed"), F_ERR(e->aws->err),
		    AWS_FIELDS(e->aws), F_INT("events_before", o->sliced),
		    F_SPAN("message_id", messages),
		    F_STR("advice", advice_of(cause_of_get(e->aws))));
	else
		LOG_EACH(LOG_LVL_WARN, "object.failed", NAMES(o),
		    F_STR("cause", e->cause), F_ERR(e->err),
		    F_STR("request_id", e->request_id),
		    F_INT("events_before", o->sliced),
		    F_SPAN("message_id", messages));
}

void
object_log_parked(const struct object *o, const struct aws_result *r)
{
	char ids[STORY_IDS_MAX];

	/* Once is enough. */
	LOG_EACH(o->tried ? LOG_LVL_DEBUG : LOG_LVL_WARN, "object.parked",
	    NAMES(o), F_STR("cause", "GET failed"), F_ERR(r->err),
	    AWS_FIELDS(r), F_INT("events_before", o->sliced),
	    F_SPAN("message_id", story_ids(o, ids)),
	    F_STR("advice", advice_of(cause_of_get(r))),
	    F_STR("effect", "kept leased and tried again, until others show "
			    "whose fault it is"));
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
object_log_at_fault(const struct object *o, const char *cause)
{
	char ids[STORY_IDS_MAX];

	LOG_EACH(LOG_LVL_WARN, "object.gave_way", NAMES(o),
	    F_STR("cause", cause), F_SPAN("message_id", story_ids(o, ids)),
	    F_STR("effect", "its message is given back and comes again later, "
			    "or goes to the dead-letter queue"));
}

void
object_log_doubt(const struct object *o, const struct delivery_settled *s)
{
	const struct dassana_result *r = s->why;
	char ids[STORY_IDS_MAX];

	if (r == NULL)
		return;
	LOG_EACH(o->suspect ? LOG_LVL_DEBUG : LOG_LVL_WARN, "dassana.in_doubt",
	    NAMES(o), F_INT("index", s->run.first),
	    F_INT("events", s->run.count), F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_STR("why", r->why), F_STR("advice", r->advice),
	    F_SPAN("message_id", story_ids(o, ids)), F_SPAN("reply", r->reply));
}

/* Of what stood alone. */
void
object_log_refused(const struct object *o)
{
	const struct ranges *marks = ledger_marks(o->page);
	char ids[STORY_IDS_MAX];

	for (size_t i = 0; i < marks->n; i++) {
		const struct range *r = &marks->at[i];

		LOG_EACH(LOG_LVL_ERROR, "dassana.refused", NAMES(o),
		    F_INT("index", r->from), F_INT("events", r->to - r->from),
		    F_SPAN("message_id", story_ids(o, ids)),
		    F_STR("why", "sent alone and refused again and again, "
				 "while others were taken"),
		    F_STR("advice",
			"see dassana.in_doubt for Dassana's reply; the message "
			"is not deleted and goes to the dead-letter queue if "
			"there is one"));
	}
}
