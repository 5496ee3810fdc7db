/* Where a bucket is: endpoint_bucket. */
#include <string.h>

#include "aws/partition.h"
#include "base/enc.h"

enum { BUCKET_MAX = 255, LABEL_MIN = 3, LABEL_MAX = 63, ACCOUNT_DIGITS = 12 };

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
	return !endpoint_is_aws(e) || !fits_host(bucket, false);
}

/* "arn:aws:s3:us-east-1:111122223333:accesspoint/name", in its parts. */
struct access_point {
	struct span region, account, name;
};

static bool
is_account(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return s.n == ACCOUNT_DIGITS;
}

/* Access points of other kinds (Object Lambda, Outposts, those of several
 * regions) speak another protocol or are signed in another way. */
static bool
parse_access_point(struct span arn, struct access_point *out)
{
	struct span rest = arn, name, word, partition;
	const struct partition *p;

	if (!span_is(span_cut(&rest, ':'), "arn"))
		return false;
	partition = span_cut(&rest, ':');
	if (!span_is(span_cut(&rest, ':'), "s3"))
		return false;
	out->region = span_cut(&rest, ':');
	out->account = span_cut(&rest, ':');
	name = rest;
	word = span_cut(&name, '/');
	if (name.p == NULL) {
		name = rest;
		word = span_cut(&name, ':');
	}
	out->name = name;
	p = partition_of(out->region);
	return p != NULL && span_is(partition, p->name) &&
	       is_account(out->account) && span_is(word, "accesspoint") &&
	       fits_host(name, false);
}

bool
endpoint_bucket_arn(struct span bucket, char region[REGION_MAX])
{
	struct access_point ap;

	region[0] = '\0';
	if (!span_starts(bucket, "arn:"))
		return false;
	if (parse_access_point(bucket, &ap)) {
		memcpy(region, ap.region.p, ap.region.n);
		region[ap.region.n] = '\0';
	}
	return true;
}

const char *
endpoint_bucket_unsupported(struct span bucket)
{
	static const struct {
		const char *front, *end, *kind;
	} rows[] = {
	    {"", "--x-s3", "a directory bucket (S3 Express One Zone)"},
	    {"", "--xa-s3", "an access point of S3 Express One Zone"},
	    {"", "--op-s3", "an access point of S3 on Outposts"},
	    {"", "--ol-s3", "an Object Lambda access point"},
	    {"", ".mrap", "a multi-region access point"},
	    {"arn:", "", "this kind of access point"},
	};
	struct span rest = bucket;
	struct span arn = span_cut(&rest, ':');
	struct span partition = span_cut(&rest, ':');

	if (arn.n == 3 && partition.n > 0) {
		if (span_starts(rest, "s3-outposts:"))
			return "a bucket or access point of S3 on Outposts";
		if (span_starts(rest, "s3-object-lambda:"))
			return rows[3].kind;
		if (span_starts(rest, "s3::"))
			return rows[4].kind;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct access_point ap;

		if (span_starts(bucket, rows[i].front) &&
		    span_ends(bucket, rows[i].end) &&
		    (*rows[i].front == '\0' ||
			!parse_access_point(bucket, &ap)))
			return rows[i].kind;
	}
	return NULL;
}

/* "label.HOST" */
static enum err
put_before_host(struct endpoint *e, struct span label)
{
	size_t n = strlen(e->host);

	if (label.n + 1 + n >= sizeof e->host)
		return ERR_LIMIT;
	memmove(e->host + label.n + 1, e->host, n + 1);
	memcpy(e->host, label.p, label.n);
	e->host[label.n] = '.';
	return ERR_OK;
}

static enum err
choose_host(
    const char *service, const struct endpoint_s3 *how, struct endpoint *out)
{
	if (how->custom == NULL)
		return endpoint_choose(service, how->region, how->variant, out);
	*out = *how->custom;
	return ERR_OK;
}

static enum err
access_point(
    struct span arn, const struct endpoint_s3 *how, struct endpoint *out)
{
	struct access_point ap;
	struct buf label;
	enum err err;

	if (!parse_access_point(arn, &ap) || !span_is(ap.region, how->region))
		return ERR_SYNTAX;
	err = choose_host("s3-accesspoint", how, out);
	if (err != ERR_OK)
		return err;
	/* There is no path that could name it instead. */
	if (endpoint_is_ip(out))
		return ERR_SHAPE;
	buf_init(&label, LABEL_MAX);
	buf_span(&label, ap.name);
	buf_char(&label, '-');
	buf_span(&label, ap.account);
	err = label.err;
	if (err == ERR_OK)
		err = put_before_host(out, buf_view(&label));
	buf_fini(&label);
	return err;
}

enum err
endpoint_bucket(struct span bucket, const struct endpoint_s3 *how,
    struct endpoint *out, struct buf *path)
{
	enum err err;

	if (endpoint_bucket_unsupported(bucket) != NULL)
		return ERR_SYNTAX;
	if (span_starts(bucket, "arn:"))
		return access_point(bucket, how, out);
	if (!is_possible(bucket))
		return ERR_SYNTAX;
	err = choose_host("s3", how, out);
	if (err != ERR_OK)
		return err;
	if (wants_path(bucket, out, how->path_style)) {
		buf_char(path, '/');
		enc_uri(path, bucket, false);
		return path->err;
	}
	return put_before_host(out, bucket);
}
