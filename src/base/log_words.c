/* What each event means, for who looks at a terminal. */
#include <string.h>

#include "base/log_text.h"

static const struct {
	const char *event, *words;
} rows[] = {
    {"start", "begun"},
    {"starting", "what it works with"},
    {"stop", "ended"},
    {"stopping", "asked to end"},
    {"drain", "waiting for what is under way"},
    {"drained", "all work is finished"},
    {"drain.timeout", "work is left over, and goes back to the queue"},
    {"stats", "so far"},
    {"region", "the region"},
    {"notify", "the service manager does not listen"},
    {"config.mistake", ""},
    {"config.warning", ""},
    {"reload", "settings read again"},
    {"reload.applied", "in force now"},
    {"reload.pending", "waits for a restart"},
    {"token.reload", "the token was read again"},
    {"admin.listen", "health, status and metrics over HTTP"},
    {"log.dropped", "nobody read the log"},
    {"creds.fetch", "AWS credentials"},
    {"creds.expired", "no valid AWS credentials"},
    {"creds.overdue", "used on after their time, for want of newer ones"},
    {"sso.renew", "the sign-on token could not be renewed"},
    {"sso.store", "the renewed sign-on token was not stored"},
    {"aws.clock", "this clock is wrong"},
    {"aws.retry", "AWS is asked again"},
    {"http.start", "asked"},
    {"http.end", "answered"},
    {"sqs.receive", "nothing can be received"},
    {"sqs.receive.recovered", "the queue answers again"},
    {"sqs.wait", "long polls are cut short on the way to SQS"},
    {"sqs.wait.recovered", "long polls last as long as they should again"},
    {"sqs.batch", "SQS did not take this"},
    {"sqs.batch.recovered", "SQS takes it again"},
    {"sqs.entry", "SQS did not take one of these"},
    {"s3.outage", "S3 lets nothing be read from there"},
    {"s3.outage.over", "S3 lets it be read again"},
    {"s3.region", "the bucket is elsewhere"},
    {"s3.resume", "a download goes on"},
    {"filter.folder", "a folder is left out"},
    {"message.received", "received"},
    {"message.understood", "understood"},
    {"message.nothing", "nothing to ship"},
    {"message.unknown", "not understood"},
    {"message.subscription", ""},
    {"message.again", "received once more"},
    {"message.delete_queued", "may be deleted"},
    {"message.deleted", "deleted"},
    {"message.release_queued", "goes back"},
    {"message.released", "is back in the queue"},
    {"message.not_deleted", "it could not be deleted in time"},
    {"message.lease_extended", "kept for longer"},
    {"message.lease_lost", "others can see it again"},
    {"object.wanted", "to be read"},
    {"object.filtered", "left out"},
    {"object.joined", "being read already"},
    {"object.known", "delivered before"},
    {"object.get", "asked for"},
    {"object.opened", "being read"},
    {"object.read", "read to its end"},
    {"object.batched", "events packed"},
    {"object.delivered", "events taken by Dassana"},
    {"object.settled", "done"},
    {"object.failed", "not delivered"},
    {"object.empty", "it holds no events"},
    {"record.left_out", "one record is left out"},
    {"object.parked", "cannot be read yet"},
    {"object.gave_way", "given back to the queue"},
    {"batch.sealed", "packed"},
    {"dassana.post", "sent"},
    {"dassana.retry", "Dassana is asked again"},
    {"dassana.split", "halved, to find what is refused"},
    {"dassana.refused", "Dassana does not take this event"},
    {"dassana.poison", "this batch fails again and again"},
    {"dassana.limit_learned", "smaller requests from now on"},
    {"dassana.in_doubt", "refused, perhaps not for its own sake"},
    {"dassana.gate_closed", "Dassana refuses everything"},
    {"dassana.gate_open", "Dassana takes events again"},
    {"dassana.gate_stays", "Dassana still refuses"},
    {"dassana.dropped", "not delivered before the end"},
    {"dassana.doc_count_short", "Dassana kept fewer events than it took"},
};

const char *
log_words(const char *event)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].event, event) == 0)
			return rows[i].words;
	}
	return "";
}
