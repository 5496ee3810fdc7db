#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"
#include "fake_http.c"
#include "quiet.h"

/* The pool, with its pieces counted. */
#define pool_new  real_pool_new
#define pool_take real_pool_take
#define pool_give real_pool_give
#define pool_free real_pool_free
struct pool *real_pool_new(size_t bytes);
void *real_pool_take(struct pool *p);
void real_pool_give(struct pool *p, void *piece);
void real_pool_free(struct pool **p);
#include "sink/pool.c"
#undef pool_new
#undef pool_take
#undef pool_give
#undef pool_free

#include "model_dassana.c"
#include "model_rules.c"
#include "model_s3.c"
#include "model_sqs.c"

struct model M;

struct pool *pool_new(size_t bytes);
void *pool_take(struct pool *p);
void pool_give(struct pool *p, void *piece);
void pool_free(struct pool **p);

struct pool *
pool_new(size_t bytes)
{
	M.pool_pieces = bytes / POOL_PIECE;
	return real_pool_new(bytes);
}

void
pool_free(struct pool **p)
{
	real_pool_free(p);
}

void *
pool_take(struct pool *p)
{
	void *piece = real_pool_take(p);

	M.pool_held += piece != NULL;
	CHECK(M.pool_held <= M.pool_pieces);
	if (M.pool_held > M.stats.pool_max)
		M.stats.pool_max = M.pool_held;
	return piece;
}

void
pool_give(struct pool *p, void *piece)
{
	M.pool_held--;
	real_pool_give(p, piece);
}

/* ---- chance ---- */

/* splitmix64 (Steele, Lea, Flood, 2014) */
uint64_t
m_random(uint64_t n)
{
	uint64_t x = (M.rng += 0x9e3779b97f4a7c15u);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	x ^= x >> 31;
	return n == 0 ? 0 : x % n;
}

bool
m_chance(unsigned per_mille)
{
	return per_mille > 0 && m_random(1000) < per_mille;
}

bool
m_window(enum m_window w)
{
	return clock_mono_ms() < M.window_until[w];
}

/* Mostly quick; a receive's reply must take less than a second, or nobody
 * could say when its leases end. */
int64_t
m_latency(void)
{
	return (int64_t)(m_random(10) ? m_random(80) : m_random(800));
}

/* ---- contents ---- */

static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
	return x ^ (x >> 33);
}

/* A text of its own for each event; now and then a very long one. */
void
m_event_text(const struct m_object *o, uint64_t id, struct buf *out)
{
	uint64_t h = mix(id + 1);
	size_t n = o->each;

	if (n == 0)
		n = h % 150 == 0 ? 60000 + h % 30000 : h % 600;
	buf_printf(out, "{\"id\":%llu,\"t\":\"", (unsigned long long)id);
	for (size_t i = 0; i < n; i += sizeof h) {
		h = mix(id * 31 + i % 4096) & 0x0f0f0f0f0f0f0f0fu;
		h |= 0x4040404040404040u; /* '@' … 'O' */
		buf_add(out, &h, sizeof h);
	}
	buf_str(out, "\"}");
}

const struct m_object *
m_object_of(uint64_t event)
{
	size_t lo = 0, hi = M.nobjects;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (M.object[mid].first <= event)
			lo = mid;
		else
			hi = mid;
	}
	return &M.object[lo];
}

static void *
grow(void *p, size_t n, size_t each)
{
	if ((n & (n - 1)) == 0) /* 0, 1, 2, 4, … */
		return mem_realloc(p, (n == 0 ? 1 : 2 * n) * each);
	return p;
}

unsigned
model_object(enum model_kind kind, unsigned events, size_t each)
{
	unsigned poison = (unsigned)m_random(events);

	CHECK(events > 0);
	M.object = grow(M.object, M.nobjects, sizeof *M.object);
	M.object[M.nobjects] = (struct m_object){
	    .kind = kind, .first = M.nevents, .count = events, .each = each};
	for (unsigned i = 0; i < events; i++) {
		M.event = grow(M.event, M.nevents, sizeof *M.event);
		M.event[M.nevents++] = (struct m_event){
		    .poison = kind == MODEL_POISON && i == poison};
	}
	return (unsigned)M.nobjects++;
}

static void
object_key(unsigned o, char *out, size_t size)
{
	snprintf(out, size, "AWSLogs/111122223333/CloudTrail%s/log-%u.json.gz",
	    M.object[o].kind == MODEL_FILTERED ? "-Digest" : "", o);
}

static struct m_message *
new_message(const char *body)
{
	struct m_message *m;

	M.message = grow(M.message, M.nmessages, sizeof *M.message);
	m = &M.message[M.nmessages++];
	*m = (struct m_message){.body = mem_strndup(body, strlen(body)),
	    .good = true,
	    .visible_ms = clock_mono_ms()};
	return m;
}

void
model_message_text(const char *body, bool nothing)
{
	struct m_message *m = new_message(body);

	m->good = nothing;
	m->unknown = !nothing;
}

/* CloudTrail's own shape, or S3's with an ETag. */
static void
write_notification(struct buf *b, const unsigned *object, unsigned n)
{
	bool s3 = M.conf.one_shape || m_random(2) > 0;
	char key[128];

	buf_str(b,
	    s3 ? "{\"Records\":[" : "{\"s3Bucket\":\"logs\",\"s3ObjectKey\":[");
	for (unsigned i = 0; i < n; i++) {
		const struct m_object *o = &M.object[object[i]];

		object_key(object[i], key, sizeof key);
		if (i > 0)
			buf_char(b, ',');
		if (s3)
			buf_printf(b,
			    "{\"eventSource\":\"aws:s3\",\"eventVersion\":"
			    "\"2.1\",\"eventName\":\"ObjectCreated:Put\","
			    "\"s3\":{\"bucket\":{\"name\":\"logs\"},"
			    "\"object\":{\"key\":\"%s\",\"eTag\":"
			    "\"e%llu-%u\"}}}",
			    key, (unsigned long long)o->first, o->version);
		else
			buf_printf(b, "\"%s\"", key);
	}
	buf_str(b, "]}");
}

unsigned
model_message(const unsigned *object, unsigned n)
{
	struct m_message *m;
	struct buf b;

	CHECK(n > 0 && n <= MODEL_OBJECTS_EACH);
	buf_init(&b, 1 << 16);
	write_notification(&b, object, n);
	m = new_message(buf_cstr(&b));
	buf_fini(&b);
	m->nobjects = n;
	for (unsigned i = 0; i < n; i++) {
		enum model_kind kind = M.object[object[i]].kind;

		m->object[i] = object[i];
		m->good &= kind == MODEL_GOOD || kind == MODEL_FILTERED;
	}
	return (unsigned)M.nmessages - 1;
}

static unsigned
good_left(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < M.nmessages; i++)
		n += M.message[i].good && !M.message[i].deleted;
	return n;
}

/* ---- what comes into the queue ---- */

static unsigned
random_object(void)
{
	unsigned events =
	    (unsigned)(m_random(10) ? 1 + m_random(30) : 1 + m_random(400));

	if (m_random(20) == 0)
		return model_object(MODEL_FILTERED, 1, 0);
	return model_object(MODEL_GOOD, events, 0);
}

static void
random_bad(void)
{
	static const enum model_kind kinds[] = {
	    MODEL_MISSING, MODEL_FORBIDDEN, MODEL_CORRUPT, MODEL_POISON};
	enum model_kind kind = kinds[m_random(4)];
	unsigned o[2];

	M.bad_made++;
	if (m_random(8) == 0) {
		model_message_text("{\"what\":\"is this\"}", false);
		return;
	}
	if (kind == MODEL_POISON && M.poison_made++ >= M.conf.poison)
		kind = MODEL_CORRUPT;
	o[0] = model_object(kind, 1 + (unsigned)m_random(30), 0);
	o[1] = random_object();
	(void)model_message(o, 1 + (unsigned)m_random(2));
}

static void
random_message(void)
{
	unsigned o[MODEL_OBJECTS_EACH], n = 1;

	if (M.bad_made < M.conf.bad && m_random(10) == 0) {
		random_bad();
		return;
	}
	if (m_random(40) == 0) {
		model_message_text("{\"Event\":\"s3:TestEvent\"}", true);
		return;
	}
	if (m_random(4) == 0)
		n = 1 + (unsigned)m_random(MODEL_OBJECTS_EACH);
	for (unsigned i = 0; i < n; i++) {
		/* Now and then one that other messages name as well. */
		o[i] = M.nobjects > 0 && m_random(10) == 0
			   ? (unsigned)(M.nobjects - 1 -
					m_random(
					    M.nobjects < 20 ? M.nobjects : 20))
			   : random_object();
	}
	(void)model_message(o, n);
}

/* ---- serving ---- */

void
m_reply(struct m_serving *s, int status, const char *head, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, 1 << 24);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	fake_reply(s->request, status, head, buf_view(&b));
	buf_fini(&b);
	s->told = true;
}

void
m_break(struct m_serving *s)
{
	static const enum err errs[] = {
	    ERR_RESET, ERR_CONNECT, ERR_TIMEOUT, ERR_TLS};

	s->told = true;
	if (m_random(3) == 0)
		fake_reply(s->request, 500, NULL, SPAN("<html>"));
	else
		fake_fail(s->request, errs[m_random(4)]);
}

static const char *
kind_of(const struct request *r)
{
	if (strstr(fake_url(r), "//dassana") != NULL)
		return "dassana";
	return fake_header(r, "x-amz-target") != NULL ? "sqs" : "s3";
}

static void
serve(struct m_serving *s)
{
	const char *kind = kind_of(s->request);

	if (M.hook != NULL && !s->streaming && M.hook(s->request, kind))
		s->told = true;
	else if (kind[0] == 'd')
		m_serve_dassana(s);
	else if (kind[1] == 'q')
		m_serve_sqs(s);
	else
		m_serve_s3(s);
}

static void
drop_serving(struct m_serving **at)
{
	struct m_serving *s = *at;

	*at = s->next;
	buf_fini(&s->body);
	mem_free(s);
}

/* Takes note of new requests; forgets those that are gone. */
static void
look_at_requests(void)
{
	struct m_serving **at = &M.serving;

	for (struct request *r = world.requests; r != NULL; r = r->next) {
		while (*at != NULL && (*at)->serial != r->serial)
			drop_serving(at);
		if (*at == NULL) {
			*at = mem_zalloc(sizeof **at);
			(*at)->serial = r->serial;
			(*at)->request = r;
			(*at)->due_ms = clock_mono_ms() + m_latency();
		}
		at = &(*at)->next;
	}
	while (*at != NULL)
		drop_serving(at);
}

static struct m_serving *
next_due(void)
{
	struct m_serving *best = NULL;

	for (struct m_serving *s = M.serving; s != NULL; s = s->next) {
		if (!s->told && (best == NULL || s->due_ms < best->due_ms))
			best = s;
	}
	return best;
}

/* ---- time ---- */

void
model_refuse(unsigned what, unsigned way, int64_t ms)
{
	CHECK(what < WINDOW_COUNT);
	M.window_until[what] = clock_mono_ms() + ms;
	M.window_kind = way;
}

static void
misfortune(void)
{
	const struct model_faults *f = &M.conf.faults;

	if (m_chance(f->window) && m_random(20) == 0)
		model_refuse((unsigned)m_random(WINDOW_COUNT),
		    (unsigned)m_random(10), (int64_t)m_random(600000));
	if (m_chance(f->restart) && m_random(10) == 0) {
		model_kill();
		model_start();
		M.stats.restarts++;
	}
	if (m_chance(f->rules))
		m_rules_change();
	if (m_chance(f->wall))
		fake_turn_wall((int64_t)m_random(7200000) - 3600000);
}

void
model_step(void)
{
	struct m_serving *s;
	int64_t now, timer;

	M.stats.steps++;
	misfortune();
	while (M.conf.backlog > 0 && good_left() < M.conf.backlog)
		random_message();
	fake_run();
	look_at_requests();
	s = next_due();
	now = clock_mono_ms();
	timer = fake_next_timer();
	if (s != NULL && s->due_ms <= now) {
		serve(s);
		fake_run();
		look_at_requests();
		return;
	}
	if (s != NULL && (timer < 0 || s->due_ms - now < timer))
		timer = s->due_ms - now;
	fake_advance(timer >= 0 ? timer : 1000);
}

void
model_run(int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end)
		model_step();
}

void
model_heal(void)
{
	M.conf.faults = (struct model_faults){0};
	M.conf.backlog = 0;
	memset(M.window_until, 0, sizeof M.window_until);
}

int64_t
model_settle(int64_t within_ms)
{
	int64_t begin = clock_mono_ms();

	while (good_left() > 0) {
		if (clock_mono_ms() - begin > within_ms)
			return -1;
		model_step();
	}
	return clock_mono_ms() - begin;
}

/* ---- the process ---- */

static void
on_drained(void *arg)
{
	CHECK(arg == &M && !M.drained);
	M.drained = true;
}

int64_t
model_drain(int64_t timeout_ms)
{
	int64_t begin = clock_mono_ms();

	M.drained = false;
	shipper_drain(M.shipper, timeout_ms, on_drained, &M);
	CHECK(!M.drained); /* never from inside */
	for (fake_run(); !M.drained; fake_run()) {
		CHECK(clock_mono_ms() - begin <= timeout_ms);
		model_step();
	}
	return clock_mono_ms() - begin;
}

static bool
creds_ready(void *arg)
{
	(void)arg;
	return !M.no_creds && creds_get(M.keeper) != NULL;
}

static void
start_outside(void)
{
	struct sqs_conf sqs = {.queue_url = "https://sqs.us-east-1.amazonaws."
					    "com/111122223333/q",
	    .region = "us-east-1"};
	struct s3_conf s3 = {.region = "us-east-1", .stall_timeout_ms = 30000};
	struct dassana_conf dassana = {.endpoint = "https://dassana.example/",
	    .app_id = "app",
	    .token = "token",
	    .post_timeout_ms = 60000,
	    .gzip = M.conf.shipper.gzip_level > 0,
	    .doc_count = DOC_COUNT_WANTED};
	char region[REGION_MAX];

	M.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	M.aws = aws_new(fake_http(), fake_timers(), M.keeper);
	CHECK(endpoint_queue_url(
		  span_str(sqs.queue_url), &sqs.endpoint, region) == ERR_OK);
	M.sqs = sqs_new(M.aws, &sqs);
	M.s3 = s3_new(M.aws, &s3);
	M.dassana = dassana_new(fake_http(), &dassana);
	M.filter = filter_new("", "", true);
	m_rules_start();
}

void
model_start(void)
{
	struct shipper_deps deps = {
	    .timers = fake_timers(), .filter = NULL, .ready = creds_ready};

	start_outside();
	fake_run();
	deps.sqs = M.sqs;
	deps.s3 = M.s3;
	deps.dassana = M.dassana;
	deps.filter = M.filter;
	deps.events = M.events;
	M.shipper = shipper_new(&M.conf.shipper, &deps);
	shipper_start(M.shipper);
}

/* What it knew is gone with it, and what it held stays hidden for a while. */
void
model_kill(void)
{
	shipper_free(&M.shipper);
	dassana_free(&M.dassana);
	s3_free(&M.s3);
	sqs_free(&M.sqs);
	aws_free(&M.aws);
	creds_keeper_free(&M.keeper);
	filter_free(&M.filter);
	events_free(&M.events);
	CHECK(world.requests == NULL && M.pool_held == 0);
	look_at_requests();
	for (size_t i = 0; i < M.nevents; i++)
		M.event[i].acked = false;
	for (size_t i = 0; i < M.nmessages; i++) {
		if (M.message[i].hidden == HIDDEN_TAKEN)
			M.message[i].hidden = HIDDEN_UNHEARD;
	}
}

/* Written all the same, so that every field of a line is looked at. */
static void
set_defaults(struct shipper_conf *c)
{
	c->s3_concurrency = 4;
	c->max_messages = 20;
	c->max_parked = 1000;
	c->visibility_timeout_s = 60;
	c->redeliver_after_s = 5;
	c->batch_max_bytes = 100 * 1024;
	c->batch_max_events = 200;
	c->batch_max_delay_ms = 1000;
	c->buffer_max_bytes = 3 * 1024 * 1024;
	c->delivery_concurrency = 2;
	c->gzip_level = 1;
	c->max_record_bytes = 256 * 1024;
	c->remember_objects = 100000;
}

static void
on_log(void *arg, struct span line)
{
	(void)arg;
	if (M.rules_vary)
		m_rules_look(line);
	if (getenv("LOG") != NULL)
		fprintf(stderr, "%.*s", (int)line.n, line.p);
}

void
model_begin(const struct model_conf *conf)
{
	if (M.shipper != NULL)
		model_end(); /* a test that failed left it */
	memset(&M, 0, sizeof M);
	M.conf = *conf;
	M.rng = conf->seed;
	M.rules_vary = conf->rules > 0 || conf->faults.rules > 0;
	if (M.conf.shipper.s3_concurrency == 0)
		set_defaults(&M.conf.shipper);
	fake_begin();
	clock_seed(conf->seed);
	log_set_sink(on_log, NULL);
	log_set_level(LOG_LVL_DEBUG);
	model_start();
}

void
model_end(void)
{
	model_kill();
	for (size_t i = 0; i < M.nmessages; i++)
		mem_free(M.message[i].body);
	mem_free(M.message);
	mem_free(M.object);
	mem_free(M.event);
	memset(&M, 0, sizeof M);
	fake_end();
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LVL_INFO);
}

void
model_set_hook(model_hook_fn *fn)
{
	M.hook = fn;
}

/* Hidden because we hold it, or held it, and have not said otherwise, or not
 * often enough. */
static unsigned
hidden_by_us(void)
{
	int64_t now = clock_mono_ms();
	unsigned n = 0;

	for (size_t i = 0; i < M.nmessages; i++) {
		const struct m_message *m = &M.message[i];

		n += !m->deleted && !m->dead && m->hidden == HIDDEN_TAKEN &&
		     m->unheard < MODEL_RELEASES && m->visible_ms > now;
	}
	return n;
}

struct model_stats
model_stats(void)
{
	struct model_stats s = M.stats;

	s.messages = (unsigned)M.nmessages;
	s.good_left = good_left();
	s.hidden_by_us = hidden_by_us();
	for (size_t i = 0; i < M.nmessages; i++) {
		if (M.message[i].receives > s.receives_max)
			s.receives_max = M.message[i].receives;
		if (M.message[i].good &&
		    M.message[i].receives > s.good_receives_max)
			s.good_receives_max = M.message[i].receives;
	}
	return s;
}

unsigned
model_poison_left(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < M.nevents; i++) {
		if (m_object_of(i)->kind == MODEL_POISON)
			n += !M.event[i].acked && !M.event[i].poison;
	}
	return n;
}

struct shipper *
model_shipper(void)
{
	return M.shipper;
}

bool
model_deleted(unsigned message)
{
	return M.message[message].deleted;
}

unsigned
model_receive_count(unsigned message)
{
	return M.message[message].receives;
}

int64_t
model_hidden_ms(unsigned message)
{
	int64_t ms = M.message[message].visible_ms - clock_mono_ms();

	return ms > 0 ? ms : 0;
}
