#include <math.h>

#include "admin/metrics_internal.h"
#include "base/log.h"

static void
read_creds(struct metrics_values *v, const struct creds_keeper *k)
{
	v->creds = creds_stats(k);
	v->creds_valid = creds_get(k) != NULL;
	v->creds_left_s =
	    v->creds.left_s >= 0 ? (double)v->creds.left_s : INFINITY;
	if (v->creds.sts != NULL) {
		struct aws_stats sts = aws_stats(v->creds.sts);

		aws_stats_add(&v->aws, &sts);
	}
}

static void
read_flow(struct metrics_values *v, const struct shipper *s)
{
	v->flow = shipper_stats(s);
	v->events = shipper_events(s);
	v->sink = delivery_stats(shipper_delivery(s));
	v->token[delivery_token(shipper_delivery(s))] = true;
}

static void
read_health(struct metrics_values *v, const struct metrics_source *src)
{
	struct health_facts facts;
	struct health h;

	health_look(src, &facts);
	health_judge(&facts, &h);
	v->ready = h.ready;
	for (size_t i = 0; i < h.n; i++)
		v->trouble[h.reason[i].part] = true;
}

void
metrics_read(struct metrics_values *v, const struct metrics_source *src)
{
	*v = (struct metrics_values){.always = true,
	    .log_dropped = log_dropped(),
	    .start_seconds = src->start_seconds,
	    .turns = *src->turns,
	    .http = http_stats(src->http),
	    .aws = aws_stats(src->aws),
	    .clock_offset_s = aws_offset_s(src->aws)};
	if (src->sqs != NULL && sqs_oldest_s(src->sqs) > 0)
		v->oldest_received_s = sqs_oldest_s(src->sqs);
	process_look(&v->process);
	read_creds(v, src->keeper);
	read_flow(v, src->shipper);
	read_health(v, src);
}
