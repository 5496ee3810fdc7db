/*
 * One CloudTrail log file as it arrives: gunzip and slicer behind one another.
 * The daemon and `trailpost cat` both decode with this.
 *
 *   reset → step… → finish → reset → …        an error repeats until reset
 *
 * What was stored with gzip twice is inflated twice, which takes a second
 * gunzip: its memory is taken only when it is wanted and the owner says so
 * (decode_wants_layer). A UTF-8 byte order mark at
 * the beginning of the text is dropped. Whatever else begins as a known format
 * does (zstd, …) is ERR_SYNTAX, and named. A file of no bytes, or a gzip of
 * none, is whole and has no records.
 */
#ifndef TRAIL_DECODE_H
#define TRAIL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "trail/slicer.h"

struct decode;

struct decode *decode_new(size_t max_record_bytes, slicer_record_fn *fn,
    slicer_left_out_fn *left_out, void *arg);
void decode_free(struct decode **d);
void decode_reset(struct decode *d);
/* As slicer_rules, with decode_new's arg. */
void decode_rules(
    struct decode *d, struct events_rules *rules, slicer_ruled_out_fn *fn);

/*
 * Takes bytes off the front of *in, inflates at most GUNZIP_WINDOW bytes and
 * slices them; records come out through fn during the call. *more: calling
 * again makes progress even with an empty *in. To be called only while there is
 * room for decode_need() bytes of records, and not while decode_wants_carry()
 * or decode_wants_layer().
 */
enum err decode_step(struct decode *d, struct span *in, bool *more);
enum err decode_finish(struct decode *d);
/* All of a piece, for whoever has room for any record: a carry of so many bytes
 * is made when one is wanted. It is got back, to be freed, by
 * decode_take_carry. */
enum err decode_feed(struct decode *d, struct span in, size_t carry_bytes);

/* The second gunzip, which is there until decode_reset. */
bool decode_wants_layer(const struct decode *d);
void decode_add_layer(struct decode *d);

/* The most bytes of records that one step may hand over. */
size_t decode_need(const struct decode *d);
bool decode_wants_carry(const struct decode *d);
void decode_lend_carry(struct decode *d, void *mem, size_t n);
/* As slicer_take_carry; with force also while a record lies in it (the file is
 * given up; only decode_reset may follow). */
void *decode_take_carry(struct decode *d, bool force);

struct decode_stats {
	uint64_t bytes_in, bytes_out;
	uint64_t records, ruled_out,
	    left_out; /* none of all: there is nothing to ship */
};
struct decode_stats decode_stats(const struct decode *d); /* since reset */
/* What is wrong, for people, and where: "gzip checksum wrong at byte 812". */
const char *decode_error(const struct decode *d);

#endif
