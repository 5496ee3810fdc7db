/*
 * A shipper between models of SQS, S3 and Dassana (fake/model.h) without
 * chance, each of which may be told not to answer. Included by what tests it.
 */
#include "fake/model.c"

static bool hold_posts, hold_gets, hold_sqs, hold_polls;

/* Requests that are never answered. */
static bool
hook(struct request *r, const char *what)
{
	const char *target = fake_header(r, "x-amz-target");
	bool poll = target != NULL && strstr(target, "Receive") != NULL;

	return (hold_posts && what[0] == 'd') ||
	       (hold_gets && what[1] == '3') || (hold_polls && poll) ||
	       (hold_sqs && what[1] == 'q' && !poll);
}

/* So many messages of an object with three events each are in the queue. A
 * batch is sealed after delay_ms. */
static void
shipper_world(unsigned max_messages, unsigned messages, int64_t delay_ms)
{
	struct model_conf c = {.seed = 1, .one_shape = true};

	set_defaults(&c.shipper);
	c.shipper.max_messages = max_messages;
	c.shipper.batch_max_delay_ms = delay_ms;
	hold_posts = hold_gets = hold_sqs = hold_polls = false;
	model_begin(&c);
	model_set_hook(hook);
	for (unsigned i = 0; i < messages; i++) {
		unsigned o = model_object(MODEL_GOOD, 3, 50);

		(void)model_message(&o, 1);
	}
}

static struct shipper_stats
stats(void)
{
	return shipper_stats(model_shipper());
}
