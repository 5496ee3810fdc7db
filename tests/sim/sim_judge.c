/* What must hold in the end, and the line that tells of it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim_world.h"

enum {
	LAG_MS = 10 * SIM_S,
	GRACE_MS = SIM_MIN,
	POLLS_FROM_MS = 10 * SIM_MIN,
	POSTS_FROM_MS = 30 * SIM_S,
	MUST_DIE_MS = 10 * 24 * SIM_H,
	DRAIN_MS = 25 * SIM_S
};

/* A row's verdict, and why. */
struct verdict {
	char why[256];
	size_t n;
};

static void __attribute__((format(printf, 3, 4)))
demand(struct verdict *v, bool holds, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (holds || v->n + 2 >= sizeof v->why)
		return;
	if (v->n > 0)
		v->n +=
		    (size_t)snprintf(v->why + v->n, sizeof v->why - v->n, ", ");
	va_start(ap, fmt);
	n = vsnprintf(v->why + v->n, sizeof v->why - v->n, fmt, ap);
	va_end(ap);
	v->n += (size_t)n;
	if (v->n > sizeof v->why - 1)
		v->n = sizeof v->why - 1;
}

/* ---- during a fault, and after it ---- */

static bool
is_at(int64_t ms) /* this second */
{
	return sim_now() / SIM_S == ms / SIM_S;
}

static void
watch_proc(const struct sim_fault *f, struct sim_proc *p)
{
	if (is_at(f->from_ms + POLLS_FROM_MS))
		p->fault_polls = 0;
	if (is_at(f->from_ms + POSTS_FROM_MS))
		p->fault_posts = 0;
	if (!is_at(f->until_ms))
		return;
	if (p->fault_polls > S.fault_polls)
		S.fault_polls = p->fault_polls;
	if (p->fault_posts > S.fault_posts)
		S.fault_posts = p->fault_posts;
}

void
sim_watch_fault(const struct sim_fault *f, int64_t *told_at, bool told)
{
	if (told)
		*told_at = sim_now() - f->from_ms;
	for (unsigned i = 0; i < S.procs; i++)
		watch_proc(f, &S.proc[i]);
	if (is_at(f->until_ms + SIM_MIN))
		S.deletes_then = S.deletes;
	if (is_at(f->until_ms + 2 * SIM_MIN) && S.row->speed > 0)
		S.too_slow = S.deletes - S.deletes_then < S.row->speed &&
			     S.waiting.n > 0;
}

/* ---- at the end ---- */

/* From when on it could be delivered: what came in a fault, or was caught by
 * one, waits for its end. */
static int64_t
deliverable_ms(const struct sim_message *m, int64_t done_ms)
{
	int64_t from = m->sent_ms;

	for (size_t i = 0; i < SIM_FAULTS_MAX; i++) {
		const struct sim_fault *f = &S.row->fault[i];

		if (f->every_ms == 0 && m->sent_ms < f->until_ms &&
		    done_ms > f->from_ms && f->until_ms > from)
			from = f->until_ms;
	}
	return from < done_ms ? from : done_ms;
}

struct honest {
	size_t n, delivered, dead, lags;
	int64_t p99_ms;
};

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static struct honest
look_at_honest(int64_t end)
{
	int64_t *lag = mem_alloc((S.nmessages + 1) * sizeof *lag), done;
	int64_t last = end - GRACE_MS - S.row->lag_ms;
	struct honest h = {0};

	for (size_t i = 0; i < S.nmessages; i++) {
		const struct sim_message *m = S.message[i];

		if (!sim_is_honest(m->load))
			continue;
		h.dead += m->dead;
		if (m->sent_ms > last)
			continue;
		done = m->deleted_ms >= 0 ? m->deleted_ms : end;
		h.n++;
		h.delivered += m->deleted_ms >= 0;
		if (!S.row->load[m->load].late)
			lag[h.lags++] = done - deliverable_ms(m, done);
	}
	qsort(lag, h.lags, sizeof *lag, compare);
	h.p99_ms = h.lags > 0 ? lag[h.lags - 1 - h.lags / 100] : 0;
	mem_free(lag);
	return h;
}

/* Dead-lettered although nothing of it was ever asked for. */
static size_t
count_dead(bool untried)
{
	size_t n = 0;

	for (size_t i = 0; i < S.nmessages; i++) {
		const struct sim_message *m = S.message[i];
		bool tried = false;

		for (unsigned k = 0; k < m->objects; k++)
			tried |= S.object[m->object + k].asked;
		n += m->dead && !(untried && tried);
	}
	return n;
}

/* Neither delivered nor dead-lettered when it was too old. */
static size_t
count_forgotten(int64_t end)
{
	size_t n = 0;

	for (size_t i = 0; i < S.nmessages; i++) {
		const struct sim_message *m = S.message[i];

		n += m->too_old || (!m->dead && m->deleted_ms < 0 &&
				       !sim_is_honest(m->load) &&
				       m->sent_ms < end - MUST_DIE_MS);
	}
	return n;
}

static double
fault_hours(int64_t less_ms)
{
	int64_t ms = 0;

	for (size_t i = 0; i < SIM_FAULTS_MAX; i++) {
		const struct sim_fault *f = &S.row->fault[i];

		if (f->until_ms - f->from_ms - less_ms > ms)
			ms = f->until_ms - f->from_ms - less_ms;
	}
	return ms > 0 ? (double)ms / (double)SIM_H : 1;
}

static void
judge_fault(struct verdict *v, double polls_h, double posts_s)
{
	const struct sim_row *r = S.row;

	for (size_t i = 0; r->told_ms > 0 && i < SIM_FAULTS_MAX; i++) {
		if (r->fault[i].until_ms > 0)
			demand(v,
			    S.told_at[i] >= 0 && S.told_at[i] <= r->told_ms,
			    "told after %lld s",
			    (long long)S.told_at[i] / SIM_S);
	}
	demand(v, r->polls_h == 0 || polls_h <= r->polls_h,
	    "%.0f polls an hour in the fault", polls_h);
	demand(v, r->posts_s == 0 || posts_s <= r->posts_s,
	    "%.1f POSTs a second in the fault", posts_s);
}

bool
sim_judge(int64_t end)
{
	static const char *const orders[] = {"newest", "oldest", "any"};
	const struct sim_row *r = S.row;
	struct honest h = look_at_honest(end);
	size_t dead = count_dead(false), untried = count_dead(true);
	double share = h.n > 0 ? 100. * (double)h.delivered / (double)h.n : 100;
	/* As many pauses lie between them as there are, less one. */
	double pauses = S.fault_polls > 0 ? (double)S.fault_polls - 1 : 0;
	double polls_h = pauses / fault_hours(POLLS_FROM_MS);
	double posts_s =
	    (double)S.fault_posts / fault_hours(POSTS_FROM_MS) / 3600;
	double hours = (double)end / (double)SIM_H;
	struct verdict v = {.n = 0};

	demand(&v, share >= 99, "too few delivered");
	demand(&v, h.p99_ms <= (r->lag_ms > 0 ? r->lag_ms : LAG_MS), "lag");
	demand(&v, h.dead == 0, "%zu honest dead-lettered", h.dead);
	demand(&v, untried == 0, "%zu dead-lettered untried", untried);
	demand(&v, r->may_die || dead == h.dead, "%zu dead-lettered", dead);
	demand(&v, r->may_refuse || S.refused == 0, "%llu objects blamed",
	    (unsigned long long)S.refused);
	demand(&v, !r->must_die || count_forgotten(end) == 0,
	    "%zu neither delivered nor dead-lettered", count_forgotten(end));
	demand(&v, r->may_repeat || S.again <= S.events / 100,
	    "%llu events twice", (unsigned long long)S.again);
	demand(&v, S.drain_max_ms <= (r->drain_ms > 0 ? r->drain_ms : DRAIN_MS),
	    "drained in %lld ms", (long long)S.drain_max_ms);
	demand(&v, !S.too_slow, "slow after the fault");
	judge_fault(&v, polls_h, posts_s);
	printf("%-26s | %20llu | %2u | %6.2f | %8.1f | %4zu/%-4zu | %7.0f | "
	       "%6.1f | %s%s%s (redrive %u, %s first, %.1f/s)\n",
	    r->name, (unsigned long long)S.seed, S.procs, share,
	    (double)h.p99_ms / (double)SIM_S, dead, untried,
	    r->polls_h > 0 ? polls_h : (double)S.polls / hours / S.procs,
	    r->posts_s > 0 ? posts_s : (double)S.posts / hours / 3600,
	    v.n > 0 ? "FAIL" : "PASS", v.n > 0 ? ": " : "", v.why,
	    S.max_receives, orders[S.order], S.per_s[0]);
	return v.n == 0;
}
