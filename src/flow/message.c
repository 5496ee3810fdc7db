/* One message: what others do with it, and ask of it. */
#include "base/mem.h"
#include "flow/messages_internal.h"

void
message_expect(struct message *m)
{
	CHECK(holding_of(m)->state == MESSAGE_HELD);
	holding_of(m)->open++;
}

void
message_begun(struct message *m)
{
	holding_of(m)->begun = true;
}

void
message_back_off(struct message *m, enum back_off how)
{
	struct holding *h = holding_of(m);

	if (!h->failed)
		h->back_off = how;
}

bool
message_has_begun(const struct message *m)
{
	return holding_seen(m)->begun;
}

bool
message_is_lost(const struct message *m)
{
	return holding_seen(m)->lease_lost;
}

size_t
message_open(const struct message *m)
{
	return holding_seen(m)->open;
}

size_t
message_bytes(const struct message *m)
{
	return holding_seen(m)->bytes;
}

unsigned
message_receives(const struct message *m)
{
	return holding_seen(m)->receive_count;
}
