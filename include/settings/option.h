/*
 * The one table of options (option_table.c). The parser and --print-config
 * read it here, --help and etc/trailpost.conf through manual.h.
 */
#ifndef SETTINGS_OPTION_H
#define SETTINGS_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "settings/config.h"

enum option_type {
	OPTION_TEXT,	 /* char * */
	OPTION_SECRET,	 /* char *, never shown */
	OPTION_RULES,	 /* char *, rules of trail/events.h, one a line */
	OPTION_COUNT,	 /* uint64_t, as all that follow */
	OPTION_SIZE,	 /* bytes */
	OPTION_RATE,	 /* bytes a second; 0 is none */
	OPTION_DURATION, /* ms */
	OPTION_SECONDS,	 /* a duration of whole seconds, in s */
	OPTION_FLAG,
	OPTION_CHOICE, /* index of one of the words of `choices` */
};

struct option_row {
	const char *key;
	enum option_type type;
	size_t field;	    /* offset in struct config */
	const char *preset; /* the default, as it would stand in the file */
	uint64_t min, max;  /* in the unit of the field */
	const char *const *choices; /* NULL-terminated */
	const char *help;	    /* one sentence, or two */
	/* A reload applies it. What is right of it depends on no option that a
	 * reload leaves alone, but for what the next line says. */
	bool live;
	/* It belongs to dassana_endpoint, so it waits with it where a new one
	 * has to wait for its ca_file. */
	bool of_endpoint;
};

size_t option_count(void);
const struct option_row *option_at(size_t i);
/* option_count() if there is none of that name. */
size_t option_find(struct span key);

/* Whether it is a char *. */
bool option_is_text(const struct option_row *o);
/* Reads the value into its field. Returns false and says why (without the
 * value of a secret); the field is then as it was. */
bool option_set(const struct option_row *o, struct config *c, struct span value,
    struct buf *why);
/* The same with lines of rules, added to those that are there or in their
 * place, the value's first character being the one with that number in its
 * line. */
bool option_set_rules(const struct option_row *o, struct config *c,
    struct span value, bool adds, size_t column, struct buf *why);
/* The value of an option that is no text, if it is one that it may have. */
bool option_read(const struct option_row *o, struct span value, uint64_t *v);
/* Wipes and frees the text of one; its field becomes NULL. */
void option_clear(const struct option_row *o, struct config *c);
/* The value as it would stand in the file; "(set)" for a secret. */
void option_show(
    const struct option_row *o, const struct config *c, struct buf *out);

/* Whether both have the same value. */
bool option_same(
    const struct option_row *o, const struct config *a, const struct config *b);
/* Swaps the values of the two, and what is known of where they come from. */
void
option_swap(const struct option_row *o, struct config *a, struct config *b);

/* An URL without its query, which may hold a secret; borrowed. */
struct span option_bare_url(const char *url);

/* What a value may be: "64KiB to 256MiB". Not for texts. */
void option_add_range(const struct option_row *o, struct buf *out);

#endif
