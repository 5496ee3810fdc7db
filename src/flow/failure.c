#include "flow/failure.h"

#include "base/mem.h"

const char *
failure_name(enum failure f)
{
	static const char *const names[FAILURES] = {
	    [FAILURE_REFUSED] = "refused",
	    [FAILURE_UNREAD] = "unread",
	    [FAILURE_DAMAGED] = "damaged",
	    [FAILURE_IN_PART] = "in_part",
	};

	CHECK((unsigned)f < FAILURES);
	return names[f];
}
