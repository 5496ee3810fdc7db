/* What the values of labels are called: by their owners, mostly. */
#include "admin/metrics_internal.h"
#include "admin/status.h"

const char *
label_version(int i)
{
	(void)i;
	return TRAILPOST_VERSION;
}

const char *
label_reason(int i)
{
	return notify_reason_name((enum notify_reason)i);
}

const char *
label_fault(int i)
{
	return failure_name((enum failure)i);
}

const char *
label_left_out(int i)
{
	return slicer_cause_name((enum slicer_cause)i);
}

const char *
label_pause(int i)
{
	return shipper_pause_name((enum shipper_pause)i);
}

const char *
label_part(int i)
{
	return health_part_name((enum health_part)i);
}

const char *
label_answer(int i)
{
	return delivery_answer_name((enum delivery_answer)i);
}

const char *
label_token(int i)
{
	return status_token_name((enum token_state)i);
}

const char *
label_operation(int i)
{
	return aws_operation_name((enum aws_operation)i);
}

const char *
label_class(int i)
{
	return aws_class_name((enum aws_class)i);
}

const char *
label_retry(int i)
{
	return aws_retry_name((enum aws_retry)i);
}
