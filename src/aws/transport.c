/* What to do where no answer came: aws_advise_transport. */
#include "aws/call.h"
#include "base/advice.h"

static enum cause
cause_of(enum err err)
{
	if (err == ERR_RESOLVE)
		return CAUSE_HOST_UNKNOWN;
	return err == ERR_TLS ? CAUSE_HOST_UNTRUSTED : CAUSE_HOST_UNREACHED;
}

void
aws_advise_transport(enum err err, const struct endpoint *host, struct buf *out)
{
	struct buf url;

	buf_init(&url, sizeof host->host + sizeof "https://:65535");
	endpoint_url(host, &url);
	advice_add(out, cause_of(err), buf_view(&url), SPAN(""));
	buf_fini(&url);
}
