#include "aws/range.h"

#include "aws/priv.h"

void
range_keep_etag(char *out, size_t size, struct span etag)
{
	out[0] = '\0';
	if (etag.n < 2 || etag.n >= size || etag.p[0] != '"')
		return;
	for (size_t i = 0; i < etag.n; i++) {
		if (etag.p[i] < ' ' || etag.p[i] > '~')
			return;
	}
	aws_copy_text(out, size, etag);
}

int64_t
range_start(struct span s)
{
	uint64_t n;

	if (!span_starts(s, "bytes "))
		return -1;
	s.p += 6;
	s.n -= 6;
	if (span_u64(span_cut(&s, '-'), 0, INT64_MAX, &n) != ERR_OK)
		return -1;
	return (int64_t)n;
}
