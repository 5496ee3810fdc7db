/* placement/region, and where that is not known (older services), the region
 * of the identity document. */
#include "aws/region.h"

#include "aws/endpoint.h"
#include "aws/imds.h"
#include "aws/priv.h"
#include "aws/source.h"
#include "base/clock.h"
#include "base/json.h"

enum { TRIES = 3, RETRY_MS = 1000, RETRY_MAX_MS = 60 * 1000 };

struct region_lookup {
	struct imds *imds;
	struct timer *timer;
	unsigned tries;
	region_fn *fn;
	void *arg;
	struct buf why;
};

static void
fail(struct region_lookup *l)
{
	if (l->tries < TRIES) {
		timer_after(l->timer, RETRY_MS);
		return;
	}
	timer_after(l->timer,
	    RETRY_MS + clock_backoff_ms(RETRY_MS, RETRY_MAX_MS - RETRY_MS,
			   l->tries - TRIES));
	l->fn(l->arg, NULL, buf_cstr(&l->why));
}

static void
take(struct region_lookup *l, struct span s)
{
	char region[REGION_MAX];

	aws_copy_text(region, sizeof region, span_trim(s));
	if (endpoint_dns_suffix(region) != NULL) {
		l->fn(l->arg, region, NULL);
		return;
	}
	buf_str(&l->why, "instance metadata: what it gave is no region");
	fail(l);
}

static void
fail_reply(struct region_lookup *l, const struct reply *r, const char *error)
{
	if (error != NULL) {
		buf_str(&l->why, error);
	} else {
		buf_str(&l->why, "instance metadata: ");
		source_say_reply(&l->why, r);
	}
	fail(l);
}

static void
on_document(void *arg, const struct reply *r, const char *error)
{
	struct region_lookup *l = arg;
	const struct json_node *root;
	struct json *j;
	char region[REGION_MAX] = "";

	if (error != NULL || r->err != ERR_OK || r->status != 200) {
		fail_reply(l, r, error);
		return;
	}
	if (json_parse(r->body, 4 * (size_t)SOURCE_DOC_MAX, &j, &root) ==
	    ERR_OK)
		aws_copy_text(
		    region, sizeof region, json_str(json_get(root, "region")));
	json_free(&j);
	take(l, span_str(region));
}

static void
on_region(void *arg, const struct reply *r, const char *error)
{
	struct region_lookup *l = arg;

	if (error == NULL && r->err == ERR_OK && r->status == 404)
		imds_get(l->imds, "/latest/dynamic/instance-identity/document",
		    on_document, l);
	else if (error != NULL || r->err != ERR_OK || r->status != 200)
		fail_reply(l, r, error);
	else
		take(l, r->body);
}

static void
start(void *arg)
{
	struct region_lookup *l = arg;

	l->tries++;
	buf_reset(&l->why);
	imds_get(l->imds, "/latest/meta-data/placement/region", on_region, l);
}

bool
region_can_be_looked_up(void)
{
	return !imds_is_disabled();
}

struct region_lookup *
region_lookup_start(struct http *h, struct timers *t, region_fn *fn, void *arg)
{
	struct region_lookup *l = mem_zalloc(sizeof *l);

	l->imds = imds_new(h, t);
	l->timer = timer_new(t, start, l);
	l->fn = fn;
	l->arg = arg;
	buf_init(&l->why, SOURCE_WHY_MAX);
	timer_soon(l->timer);
	return l;
}

void
region_lookup_cancel(struct region_lookup **lp)
{
	struct region_lookup *l = *lp;

	if (l == NULL)
		return;
	imds_free(&l->imds);
	timer_free(&l->timer);
	buf_fini(&l->why);
	mem_free(l);
	*lp = NULL;
}
