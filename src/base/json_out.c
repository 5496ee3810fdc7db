#include "base/json_out.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/secret.h"

enum { TEXT_MAX = 16 * 1024 };

static void
lead(struct json_out *j, const char *name)
{
	if (j->follows)
		buf_char(j->b, ',');
	j->follows = true;
	if (name != NULL)
		buf_printf(j->b, "\"%s\":", name);
}

void
json_begin(struct json_out *j, const char *name, char bracket)
{
	lead(j, name);
	buf_char(j->b, bracket);
	j->follows = false;
}

void
json_end(struct json_out *j, char bracket)
{
	buf_char(j->b, bracket);
	j->follows = true;
}

void
json_text(struct json_out *j, const char *name, struct span text)
{
	struct buf plain;

	if (text.n > TEXT_MAX)
		text.n = TEXT_MAX;
	buf_init(&plain, TEXT_MAX);
	secret_mask(&plain, text);
	lead(j, name);
	enc_json_string(j->b, buf_view(&plain));
	buf_fini(&plain);
}

void
json_count(struct json_out *j, const char *name, uint64_t n)
{
	lead(j, name);
	buf_printf(j->b, "%" PRIu64, n);
}

void
json_real(struct json_out *j, const char *name, double x)
{
	lead(j, name);
	buf_printf(j->b, "%.3f", isfinite(x) ? x : 0.0);
}

void
json_flag(struct json_out *j, const char *name, bool on)
{
	lead(j, name);
	buf_str(j->b, on ? "true" : "false");
}

void
json_null(struct json_out *j, const char *name)
{
	lead(j, name);
	buf_str(j->b, "null");
}

void
json_time(struct json_out *j, const char *name, int64_t wall_ms)
{
	lead(j, name);
	buf_char(j->b, '"');
	clock_format_log(j->b, wall_ms);
	buf_char(j->b, '"');
}
