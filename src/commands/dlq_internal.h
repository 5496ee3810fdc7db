/*
 * What the files of the dlq commands share: dlq.c receives, holds and releases;
 * dlq_look.c finds out what is wrong with one message; dlq_tell.c says it;
 * dlq_redrive.c puts messages back.
 */
#ifndef COMMANDS_DLQ_INTERNAL_H
#define COMMANDS_DLQ_INTERNAL_H

#include "base/json_out.h"
#include "commands/args.h"
#include "base/mem.h"
#include "commands/check_internal.h"
#include "trail/decode.h"
#include "trail/notify.h"

/* Of an object, and of the message that names it: the first that is not
 * fine. */
enum dlq_cause {
	DLQ_FINE,      /* it reads and parses now */
	DLQ_GONE,      /* there is no such object any more */
	DLQ_DENIED,    /* it may not be read */
	DLQ_ARCHIVED,  /* it has to be restored first */
	DLQ_CORRUPT,   /* what is read is no log file */
	DLQ_UNREAD,    /* S3 does not answer as it should */
	DLQ_NO_OBJECT, /* the message names none */
	DLQ_UNKNOWN,   /* the message is not understood */
	DLQ_CAUSES
};
const char *dlq_cause_name(enum dlq_cause c);
bool dlq_cause_find(const char *name, enum dlq_cause *out);

/* One message, copied. */
struct dlq_letter {
	struct buf id, handle, body, attributes;
	unsigned receives;
	int64_t sent_ms;
	enum dlq_cause cause;
};

enum { DLQ_HELD_MAX = 10000 };

struct dlq {
	struct check check; /* the ways, and the steps of refusals */
	const struct args *args;
	bool json, redrives, all;
	enum dlq_cause only;			 /* unless all */
	struct sqs *queue;			 /* of the dead letters */
	struct dlq_letter letter[SQS_BATCH_MAX]; /* received last */
	size_t n;
	char **held; /* receipt handles to be released */
	size_t nheld;
	int64_t total; /* messages there, as SQS says; −1: not known */
	uint64_t seen, causes[DLQ_CAUSES], moved;
	int64_t until_ms; /* of the monotonic clock: it looks no longer */
	bool partial;	  /* it may hold no more, or not for longer */
	bool stopped;	  /* by a signal */
	bool failed;

	/* The object under way. */
	struct s3_get *get;
	struct decode *decode;
	enum dlq_cause found;
	struct buf detail;

	struct buf out; /* JSON, written as it comes */
	struct json_out j;
};

/* dlq_look.c */
/* What is wrong with a message; told as it is found. false: it was stopped
 * before that was known. */
bool look_at(struct dlq *d, struct dlq_letter *l);
/* The GET under way is of no more interest. */
void look_stop(struct dlq *d);

/* dlq_tell.c */
void tell_begin(struct dlq *d);
void tell_letter(struct dlq *d, const struct dlq_letter *l);
void tell_object(struct dlq *d, const struct notify_object *o);
/* A message that names no object: why. */
void tell_text(struct dlq *d, const char *text);
void tell_letter_end(struct dlq *d, const struct dlq_letter *l);
void tell_dlq_end(struct dlq *d);

/* dlq_redrive.c */
/* Lets SQS move all. */
void redrive_all(struct dlq *d);
/* Sends it to the queue, then deletes it here. false: it stays. */
bool redrive_one(struct dlq *d, const struct dlq_letter *l);

#endif
