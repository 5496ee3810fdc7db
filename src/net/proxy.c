#include "net/proxy.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <strings.h>

#include "base/mem.h"
#include "base/secret.h"

static const char *
scheme_fault(CURLU *u)
{
	static const char *const known[] = {
	    "http", "https", "socks4", "socks4a", "socks5", "socks5h"};
	char *scheme;
	bool found = false;

	CHECK(curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		found |= strcasecmp(scheme, known[i]) == 0;
	curl_free(scheme);
	return found ? NULL : "must begin with http://, https:// or socks5h://";
}

static void
know_password(CURLU *u)
{
	char *password = NULL;

	if (curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE) ==
	    CURLUE_OK)
		secret_know_str(password);
	curl_free(password);
}

/* By curl's own parser, in the way in which curl calls it for a proxy. */
const char *
proxy_fault(const char *url)
{
	CURLU *u = curl_url();
	const char *fault;

	CHECK(u != NULL);
	if (curl_url_set(u, CURLUPART_URL, url,
		CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) != CURLUE_OK)
		fault = "is not of the form http://[USER:PASSWORD@]HOST[:PORT] "
			"(in USER and PASSWORD, characters such as / and @ are "
			"written as %2F and %40)";
	else
		fault = scheme_fault(u);
	know_password(u);
	curl_url_cleanup(u);
	return fault;
}
