/*
 * The Dassana token, from a file of its own or from a setting.
 */
#ifndef SETTINGS_TOKEN_H
#define SETTINGS_TOKEN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

enum { TOKEN_MAX = 8 * 1024 };

/* NULL, or what is wrong with it as a token (it is sent as a header). */
const char *token_fault(struct span token);

/*
 * Reads the file; one line end after the token is cut off. The token is the
 * caller's, to be freed by token_free. NULL with the reason in why. A file that
 * others can read is refused, except on a read-only mount, where nobody here
 * can change that (container platforms mount secrets so): then *exposed is set.
 */
char *token_read(const char *path, bool *exposed, struct buf *why);
/* Wipes it; leaves NULL. */
void token_free(char **token);

#endif
