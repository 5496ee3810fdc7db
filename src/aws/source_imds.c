/* The role of an EC2 instance: its name, then its credentials. */
#include "aws/imds.h"
#include "aws/source.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/mem.h"

enum { ROLE_PATH_MAX = 512 };

static const char name[] = "instance metadata";
static const char roles_path[] = "/latest/meta-data/iam/security-credentials/";

struct instance {
	struct creds_source base; /* first, so that it can be cast back */
	struct imds *imds;	  /* borrowed */
	struct source_fetch f;
};

/* 200, but {"Code": "AssumeRoleUnauthorizedAccess", "Message": …}. */
static bool
has_failed(struct span body, struct buf *why)
{
	const struct json_node *root;
	struct span code, message;
	struct json *j;
	bool failed = false;

	if (json_parse(body, SOURCE_DOC_MAX, &j, &root) == ERR_OK) {
		code = json_str(json_get(root, "Code"));
		message = json_str(json_get(root, "Message"));
		failed = code.n > 0 && !span_is(code, "Success");
		if (failed)
			buf_printf(why, "%s: %.*s: %.*s", name,
			    (int)(code.n < 64 ? code.n : 64), code.p,
			    (int)(message.n < 256 ? message.n : 256),
			    message.n > 0 ? message.p : "");
	}
	json_free(&j);
	return failed;
}

static void
take_error(struct instance *in, const struct reply *r, const char *error)
{
	buf_str(&in->f.why.text, error);
	in->f.why.status = r != NULL && r->err == ERR_OK ? r->status : 0;
}

static void
on_creds(void *arg, const struct reply *r, const char *error)
{
	struct instance *in = arg;
	struct creds c;

	if (error != NULL)
		take_error(in, r, error);
	else if (!(r->err == ERR_OK && r->status == 200 &&
		     has_failed(r->body, &in->f.why.text)) &&
		 source_read_reply(r, name, &c, &in->f.why)) {
		source_fetch_ok(&in->f, &c);
		return;
	}
	source_fetch_fail(&in->f);
}

static void
on_role(void *arg, const struct reply *r, const char *error)
{
	struct instance *in = arg;
	struct buf *why = &in->f.why.text;
	struct span rest, role;
	struct buf path;

	if (error != NULL) {
		take_error(in, r, error);
	} else if (r->err == ERR_OK && r->status == 404) {
		buf_printf(why,
		    "%s: the instance has no role: attach an instance profile",
		    name);
	} else if (r->err != ERR_OK || r->status != 200) {
		in->f.why.status = r->status;
		buf_printf(why, "%s: ", name);
		source_say_reply(why, r);
	} else {
		rest = span_trim(r->body);
		role = span_trim(span_cut(&rest, '\n'));
		buf_init(&path, ROLE_PATH_MAX);
		buf_str(&path, roles_path);
		enc_uri(&path, role, false);
		if (role.n > 0 && path.err == ERR_OK)
			imds_get(in->imds, buf_cstr(&path), on_creds, in);
		else
			buf_printf(
			    why, "%s: what it gave is no role's name", name);
		buf_fini(&path);
	}
	if (why->n > 0)
		source_fetch_fail(&in->f);
}

static void
instance_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct instance *in = (struct instance *)s;

	source_fetch_begin(&in->f, fn, arg);
	imds_get(in->imds, roles_path, on_role, in);
}

static void
instance_cancel(struct creds_source *s)
{
	imds_cancel(((struct instance *)s)->imds);
}

static void
instance_free(struct creds_source *s)
{
	struct instance *in = (struct instance *)s;

	instance_cancel(s);
	source_fetch_fini(&in->f);
	mem_free(in);
}

struct creds_source *
source_imds_new(const struct source_deps *d)
{
	struct instance *in = mem_zalloc(sizeof *in);

	in->base = (struct creds_source){.name = name,
	    .serves_on = true,
	    .fetch = instance_fetch,
	    .cancel = instance_cancel,
	    .free = instance_free};
	in->imds = d->imds;
	source_fetch_init(&in->f);
	return &in->base;
}
