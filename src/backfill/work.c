#include "backfill/work.h"

#include <string.h>

/* S3 has no longer ones. */
enum { BUCKET_MAX = 255, PREFIX_MAX = 1024 };

bool
work_take_place(struct work *w, const char *s)
{
	struct span rest = span_str(s), all;
	size_t n;

	if (!span_starts(rest, "s3://"))
		return false;
	rest.p += strlen("s3://");
	rest.n -= strlen("s3://");
	all = rest;
	n = span_cut(&rest, '/').n;
	/* Of an access point's ARN the first '/' is its own. */
	if (span_starts(all, "arn:") && rest.p != NULL &&
	    span_ends((struct span){all.p, n}, ":accesspoint"))
		n += 1 + span_cut(&rest, '/').n;
	w->bucket = (struct span){all.p, n};
	w->prefix = rest.p != NULL ? rest : SPAN("");
	return n > 0 && n <= BUCKET_MAX && w->prefix.n <= PREFIX_MAX;
}
