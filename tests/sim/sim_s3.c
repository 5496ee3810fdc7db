/* S3: objects written when they are asked for, and the ways to be refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim_world.h"

enum { PIECE = 32 * 1024 };

static const struct {
	int status;
	const char *code;
} refusals[] = {
    [S3_DENIED] = {403, "AccessDenied"},
    [S3_SSE_C] = {400, "InvalidRequest"},
    [S3_BROKEN] = {500, "InternalError"},
    [S3_NO_BUCKET] = {404, "NoSuchBucket"},
    [S3_KMS] = {400, "KMS.DisabledException"},
    [S3_MISSING] = {404, "NoSuchKey"},
};

/* {"o":"1f","i":0,"t":"…"} with so many bytes in all. */
static void
write_event(size_t object, unsigned i, unsigned bytes, struct buf *out)
{
	static const char pad[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t end = out->n + bytes;

	buf_printf(out, "{\"o\":\"%zx\",\"i\":%u,\"t\":\"", object, i);
	while (out->n + sizeof pad + 1 < end)
		buf_add(out, pad, sizeof pad - 1);
	while (out->n + 2 < end)
		buf_char(out, '.');
	buf_str(out, "\"}");
}

static void
write_object(size_t object, struct buf *out)
{
	const struct sim_object *o = &S.object[object];

	buf_str(out, "{\"Records\":[");
	for (unsigned i = 0; i < o->events; i++) {
		if (i > 0)
			buf_char(out, ',');
		write_event(
		    object, i, sim_event_bytes(&S.row->load[o->load]), out);
	}
	buf_str(out, "]}");
}

static bool
is_wrong_region(const char *url)
{
	return strstr(url, ".us-east-1.") == NULL;
}

static enum sim_s3
answer(const struct sim_object *o)
{
	const struct sim_load *l = &S.row->load[o->load];
	const struct sim_fault *f = sim_fault_now();

	if (f != NULL && f->s3 != S3_OK && f->bucket == l->bucket)
		return f->s3;
	return l->s3;
}

static void
send_object(struct request *r, size_t object, bool drip)
{
	char head[256];

	write_object(object, &r->body);
	CHECK(r->range < r->body.n && r->body.err == ERR_OK);
	snprintf(head, sizeof head,
	    "ETag: \"e\"\r\nContent-Length: %zu\r\nContent-Range: bytes "
	    "%zu-%zu/%zu\r\n",
	    r->body.n - (size_t)r->range, (size_t)r->range, r->body.n - 1,
	    r->body.n);
	r->sent = (size_t)r->range;
	r->piece = drip ? 1 : PIECE;
	r->piece_ms = drip ? SIM_S : r->body.n > 1 << 20;
	sim_reply_body(r, r->range > 0 ? 206 : 200, head);
}

static size_t
object_of(const struct request *r)
{
	size_t object = strtoull(strrchr(r->url, '/') + 1, NULL, 16);

	CHECK(object < S.nobjects);
	return object;
}

static void
serve(struct request *r)
{
	size_t object = object_of(r);
	enum sim_s3 a;

	if (is_wrong_region(r->url)) {
		sim_reply(r, 400, "x-amz-bucket-region: us-east-1\r\n",
		    "<Error><Code>AuthorizationHeaderMalformed</Code>"
		    "<Region>us-east-1</Region></Error>");
		return;
	}
	S.object[object].asked = true;
	a = answer(&S.object[object]);
	if (a == S3_OK || a == S3_DRIP)
		send_object(r, object, a == S3_DRIP);
	else
		sim_reply(r, refusals[a].status, NULL,
		    "<Error><Code>%s</Code></Error>", refusals[a].code);
}

static void
fail(struct request *r)
{
	S.object[object_of(r)].asked = true;
	sim_fail(r, ERR_RESOLVE);
}

/* A host of a region that does not exist has no address. */
void
sim_s3_open(struct request *r)
{
	int64_t ms = 5 + (int64_t)sim_random(80);

	sim_later(r, ms, strstr(r->url, ".eu-west-9.") != NULL ? fail : serve);
}
