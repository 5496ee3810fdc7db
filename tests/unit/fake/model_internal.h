/* What the parts of the model share. */
#ifndef FAKE_MODEL_INTERNAL_H
#define FAKE_MODEL_INTERNAL_H

#include "base/buf.h"
#include "model.h"

enum {
	MODEL_OBJECTS_EACH = 6,
	MODEL_BATCH = 10,
	MODEL_RELEASES = 3, /* so often is it tried */
	MODEL_VISIBILITY_MAX_MS = 12 * 3600 * 1000,
};

struct m_event {
	bool acked; /* a reply that says so was sent to this process */
	bool poison;
};

struct m_object {
	enum model_kind kind;
	uint64_t first; /* event */
	unsigned count;
	size_t each;	  /* bytes of an event; 0: as it comes */
	unsigned version; /* of the contents: order, compression, ETag */
	unsigned read_by; /* bits: rules with which this process reads it */
};

enum m_hidden { HIDDEN_NO, HIDDEN_TAKEN, HIDDEN_UNHEARD, HIDDEN_RELEASED };

struct m_message {
	char *body;
	unsigned object[MODEL_OBJECTS_EACH], nobjects;
	bool good;    /* can be delivered, or holds nothing */
	bool unknown; /* must never be deleted */
	bool deleted, dead;
	int64_t visible_ms, received_ms;
	enum m_hidden hidden;
	unsigned receives;
	unsigned unheard; /* releases since, that were not done */
};

/* A request that the model has seen. */
struct m_serving {
	struct m_serving *next;
	uint64_t serial;
	struct request *request;
	int64_t due_ms, until_ms; /* of a long poll */
	bool told;		  /* its reply is complete */
	/* A stream. */
	struct buf body;
	size_t sent, break_at;
	bool streaming;
	/* A receive. */
	unsigned taken[MODEL_BATCH], ntaken;
};

enum m_window { WINDOW_CREDS, WINDOW_S3, WINDOW_DASSANA, WINDOW_COUNT };

extern struct model {
	struct model_conf conf;
	struct model_stats stats;
	uint64_t rng;
	struct m_event *event;
	struct m_object *object;
	struct m_message *message;
	size_t nevents, nobjects, nmessages, bad_made, poison_made;
	struct m_serving *serving;
	uint64_t seen; /* serial */
	int64_t window_until[WINDOW_COUNT];
	unsigned window_kind;
	bool dassana_took; /* in this window's life */
	bool no_creds;	   /* their source gives none */
	model_hook_fn *hook;
	/* The process. */
	struct creds_keeper *keeper;
	struct aws *aws;
	struct sqs *sqs;
	struct s3 *s3;
	struct dassana *dassana;
	struct filter *filter;
	struct events *events;
	unsigned rules; /* in force */
	bool rules_vary;
	struct shipper *shipper;
	bool drained;
	size_t pool_pieces, pool_held;
} M;

uint64_t m_random(uint64_t n); /* in [0, n) */
bool m_chance(unsigned per_mille);
bool m_window(enum m_window w);
int64_t m_latency(void);

void m_event_text(const struct m_object *o, uint64_t id, struct buf *out);
const struct m_object *m_object_of(uint64_t event);

void m_rules_start(void);
void m_rules_change(void);
/* At each line of the log. */
void m_rules_look(struct span line);
bool m_rules_may_send(uint64_t event);
/* All that one of its readers wanted was acknowledged. */
bool m_rules_done(const struct m_object *o);

/* Each may put the request off by setting due_ms. */
void m_serve_sqs(struct m_serving *s);
void m_serve_s3(struct m_serving *s);
void m_serve_dassana(struct m_serving *s);
/* Ends it with one of the faults of transport. */
void m_break(struct m_serving *s);
void m_reply(struct m_serving *s, int status, const char *head, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

#endif
