/*
 * The metrics: one table of what the daemon tells of itself, rendered as
 * Prometheus's text exposition format, version 0.0.4. Nothing is counted here:
 * each module owns its counters, and they are read when somebody asks.
 *
 * A row is never taken away or given another meaning within a major version;
 * dashboards and alerts hang on the names.
 */
#ifndef ADMIN_METRICS_H
#define ADMIN_METRICS_H

#include "aws/call.h"
#include "aws/creds.h"
#include "aws/sqs.h"
#include "base/buf.h"
#include "base/histogram.h"
#include "flow/shipper.h"
#include "net/http.h"

/* Whence the values come: all there, borrowed for the call. */
struct metrics_source {
	const struct shipper *shipper;
	const struct aws *aws;
	struct sqs *sqs; /* the queue; NULL: there is none */
	const struct creds_keeper *keeper;
	const struct http *http;
	const struct histogram *turns; /* of net/turns.h */
	double start_seconds;	       /* when the process began, since 1970 */
};

/* A page never has more bytes. */
enum { METRICS_MAX = 512 * 1024 };
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends all metrics; out's limit is METRICS_MAX or more. Holds the loop for
 * less than a millisecond. */
void metrics_render(struct buf *out, const struct metrics_source *src);
/* Appends docs/metrics.md. */
void metrics_document(struct buf *out);

#endif
