#include "backfill/tally.h"

/* SQS counts a request for each 64 KiB, and ten messages of ours are more. */
enum { BATCH = 10, PARTS = 2 };

static const double list_price = 5e-6, get_price = 0.4e-6, sqs_price = 0.4e-6;
static const double dassana_bytes_per_hour = 50e9;

/* Instant retrieval is no archive in that sense. (S3 User Guide, "Storage
 * classes for archiving objects".) */
static bool
is_archived(struct span storage_class)
{
	return span_is(storage_class, "GLACIER") ||
	       span_is(storage_class, "DEEP_ARCHIVE");
}

enum choice
choose(
    const struct work *w, const struct filter *f, const struct list_object *o)
{
	int64_t t = w->any_key ? -1 : when_of_key(o->key);

	if (t < 0)
		t = o->modified_s;
	if (t >= 0 && (t < w->from_s || t >= w->to_s))
		return CHOICE_TIME;
	if (filter_judge(f, o->key, o->size) != FILTER_TAKES)
		return CHOICE_FILTER;
	return is_archived(o->storage_class) ? CHOICE_ARCHIVED : CHOICE_SEND;
}

void
tally_add(struct tally *t, enum choice c, const struct list_object *o,
    int64_t since_s)
{
	t->objects[c]++;
	if (o->size > 0)
		t->bytes[c] += (uint64_t)o->size;
	if (c == CHOICE_SEND && since_s >= 0 && o->modified_s >= since_s)
		t->recent++;
}

static uint64_t
parts(uint64_t n, uint64_t of)
{
	return n / of + (n % of > 0);
}

struct estimate
tally_estimate(const struct tally *t, uint64_t lists)
{
	uint64_t n = t->objects[CHOICE_SEND];
	struct estimate e = {
	    .messages = parts(n, LETTER_OBJECTS), .lists = lists, .gets = n};

	/* Sent and received in several parts, deleted in one. */
	e.sqs = parts(e.messages, BATCH) * (2 * PARTS + 1);
	e.dollars = (double)e.lists * list_price + (double)e.gets * get_price +
		    (double)e.sqs * sqs_price;
	e.hours = (double)t->bytes[CHOICE_SEND] * (double)ESTIMATE_GROWTH /
		  dassana_bytes_per_hour;
	return e;
}
