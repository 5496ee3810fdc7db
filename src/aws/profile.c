#include "aws/profile.h"

#include <string.h>
#include <strings.h>

#include "aws/profiles.h"
#include "aws/source.h"

enum { KEY_MAX = 256 };

/* "default" is a profile even where nobody has written one. */
bool
profile_fault(struct buf *why)
{
	struct profiles *p = profiles_load();
	bool named;
	struct span name = span_str(profiles_chosen(&named));
	struct span services = profiles_get(p, name, "services");
	size_t before = why->n;

	if (*profiles_error(p) != '\0') {
		buf_str(why, profiles_error(p));
	} else if (!profiles_has(p, name) && !span_is(name, "default")) {
		buf_printf(why, "%s: there is no profile \"%.64s\" in ",
		    source_env("AWS_PROFILE") != NULL ? "AWS_PROFILE"
						      : "AWS_DEFAULT_PROFILE",
		    name.p);
		profiles_say_files(why);
	} else if (services.n > 0 && !profiles_has_services(p, services)) {
		buf_printf(why,
		    "profile \"%.64s\": there is no section [services "
		    "\"%.*s\"] in ",
		    name.p, (int)(services.n < 64 ? services.n : 64),
		    services.p);
		profiles_say_files(why);
	}
	profiles_free(&p);
	return why->n > before;
}

bool
profile_setting(const char *key, struct buf *out)
{
	struct profiles *p = profiles_load();
	const char *dot = strchr(key, '.');
	struct buf parent;
	bool named, found;
	struct span s;

	buf_init(&parent, KEY_MAX);
	if (dot != NULL)
		buf_add(&parent, key, (size_t)(dot - key));
	s = profiles_get_nested(p, span_str(profiles_chosen(&named)),
	    buf_cstr(&parent), dot != NULL ? dot + 1 : key);
	found = s.n > 0;
	buf_fini(&parent);

	buf_span(out, s);
	profiles_free(&p);
	return found;
}

static bool
is_true(struct span s)
{
	return s.n == 4 && strncasecmp(s.p, "true", 4) == 0;
}

bool
profile_ignores_endpoints(void)
{
	const char *ignore = source_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	struct buf b;
	bool yes;

	if (ignore != NULL)
		return is_true(span_str(ignore));
	buf_init(&b, KEY_MAX);
	yes = profile_setting("ignore_configured_endpoint_urls", &b) &&
	      is_true(buf_view(&b));
	buf_fini(&b);
	return yes;
}

bool
profile_endpoint(const char *service, struct buf *out)
{
	struct profiles *p;
	struct span name, s;
	bool named, found;

	if (profile_ignores_endpoints())
		return false;
	p = profiles_load();
	name = span_str(profiles_chosen(&named));
	s = profiles_get_service(
	    p, profiles_get(p, name, "services"), service, "endpoint_url");
	if (s.n == 0)
		s = profiles_get(p, name, "endpoint_url");
	found = s.n > 0;
	buf_span(out, s);
	profiles_free(&p);
	return found;
}
