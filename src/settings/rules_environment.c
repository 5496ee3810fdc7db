/* What is in the environment and no setting of ours: rules_environment. */
#include "settings/rules.h"

#include <string.h>

#include "net/proxy.h"

/* http_proxy counts in lower case only, as CGI makes HTTP_PROXY of a header. */
static void
check_proxies(struct notes *n, const char *const *env)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY",
	    "http_proxy", "all_proxy", "ALL_PROXY"};

	for (; *env != NULL; env++) {
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			size_t len = strlen(names[i]);
			const char *fault = NULL;

			if (strncmp(*env, names[i], len) == 0 &&
			    (*env)[len] == '=' && (*env)[len + 1] != '\0')
				fault = proxy_fault(*env + len + 1);
			if (fault != NULL)
				notes_fatal(n, "%s: the proxy's URL %s",
				    names[i], fault);
		}
	}
}

/* A token is no good without its keys, which other sources may have. */
static void
check_token_alone(struct notes *n, const char *const *env)
{
	static const char token[] = "AWS_SESSION_TOKEN=";
	bool found = false;

	for (; *env != NULL; env++) {
		found |= strncmp(*env, token, sizeof token - 1) == 0 &&
			 (*env)[sizeof token - 1] != '\0';
		if (strncmp(*env, "AWS_ACCESS_KEY_ID=", 18) == 0 ||
		    strncmp(*env, "AWS_SECRET_ACCESS_KEY=", 22) == 0)
			return;
	}
	if (found)
		notes_warn(n, "AWS_SESSION_TOKEN: it is ignored, since there "
			      "is no AWS_ACCESS_KEY_ID beside it");
}

void
rules_environment(struct notes *n, const char *const *env)
{
	check_proxies(n, env);
	check_token_alone(n, env);
}
