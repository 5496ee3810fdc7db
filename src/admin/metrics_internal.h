/*
 * What the files of metrics share: metrics_table.c (the table),
 * metrics_labels.c (names in it), metrics_read.c (what its rows point into),
 * metrics.c (how it is written out).
 */
#ifndef ADMIN_METRICS_INTERNAL_H
#define ADMIN_METRICS_INTERNAL_H

#include <stddef.h>

#include "admin/metrics.h"
#include "admin/process.h"
#include "admin/readiness.h"
#include "sink/delivery.h"

/* All values, as they are at one moment. */
struct metrics_values {
	struct shipper_stats flow;
	struct delivery_stats sink;
	struct aws_stats aws;
	struct creds_stats creds;
	struct http_stats http;
	const struct events *events;
	struct histogram turns;
	struct process process;
	uint64_t log_dropped;
	double start_seconds;
	bool always; /* true */
	bool ready;
	bool trouble[HEALTH_PARTS];
	bool token[TOKEN_REFUSED + 1];
	bool creds_valid;
	double creds_left_s; /* +∞: they never expire */
	int64_t clock_offset_s;
	int64_t oldest_received_s;
};

void metrics_read(struct metrics_values *v, const struct metrics_source *src);

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum metric_kind {
	KIND_U64,
	KIND_I64,
	KIND_UNSIGNED,
	KIND_BOOL,
	KIND_DOUBLE,
	KIND_HISTOGRAM,
};

/* One label: the values of the indices first … end−1 of an array whose elements
 * are stride bytes apart. */
struct metric_label {
	const char *name; /* NULL: there is none */
	const char *(*value)(int i);
	int first, end;
	size_t stride;
};

struct metric {
	const char *name;
	enum metric_type type;
	enum metric_kind kind; /* of what is there */
	const char *help;
	size_t at;  /* in metrics_values; of index 0 of its labels */
	double per; /* so many of the value make one of the unit; 0: one */
	struct metric_label label[2];
	bool each_rule; /* one for each rule for events; nothing else counts */
};

extern const struct metric metrics_table[];
extern const size_t metrics_table_n;

/* ---- metrics_labels.c ---- */

const char *label_version(int i);
const char *label_reason(int i);
const char *label_fault(int i);
const char *label_left_out(int i);
const char *label_pause(int i);
const char *label_part(int i);
const char *label_answer(int i);
const char *label_token(int i);
const char *label_operation(int i);
const char *label_class(int i);
const char *label_retry(int i);

#endif
