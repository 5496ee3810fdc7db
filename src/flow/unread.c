#include "flow/unread.h"

#include "base/mem.h"

void
unread_init(struct unread *u)
{
	STAILQ_INIT(&u->entries);
	u->n = 0;
}

void
unread_keep(struct unread *u, struct message *m, struct span body)
{
	struct unread_entry *e = mem_zalloc(sizeof *e);

	e->message = m;
	e->body = mem_strndup(body.p, body.n);
	e->n = body.n;
	STAILQ_INSERT_TAIL(&u->entries, e, link);
	u->n++;
}

struct unread_entry *
unread_first(struct unread *u)
{
	return STAILQ_FIRST(&u->entries);
}

void
unread_forget_first(struct unread *u)
{
	struct unread_entry *e = STAILQ_FIRST(&u->entries);

	STAILQ_REMOVE_HEAD(&u->entries, link);
	u->n--;
	mem_free(e->body);
	mem_free(e);
}
