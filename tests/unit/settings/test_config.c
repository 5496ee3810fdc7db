#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "settings/config.h"
#include "settings/hosts.h"
#include "settings/manual.h"
#include "settings/option.h"
#include "settings/token.h"
#include "settings/value.h"
#include "trail/events.h"
#include "trail/filter.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define QUEUE	 "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
#define MIB(n)	 ((uint64_t)(n) << 20)
/* What has to be said. */
#define COMPLETE "queue_url = " QUEUE "\ndassana_token = t\n"

/* One load: notes as lines, mistakes first marked with "!". */
struct load {
	struct config c;
	struct buf notes;
	unsigned mistakes;
};

static char dir[] = "/tmp/test_config.XXXXXX";

static void
note(void *arg, bool fatal, const char *text)
{
	buf_printf(arg, "%s%s\n", fatal ? "!" : "~", text);
}

static const char *
path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static const char *
put_file(const char *name, const char *text, size_t n, mode_t mode)
{
	const char *path = path_of(name);
	FILE *f;

	(void)unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

/* file: its text, or NULL. env and opts end in NULL. */
static void
load(struct load *l, const char *file, const char *const *env,
    const char *const *opts)
{
	struct config_sources src = {.env = env, .options = opts};

	if (file != NULL) {
		src.file = put_file("conf", file, strlen(file), 0600);
		src.file_required = true;
	}
	while (opts != NULL && opts[src.noptions] != NULL)
		src.noptions++;
	buf_init(&l->notes, 64 * 1024);
	l->mistakes = config_load(&l->c, &src, note, &l->notes);
}

static void
unload(struct load *l)
{
	config_fini(&l->c);
	buf_fini(&l->notes);
}

static void
has_note(const struct load *l, const char *text)
{
	if (strstr(buf_cstr(&l->notes), text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, buf_cstr(&l->notes));
}

/* Never quiet for as long as a writer may be, and never done. */
static pid_t
drip(const char *path)
{
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	while (fd >= 0 && write(fd, "#", 1) == 1)
		(void)poll(NULL, 0, 100);
	_exit(0);
}

static void
a_pipe_that_drips_is_given_up(void **state)
{
	const char *path = path_of("pipe");
	struct config_sources src = {.file = path, .file_required = true};
	int keep;
	struct load l;
	pid_t pid;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	keep = open(path, O_RDWR | O_CLOEXEC);
	pid = drip(path);
	buf_init(&l.notes, 64 * 1024);
	(void)alarm(60); /* it would take longer than anybody waits */
	(void)config_load(&l.c, &src, note, &l.notes);
	(void)alarm(0);
	has_note(&l, "pipe: Connection timed out");
	unload(&l);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(keep);
	(void)unlink(path);
}

static void
defaults_are_sound(void **state)
{
	struct load l;

	(void)state;
	load(&l, NULL, NULL,
	    (const char *[]){"queue_url=" QUEUE, "dassana_token=t", NULL});
	assert_string_equal(buf_cstr(&l.notes), "");
	assert_int_equal(l.mistakes, 0);
	assert_string_equal(l.c.dassana_endpoint, "https://dassana.io/ingest");
	assert_string_equal(l.c.dassana_app_id, "aws_cloudtrail");
	assert_string_equal(l.c.region, "eu-west-1");
	assert_string_equal(l.c.token, "t");
	assert_string_equal(l.c.key_include, "*");
	assert_int_equal(l.c.visibility_timeout_s, 300);
	assert_int_equal(l.c.redeliver_after_s, 30);
	assert_int_equal(l.c.batch_max_delay_ms, 1000);
	assert_int_equal(l.c.shutdown_timeout_ms, 25000);
	assert_true(l.c.batch_max_bytes == MIB(5));
	assert_true(l.c.buffer_max_bytes == MIB(10));
	assert_int_equal(l.c.s3_path_style, 0);
	assert_int_equal(l.c.verify_doc_count, 1);
	assert_int_equal(l.c.accept_any_2xx, 0);
	unload(&l);
}

/* Each source on top of the ones before it. */
static void
later_sources_win(void **state)
{
	static const char file[] =
	    "queue_url = " QUEUE "\ndassana_app_id = file\n"
	    "dassana_token = file\n"
	    "batch_max_bytes = 2MiB\n"
	    "max_record_bytes = 512KiB\n";
	static const char *const known[] = {"DASSANA_APP_ID=known",
	    "DASSANA_BATCH_SIZE=3", "DASSANA_TOKEN=", NULL};
	static const char *const both[] = {"TRAILPOST_DASSANA_APP_ID=own",
	    "TRAILPOST_BATCH_MAX_BYTES=4MiB", "DASSANA_APP_ID=known",
	    "DASSANA_BATCH_SIZE=3", NULL};
	const char *opts[] = {"dassana_app_id = first", "dassana_app_id=last=x",
	    "batch_max_bytes=6MiB", NULL};
	static const char *const app[] = {"file", "known", "own", "last=x"};
	static const uint64_t bytes[] = {2, 3, 4, 6};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct load l;

		load(&l, file,
		    i == 0   ? NULL
		    : i == 1 ? known
			     : both,
		    i < 3 ? NULL : opts);
		assert_string_equal(buf_cstr(&l.notes), "");
		assert_string_equal(l.c.dassana_app_id, app[i]);
		assert_true(l.c.batch_max_bytes == MIB(bytes[i]));
		assert_string_equal(l.c.token, "file"); /* empty: not set */
		unload(&l);
	}
}

static void
region_comes_from_url_before_aws_region(void **state)
{
	static const char other[] = "queue_url=http://127.0.0.1:5555/1/q";
	static const char *const env[] = {
	    "AWS_DEFAULT_REGION=us-west-1", "AWS_REGION=us-east-2", NULL};
	static const char *const fallback[] = {
	    "AWS_DEFAULT_REGION=us-west-1", NULL};
	const struct {
		const char *url, *region;
		const char *const *env;
		const char *want; /* NULL: a mistake */
	} cases[] = {
	    {"queue_url=" QUEUE, "region=", env, "eu-west-1"},
	    {"queue_url=" QUEUE, "region=eu-west-1", env, "eu-west-1"},
	    {"queue_url=" QUEUE, "region=us-east-1", env, NULL},
	    {other, "region=", env, "us-east-2"},
	    {other, "region=", fallback, "us-west-1"},
	    {other, "region=eu-north-1", env, "eu-north-1"},
	    {other, "region=", NULL, NULL},
	    {other, "region=nowhere", NULL, NULL},
	    {other, "region=EU-WEST-1", NULL, "eu-west-1"},
	    {other, "region=zz-moon-1", NULL, "zz-moon-1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct load l;

		load(&l, NULL, cases[i].env,
		    (const char *[]){cases[i].url, cases[i].region,
			"dassana_token=t", NULL});
		assert_int_equal(l.mistakes, cases[i].want == NULL);
		if (cases[i].want != NULL)
			assert_string_equal(l.c.region, cases[i].want);
		else
			has_note(&l, "region");
		unload(&l);
	}
}

static void
tells_every_mistake_at_once(void **state)
{
	static const char *const env[] = {"TRAILPOST_MAX_MESSAGES=many",
	    "TRAILPOST_NO_SUCH=1", "TRAILPOST_region=eu-west-1",
	    "DASSANA_BATCH_SIZE=5MB", NULL};
	struct load l;

	(void)state;
	load(&l,
	    "# settings\n"
	    "queue_uri = x\n"
	    "visibility_timeout = 5\n"
	    "gzip_level = 3\n"
	    "gzip_level = 4\n"
	    "just words\n"
	    "[section]\n"
	    "region = x\n"
	    "delivery_concurrency = 0\n"
	    "[section]\n"
	    "s3_concurrency = 1 # one\n"
	    "gzip = 1\n",
	    env,
	    (const char *[]){"s3_path_style=maybe", "nonsense",
		"dassana_token s3cret", NULL});
	has_note(
	    &l, "conf:2: unknown key 'queue_uri'; did you mean queue_url?");
	has_note(&l, "conf:3: visibility_timeout: '5' is not a duration");
	has_note(&l, "from 2s to 12h");
	has_note(&l, "conf:5: gzip_level was set before, in line 4");
	has_note(&l, "conf:6: ");
	has_note(&l, "conf:7: there are no [sections]");
	has_note(&l, "conf:8: region: 'x' is no AWS region");
	has_note(&l, "conf:9: delivery_concurrency: '0' is not a whole number");
	has_note(&l, "conf:10: there are no [sections]");
	has_note(&l, "conf:11: s3_concurrency: '#' or ';' after a blank");
	has_note(&l, "conf:12: unknown key 'gzip'");
	has_note(&l, "!TRAILPOST_MAX_MESSAGES: max_messages: 'many'");
	has_note(&l, "~TRAILPOST_NO_SUCH");
	has_note(&l, "~TRAILPOST_region");
	has_note(&l, "!DASSANA_BATCH_SIZE: batch_max_bytes: '5MB' is not a "
		     "whole number of MiB, 64KiB to 256MiB");
	has_note(&l, "-o s3_path_style: s3_path_style: 'maybe' is not one of "
		     "auto, yes, no");
	has_note(&l, "-o nonsense: must be KEY=VALUE");
	has_note(&l, "-o dassana_token: must be KEY=VALUE");
	has_note(&l, "queue_url is missing");
	has_note(&l, "the token is missing");
	assert_int_equal(l.mistakes, 17);
	assert_int_equal(l.c.gzip_level, 3);
	unload(&l);
}

/* First and last value of a range, and one past each. */
static void
ranges(void **state)
{
	static const struct {
		const char *option;
		bool ok;
	} cases[] = {
	    {"visibility_timeout=2s", true},
	    {"visibility_timeout=1s", false},
	    {"visibility_timeout=12h", true},
	    {"visibility_timeout=43201s", false},
	    {"visibility_timeout=2500ms", false},
	    {"gzip_level=0", true},
	    {"gzip_level=9", true},
	    {"gzip_level=10", false},
	    {"gzip_level=-1", false},
	    {"gzip_level=", false},
	    {"s3_concurrency=1", true},
	    {"s3_concurrency=0", false},
	    {"s3_concurrency=256", true},
	    {"s3_concurrency=257", false},
	    {"batch_max_events=18446744073709551617", false},
	    {"redeliver_after=0s", true},
	    {"shutdown_timeout=1s", true},
	    {"shutdown_timeout=999ms", false},
	    {"shutdown_timeout=10m", true},
	    {"shutdown_timeout=601s", false},
	    {"verify_doc_count=false", true},
	    {"verify_doc_count=0", false},
	    {"dassana_app_id=", false},
	    {"dassana_app_id=a\nx-evil: 1", false},
	    {"dassana_endpoint=dassana.io/ingest", false},
	    {"dassana_endpoint=ftp://dassana.io/", false},
	    {"dassana_endpoint=https://dassana.io/a b", false},
	    {"dassana_endpoint=https://ingestion.dassana.cloud/logs", true},
	    {"endpoint_url=http://127.0.0.1:5555", true},
	    {"endpoint_url_s3=127.0.0.1:5555", false},
	    {"endpoint_url_sqs=http://h/path", false},
	    {"ca_file=/nonexistent/ca.pem", false},
	    {"ca_file=/dev/zero", false},
	    {"queue_url=nonsense", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct load l;

		load(&l, NULL, NULL,
		    (const char *[]){"queue_url=" QUEUE, "dassana_token=t",
			cases[i].option, NULL});
		if ((l.mistakes == 0) != cases[i].ok)
			fail_msg("%s: %s", cases[i].option, buf_cstr(&l.notes));
		unload(&l);
	}
}

static void
sizes_must_work_together(void **state)
{
	static const struct {
		const char *record, *batch, *buffer;
		unsigned mistakes;
	} cases[] = {
	    {"1MiB", "5MiB", "10MiB", 0},
	    {"1MiB", "5MiB", "10485759B", 1},
	    {"5242879B", "5MiB", "16MiB", 0},
	    {"5MiB", "5MiB", "16MiB", 1},
	    {"6MiB", "5MiB", "9MiB", 3},
	    {"511KiB", "512KiB", "1MiB", 1},
	    {"300KiB", "512KiB", "1MiB", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char opt[3][64];
		struct load l;

		(void)snprintf(
		    opt[0], 64, "max_record_bytes=%s", cases[i].record);
		(void)snprintf(
		    opt[1], 64, "batch_max_bytes=%s", cases[i].batch);
		(void)snprintf(
		    opt[2], 64, "buffer_max_bytes=%s", cases[i].buffer);
		load(&l, NULL, NULL,
		    (const char *[]){"queue_url=" QUEUE, "dassana_token=t",
			opt[0], opt[1], opt[2], NULL});
		assert_int_equal(l.mistakes, cases[i].mistakes);
		unload(&l);
	}
}

/* Nobody who asks for large batches has to ask for room for them. */
static void
a_buffer_for_two_batches(void **state)
{
	static const struct {
		const char *batch, *buffer; /* NULL: not set */
		uint64_t want;
		unsigned mistakes;
	} cases[] = {{"batch_max_bytes=5MiB", NULL, MIB(10), 0},
	    {"batch_max_bytes=2MiB", NULL, MIB(10), 0},
	    {"batch_max_bytes=256MiB", NULL, MIB(512), 0},
	    {"batch_max_bytes=6MiB", "buffer_max_bytes=12MiB", MIB(12), 0},
	    {"batch_max_bytes=6MiB", "buffer_max_bytes=10MiB", MIB(10), 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct load l;

		load(&l, NULL, NULL,
		    (const char *[]){"queue_url=" QUEUE, "dassana_token=t",
			cases[i].batch, cases[i].buffer, NULL});
		assert_int_equal(l.mistakes, cases[i].mistakes);
		assert_true(l.c.buffer_max_bytes == cases[i].want);
		unload(&l);
	}
}

static void
token_files(void **state)
{
	static char big[TOKEN_MAX + 2];
	static const struct {
		const char *text;
		size_t n;
		mode_t mode;
		const char *want; /* NULL: a mistake */
	} cases[] = {
	    {"secret\n", 7, 0600, "secret"},
	    {"secret", 6, 0640, "secret"},
	    {"secret\r\n", 8, 0600, "secret"},
	    {"secret\n", 7, 0604, NULL},
	    {"", 0, 0600, NULL},
	    {"\n", 1, 0600, NULL},
	    {"a\nb\n", 4, 0600, NULL},
	    {"a\0b", 3, 0600, NULL},
	    {big, TOKEN_MAX, 0600, big},
	    {big, TOKEN_MAX + 1, 0600, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool exposed;
		struct buf why;
		char *t;

		memset(big, 'x', TOKEN_MAX + 1);
		buf_init(&why, 256);
		t = token_read(
		    put_file("token", cases[i].text, cases[i].n, cases[i].mode),
		    &exposed, &why);
		big[TOKEN_MAX] = '\0';
		if (cases[i].want == NULL)
			assert_null(t);
		else
			assert_string_equal(t, cases[i].want);
		assert_int_equal(why.n > 0, cases[i].want == NULL);
		token_free(&t);
		assert_null(t);
		buf_fini(&why);
	}
}

static void
one_token_exactly(void **state)
{
	char file[300];
	struct load l;

	(void)state;
	(void)snprintf(file, sizeof file, "dassana_token_file=%s",
	    put_file("token", "from-file\n", 10, 0600));
	load(&l, NULL, NULL, (const char *[]){"queue_url=" QUEUE, file, NULL});
	assert_int_equal(l.mistakes, 0);
	assert_string_equal(l.c.token, "from-file");
	unload(&l);
	load(&l, NULL, NULL,
	    (const char *[]){
		"queue_url=" QUEUE, file, "dassana_token=other", NULL});
	assert_int_equal(l.mistakes, 1);
	has_note(&l, "both dassana_token (-o dassana_token) and "
		     "dassana_token_file (-o dassana_token_file)");
	unload(&l);
	load(&l, NULL, NULL,
	    (const char *[]){
		"queue_url=" QUEUE, "dassana_token_file=/nonexistent", NULL});
	assert_int_equal(l.mistakes, 1);
	has_note(&l, "/nonexistent: No such file");
	unload(&l);
}

/* Of two sources of the token the later one wins, as for everything else. */
static void
later_source_of_the_token_wins(void **state)
{
	static const char known[] = "DASSANA_TOKEN=known";
	static const char own[] = "TRAILPOST_DASSANA_TOKEN=own";
	char file[300], own_file[320], opt[300];
	const struct {
		const char *file, *env, *opt;
		const char *want; /* NULL: a mistake */
	} cases[] = {
	    {file, NULL, NULL, "from-file"},
	    {file, known, NULL, "known"},
	    {"dassana_token = conf", own_file, NULL, "from-file"},
	    {"dassana_token = conf", NULL, opt, "from-file"},
	    {NULL, known, opt, "from-file"},
	    {NULL, own, opt, "from-file"},
	    {file, NULL, "dassana_token=opt", "opt"},
	    {NULL, own_file, "dassana_token=opt", "opt"},
	    {file, "TRAILPOST_DASSANA_TOKEN=", NULL, "from-file"},
	};
	const char *path = put_file("token", "from-file\n", 10, 0600);

	(void)state;
	(void)snprintf(file, sizeof file, "dassana_token_file = %s", path);
	(void)snprintf(opt, sizeof opt, "dassana_token_file=%s", path);
	(void)snprintf(
	    own_file, sizeof own_file, "TRAILPOST_DASSANA_TOKEN_FILE=%s", path);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct load l;

		load(&l, cases[i].file, (const char *[]){cases[i].env, NULL},
		    (const char *[]){"queue_url=" QUEUE, cases[i].opt, NULL});
		assert_string_equal(buf_cstr(&l.notes), "");
		assert_string_equal(l.c.token, cases[i].want);
		unload(&l);
	}
}

/* Only behind a blank: a key or a token may have a '#' inside. */
static void
comments_behind_values(void **state)
{
	static const struct {
		const char *line;
		bool ok;
	} cases[] = {
	    {"dassana_token = abc # prod", false},
	    {"dassana_token = abc\t#", false},
	    {"dassana_token = abc ; prod", false},
	    {"dassana_token = # prod", false},
	    {"dassana_token = abc#prod", true},
	    {"dassana_token = abc;prod", true},
	    {"dassana_token = abc\n# prod", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct load l;

		load(&l, cases[i].line, NULL,
		    (const char *[]){"queue_url=" QUEUE, NULL});
		if (!cases[i].ok)
			has_note(&l, "conf:1: dassana_token: '#' or ';' after");
		assert_int_equal(l.mistakes == 0, cases[i].ok);
		assert_null(strstr(buf_cstr(&l.notes), "abc"));
		unload(&l);
	}
}

/* As a file of variables for a container brings them. */
static void
comments_in_variables(void **state)
{
	static const char *const env[] = {"DASSANA_TOKEN=abc # prod", NULL};
	struct load l;

	(void)state;
	load(&l, NULL, env, (const char *[]){"queue_url=" QUEUE, NULL});
	has_note(&l, "!DASSANA_TOKEN: dassana_token: '#'");
	unload(&l);
}

static void
a_bad_region_names_its_origin(void **state)
{
	static const char url[] = "queue_url=http://127.0.0.1:5555/1/q";
	static const char *const env[] = {"AWS_REGION=nowhere", NULL};
	struct load l;

	(void)state;
	load(&l, NULL, env, (const char *[]){url, "dassana_token=t", NULL});
	has_note(&l, "!AWS_REGION: region: 'nowhere' is no AWS region");
	unload(&l);
	load(&l, "region = nowhere\n", NULL,
	    (const char *[]){url, "dassana_token=t", NULL});
	has_note(&l, "conf:1: region: 'nowhere' is no AWS region");
	unload(&l);
	load(&l, NULL, NULL, (const char *[]){url, "dassana_token=t", NULL});
	has_note(&l, "!-o queue_url: region is missing");
	unload(&l);
}

static void
files_that_are_not_there(void **state)
{
	struct config_sources src = {.file = "/nonexistent/conf"};
	struct load l;

	(void)state;
	for (int required = 0; required < 2; required++) {
		src.file_required = required != 0;
		buf_init(&l.notes, 4096);
		l.mistakes = config_load(&l.c, &src, note, &l.notes);
		/* Without it: what is missing, and what to do. */
		assert_int_equal(l.mistakes, required ? 1 : 2);
		unload(&l);
	}
}

/* What --print-config writes can be read again, but for the secret. */
static void
prints_without_secrets(void **state)
{
	char *text = NULL;
	size_t n = 0;
	struct load l;
	FILE *f;

	(void)state;
	load(&l, "gzip_level = 7\n", NULL,
	    (const char *[]){"queue_url=" QUEUE, "dassana_token=hush",
		"dassana_endpoint=https://h/x?key=hush", NULL});
	f = open_memstream(&text, &n);
	assert_non_null(f);
	config_print(&l.c, f);
	assert_int_equal(fclose(f), 0);
	assert_null(strstr(text, "hush"));
	assert_non_null(strstr(text, "\ndassana_token = (set)\n"));
	assert_non_null(
	    strstr(text, "\ndassana_endpoint = https://h/x?(set)\n"));
	assert_non_null(strstr(text, "conf:1\ngzip_level = 7\n"));
	assert_non_null(strstr(text, "\nvisibility_timeout = 5m\n"));
	assert_non_null(strstr(text, "\nregion = eu-west-1\n"));
	unload(&l);
	load(&l, text, NULL, NULL);
	assert_string_equal(buf_cstr(&l.notes), "");
	assert_int_equal(l.c.gzip_level, 7);
	unload(&l);
	free(text);
}

/* Of an URL that is wrong, what may be a secret is not told. */
static void
mistakes_without_secrets(void **state)
{
	static const char *const rows[] = {
	    "queue_url=https://u:hush@sqs.eu-west-1.amazonaws.com/1/q",
	    "queue_url=https://sqs.eu-west-1.amazonaws.com/1/q?hush",
	    "endpoint_url_s3=https://u:hush@h",
	    "endpoint_url=https://h/?hush",
	    "dassana_endpoint=https://u:hush@h/x",
	    "dassana_endpoint=ftp://h/x?hush",
	};
	struct load l;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		load(&l, "", NULL,
		    (const char *[]){
			"queue_url=" QUEUE, "dassana_token=t", rows[i], NULL});
		assert_int_equal(l.mistakes, 1);
		assert_null(strstr(buf_cstr(&l.notes), "hush"));
		assert_non_null(memmem(buf_cstr(&l.notes), l.notes.n, rows[i],
		    strcspn(rows[i], "=")));
		unload(&l);
	}
}

/* The example file says what the defaults are: with its comment signs taken
 * away it changes nothing. */
static void
example_file_is_the_defaults(void **state)
{
	char *text = NULL;
	size_t n = 0;
	struct load l, plain;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	assert_non_null(f);
	manual_write_file(f);
	assert_int_equal(fclose(f), 0);
	for (char *p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (p[0] == '#' && p[1] != ' ')
			*p = ' ';
	}
	load(&plain, NULL, NULL, NULL);
	load(&l, text, NULL, NULL);
	assert_int_equal(l.mistakes, plain.mistakes);
	for (size_t i = 0; i < option_count(); i++) {
		struct buf a, b;

		buf_init(&a, CONFIG_TEXT_MAX);
		buf_init(&b, CONFIG_TEXT_MAX);
		assert_non_null(l.c.origin[i]);
		option_show(option_at(i), &l.c, &a);
		option_show(option_at(i), &plain.c, &b);
		assert_string_equal(buf_cstr(&a), buf_cstr(&b));
		buf_fini(&a);
		buf_fini(&b);
	}
	unload(&plain);
	unload(&l);
	free(text);
}

/* The example of README.md: a bucket that holds several kinds of logs. */
static void
readme_example_of_patterns(void **state)
{
	static const struct {
		const char *key;
		bool taken;
	} cases[] = {
	    {"prod/AWSLogs/1/CloudTrail/eu-west-1/2026/01/31/a.json.gz", true},
	    {"prod/AWSLogs/1/CloudTrail-Insight/eu-west-1/a.json.gz", true},
	    {"prod/AWSLogs/1/CloudTrail-Digest/eu-west-1/a.json.gz", false},
	    {"prod/AWSLogs/1/vpcflowlogs/eu-west-1/a.log.gz", false},
	    {"prod/AWSLogs/999999999999/CloudTrail/x/a.json.gz", false},
	    {"test/AWSLogs/1/CloudTrail/eu-west-1/a.json.gz", false},
	};
	struct filter *f;
	struct load l;

	(void)state;
	load(&l,
	    "key_include = prod/AWSLogs/*/CloudTrail/*"
	    " prod/AWSLogs/*/CloudTrail-Insight/*\n"
	    "key_exclude = */AWSLogs/999999999999/*\n",
	    NULL, NULL);
	f = filter_new(
	    l.c.key_include, l.c.key_exclude, l.c.cloudtrail_folders_only != 0);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    filter_judge(f, span_str(cases[i].key), 9) == FILTER_TAKES,
		    cases[i].taken);
	filter_free(&f);
	unload(&l);
}

static void
values_and_back(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: an error */
		bool size;
	} cases[] = {
	    {"0s", "0s", false},
	    {"1ms", "1ms", false},
	    {"999ms", "999ms", false},
	    {"1000ms", "1s", false},
	    {"90s", "90s", false},
	    {"120 s", "2m", false},
	    {"60m", "1h", false},
	    {"5", NULL, false},
	    {"s", NULL, false},
	    {"", NULL, false},
	    {"5S", NULL, false},
	    {"1.5s", NULL, false},
	    {"-1s", NULL, false},
	    {"18446744073709551615ms", "18446744073709551615ms", false},
	    {"18446744073709551615s", NULL, false},
	    {"0B", "0B", true},
	    {"1023B", "1023B", true},
	    {"1024B", "1KiB", true},
	    {"1000B", "1KB", true},
	    {"5MB", "5MB", true},
	    {"2048MiB", "2GiB", true},
	    {"1024", NULL, true},
	    {"1Mib", NULL, true},
	    {"17179869184GiB", NULL, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span s = span_str(cases[i].in);
		struct buf b;
		uint64_t v = 0;
		enum err err =
		    cases[i].size ? value_size(s, &v) : value_duration(s, &v);

		buf_init(&b, 64);
		assert_int_equal(err != ERR_OK, cases[i].out == NULL);
		if (cases[i].out != NULL) {
			if (cases[i].size)
				value_add_size(&b, v);
			else
				value_add_duration(&b, v);
			assert_string_equal(buf_cstr(&b), cases[i].out);
		}
		buf_fini(&b);
	}
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path_of("conf"));
	(void)unlink(path_of("token"));
	return rmdir(dir);
}

/* The endpoints of the configuration and the environment, together. */
static void
endpoints_and_variants(void **state)
{
	static const struct {
		const char *env, *option;
		const char *note; /* NULL: no mistake */
	} rows[] = {
	    {"AWS_USE_FIPS_ENDPOINT=true", "region=eu-west-1", NULL},
	    {"AWS_USE_DUALSTACK_ENDPOINT=true", "use_fips_endpoint=yes", NULL},
	    {"AWS_USE_FIPS_ENDPOINT=maybe", "region=eu-west-1",
		"!AWS_USE_FIPS_ENDPOINT: use_fips_endpoint"},
	    {"AWS_ENDPOINT_URL=https://a.example", "use_fips_endpoint=yes",
		"!use_fips_endpoint does not go with endpoint_url, "},
	    {"AWS_ENDPOINT_URL_STS=https://a.example",
		"use_dualstack_endpoint=yes", NULL},
	    {"AWS_USE_FIPS_ENDPOINT=True", "region=eu-west-1", NULL},
	    {"AWS_USE_FIPS_ENDPOINT=FALSE", "region=eu-west-1", NULL},
	    {"AWS_ENDPOINT_URL_STS=https://a.example/x", "region=eu-west-1",
		"!AWS_ENDPOINT_URL_STS: endpoint_url_sts"},
	    {"AWS_USE_FIPS_ENDPOINT=true",
		"queue_url=https://sqs.cn-north-1.amazonaws.com.cn/1/q",
		"!use_fips_endpoint: there are no FIPS endpoints in cn-nor"},
	    {"AWS_USE_FIPS_ENDPOINT=true",
		"queue_url=https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q",
		NULL},
	    {"AWS_SESSION_TOKEN=t", "region=eu-west-1",
		"~AWS_SESSION_TOKEN: it is ignored"},
	    {"AWS_CA_BUNDLE=/nowhere/ca.pem", "region=eu-west-1",
		"!AWS_CA_BUNDLE: ca_file: /nowhere/ca.pem: No such file"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *env[] = {rows[i].env, NULL};
		const char *opts[] = {"queue_url=" QUEUE, "dassana_token=t",
		    rows[i].option, NULL};
		struct load l;

		load(&l, NULL, env, opts);
		assert_int_equal(
		    l.mistakes, rows[i].note != NULL && *rows[i].note == '!');
		if (rows[i].note != NULL)
			has_note(&l, rows[i].note);
		else
			assert_int_equal(l.notes.n, 0);
		unload(&l);
	}
}

/* The token goes there: not in the clear without a word of the operator's. */
static void
plain_http_has_to_be_allowed(void **state)
{
	static const struct {
		const char *url, *more, *note;
	} rows[] = {
	    {"https://d.example/ingest", "", NULL},
	    {"http://127.0.0.1:1/ingest", "", NULL},
	    {"http://[::1]:1/ingest", "", NULL},
	    {"http://localhost/ingest", "", NULL},
	    {"http://d.example/ingest", "",
		"!-o dassana_endpoint: dassana_endpoint is not https"},
	    {"http://d.localhost/ingest", "", "allow_plain_http = yes"},
	    {"http://10.0.0.1/ingest", "allow_plain_http=no",
		"!-o dassana_endpoint: dassana_endpoint is not https"},
	    {"http://10.0.0.1/ingest", "allow_plain_http=yes",
		"~-o dassana_endpoint: dassana_endpoint is not https"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char url[96];
		const char *opts[] = {
		    "queue_url=" QUEUE, "dassana_token=t", url, NULL, NULL};
		struct load l;

		(void)snprintf(
		    url, sizeof url, "dassana_endpoint=%s", rows[i].url);
		if (*rows[i].more != '\0')
			opts[3] = rows[i].more;
		load(&l, NULL, NULL, opts);
		assert_int_equal(l.mistakes,
		    rows[i].note != NULL &&
			strcmp(rows[i].more, "allow_plain_http=yes") != 0);
		if (rows[i].note != NULL)
			has_note(&l, rows[i].note);
		unload(&l);
	}
}

/* Neither a mistake nor --print-config tells what stands before an '@'. */
static void
no_user_of_an_url_is_told(void **state)
{
	static const char *const rows[][2] = {
	    {"dassana_endpoint=https://me:hu/s?h@d.example/ingest?k=hush",
		"'https://d.example/ingest' is not"},
	    {"endpoint_url_s3=https://me:hush@s3.example",
		"'https://s3.example' "},
	    {"queue_url=https://me:hush@sqs.eu-west-1.amazonaws.com/1/q",
		"'https://sqs.eu-west-1.amazonaws.com/1/q' is not"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *opts[] = {
		    "queue_url=" QUEUE, "dassana_token=t", rows[i][0], NULL};
		char *printed = NULL;
		size_t n = 0;
		struct load l;
		FILE *f;

		load(&l, NULL, NULL, opts);
		assert_int_equal(l.mistakes, 1);
		has_note(&l, rows[i][1]);
		assert_null(strstr(buf_cstr(&l.notes), "hu"));
		f = open_memstream(&printed, &n);
		config_print(&l.c, f);
		assert_int_equal(fclose(f), 0);
		assert_non_null(strstr(printed, "https://"));
		assert_null(strstr(printed, "hush"));
		assert_null(strstr(printed, "me:"));
		free(printed);
		unload(&l);
	}
}

static void
endpoints_can_be_ignored(void **state)
{
	const char *env[] = {"AWS_ENDPOINT_URL=https://a.example",
	    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "AWS_ENDPOINT_URL_S3=x",
	    NULL};
	const char *opts[] = {"queue_url=" QUEUE, "dassana_token=t", NULL};
	struct load l;

	(void)state;
	load(&l, NULL, env, opts);
	assert_int_equal(l.mistakes, 0);
	assert_string_equal(l.c.endpoint_url, "");
	unload(&l);
	env[1] = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false";
	env[2] = NULL;
	load(&l, NULL, env, opts);
	assert_string_equal(l.c.endpoint_url, "https://a.example");
	unload(&l);
}

static void
check_hosts(
    const char *const *opts, const char *sqs, const char *s3, const char *sts)
{
	const struct endpoint *e;
	struct hosts h;
	struct load l;
	struct buf b;

	load(&l, NULL, NULL, opts);
	assert_int_equal(l.mistakes, 0);
	hosts_find(&l.c, &h);
	buf_init(&b, 1024);
	endpoint_url(&h.sqs, &b);
	assert_string_equal(buf_cstr(&b), sqs);
	buf_reset(&b);
	assert_int_equal(h.s3_custom, s3 != NULL);
	if (s3 != NULL)
		endpoint_url(&h.s3, &b);
	assert_string_equal(buf_cstr(&b), s3 != NULL ? s3 : "");
	buf_reset(&b);
	e = &h.sts;
	assert_int_equal(h.has_sts, sts != NULL);
	if (sts != NULL)
		endpoint_url(e, &b);
	assert_string_equal(buf_cstr(&b), sts != NULL ? sts : "");
	buf_fini(&b);
	unload(&l);
}

static void
hosts_follow_the_settings(void **state)
{
	static const struct {
		const char *queue, *option, *more, *sqs, *s3, *sts;
	} rows[] = {
	    {QUEUE, NULL, NULL, "https://sqs.eu-west-1.amazonaws.com", NULL,
		"https://sts.eu-west-1.amazonaws.com"},
	    {QUEUE, "use_fips_endpoint=yes", NULL,
		"https://sqs-fips.eu-west-1.amazonaws.com", NULL,
		"https://sts-fips.eu-west-1.amazonaws.com"},
	    {"https://sqs-fips.us-east-1.amazonaws.com/1/q",
		"use_dualstack_endpoint=yes", NULL,
		"https://sqs-fips.us-east-1.api.aws", NULL,
		"https://sts.us-east-1.api.aws"},
	    {"https://sqs.us-east-1.api.aws/1/q", "use_fips_endpoint=yes", NULL,
		"https://sqs-fips.us-east-1.api.aws", NULL,
		"https://sts-fips.us-east-1.amazonaws.com"},
	    {"https://sqs.cn-north-1.api.amazonwebservices.com.cn/1/q",
		"use_dualstack_endpoint=yes", NULL,
		"https://sqs.cn-north-1.api.amazonwebservices.com.cn", NULL,
		"https://sts.cn-north-1.api.amazonwebservices.com.cn"},
	    {"https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/1/q",
		"endpoint_url_s3=https://bucket.vpce-2.example", NULL,
		"https://vpce-1.sqs.us-east-1.vpce.amazonaws.com",
		"https://bucket.vpce-2.example",
		"https://sts.us-east-1.amazonaws.com"},
	    {QUEUE, "endpoint_url=https://all.example",
		"endpoint_url_sqs=http://sqs.example:1", "http://sqs.example:1",
		"https://all.example", "https://all.example"},
	    {"http://h:9324/1/q", "region=home",
		"endpoint_url_s3=http://127.0.0.1:1", "http://h:9324",
		"http://127.0.0.1:1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char queue[128];
		const char *opts[] = {queue, "dassana_token=t", rows[i].option,
		    rows[i].more, NULL};

		(void)snprintf(
		    queue, sizeof queue, "queue_url=%s", rows[i].queue);
		check_hosts(opts, rows[i].sqs, rows[i].s3, rows[i].sts);
	}
}

/* Of rules one source adds up what it says, however it says it, and a later one
 * takes their place. */
static void
rules_add_up(void **state)
{
	static const char file[] = COMPLETE "event_exclude = a=1  b=2\n"
					    "event_include = c=\"# 3\"\n"
					    "event_exclude=d=4\n";
	static const char *const env[] = {
	    "TRAILPOST_EVENT_INCLUDE=e=5\n\n  f=6\ng=7", NULL};
	static const char *const opts[] = {
	    "event_exclude=h=8", "event_exclude=i=9", NULL};
	struct load l;

	(void)state;
	load(&l, file, NULL, NULL);
	assert_int_equal(l.mistakes, 0);
	assert_string_equal(l.c.event_exclude, "a=1  b=2\nd=4");
	assert_string_equal(l.c.event_include, "c=\"# 3\"");
	unload(&l);
	load(&l, file, env, opts);
	assert_int_equal(l.mistakes, 0);
	assert_string_equal(l.c.event_exclude, "h=8\ni=9");
	assert_string_equal(l.c.event_include, "e=5\nf=6\ng=7");
	unload(&l);
}

static void
too_many_rules(void **state)
{
	const char *opts[EVENTS_RULES_MAX + 2] = {NULL};
	struct load l;

	(void)state;
	for (size_t i = 0; i < EVENTS_RULES_MAX; i++)
		opts[i] = "event_exclude=a=1";
	load(&l, COMPLETE, NULL, opts);
	assert_int_equal(l.mistakes, 0);
	unload(&l);
	opts[EVENTS_RULES_MAX] = "event_exclude=a=1";
	load(&l, COMPLETE, NULL, opts);
	assert_int_equal(l.mistakes, 1);
	has_note(&l, "-o event_exclude: event_exclude: more than 64 rules");
	unload(&l);
	opts[EVENTS_RULES_MAX] = NULL;
	for (size_t i = 0; i < EVENTS_RULES_MAX; i++)
		opts[i] = "event_exclude=a=?,?,?,?,?,?";
	load(&l, COMPLETE, NULL, opts);
	assert_true(l.mistakes > 0);
	has_note(&l, "-o event_exclude: event_exclude: rules that take more "
		     "than 524288 bytes of memory");
	unload(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pipe_that_drips_is_given_up),
	    cmocka_unit_test(defaults_are_sound),
	    cmocka_unit_test(later_sources_win),
	    cmocka_unit_test(region_comes_from_url_before_aws_region),
	    cmocka_unit_test(tells_every_mistake_at_once),
	    cmocka_unit_test(ranges),
	    cmocka_unit_test(sizes_must_work_together),
	    cmocka_unit_test(a_buffer_for_two_batches),
	    cmocka_unit_test(token_files),
	    cmocka_unit_test(one_token_exactly),
	    cmocka_unit_test(later_source_of_the_token_wins),
	    cmocka_unit_test(comments_behind_values),
	    cmocka_unit_test(comments_in_variables),
	    cmocka_unit_test(a_bad_region_names_its_origin),
	    cmocka_unit_test(files_that_are_not_there),
	    cmocka_unit_test(prints_without_secrets),
	    cmocka_unit_test(mistakes_without_secrets),
	    cmocka_unit_test(example_file_is_the_defaults),
	    cmocka_unit_test(readme_example_of_patterns),
	    cmocka_unit_test(values_and_back),
	    cmocka_unit_test(endpoints_and_variants),
	    cmocka_unit_test(plain_http_has_to_be_allowed),
	    cmocka_unit_test(no_user_of_an_url_is_told),
	    cmocka_unit_test(endpoints_can_be_ignored),
	    cmocka_unit_test(hosts_follow_the_settings),
	    cmocka_unit_test(rules_add_up),
	    cmocka_unit_test(too_many_rules),
	};

	return cmocka_run_group_tests_name("config", tests, setup, teardown);
}
