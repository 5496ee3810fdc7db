/*
 * Push slicer: the text of a CloudTrail file in, its records out, byte for
 * byte. No I/O, no clock.
 *
 * A file is an object with a member "Records" (other members are skipped), or
 * a bare array in its place, or several such documents one after the other (as
 * `cat a b` makes them). "Records" may be null, which is as good as empty, and
 * a text of no bytes has no documents. Each record is handed over with its
 * bytes as they came, except that line breaks (and the vertical tabs and form
 * feeds that yajl lets pass for blanks), which can only stand between tokens,
 * are dropped, so that one record is one line. What is no UTF-8 in a string
 * passes as it came; a raw control character in one is ERR_SYNTAX.
 *
 * A record that is longer than max_record_bytes as it stands in the text,
 * blanks and line breaks included, that is nested too deep, or that is no
 * object is left out and told, and all others are delivered. Of what is left
 * out as too long or too deep only strings and brackets are looked at.
 *
 * A record that rules leave out (trail/events.h) is told by its index alone.
 *
 * Bounded: nesting, the length of a record, and the text outside of the records
 * between two brackets, braces or keys (SLICER_OUTSIDE_MAX). The part of a
 * record that came with earlier chunks is kept in a carry of up to SLICER_CARRY
 * bytes; for more the owner must lend memory first (slicer_wants_carry). What
 * is left out is kept nowhere.
 * yajl cannot continue a parse that was cancelled, so nothing here stops in the
 * middle: whoever feeds n bytes must have room for the records they complete,
 * at most slicer_pending() + n bytes.
 */
#ifndef TRAIL_SLICER_H
#define TRAIL_SLICER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "trail/events.h"

enum {
	SLICER_CARRY = 16 * 1024,
	SLICER_OUTSIDE_MAX = 64 * 1024,
	SLICER_DEPTH_MAX = 512,
};

/* One record: head then tail are its bytes (either may be empty), borrowed for
 * the call. */
typedef void slicer_record_fn(void *arg, struct span head, struct span tail);

enum slicer_cause {
	SLICER_TOO_LONG,
	SLICER_TOO_DEEP,
	SLICER_NO_OBJECT,
	SLICER_CAUSES
};
/* "too_long" and so on, for logs and counters. */
const char *slicer_cause_name(enum slicer_cause c);

/* A record was left out; index counts all records of the file from 0 on, those
 * that were delivered too. */
typedef void
slicer_left_out_fn(void *arg, uint64_t index, enum slicer_cause cause);

/* Rules have left one out; the same index. */
typedef void slicer_ruled_out_fn(void *arg, uint64_t index);

struct slicer;

/* Both functions are called in the order of the records. */
struct slicer *slicer_new(size_t max_record_bytes, slicer_record_fn *fn,
    slicer_left_out_fn *left_out, void *arg);
void slicer_free(struct slicer **s);
/* Ready for another file; gives back the parser's memory and forgets a carry
 * that was lent (the owner has taken it back). */
void slicer_reset(struct slicer *s);

/* Before the first byte: what rules leave out goes to fn, until the next reset.
 * They are borrowed for so long. NULL: nothing is left out. */
void slicer_rules(
    struct slicer *s, struct events_rules *rules, slicer_ruled_out_fn *fn);

/* ERR_SYNTAX, ERR_SHAPE (a document without a Records array), ERR_DEPTH and
 * ERR_LIMIT (outside of records). An error repeats. */
enum err slicer_feed(struct slicer *s, struct span chunk);
/* End of file. ERR_TRUNCATED inside a document; ERR_SHAPE if there was text but
 * no document, or something else after the last one. */
enum err slicer_finish(struct slicer *s);

/* Bytes of the record that is open. */
size_t slicer_pending(const struct slicer *s);
/* Whether feeding n more bytes could need a carry larger than it has. Feeding
 * them nevertheless is a bug and may abort. */
bool slicer_wants_carry(const struct slicer *s, size_t n);
/* Lends memory of n ≥ max_record_bytes until it is taken back. */
void slicer_lend_carry(struct slicer *s, void *mem, size_t n);
/* The lent memory, if there is one and the open record is short enough to move
 * back into the own carry; else NULL. */
void *slicer_take_carry(struct slicer *s);
/* What is wrong, for people, and where in the text: "not JSON (…) at byte 812
 * of the text, in the record with index 3"; "" if nothing is. */
const char *slicer_error(const struct slicer *s);

#endif
