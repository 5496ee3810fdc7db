/*
 * What befalls one message's objects, told at debug level. Every line carries
 * the ids of the messages that name the object, so that `grep ID` tells a
 * message's whole story (docs/logs.md has one); where they are more than a line
 * has room for there are several. Lines about a batch carry its number, which
 * object.batched connects with the objects in it.
 */
#ifndef FLOW_STORY_H
#define FLOW_STORY_H

#include "flow/object.h"
#include "sink/batch.h"

enum { STORY_IDS_MAX = 512 };

/* The ids of the messages that name the object, "id,id", as many as fit. */
struct span story_ids(const struct object *o, char out[STORY_IDS_MAX]);

/* m names o, which waits for a slot, or joins what is there for others. */
void story_wanted(const struct object *o, const struct message *m, bool joined);
void story_get(const struct object *o);
void story_opened(const struct object *o, const struct s3_head *h);
void story_read(const struct object *o, const struct object_end *e);
/* The batch is on its way, with these objects' events in it. */
void story_sealed(const struct batch *b);
void story_delivered(const struct object *o, const struct batch_run *run);
void story_settled(const struct object *o, bool good);

#endif
