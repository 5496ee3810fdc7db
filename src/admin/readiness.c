#include "admin/readiness.h"

#include "base/json_out.h"

static const char *const names[HEALTH_PARTS] = {
    [HEALTH_STOPPING] = "stopping",
    [HEALTH_CREDENTIALS] = "credentials",
    [HEALTH_QUEUE] = "queue",
    [HEALTH_S3] = "s3",
    [HEALTH_DASSANA] = "dassana",
};

const char *
health_part_name(enum health_part p)
{
	return names[p];
}

static struct part
credentials(const struct creds_keeper *k)
{
	const struct creds_failure *why = creds_failure(k);
	struct part p = PART_IN(PART_WELL);

	if (creds_get(k) != NULL)
		return p;
	p.mood = PART_ILL;
	p.problem = "there are no AWS credentials that are valid";
	p.detail = creds_error(k);
	p.advice = "see docs/credentials.md, and run trailpost check where "
		   "the daemon runs";
	if (why != NULL && why->advice.n > 0)
		p.advice = buf_cstr(&why->advice);
	if (why != NULL)
		p.code = why->code;
	return p;
}

void
health_look(const struct metrics_source *src, struct health_facts *f)
{
	f->stopping = shipper_stopping(src->shipper);
	f->of[HEALTH_STOPPING] = PART_IN(PART_WELL);
	f->of[HEALTH_CREDENTIALS] = credentials(src->keeper);
	f->of[HEALTH_QUEUE] = shipper_part(src->shipper, SHIPPER_QUEUE);
	f->of[HEALTH_S3] = shipper_part(src->shipper, SHIPPER_S3);
	f->of[HEALTH_DASSANA] = shipper_part(src->shipper, SHIPPER_DASSANA);
}

static void
add(struct health *h, enum health_part part, const struct part *what)
{
	struct health_reason *r = &h->reason[h->n++];

	h->ready = false;
	*r = (struct health_reason){.part = part, .what = *what};
	if (*r->what.advice == '\0' && part != HEALTH_STOPPING)
		r->what.advice = "it is tried again by itself; if this goes "
				 "on, see what trailpost check says";
}

void
health_judge(const struct health_facts *f, struct health *h)
{
	struct part own = PART_IN(PART_ILL);

	*h = (struct health){.ready = true};
	if (f->stopping) {
		own.problem = "it is shutting down: what is in flight is "
			      "finished, nothing new is received";
		add(h, HEALTH_STOPPING, &own);
	}
	for (int i = HEALTH_CREDENTIALS; i < HEALTH_PARTS; i++) {
		if (f->of[i].mood == PART_ILL)
			add(h, (enum health_part)i, &f->of[i]);
	}
	/* While something else holds it back nobody asks the queue: then that
	 * is the reason to tell. */
	if (h->ready && f->of[HEALTH_QUEUE].mood == PART_UNTRIED) {
		own.problem = "the first receive from the queue has not been "
			      "answered yet";
		add(h, HEALTH_QUEUE, &own);
	}
}

static void
reason_json(const struct health_reason *r, struct json_out *j)
{
	json_begin(j, NULL, '{');
	json_text(j, "part", span_str(names[r->part]));
	json_text(j, "problem", span_str(r->what.problem));
	if (*r->what.code != '\0')
		json_text(j, "code", span_str(r->what.code));
	if (*r->what.detail != '\0')
		json_text(j, "detail", span_str(r->what.detail));
	json_text(j, "advice", span_str(r->what.advice));
	json_end(j, '}');
}

void
health_add_json(const struct health *h, struct json_out *j)
{
	json_flag(j, "ready", h->ready);
	json_begin(j, "reasons", '[');
	for (size_t i = 0; i < h->n; i++)
		reason_json(&h->reason[i], j);
	json_end(j, ']');
}
