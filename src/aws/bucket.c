/* Where a bucket is: endpoint_bucket. */
#include <string.h>

#include "aws/endpoint.h"
#include "base/enc.h"

enum { BUCKET_MAX = 255, LABEL_MIN = 3, LABEL_MAX = 63 };

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_label(struct span s)
{
	if (s.n == 0 || s.n > LABEL_MAX || !is_alnum(s.p[0]) ||
	    !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	}
	return true;
}

/* Only such a name may become part of a host: it comes from a notification,
 * and whoever wrote that must not choose whom we talk to. */
static bool
fits_host(struct span bucket, bool dots)
{
	if (bucket.n < LABEL_MIN || bucket.n > LABEL_MAX)
		return false;
	if (!dots)
		return is_label(bucket);
	while (bucket.p != NULL) {
		if (!is_label(span_cut(&bucket, '.')))
			return false;
	}
	return true;
}

static bool
is_possible(struct span bucket)
{
	return bucket.n > 0 && bucket.n <= BUCKET_MAX &&
	       memchr(bucket.p, '\0', bucket.n) == NULL &&
	       memchr(bucket.p, '/', bucket.n) == NULL &&
	       !span_is(bucket, ".") && !span_is(bucket, "..");
}

static bool
wants_path(struct span bucket, const struct endpoint *e, enum path_style style)
{
	switch (style) {
	case PATH_STYLE_YES:
		return true;
	case PATH_STYLE_NO:
		return endpoint_is_ip(e) || !fits_host(bucket, true);
	case PATH_STYLE_AUTO:
		break;
	}
	return endpoint_is_ip(e) || endpoint_is_loopback(e) ||
	       !fits_host(bucket, false);
}

enum err
endpoint_bucket(struct span bucket, const char *region,
    const struct endpoint *custom, enum path_style style, struct endpoint *out,
    struct buf *path)
{
	enum err err;
	size_t n;

	if (!is_possible(bucket))
		return ERR_SYNTAX;
	if (custom != NULL) {
		*out = *custom;
	} else {
		err = endpoint_service("s3", region, out);
		if (err != ERR_OK)
			return err;
	}
	if (wants_path(bucket, out, style)) {
		buf_char(path, '/');
		enc_uri(path, bucket, false);
		return path->err;
	}
	n = strlen(out->host);
	if (bucket.n + 1 + n >= sizeof out->host)
		return ERR_LIMIT;
	memmove(out->host + bucket.n + 1, out->host, n + 1);
	memcpy(out->host, bucket.p, bucket.n);
	out->host[bucket.n] = '.';
	return ERR_OK;
}
