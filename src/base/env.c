#include "base/env.h"

#include <string.h>
#include <strings.h>

#include "base/span.h"

static bool
is_ours(struct span name)
{
	static const char *const fronts[] = {"AWS_", "DASSANA_", "TRAILPOST_"};
	static const char proxy[] = "_proxy";
	size_t n = sizeof proxy - 1;

	for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++) {
		if (span_starts(name, fronts[i]))
			return true;
	}
	return name.n > n && strncasecmp(name.p + name.n - n, proxy, n) == 0;
}

void
env_trim(char **env)
{
	for (; *env != NULL; env++) {
		char *value = strchr(*env, '=');
		struct span s;

		if (value == NULL ||
		    !is_ours((struct span){*env, (size_t)(value - *env)}))
			continue;
		value++;
		s = span_trim(span_str(value));
		if (s.n > 0)
			memmove(value, s.p, s.n);
		value[s.n] = '\0';
	}
}
