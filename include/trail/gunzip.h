/*
 * Push gunzip: compressed bytes in, inflated bytes out, in steps of at most
 * GUNZIP_WINDOW bytes. No I/O, no clock.
 *
 * What it is, is told by the first two bytes, never by a name: gzip (RFC 1952;
 * one member or several, one after the other, with any number of NULs behind
 * each, which are padding) or, without the magic number, plain bytes that pass
 * through unchanged. No bytes at all are plain.
 */
#ifndef TRAIL_GUNZIP_H
#define TRAIL_GUNZIP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum { GUNZIP_WINDOW = 16 * 1024 };

struct gunzip;

struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip **g);
void gunzip_reset(struct gunzip *g); /* ready for another stream */
size_t gunzip_memory(void);	     /* the most that one takes */

/*
 * Takes bytes off the front of *in and sets *out to what they inflate to
 * (borrowed until the next call, or from *in; may be empty). *more asks to be
 * called again even if nothing is left of *in. Without *more, *in is empty.
 * ERR_CORRUPT (damaged data, CRC or length), ERR_TRAILING (bytes after a
 * member that start no other). An error repeats, and gives no output: what a
 * small member holds does not come out if its checksum is wrong.
 */
enum err
gunzip_step(struct gunzip *g, struct span *in, struct span *out, bool *more);
/* To be asked at the end of input: ERR_TRUNCATED inside a member. */
enum err gunzip_finish(struct gunzip *g);
/* Whether it is gzip, once there was output. */
bool gunzip_is_gzip(const struct gunzip *g);
/* Whether a stream that begins with c may be gzip. */
bool gunzip_begins(char c);
/* What is wrong, for people: "gzip checksum wrong at byte 812"; "" if nothing
 * is. */
const char *gunzip_error(const struct gunzip *g);

#endif
