/*
 * "; did you mean 5MiB?": what somebody probably meant, appended to what is
 * wrong with what they wrote. Nothing is appended where there is no guess.
 */
#ifndef SETTINGS_GUESS_H
#define SETTINGS_GUESS_H

#include "base/buf.h"
#include "settings/option.h"

/* Of the name of a setting. */
void guess_key(struct span key, struct buf *out);
/* Of a value that is no number, word or switch that the option takes. */
void
guess_value(const struct option_row *o, struct span value, struct buf *out);
/* Of what is not the URL of a queue. */
void guess_queue(struct span url, struct buf *out);
/* Whether the URL of one of AWS's queues ends with the account. */
bool guess_lacks_name(const char *url);

/* Whether it stands in quotes, as a shell would take them away. */
bool guess_is_quoted(struct span value);

#endif
