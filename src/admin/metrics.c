/*
 * Writes the table out. No text in it is from outside but that of rules, and
 * none else has a character that would have to be escaped: the unit test looks.
 * (Prometheus, "Exposition
 * formats", text-based format; "Metric and label naming".)
 */
#include "admin/metrics.h"

#include <inttypes.h>
#include <math.h>

#include "admin/metrics_internal.h"
#include "base/mem.h"

static const char *const types[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

/* ---- one sample ---- */

static void
add_number(struct buf *out, double v)
{
	if (isinf(v))
		buf_str(out, v > 0 ? "+Inf" : "-Inf");
	else
		buf_printf(out, "%.15g", v);
}

static double
scaled(const struct metric *m, double v)
{
	return m->per > 0 ? v / m->per : v;
}

/* Whose sample it is: the indices of its labels. */
struct place {
	int i[2];
};

/* le: of a bucket; NULL for any other sample. */
static void
add_labels(struct buf *out, const struct metric *m, const struct place *p,
    const char *le)
{
	char before = '{';

	for (int l = 0; l < 2 && m->label[l].name != NULL; l++) {
		buf_printf(out, "%c%s=\"%s\"", before, m->label[l].name,
		    m->label[l].value(p->i[l]));
		before = ',';
	}
	if (le != NULL) {
		buf_printf(out, "%cle=\"%s\"", before, le);
		before = ',';
	}
	if (before == ',')
		buf_char(out, '}');
	buf_char(out, ' ');
}

static void
add_bucket(struct buf *out, const struct metric *m, const struct place *p,
    const char *le, uint64_t n)
{
	buf_printf(out, "%s_bucket", m->name);
	add_labels(out, m, p, le);
	buf_printf(out, "%" PRIu64 "\n", n);
}

static void
add_histogram(struct buf *out, const struct metric *m, const struct place *p,
    const struct histogram *h)
{
	uint64_t n = 0;
	struct buf le;

	buf_init(&le, 32);
	for (unsigned i = 0; i < h->bounds->n; i++) {
		n += h->bucket[i];
		buf_reset(&le);
		add_number(&le, scaled(m, (double)h->bounds->le[i]));
		add_bucket(out, m, p, buf_cstr(&le), n);
	}
	buf_fini(&le);
	n += h->bucket[h->bounds->n];
	add_bucket(out, m, p, "+Inf", n);
	buf_printf(out, "%s_sum", m->name);
	add_labels(out, m, p, NULL);
	add_number(out, scaled(m, (double)h->sum));
	buf_printf(out, "\n%s_count", m->name);
	add_labels(out, m, p, NULL);
	buf_printf(out, "%" PRIu64 "\n", n);
}

static void
add_value(struct buf *out, const struct metric *m, const void *at)
{
	switch (m->kind) {
	case KIND_U64:
		if (m->per <= 0) /* a double would not hold all of it */
			buf_printf(out, "%" PRIu64, *(const uint64_t *)at);
		else
			add_number(
			    out, scaled(m, (double)*(const uint64_t *)at));
		return;
	case KIND_I64:
		add_number(out, scaled(m, (double)*(const int64_t *)at));
		return;
	case KIND_UNSIGNED:
		buf_printf(out, "%u", *(const unsigned *)at);
		return;
	case KIND_BOOL:
		buf_char(out, *(const bool *)at ? '1' : '0');
		return;
	case KIND_DOUBLE:
		add_number(out, scaled(m, *(const double *)at));
		return;
	case KIND_HISTOGRAM:
		break;
	}
	CHECK(false);
}

static void
add_sample(struct buf *out, const struct metric *m, const struct place *p,
    const struct metrics_values *v)
{
	const void *at = (const char *)v + m->at +
			 (size_t)p->i[0] * m->label[0].stride +
			 (size_t)p->i[1] * m->label[1].stride;

	if (m->type == METRIC_HISTOGRAM) {
		add_histogram(out, m, p, at);
		return;
	}
	buf_str(out, m->name);
	add_labels(out, m, p, NULL);
	add_value(out, m, at);
	buf_char(out, '\n');
}

/* Rules have no line breaks. */
static void
add_rules(struct buf *out, const struct metric *m, const struct events *events)
{
	for (size_t i = 0; i < events_count(events); i++) {
		struct events_tally t = events_at(events, i);

		buf_printf(
		    out, "%s{setting=\"%s\",rule=\"", m->name, t.setting);
		for (const char *c = t.rule; *c != '\0'; c++) {
			if (*c == '\\' || *c == '"')
				buf_char(out, '\\');
			buf_char(out, *c);
		}
		buf_printf(out, "\"} %" PRIu64 "\n", t.n);
	}
}

/* ---- all of them ---- */

static void
add_metric(
    struct buf *out, const struct metric *m, const struct metrics_values *v)
{
	const struct metric_label *a = &m->label[0], *b = &m->label[1];
	int ends[2] = {
	    a->name != NULL ? a->end : 1, b->name != NULL ? b->end : 1};
	struct place p;

	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help,
	    m->name, types[m->type]);
	if (m->each_rule) {
		add_rules(out, m, v->events);
		return;
	}
	for (p.i[0] = a->first; p.i[0] < ends[0]; p.i[0]++) {
		for (p.i[1] = b->first; p.i[1] < ends[1]; p.i[1]++)
			add_sample(out, m, &p, v);
	}
}

void
metrics_render(struct buf *out, const struct metrics_source *src)
{
	struct metrics_values *v = mem_alloc(sizeof *v);

	metrics_read(v, src);
	for (size_t i = 0; i < metrics_table_n; i++)
		add_metric(out, &metrics_table[i], v);
	mem_free(v);
}

/* ---- for people ---- */

static const char intro[] =
    "# Metrics, health, status\n\n"
    "<!-- Made by `make metrics-doc` from the table in the code. -->\n\n"
    "With `admin_listen` set, trailpost answers there over HTTP:\n\n"
    "| path | |\n"
    "|---|---|\n"
    "| `/` | a page for people: what it does and what is wrong |\n"
    "| `/status` | the same as JSON |\n"
    "| `/healthz` | 200 while the process is alive: its event loop turns |\n"
    "| `/readyz` | 200 if nothing keeps it from working, else 503; what does, "
    "and what to do, as JSON |\n"
    "| `/metrics` | what is below, in Prometheus's text format |\n\n"
    "It can only be looked at. It asks for no password and tells no secret, "
    "but names\nthe queue and the endpoint: keep it on loopback or on a "
    "network of your own. `/` and\n`/status` answer to the address of "
    "`admin_listen`, to localhost and to the names in\n`admin_hosts`; by any "
    "other name they are 421.\n\n"
    "[etc/prometheus/trailpost.rules.yml](../etc/prometheus/"
    "trailpost.rules.yml) has alerts\nand says how to scrape; what to do "
    "about each is in [alerts.md](alerts.md).\n"
    "[etc/grafana/trailpost.json](../etc/grafana/trailpost.json) is a "
    "dashboard to import.\n\n"
    "Counters begin at 0 with the process. Times are in seconds, sizes in "
    "bytes.\n\n"
    "| metric | type | meaning |\n"
    "|---|---|---|\n";

static void
document_label(struct buf *out, const struct metric_label *l)
{
	buf_printf(out, " Label `%s`", l->name);
	/* Without a stride it is the same in every row, and no news. */
	for (int i = l->first; l->stride > 0 && i < l->end; i++)
		buf_printf(
		    out, "%s `%s`", i > l->first ? "," : ":", l->value(i));
	buf_char(out, '.');
}

void
metrics_document(struct buf *out)
{
	buf_str(out, intro);
	for (size_t i = 0; i < metrics_table_n; i++) {
		const struct metric *m = &metrics_table[i];

		buf_printf(
		    out, "| `%s` | %s | %s", m->name, types[m->type], m->help);
		for (int l = 0; l < 2 && m->label[l].name != NULL; l++)
			document_label(out, &m->label[l]);
		if (m->each_rule)
			buf_str(out, " Label `setting`. Label `rule`: its "
				     "text, empty of event_include.");
		buf_str(out, " |\n");
	}
}
