/* Message bodies. */
#include "fuzz.h"

#include "trail/filter.h"
#include "trail/notify.h"

enum { BUCKET_MAX = 255, KEY_MAX = 1024 };

/* All bytes can be read. */
static void
touch(struct span s)
{
	char *p = fuzz_copy(s);

	mem_free(p);
}

static void
check_object(const struct notify_object *o)
{
	CHECK(o->bucket.n > 0 && o->bucket.n <= BUCKET_MAX);
	CHECK(o->key.n > 0 && o->key.n <= KEY_MAX);
	CHECK(o->size >= -1 && o->event_time >= -1);
	touch(o->bucket);
	touch(o->key);
	touch(o->version);
	touch(o->etag);
	touch(o->region);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	struct filter *filter = filter_new(NULL, "*x*", true);
	char *copy = fuzz_copy(in);
	struct notify *what;
	enum notify_verdict v;

	v = notify_parse((struct span){copy, n}, &what);
	mem_free(copy); /* a notification owns what it points to */
	CHECK((v == NOTIFY_OBJECTS) == (notify_count(what) > 0));
	CHECK((v == NOTIFY_OBJECTS) == (notify_why(what) == NOTIFY_R_NONE));
	CHECK(notify_reason_name(notify_why(what)) != NULL);
	for (size_t i = 0; i < notify_count(what); i++) {
		check_object(notify_at(what, i));
		(void)filter_judge(
		    filter, notify_at(what, i)->key, notify_at(what, i)->size);
	}
	notify_free(&what);
	filter_free(&filter);
	return 0;
}
