/*
 * A stand-in for aws/s3.h: GETs that the test answers, byte by byte if it
 * likes. Include fake_s3.c, beside fake_http.c for the clock and the timers.
 */
#ifndef FAKE_S3_H
#define FAKE_S3_H

#include "aws/s3.h"

struct s3_get {
	struct s3_get *next;
	char *key;
	struct s3_events ev;
	bool paused, busy, cancelled;
};

/* Runs, then gives the i-th of those open, the oldest first; NULL past the
 * last. */
struct s3_get *fake_s3_nth(size_t i);
struct s3_get *fake_s3_of(const char *key) __attribute__((returns_nonnull));
bool fake_s3_is_open(const char *key);
size_t fake_s3_open(void);
void fake_s3_head(struct s3_get *g, const char *etag);
/* Offers bytes if it is not paused; how many were taken. g may be gone. */
size_t fake_s3_feed(struct s3_get *g, struct span bytes);
void fake_s3_end(struct s3_get *g);
void fake_s3_fail(struct s3_get *g, enum aws_class class, const char *code);
/* Head, all of the bytes, end; as far as it goes: false if it was paused. */
bool fake_s3_send(struct s3_get *g, const char *text);

#endif
