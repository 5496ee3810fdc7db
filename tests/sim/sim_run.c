#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/log.h"
#include "base/mem.h"
#include "sim_world.h"

enum { DRAIN_MS = 25 * SIM_S, AGAIN_MS = SIM_S, EVENT_BYTES = 122 };

struct sim S;

/* ---- chance ---- */

/* splitmix64 (Steele, Lea, Flood, 2014) */
uint64_t
sim_random(uint64_t n)
{
	uint64_t x = (S.rng += 0x9e3779b97f4a7c15u);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	x ^= x >> 31;
	return n == 0 ? 0 : x % n;
}

unsigned
sim_between(unsigned min, unsigned max)
{
	return min + (unsigned)sim_random(max - min + 1);
}

static double
fraction(void) /* in (0, 1] */
{
	return (double)(sim_random(1 << 30) + 1) / (double)(1 << 30);
}

/* ---- what comes ---- */

unsigned
sim_event_bytes(const struct sim_load *l)
{
	return l->each > 0 ? l->each : EVENT_BYTES;
}

bool
sim_is_honest(unsigned load)
{
	const struct sim_load *l = &S.row->load[load];

	return l->s3 == S3_OK && (l->bad == 0 || l->dassana == SAYS_BOM) &&
	       !l->bad_bucket && !l->twin;
}

static void *
grow(void *p, size_t need, size_t *cap, size_t each)
{
	if (need <= *cap)
		return p;
	*cap = 2 * need + 1024;
	return mem_realloc(p, *cap * each);
}

static unsigned
add_object(unsigned load)
{
	static size_t cap, acks_cap;
	const struct sim_load *l = &S.row->load[load];
	unsigned events = l->events > 0 ? l->events : sim_between(1, 3);

	S.object = grow(S.object, S.nobjects + 1, &cap, sizeof *S.object);
	S.acks = grow(S.acks, S.nacks + events, &acks_cap, 1);
	memset(S.acks + S.nacks, 0, events);
	S.object[S.nobjects] = (struct sim_object){.first = S.nacks,
	    .events = events,
	    .load = load,
	    .asked = l->bad_bucket};
	S.nacks += events;
	return (unsigned)S.nobjects++;
}

static void
add_message(unsigned load, unsigned object, unsigned objects)
{
	static size_t cap;
	struct sim_message *m = mem_zalloc(sizeof *m);

	m->id = (unsigned)S.nmessages;
	m->load = load;
	m->sent_ms = sim_now();
	m->deleted_ms = -1;
	m->objects = objects;
	m->object = object;
	S.message = grow(S.message, S.nmessages + 1, &cap, sizeof(void *));
	S.message[S.nmessages++] = m;
	sim_queue_add(m);
}

void
sim_arrive(unsigned load)
{
	const struct sim_load *l = &S.row->load[load];
	unsigned n = l->objects > 0 ? l->objects : 1;
	unsigned first = add_object(l->twin ? 0 : load);
	bool before = sim_random(2);

	for (unsigned i = 1; i < n; i++)
		(void)add_object(load);
	if (l->twin && before)
		add_message(0, first, 1);
	add_message(load, first, n);
	if (l->twin && !before)
		add_message(0, first, 1);
}

void
sim_queue_body(const struct sim_message *m, struct buf *out)
{
	const struct sim_load *l = &S.row->load[m->load];

	if (l->twin) {
		buf_printf(out,
		    "{\"Records\":[{\"eventSource\":\"aws:s3\","
		    "\"eventVersion\":\"2.1\",\"awsRegion\":\"%s\","
		    "\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
		    "{\"name\":\"logs0\"},\"object\":{\"key\":\"%x\"}}}]}",
		    S.seed % 2 ? "eu-west-9" : "eu-west-1", m->object);
		return;
	}
	buf_printf(out, "{\"s3Bucket\":\"%s%u\",\"s3ObjectKey\":[",
	    l->bad_bucket ? "not a bucket!" : "logs", l->bucket);
	for (unsigned i = 0; i < m->objects; i++)
		buf_printf(out, "%s\"%x\"", i > 0 ? "," : "", m->object + i);
	buf_str(out, "]}");
}

static void
on_arrival(void *arg)
{
	unsigned load = (unsigned)(size_t)arg;

	sim_arrive(load);
	sim_after(&S.arrival[load],
	    (int64_t)(-log(fraction()) * (double)SIM_S / S.per_s[load]));
}

static void
begin_loads(void)
{
	for (unsigned i = 0; i < SIM_LOADS_MAX; i++) {
		const struct sim_load *l = &S.row->load[i];

		for (unsigned k = 0; k < l->at_once; k++)
			sim_arrive(i);
		if (l->per_s <= 0)
			continue;
		/* ½ … 4 times, evenly in powers. */
		S.per_s[i] = l->per_s * exp2(3 * fraction() - 1);
		S.arrival[i].fn = on_arrival;
		S.arrival[i].arg = (void *)(size_t)i;
		sim_at(&S.arrival[i],
		    l->from_ms +
			(int64_t)(fraction() * (double)SIM_S / S.per_s[i]));
	}
}

const struct sim_fault *
sim_fault_now(void)
{
	for (size_t i = 0; i < SIM_FAULTS_MAX; i++) {
		const struct sim_fault *f = &S.row->fault[i];

		if (f->from_ms <= sim_now() && sim_now() < f->until_ms &&
		    (f->every_ms == 0 ||
			(sim_now() - f->from_ms) % f->every_ms < f->for_ms))
			return f;
	}
	return NULL;
}

/* ---- processes ---- */

static bool
creds_ready(void *arg)
{
	struct sim_proc *p = arg;

	return creds_get(p->keeper) != NULL;
}

static void
on_creds(void *arg)
{
	struct sim_proc *p = arg;

	if (p->shipper != NULL)
		shipper_wake(p->shipper);
}

static void
open_ways(struct sim_proc *p)
{
	struct sqs_conf sqs = {.queue_url = "https://sqs.us-east-1.amazonaws."
					    "com/111122223333/q",
	    .region = "us-east-1"};
	struct s3_conf s3 = {.region = "us-east-1", .stall_timeout_ms = 30000};
	struct dassana_conf dassana = {.endpoint = "https://dassana.example/",
	    .app_id = "app",
	    .token = "token",
	    .post_timeout_ms = 60000,
	    .doc_count = DOC_COUNT_WANTED};
	char region[64];

	p->keeper = creds_keeper_new(
	    NULL, creds_static_new(NULL, "K", "S", NULL), on_creds, p);
	p->aws = aws_new(&p->http, NULL, p->keeper);
	CHECK(endpoint_queue_url(
		  span_str(sqs.queue_url), &sqs.endpoint, region) == ERR_OK);
	p->sqs = sqs_new(p->aws, &sqs);
	p->s3 = s3_new(p->aws, &s3);
	p->dassana = dassana_new(&p->http, &dassana);
}

/* The defaults of the program, but for the compression. */
static struct shipper_conf
conf(void)
{
	return (struct shipper_conf){
	    .s3_concurrency = 64,
	    .max_messages = 200,
	    .max_parked = 1000,
	    .visibility_timeout_s = 300,
	    .redeliver_after_s = 30,
	    .batch_max_bytes = 5 << 20,
	    .batch_max_events = 10000,
	    .batch_max_delay_ms = SIM_S,
	    .buffer_max_bytes =
		S.row->buffer_bytes > 0 ? S.row->buffer_bytes : 16 << 20,
	    .delivery_concurrency = 4,
	    .max_record_bytes = 1 << 20,
	    .remember_objects = 4096,
	};
}

void
sim_proc_start(struct sim_proc *p)
{
	struct shipper_deps deps = {
	    .filter = S.filter, .ready = creds_ready, .ready_arg = p};
	struct shipper_conf c = conf();

	open_ways(p);
	deps.sqs = p->sqs;
	deps.s3 = p->s3;
	deps.dassana = p->dassana;
	p->shipper = shipper_new(&c, &deps);
	p->drain_ms = -1;
	shipper_start(p->shipper);
}

void
sim_proc_kill(struct sim_proc *p)
{
	struct shipper_stats s;

	if (p->shipper == NULL)
		return;
	s = shipper_stats(p->shipper);
	S.refused += s.objects_failed_by[FAILURE_REFUSED];
	shipper_free(&p->shipper);
	dassana_free(&p->dassana);
	s3_free(&p->s3);
	sqs_free(&p->sqs);
	aws_free(&p->aws);
	creds_keeper_free(&p->keeper);
}

/* Again if it ran before. */
static void
on_begin(void *arg)
{
	sim_proc_kill(arg);
	sim_proc_start(arg);
}

/* A poll that was open may end by itself. */
static void
on_drained(void *arg)
{
	struct sim_proc *p = arg;
	int64_t from = p->polled_ms > p->drain_ms ? p->polled_ms : p->drain_ms;
	int64_t took = sim_now() - from;

	/* Without a fault there may be good work to finish. */
	if (took > S.drain_max_ms &&
	    (S.row->fault[0].until_ms == 0 || sim_fault_now() != NULL))
		S.drain_max_ms = took;
	sim_after(&p->begin, AGAIN_MS);
}

static void
disturb(int64_t every_ms, bool kill)
{
	struct sim_proc *p = &S.proc[sim_random(S.procs)];

	if (every_ms == 0 || sim_now() % every_ms != 0 || p->begin.pos > 0 ||
	    p->shipper == NULL || p->drain_ms >= 0)
		return;
	p->drain_ms = sim_now();
	if (kill)
		sim_after(&p->begin, 0);
	else
		shipper_drain(p->shipper, DRAIN_MS, on_drained, p);
}

/* ---- a run ---- */

static bool
is_told(const struct sim_fault *f)
{
	enum shipper_part part =
	    f->dassana != SAYS_OK ? SHIPPER_DASSANA : SHIPPER_S3;

	for (unsigned i = 0; i < S.procs; i++) {
		struct sim_proc *p = &S.proc[i];

		if (p->shipper != NULL &&
		    shipper_part(p->shipper, part).mood == PART_ILL)
			return true;
	}
	return false;
}

static void
on_tick(void *arg)
{
	(void)arg;
	sim_after(&S.tick, SIM_S);
	disturb(S.row->stop_every_ms, false);
	disturb(S.row->kill_every_ms, true);
	for (size_t i = 0; i < SIM_FAULTS_MAX; i++) {
		const struct sim_fault *f = &S.row->fault[i];

		if (f->until_ms == 0 || sim_now() < f->from_ms)
			continue;
		sim_watch_fault(
		    f, &S.told_at[i], S.told_at[i] < 0 && is_told(f));
	}
}

static void
begin(const struct sim_row *row, uint64_t seed, unsigned procs)
{
	S.row = row;
	S.seed = S.rng = seed;
	S.procs = procs;
	S.max_receives = sim_between(row->receives > 0 ? row->receives : 3, 10);
	S.order = (enum sim_order)sim_random(SIM_ORDERS);
	sim_clock_start();
	clock_seed(seed);
	S.filter = filter_new("", "", true);
	for (size_t i = 0; i < SIM_FAULTS_MAX; i++)
		S.told_at[i] = -1;
	begin_loads();
	for (unsigned i = 0; i < procs; i++) {
		S.proc[i].http.proc = i;
		S.proc[i].begin.fn = on_begin;
		S.proc[i].begin.arg = &S.proc[i];
		sim_at(&S.proc[i].begin, (int64_t)sim_random(SIM_S));
	}
	S.tick.fn = on_tick;
	sim_at(&S.tick, SIM_S);
}

bool
sim_run(const struct sim_row *row, uint64_t seed, unsigned procs)
{
	int64_t end = row->ms > 0 ? row->ms : 3 * SIM_H;

	begin(row, seed, procs);
	while (sim_step(end))
		;
	for (unsigned i = 0; i < procs; i++)
		sim_proc_kill(&S.proc[i]);
	CHECK(sim_open_requests() == 0);
	return sim_judge(end);
}
