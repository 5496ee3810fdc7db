#include "daemon/headline.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sink/delivery.h"

enum { EVERY_MS = 3000, LINE_MAX_BYTES = 2048 };

struct headline {
	struct timer *timer;
	struct service *service;
	const struct shipper *shipper;
	const struct creds_keeper *keeper;
	/* At the last look; rates are of the time since then. */
	int64_t at_ms;
	uint64_t events, bytes;
	double events_rate, bytes_rate;
};

static void
add_part(struct buf *out, const char *name, const struct part *p)
{
	buf_printf(out, "%s: %s", name, p->problem);
	if (*p->code != '\0')
		buf_printf(out, " (%s)", p->code);
}

static const char *
plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* A rate that rounds to nothing is none. */
static void
add_progress(const struct headline_facts *f, struct buf *out)
{
	if (f->events < 0.5 && f->messages == 0) {
		buf_str(out, "idle: waiting for messages");
		return;
	}
	buf_printf(out, "%.0f events/s, %.1f MB/s, %u message%s held",
	    f->events, f->bytes / 1e6, f->messages, plural(f->messages));
	if (f->lag_s > 0)
		buf_printf(out, ", lag %" PRId64 " s", f->lag_s);
}

void
headline_write(const struct headline_facts *f, struct buf *out)
{
	if (f->stopping) {
		buf_printf(out, "draining %u message%s", f->messages,
		    plural(f->messages));
	} else if (f->creds_wanted != NULL) {
		buf_printf(out, "waiting for credentials: %s: %s",
		    f->creds_wanted, f->creds_error);
	} else if (f->paused && f->token_refused) {
		buf_str(out, "paused: Dassana refused the token");
	} else if (f->dassana.mood == PART_ILL) {
		add_part(out, f->paused ? "paused: Dassana" : "Dassana",
		    &f->dassana);
	} else if (f->queue.mood == PART_ILL) {
		add_part(out, "queue", &f->queue);
	} else if (f->s3.mood == PART_ILL) {
		add_part(out, "S3", &f->s3);
	} else {
		add_progress(f, out);
	}
}

static void
update_rates(struct headline *h, const struct delivery_stats *d)
{
	int64_t now = clock_mono_ms(), ms = now - h->at_ms;

	if (ms < EVERY_MS / 2)
		return;
	h->events_rate =
	    (double)(d->taken_events - h->events) * 1000 / (double)ms;
	h->bytes_rate =
	    (double)(d->taken_plain_bytes - h->bytes) * 1000 / (double)ms;
	h->at_ms = now;
	h->events = d->taken_events;
	h->bytes = d->taken_plain_bytes;
}

void
headline_now(struct headline *h)
{
	const struct delivery *d;
	struct delivery_stats stats;
	struct shipper_stats flow;
	struct headline_facts f;
	struct buf b;

	if (!service_heard(h->service))
		return;
	d = shipper_delivery(h->shipper);
	stats = delivery_stats(d);
	flow = shipper_stats(h->shipper);
	update_rates(h, &stats);
	f = (struct headline_facts){
	    .stopping = shipper_stopping(h->shipper),
	    .creds_wanted = creds_get(h->keeper) == NULL
				? creds_source_name(h->keeper)
				: NULL,
	    .creds_error = creds_error(h->keeper),
	    .paused = !delivery_open(d),
	    .token_refused = delivery_token(d) == TOKEN_REFUSED,
	    .dassana = shipper_part(h->shipper, SHIPPER_DASSANA),
	    .queue = shipper_part(h->shipper, SHIPPER_QUEUE),
	    .s3 = shipper_part(h->shipper, SHIPPER_S3),
	    .messages = flow.messages_held,
	    .events = h->events_rate,
	    .bytes = h->bytes_rate,
	    .lag_s = flow.oldest_s,
	};
	buf_init(&b, LINE_MAX_BYTES);
	headline_write(&f, &b);
	service_status(h->service, buf_cstr(&b));
	buf_fini(&b);
}

static void
on_timer(void *arg)
{
	struct headline *h = arg;

	headline_now(h);
	timer_after(h->timer, EVERY_MS);
}

struct headline *
headline_new(struct timers *t, struct service *sv, const struct shipper *s,
    const struct creds_keeper *k)
{
	struct headline *h = mem_zalloc(sizeof *h);

	h->service = sv;
	h->shipper = s;
	h->keeper = k;
	h->at_ms = clock_mono_ms();
	h->timer = timer_new(t, on_timer, h);
	if (service_heard(sv))
		timer_soon(h->timer);
	return h;
}

void
headline_free(struct headline **hp)
{
	struct headline *h = *hp;

	if (h == NULL)
		return;
	timer_free(&h->timer);
	mem_free(h);
	*hp = NULL;
}
