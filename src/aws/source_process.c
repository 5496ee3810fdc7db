/* credential_process of a profile. */
#include <string.h>

#include "aws/priv.h"
#include "aws/source.h"
#include "aws/words.h"
#include "base/json.h"
#include "net/child.h"

enum { OUTPUT_MAX = 64 * 1024, TIMEOUT_MS = 60 * 1000 };

static const char name[] = "credential process";

struct process {
	struct creds_source base; /* first, so that it can be cast back */
	struct timers *timers;
	struct timer *timer;
	struct words words;
	enum err fault; /* of splitting the command */
	struct child *child;
	struct source_fetch f;
};

static bool
has_version(struct span text)
{
	const struct json_node *root;
	struct json *j;
	uint64_t v = 0;
	bool ok;

	ok = json_parse(text, SOURCE_DOC_MAX * 4, &j, &root) == ERR_OK &&
	     json_u64(json_get(root, "Version"), &v) == ERR_OK && v == 1;
	json_free(&j);
	return ok;
}

static void
say_end(struct process *p, const struct child_end *end)
{
	char text[200];

	aws_copy_message(text, sizeof text, span_trim(end->error));
	if (end->err == ERR_SYSTEM)
		buf_printf(&p->f.why.text, " could not be run: %s",
		    strerror(end->sys));
	else if (end->err == ERR_TIMEOUT)
		buf_printf(&p->f.why.text,
		    " was killed, as it did not end within "
		    "%d s",
		    TIMEOUT_MS / 1000);
	else if (end->err == ERR_LIMIT)
		buf_printf(&p->f.why.text,
		    " was killed, as it printed more than "
		    "%d KiB",
		    OUTPUT_MAX / 1024);
	else if (end->signal != 0)
		buf_printf(&p->f.why.text, " ended by signal %d", end->signal);
	else
		buf_printf(
		    &p->f.why.text, " ended with status %d", end->status);
	if (*text != '\0')
		buf_printf(&p->f.why.text, "; it said: %s", text);
}

static void
on_end(void *arg, const struct child_end *end)
{
	struct process *p = arg;
	struct creds c;

	p->child = NULL;
	buf_printf(&p->f.why.text, "%s: %.128s", name, p->words.argv[0]);
	if (end->err != ERR_OK || end->status != 0) {
		say_end(p, end);
	} else if (!has_version(end->out)) {
		buf_str(&p->f.why.text,
		    " printed no JSON object with \"Version\": "
		    "1");
	} else {
		buf_str(&p->f.why.text, ": ");
		if (source_read_doc(
			end->out, "SessionToken", &c, &p->f.why.text)) {
			source_fetch_ok(&p->f, &c);
			return;
		}
	}
	source_fetch_fail(&p->f);
}

static void
start(void *arg)
{
	struct process *p = arg;
	struct child_spec spec = {.argv = p->words.argv,
	    .timeout_ms = TIMEOUT_MS,
	    .output_max = OUTPUT_MAX,
	    .fn = on_end,
	    .arg = p};

	if (p->fault == ERR_OK) {
		p->child = child_start(p->timers, &spec);
		return;
	}
	buf_printf(&p->f.why.text, "%s: the command %s", name,
	    p->fault == ERR_LIMIT ? "has too many words"
				  : "is empty or has a quote without its end");
	source_fetch_fail(&p->f);
}

static void
process_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct process *p = (struct process *)s;

	source_fetch_begin(&p->f, fn, arg);
	timer_soon(p->timer);
}

static void
process_cancel(struct creds_source *s)
{
	struct process *p = (struct process *)s;

	timer_stop(p->timer);
	child_cancel(&p->child);
}

static void
process_free(struct creds_source *s)
{
	struct process *p = (struct process *)s;

	process_cancel(s);
	timer_free(&p->timer);
	words_fini(&p->words);
	source_fetch_fini(&p->f);
	mem_free(p);
}

struct creds_source *
source_process_new(const struct source_deps *d, const char *command)
{
	struct process *p = mem_zalloc(sizeof *p);

	p->base = (struct creds_source){.name = name,
	    .fetch = process_fetch,
	    .cancel = process_cancel,
	    .free = process_free};
	p->timers = d->timers;
	p->timer = timer_new(d->timers, start, p);
	p->fault = words_split(span_str(command), &p->words);
	source_fetch_init(&p->f);
	return &p->base;
}
