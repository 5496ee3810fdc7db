#include "commands/check.h"

#include <stdio.h>
#include <string.h>

#include "commands/check_internal.h"
#include "commands/command.h"

enum { NAME_MAX_BYTES = 4096 };

void
check_note(void *arg, bool fatal, const char *text)
{
	struct check *p = arg;

	report_step_init(&p->step, "configuration");
	p->step.mark = fatal ? REPORT_FAILED : REPORT_WARNING;
	buf_str(&p->step.fact, text);
	report_add(&p->report, &p->step);
}

static void
tell_config(struct check *p)
{
	const struct config *c = p->c;
	struct buf *b = &p->step.fact;

	report_step_init(&p->step, "configuration");
	buf_printf(b, "queue %s, region %s, AWS through %s", c->queue_url,
	    c->region, p->ways.hosts.sqs.tls ? "https://" : "http://");
	endpoint_host(&p->ways.hosts.sqs, b);
	if (p->ways.hosts.s3_custom) {
		buf_str(b, " and ");
		endpoint_url(&p->ways.hosts.s3, b);
	}
	report_add(&p->report, &p->step);
}

/* "s3://BUCKET/KEY"; of an access point's ARN the first '/' is its own. */
static bool
take_object(struct check *p)
{
	struct span rest = span_str(p->args->object), bucket;
	size_t n;

	if (!span_starts(rest, "s3://"))
		return false;
	rest.p += strlen("s3://");
	rest.n -= strlen("s3://");
	bucket = rest;
	n = span_cut(&rest, '/').n;
	if (span_starts(bucket, "arn:") && rest.p != NULL &&
	    span_ends((struct span){bucket.p, n}, ":accesspoint"))
		n += 1 + span_cut(&rest, '/').n;
	bucket.n = n;
	if (bucket.n == 0 || rest.n == 0)
		return false;
	buf_span(&p->bucket, bucket);
	buf_span(&p->key, rest);
	return true;
}

static void
name_object(struct check *p)
{
	if (p->args->object == NULL || take_object(p))
		return;
	report_step_init(&p->step, "object");
	p->step.mark = REPORT_FAILED;
	buf_printf(&p->step.fact,
	    "\"%.200s\" is not of the form s3://BUCKET/KEY", p->args->object);
	report_add(&p->report, &p->step);
}

bool
check_open(struct check *p)
{
	if (!ways_begin(&p->ways, p->c) ||
	    !ways_find_region(&p->ways, p->c, false) ||
	    !ways_open(&p->ways, p->c, NULL, NULL)) {
		report_step_init(&p->step, p->ways.lacks);
		p->step.mark = REPORT_FAILED;
		buf_str(&p->step.fact, p->ways.why);
		report_add(&p->report, &p->step);
		return false;
	}
	tell_config(p);
	check_creds(p);
	if (p->has_creds)
		check_identity(p);
	return true;
}

static void
run_steps(struct check *p)
{
	if (!check_open(p))
		return;
	if (p->has_creds) {
		check_queue(p);
		check_permissions(p);
		name_object(p);
		check_peek(p);
		check_object(p);
		check_backfill(p);
	} else {
		check_skip(p, "queue", "without credentials");
		check_skip(p, "object", "without credentials");
	}
	check_sink(p);
	if (p->has_creds)
		check_send(p);
}

enum { BUFS = 7 };

static void
bufs_of(struct check *p, struct buf *out[BUFS])
{
	struct buf *const all[BUFS] = {&p->queue_arn, &p->bucket, &p->key,
	    &p->version, &p->region, &p->handle, &p->queue.dead_letter_arn};

	memcpy(out, all, sizeof all);
}

void
check_init(struct check *p, struct config *c, const struct check_args *a)
{
	struct buf *bufs[BUFS];

	*p = (struct check){.c = c, .args = a};
	bufs_of(p, bufs);
	for (size_t i = 0; i < BUFS; i++)
		buf_init(bufs[i], NAME_MAX_BYTES);
}

void
check_fini(struct check *p)
{
	struct buf *bufs[BUFS];

	ways_close(&p->ways);
	config_fini(p->c);
	bufs_of(p, bufs);
	for (size_t i = 0; i < BUFS; i++)
		buf_fini_wipe(bufs[i]);
}

int
check_setup(const struct config_sources *src, const struct check_args *a)
{
	struct config c;
	struct check p;

	ways_protect();
	check_init(&p, &c, a);
	report_begin(&p.report, stdout, a->json);
	if (config_load(&c, src, check_note, &p) == 0)
		run_steps(&p);
	report_end(&p.report);
	check_fini(&p);
	return p.report.failed == 0 ? EXIT_OK : EXIT_TROUBLE;
}
