/*
 * Which events are shipped, by rules of those who do not want all of them: what
 * event_include and event_exclude say.
 *
 *   eventSource=kms.amazonaws.com eventName=Decrypt,GenerateDataKey*
 *   userIdentity.type!=Root !errorCode
 *
 * A rule is conditions, separated by blanks, that must all hold. A condition
 * names a field by its path from the record's top, through objects, and says
 *
 *   PATH=PATTERN,PATTERN…   it is there, and one of the patterns matches
 *   PATH!=PATTERN,…         it is there, and none of them does
 *   !PATH                   it is not there
 *
 * A pattern is the shell's: '*', '?' (one character), '[a-z]', '[!a-z]' (of
 * ASCII). It is matched on a scalar's text as JSON decodes it: a string's
 * characters, a number as it was written, true, false, null. Names and patterns
 * may stand in double quotes; a backslash takes the meaning from the character
 * behind it. An object, an array and what is longer than EVENTS_VALUE_MAX holds
 * in neither of the first two. Of a field that is there more than once (or
 * whose parent is) the condition must hold in each place, so that a record
 * cannot hide itself.
 *
 * A record passes if there is no rule of event_include or one of them holds,
 * and no rule of event_exclude holds.
 *
 * One set of rules (struct events_rules) never changes, so that an object can
 * be read by the same ones from its first byte to its last; whoever reads holds
 * it. What they have left out is counted by rule; a rule that stands in the
 * next set too counts on.
 */
#ifndef TRAIL_EVENTS_H
#define TRAIL_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum {
	EVENTS_RULES_MAX = 64, /* of each of the two */
	EVENTS_CONDITIONS_MAX = 16,
	EVENTS_PATH_MAX = 4,
	EVENTS_VALUE_MAX = 4096, /* bytes of a value, elements of a pattern */
	EVENTS_TEXT_MAX = 32 * 1024,   /* of all rules of one of the two */
	EVENTS_BYTES_MAX = 512 * 1024, /* of memory that those take */
	EVENTS_SETS_MAX = 2,	       /* in force, and before */
};

struct events; /* whoever says which rules are in force */
struct events_rules;

/* Whether it is a rule. If not: why, and at which character, from 1 on. */
bool events_check(struct span rule, size_t *column, struct buf *why);

/* Whether so many rules, one a line, take no more memory than they may. */
bool events_fit(const char *rules);

/* Rules, one a line; blank lines do not count. Each has passed events_check,
 * and the bounds above are kept (CHECK). */
struct events *events_new(const char *include, const char *exclude);
void events_free(struct events **e); /* rules that are held stay */
/* Whether that is what is in force. */
bool
events_same(const struct events *e, const char *include, const char *exclude);
/* Others from now on. False: not yet, since those before the ones in force are
 * held still; there are never more than EVENTS_SETS_MAX. */
bool events_change(struct events *e, const char *include, const char *exclude);

/* The rules in force, to be released; NULL: there are none. So it is with NULL
 * for e, here and in events_now and events_count. */
struct events_rules *events_hold(struct events *e);
void events_release(struct events_rules **r);
/* Which set it is: no two of one process have the same number. 0: NULL. */
uint64_t events_number(const struct events_rules *r);
uint64_t events_now(const struct events *e); /* of the rules in force */

/* What one rule in force has left out so far. Of event_include it is one for
 * all: what none of them takes. */
struct events_tally {
	const char *setting; /* "event_exclude" */
	const char *rule;    /* its text; "" of event_include */
	uint64_t n;	     /* records, each time that they are read */
};
size_t events_count(const struct events *e);
struct events_tally events_at(const struct events *e, size_t i);

#endif
