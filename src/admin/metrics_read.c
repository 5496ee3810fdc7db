#include <math.h>

#include "admin/metrics_internal.h"

/* So that a histogram nobody has told of has its buckets all the same. */
static void
init(struct metrics_values *v)
{
	*v = (struct metrics_values){.always = true};
	histogram_init(&v->turns, &histogram_turn_us);
	histogram_init(&v->flow.receive_counts, &histogram_receives);
	histogram_init(&v->flow.object_lag_s, &histogram_lag_s);
	histogram_init(&v->flow.event_lag_s, &histogram_lag_s);
	histogram_init(&v->sink.post_us, &histogram_call_us);
	for (int i = 0; i < AWS_OPERATIONS; i++)
		histogram_init(
		    &v->aws.operation[i].latency_us, &histogram_call_us);
}

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
	init(v);
	process_look(&v->process);
	v->start_seconds = src->start_seconds;
	if (src->turns != NULL)
		v->turns = *src->turns;
	if (src->http != NULL)
		v->http = http_stats(src->http);
	if (src->aws != NULL) {
		v->aws = aws_stats(src->aws);
		v->clock_offset_s = aws_offset_s(src->aws);
	}
	if (src->keeper != NULL)
		read_creds(v, src->keeper);
	if (src->shipper != NULL)
		read_flow(v, src->shipper);
	if (src->shipper != NULL && src->keeper != NULL)
		read_health(v, src);
}
