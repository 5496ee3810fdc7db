#include "flow/notice.h"

#include <string.h>

#include "base/log.h"

/* Who reads the log may be the only one who ever sees the link: the message is
 * deleted, and SNS sends no other by itself. */
static void
tell_subscription(const struct message *m, const struct notify *n)
{
	bool ended = notify_why(n) == NOTIFY_R_UNSUBSCRIPTION;

	LOG_WARN("message.subscription", F_STR("message_id", m->id),
	    F_SPAN("topic", notify_topic(n)),
	    F_STR("problem",
		ended ? "the queue's subscription to this topic was ended"
		      : "the queue's subscription to this topic is not "
			"confirmed: nothing comes from it"),
	    F_SPAN("link", notify_link(n)),
	    F_STR("advice",
		ended ? "if that was a mistake, open the link, or subscribe "
			"the queue again"
		      : "open the link, or subscribe the queue from the "
			"account that owns it, which needs no confirmation"));
}

void
notice_nothing(const struct message *m, const struct notify *n)
{
	enum notify_reason why = notify_why(n);

	if (why == NOTIFY_R_SUBSCRIPTION || why == NOTIFY_R_UNSUBSCRIPTION)
		tell_subscription(m, n);
	else
		LOG_DEBUG("message.nothing", F_STR("message_id", m->id),
		    F_STR("reason", notify_reason_name(why)));
}

void
notice_unknown(
    const struct message *m, struct span body, const struct notify *n)
{
	LOG_WARN("message.unknown", F_STR("message_id", m->id),
	    F_STR("reason", notify_reason_name(notify_why(n))),
	    F_STR("problem", notify_fault(n)),
	    F_INT("receive_count", message_receives(m)), F_SPAN("body", body),
	    F_STR("advice", "kept for redelivery and the dead-letter queue; "
			    "does something else write to this queue?"));
}

/* Whether it is new. A name too many is as if it had been told. */
static bool
remember(struct notice *told, struct span folder)
{
	if (folder.n >= NOTICE_FOLDER_MAX)
		folder.n = NOTICE_FOLDER_MAX - 1;
	for (size_t i = 0; i < told->n; i++) {
		if (span_is(folder, told->folder[i]))
			return false;
	}
	if (told->n == NOTICE_FOLDERS)
		return false;
	memcpy(told->folder[told->n], folder.p, folder.n);
	told->folder[told->n++][folder.n] = '\0';
	return true;
}

void
notice_filtered(struct notice *told, enum filter_verdict why, struct span key,
    struct span message_id)
{
	struct span folder = filter_other_folder(key);

	if (why == FILTER_FOLDER && remember(told, folder))
		LOG_INFO("filter.folder", F_SPAN("folder", folder),
		    F_SPAN("key", key),
		    F_STR("text", "no CloudTrail events are in this folder; "
				  "messages about it are deleted. Told once"),
		    F_STR("advice", "cloudtrail_folders_only = no reads all"));
	LOG_DEBUG("object.filtered", F_SPAN("key", key),
	    F_SPAN("message_id", message_id));
}
