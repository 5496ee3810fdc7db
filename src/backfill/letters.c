#include "backfill/letters.h"

#include <string.h>

#include "aws/endpoint.h"
#include "base/enc.h"
#include "base/mem.h"

/* A key of 1,024 bytes that are all escapes takes three times as much. */
enum { RECORD_MAX = 8 * 1024, KEY_MAX = 4096 };

static const char open_letter[] = "{\"Records\":[";
static const char close_letter[] = "]}";

enum { FRAME = sizeof open_letter - 1 + sizeof close_letter - 1 };

void
letters_init(
    struct letters *l, struct span bucket, const char *region, uint64_t max)
{
	const char *partition = endpoint_partition(region);

	*l = (struct letters){
	    .max = max < SQS_BATCH_MAX ? (size_t)max : SQS_BATCH_MAX};
	buf_init(&l->text, SQS_SEND_MAX);
	buf_init(&l->record, RECORD_MAX);
	buf_init(&l->before, RECORD_MAX / 2);
	buf_init(&l->last, KEY_MAX);
	buf_str(&l->before, "{\"eventVersion\":\"2.1\","
			    "\"eventSource\":\"aws:s3\",\"awsRegion\":");
	enc_json_string(&l->before, span_str(region));
	buf_str(&l->before, ",\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
			    "\"s3SchemaVersion\":\"1.0\",\"bucket\":{"
			    "\"name\":");
	enc_json_string(&l->before, bucket);
	if (!span_starts(bucket, "arn:"))
		buf_printf(&l->before, ",\"arn\":\"arn:%s:s3:::%.*s\"",
		    partition != NULL ? partition : "aws", (int)bucket.n,
		    bucket.p);
	buf_str(&l->before, "},\"object\":{\"key\":\"");
	CHECK(l->before.err == ERR_OK);
}

void
letters_fini(struct letters *l)
{
	buf_fini(&l->text);
	buf_fini(&l->record);
	buf_fini(&l->before);
	buf_fini(&l->last);
}

void
letters_reset(struct letters *l)
{
	buf_reset(&l->text);
	l->n = 0;
	l->objects = 0;
	l->total = 0;
	l->bytes = 0;
}

static void
make_record(struct letters *l, const struct list_object *o)
{
	buf_reset(&l->record);
	buf_span(&l->record, buf_view(&l->before));
	enc_uri(&l->record, o->key, true);
	buf_char(&l->record, '"');
	if (o->size >= 0)
		buf_printf(&l->record, ",\"size\":%lld", (long long)o->size);
	if (o->etag.n > 0) {
		buf_str(&l->record, ",\"eTag\":");
		enc_json_string(&l->record, o->etag);
	}
	buf_str(&l->record, "}}}");
	CHECK(l->record.err == ERR_OK);
}

/* A message is closed again after each record, so that it always is one. */
static void
append(struct letters *l)
{
	size_t i;

	if (l->objects == 0) {
		l->letter[l->n++].at = l->text.n;
		buf_str(&l->text, open_letter);
	} else {
		buf_cut(&l->text, l->text.n - (sizeof close_letter - 1));
		buf_char(&l->text, ',');
	}
	buf_span(&l->text, buf_view(&l->record));
	buf_str(&l->text, close_letter);
	CHECK(l->text.err == ERR_OK);
	i = l->n - 1;
	l->letter[i].n = l->text.n - l->letter[i].at;
}

bool
letters_add(struct letters *l, const struct list_object *o)
{
	if (l->objects == LETTER_OBJECTS)
		l->objects = 0;
	if (l->objects == 0 && l->n == l->max)
		return false;
	make_record(l, o);
	if (l->text.n + l->record.n + FRAME > SQS_SEND_MAX)
		return false;
	append(l);
	l->objects++;
	l->total++;
	if (o->size > 0)
		l->bytes += (uint64_t)o->size;
	buf_reset(&l->last);
	buf_span(&l->last, o->key);
	return true;
}

struct span
letters_at(const struct letters *l, size_t i)
{
	CHECK(i < l->n);
	return (struct span){
	    buf_view(&l->text).p + l->letter[i].at, l->letter[i].n};
}
