#include "base/mem.h"
#include "trail/notify.h"

const char *
notify_reason_name(enum notify_reason r)
{
	static const char *const names[NOTIFY_R_COUNT] = {
	    [NOTIFY_R_NONE] = "none",
	    [NOTIFY_R_TEST_EVENT] = "test_event",
	    [NOTIFY_R_VALIDATION] = "validation",
	    [NOTIFY_R_SUBSCRIPTION] = "subscription",
	    [NOTIFY_R_UNSUBSCRIPTION] = "unsubscription",
	    [NOTIFY_R_AWS_CONFIG] = "aws_config",
	    [NOTIFY_R_OTHER_EVENT] = "other_event",
	    [NOTIFY_R_EMPTY] = "empty",
	    [NOTIFY_R_NOT_JSON] = "not_json",
	    [NOTIFY_R_UNKNOWN_SHAPE] = "unknown_shape",
	    [NOTIFY_R_BAD_KEY] = "bad_key",
	};

	CHECK((unsigned)r < NOTIFY_R_COUNT);
	return names[r];
}
