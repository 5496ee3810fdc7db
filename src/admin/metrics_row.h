/*
 * How a row of metrics_table.c says what it is and where its value stands. Only
 * for that file.
 */
#ifndef ADMIN_METRICS_ROW_H
#define ADMIN_METRICS_ROW_H

#include "admin/metrics_internal.h"

#define COUNTER(name_)	 .name = (name_), .type = METRIC_COUNTER
#define GAUGE(name_)	 .name = (name_), .type = METRIC_GAUGE
#define HISTOGRAM(name_) .name = (name_), .type = METRIC_HISTOGRAM

#define V(field) (((struct metrics_values *)0)->field)

/* Which kind a field is, by its type: a row cannot be wrong about it. */
#define KIND(field)                                                            \
	_Generic(V(field), uint64_t                                            \
		 : KIND_U64, int64_t                                           \
		 : KIND_I64, unsigned                                          \
		 : KIND_UNSIGNED, bool                                         \
		 : KIND_BOOL, double                                           \
		 : KIND_DOUBLE, struct histogram                               \
		 : KIND_HISTOGRAM)

#define AT(field)                                                              \
	.at = offsetof(struct metrics_values, field), .kind = KIND(field)

/* Of each element of an array; the field is that of the first one. */
#define EACH(l, name_, value_, first_, end_, element)                          \
	.label[l] = {.name = (name_),                                          \
	    .value = (value_),                                                 \
	    .first = (first_),                                                 \
	    .end = (end_),                                                     \
	    .stride = sizeof V(element)}

#endif
