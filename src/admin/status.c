#include "admin/status.h"

#include "admin/totals.h"
#include "base/clock.h"

void
status_sample(const struct metrics_source *src, struct rates_sample *s)
{
	struct shipper_stats f = shipper_stats(src->shipper);
	struct delivery_stats d =
	    delivery_stats(shipper_delivery(src->shipper));

	*s = (struct rates_sample){.at_ms = clock_mono_ms()};
	s->count[RATE_EVENTS] = f.events_delivered;
	s->count[RATE_BYTES] = f.object_bytes;
	s->count[RATE_OBJECTS] = f.objects_done;
	s->count[RATE_MESSAGES] = f.messages_deleted;
	s->count[RATE_POSTS] = d.posts;
	s->count[RATE_LAGS] = histogram_count(&f.object_lag_s);
	s->count[RATE_LAGS_S] = f.object_lag_s.sum;
	s->count[RATE_EVENT_LAGS] = histogram_count(&f.event_lag_s);
	s->count[RATE_EVENT_LAGS_S] = f.event_lag_s.sum;
}

static void
take_credentials(const struct metrics_source *src, struct status *s)
{
	s->creds_source = creds_source_name(src->keeper);
	s->creds_valid = creds_get(src->keeper) != NULL;
	s->creds_left_s = creds_stats(src->keeper).left_s;
}

static double
mean(const struct status *s, enum rate sum, enum rate count)
{
	return s->rate[count] > 0 ? s->rate[sum] / s->rate[count] : -1;
}

void
status_take(const struct metrics_source *src, const struct rates *rates,
    struct status *s)
{
	struct rates_sample now;

	s->now_ms = clock_wall_ms();
	s->now_mono_ms = clock_mono_ms();
	health_look(src, &s->facts);
	health_judge(&s->facts, &s->health);
	s->flow = shipper_stats(src->shipper);
	s->events = shipper_events(src->shipper);
	s->sink = delivery_stats(shipper_delivery(src->shipper));
	s->oldest_received_s = src->sqs != NULL ? sqs_oldest_s(src->sqs) : -1;
	s->token = delivery_token(shipper_delivery(src->shipper));
	take_credentials(src, s);
	status_sample(src, &now);
	for (int i = 0; i < RATES; i++)
		s->rate[i] = rates_of(rates, &now, (enum rate)i);
	s->lag_s = mean(s, RATE_LAGS_S, RATE_LAGS);
	s->event_lag_s = mean(s, RATE_EVENT_LAGS_S, RATE_EVENT_LAGS);
	s->nhistory = rates_history(rates, RATE_EVENTS, s->history);
	s->nproblems = log_recent(s->problem, LOG_RECENT_MAX);
}

const char *
status_token_name(enum token_state t)
{
	static const char *const names[] = {[TOKEN_UNTRIED] = "untried",
	    [TOKEN_TAKEN] = "accepted",
	    [TOKEN_REFUSED] = "refused"};

	return names[t];
}

/* ---- JSON ---- */

static void
add_about(const struct status *s, struct json_out *j)
{
	json_text(j, "version", span_str(s->about.version));
	json_time(j, "time", s->now_ms);
	json_count(j, "uptime_s", (uint64_t)s->uptime_s);
	health_add_json(&s->health, j);
	json_flag(j, "stopping", s->facts.stopping);
}

static void
add_known(struct json_out *j, const char *name, int64_t n)
{
	if (n < 0)
		json_null(j, name);
	else
		json_count(j, name, (uint64_t)n);
}

static void
add_sides(const struct status *s, struct json_out *j)
{
	static const char *const mood[] = {[PART_UNTRIED] = "untried",
	    [PART_WELL] = "well",
	    [PART_ILL] = "ill"};

	json_begin(j, "credentials", '{');
	json_text(j, "source", span_str(s->creds_source));
	json_flag(j, "valid", s->creds_valid);
	if (s->creds_left_s < 0)
		json_null(j, "seconds_left");
	else
		json_count(j, "seconds_left", (uint64_t)s->creds_left_s);
	json_end(j, '}');
	json_begin(j, "queue", '{');
	json_text(j, "state", span_str(mood[s->facts.of[HEALTH_QUEUE].mood]));
	json_text(j, "url", span_str(s->about.queue_url));
	json_text(j, "region", span_str(s->about.region));
	add_known(j, "messages_waiting", s->backlog.waiting);
	add_known(j, "messages_in_flight", s->backlog.in_flight);
	add_known(j, "dead_letters", s->backlog.dead);
	add_known(j, "oldest_received_s", s->oldest_received_s);
	json_end(j, '}');
	json_begin(j, "s3", '{');
	json_text(j, "state", span_str(mood[s->facts.of[HEALTH_S3].mood]));
	json_end(j, '}');
	json_begin(j, "dassana", '{');
	json_text(j, "state", span_str(mood[s->facts.of[HEALTH_DASSANA].mood]));
	json_text(j, "endpoint", s->about.endpoint);
	json_text(j, "app_id", span_str(s->about.app_id));
	json_text(j, "token", span_str(status_token_name(s->token)));
	json_end(j, '}');
}

static void
add_rates(const struct status *s, struct json_out *j)
{
	static const char *const names[RATES_SHOWN] = {[RATE_EVENTS] = "events",
	    [RATE_BYTES] = "object_bytes",
	    [RATE_OBJECTS] = "objects",
	    [RATE_MESSAGES] = "messages",
	    [RATE_POSTS] = "posts"};

	json_begin(j, "per_second", '{');
	for (int i = 0; i < RATES_SHOWN; i++)
		json_real(j, names[i], s->rate[i]);
	json_end(j, '}');
}

static void
add_lag(const struct status *s, struct json_out *j)
{
	json_begin(j, "lag", '{');
	if (s->lag_s < 0)
		json_null(j, "object_s");
	else
		json_real(j, "object_s", s->lag_s);
	if (s->event_lag_s < 0)
		json_null(j, "event_s");
	else
		json_real(j, "event_s", s->event_lag_s);
	add_known(j, "last_delivered_s", s->delivered_s);
	json_count(j, "oldest_held_s", (uint64_t)s->flow.oldest_s);
	json_end(j, '}');
}

static void
add_pauses(const struct status *s, struct json_out *j)
{
	json_begin(j, "paused_by", '[');
	for (int i = 0; i < SHIPPER_PAUSES; i++) {
		enum shipper_pause p = (enum shipper_pause)i;

		if (s->flow.paused[i])
			json_text(j, NULL, span_str(shipper_pause_name(p)));
	}
	json_end(j, ']');
}

static void
add_now(const struct status *s, struct json_out *j)
{
	json_begin(j, "now", '{');
	json_count(j, "messages_held", s->flow.messages_held);
	json_count(j, "objects_active", s->flow.objects_active);
	json_count(j, "objects_waiting", s->flow.objects_waiting);
	json_count(j, "batches_in_flight", s->sink.in_flight);
	json_count(j, "batches_waiting", s->sink.waiting);
	json_count(j, "messages_parked", s->flow.messages_parked);
	json_count(j, "buffer_used", s->flow.buffer_used);
	json_count(j, "buffer_bytes", s->flow.buffer_bytes);
	json_end(j, '}');
}

static void
add_totals(const struct status *s, struct json_out *j)
{
	struct totals_values v = {s->flow, s->sink};

	json_begin(j, "totals", '{');
	for (const struct total *t = totals_table; t->name != NULL; t++) {
		if ((t->shows & TOTAL_STATUS) != 0)
			json_count(j, t->name, totals_value(&v, t));
	}
	json_end(j, '}');
}

static void
add_rules(const struct status *s, struct json_out *j)
{
	json_begin(j, "event_rules", '[');
	for (size_t i = 0; i < events_count(s->events); i++) {
		struct events_tally t = events_at(s->events, i);

		json_begin(j, NULL, '{');
		json_text(j, "setting", span_str(t.setting));
		json_text(j, "rule", span_str(t.rule));
		json_count(j, "left_out", t.n);
		json_end(j, '}');
	}
	json_end(j, ']');
}

static void
add_problems(const struct status *s, struct json_out *j)
{
	json_begin(j, "problems", '[');
	for (size_t i = 0; i < s->nproblems; i++) {
		const struct log_problem *p = &s->problem[i];
		bool error = p->level == LOG_LVL_ERROR;

		json_begin(j, NULL, '{');
		json_text(j, "level", span_str(error ? "error" : "warn"));
		json_text(j, "event", span_str(p->event));
		json_time(j, "first", p->first_ms);
		json_time(j, "last", p->last_ms);
		json_count(j, "count", p->count);
		json_text(j, "text", span_str(p->text));
		if (*p->advice != '\0')
			json_text(j, "advice", span_str(p->advice));
		json_end(j, '}');
	}
	json_end(j, ']');
}

void
status_json(const struct status *s, struct buf *out)
{
	struct json_out j = {.b = out};

	json_begin(&j, NULL, '{');
	add_about(s, &j);
	add_sides(s, &j);
	add_rates(s, &j);
	add_lag(s, &j);
	add_pauses(s, &j);
	add_now(s, &j);
	add_totals(s, &j);
	add_rules(s, &j);
	add_problems(s, &j);
	json_end(&j, '}');
}
