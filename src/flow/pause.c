#include "flow/pause.h"

#include "base/clock.h"
#include "base/mem.h"
#include "flow/intake.h"
#include "flow/objects.h"
#include "flow/shipper_internal.h"
#include "sink/delivery.h"

static bool
lacks_creds(const struct shipper *s)
{
	return s->deps.ready != NULL && !s->deps.ready(s->deps.ready_arg);
}

bool
pause_holds(const struct shipper *s, enum shipper_pause cause)
{
	bool token = delivery_token(s->delivery) == TOKEN_REFUSED;

	switch (cause) {
	case SHIPPER_P_CREDS:
		return lacks_creds(s);
	case SHIPPER_P_QUEUE:
		return intake_part(s->intake).mood == PART_ILL;
	case SHIPPER_P_S3:
		return objects_stand_still(s->objects);
	case SHIPPER_P_TOKEN:
		return !delivery_open(s->delivery) && token;
	case SHIPPER_P_DASSANA:
		return !delivery_open(s->delivery) && !token;
	case SHIPPER_P_FULL:
		return intake_full(s->intake);
	case SHIPPER_PAUSES:
		break;
	}
	CHECK(false);
	return false;
}

void
pause_look(struct shipper *s)
{
	int64_t now = clock_mono_ms();

	for (int i = 0; i < SHIPPER_PAUSES; i++)
		stopwatch_set(
		    &s->paused[i], pause_holds(s, (enum shipper_pause)i), now);
}

const char *
shipper_pause_name(enum shipper_pause p)
{
	static const char *const names[SHIPPER_PAUSES] = {
	    [SHIPPER_P_CREDS] = "credentials",
	    [SHIPPER_P_QUEUE] = "queue",
	    [SHIPPER_P_S3] = "s3",
	    [SHIPPER_P_TOKEN] = "token",
	    [SHIPPER_P_DASSANA] = "dassana",
	    [SHIPPER_P_FULL] = "full",
	};

	CHECK((unsigned)p < SHIPPER_PAUSES);
	return names[p];
}
