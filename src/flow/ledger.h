/*
 * What Dassana has acknowledged in this process's life, by object, so that a
 * message that comes again does not send it again: after a failed object, a
 * lease that lapsed, or SQS's own second delivery.
 *
 * Of each object: the contiguous run of events acknowledged from the first on,
 * up to LEDGER_RANGES ranges beyond it, and, once it was read to its end and
 * all were acknowledged, that it is complete. Besides, as many ranges of events
 * that were sent alone and refused (marked), and whether it was judged that
 * this is their own fault. An object is known by bucket, key and the ETag, or
 * else the version, that the GET's reply named; other contents under the same
 * key replace it.
 *
 * Records that rules have left out (trail/events.h) lie between the events that
 * were acknowledged, and cost no range each: they are noted with them. So what
 * is noted of an object of which any was left out holds for these rules alone,
 * and is forgotten when the object is opened with others.
 *
 * Bounded: all of them together take at most ledger_bytes(max), names and
 * ranges included, and at most max objects are remembered that are not open
 * (being read, or delivered, but their message is held for others). The object
 * longest untouched is forgotten first. What is open is not forgotten, so where
 * it fills the bound no other is remembered, and no range is added. Forgetting
 * costs a duplicate.
 */
#ifndef FLOW_LEDGER_H
#define FLOW_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "flow/ranges.h"

enum { LEDGER_RANGES = RANGES_MAX }; /* see also BATCHER_RUNS_PER_GRANT */

struct ledger;
struct ledger_page; /* one object */

struct ledger *ledger_new(size_t max);
void ledger_free(struct ledger **l); /* all pages have been closed */

/*
 * The page of an object, made if need be; NULL if max is 0, or if what is open
 * leaves no room. It is not forgotten while it is open. etag and version as the
 * GET's reply had them (either may be empty; both empty: nothing is remembered,
 * NULL). rules: the number of those that it is read with; NULL while it is open
 * with others.
 */
struct ledger_page *ledger_open(struct ledger *l, struct span bucket,
    struct span key, struct span etag, struct span version, uint64_t rules);
void ledger_close(struct ledger *l, struct ledger_page **p);
/* Opens it once more, as it stands; NULL if p is. */
struct ledger_page *ledger_hold(struct ledger_page *p);
/* Whether it was opened with these rules. */
bool ledger_follows(const struct ledger_page *p, uint64_t rules);
/* Who reads it, if anybody: borrowed, and taken back before it closes. */
void ledger_set_reader(struct ledger_page *p, void *reader);
void *ledger_reader(const struct ledger_page *p);

/* Its rules have left a record of it out. */
void ledger_bind(struct ledger_page *p);
/* Events first … first + count − 1 were acknowledged, or left out. */
void ledger_note(struct ledger_page *p, uint64_t first, uint64_t count);
bool ledger_has(const struct ledger_page *p, uint64_t index);
void ledger_complete(struct ledger_page *p);

/* Event `index` was sent alone and refused. */
void ledger_mark(struct ledger_page *p, uint64_t index);
bool ledger_marked(const struct ledger_page *p, uint64_t index);
const struct ranges *ledger_marks(const struct ledger_page *p);
/* One of them was taken after all: nothing is held against them. */
void ledger_unmark(struct ledger_page *p);
/* They are at fault, and are not sent again. */
void ledger_judge(struct ledger_page *p);
bool ledger_judged(const struct ledger_page *p);

/* Whether the object that a notification names, by its own version or ETag, is
 * known to be complete, as these rules want it. */
bool ledger_knows(struct ledger *l, struct span bucket, struct span key,
    struct span etag, struct span version, uint64_t rules);

size_t ledger_count(const struct ledger *l);
/* The most memory that it takes. */
size_t ledger_bytes(size_t max);

#endif
