/* What to do where no answer came: aws_advise_transport. */
#include "aws/call.h"

void
aws_advise_transport(enum err err, const struct endpoint *host, struct buf *out)
{
	if (err == ERR_RESOLVE)
		buf_str(out, "check the resolver and the region for the host ");
	else if (err == ERR_TLS)
		buf_str(out, "check ca_file or AWS_CA_BUNDLE, this host's "
			     "clock, and who answers as ");
	else
		buf_str(out, "check the route, the firewall or security group, "
			     "and HTTPS_PROXY and NO_PROXY, for ");
	endpoint_url(host, out);
}
