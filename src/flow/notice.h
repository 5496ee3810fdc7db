/*
 * What is told of a message, or of a key in it, that brings nothing to ship:
 * each as loud as it deserves.
 */
#ifndef FLOW_NOTICE_H
#define FLOW_NOTICE_H

#include <stddef.h>

#include "flow/messages.h"
#include "trail/filter.h"
#include "trail/notify.h"

enum { NOTICE_FOLDERS = 32, NOTICE_FOLDER_MAX = 64 };

/* The names of folders that were told; zeroed at first. */
struct notice {
	size_t n;
	char folder[NOTICE_FOLDERS][NOTICE_FOLDER_MAX];
};

/* It is deleted. A subscription that waits for somebody is a warning. */
void notice_nothing(const struct message *m, const struct notify *n);
/* It is kept. */
void notice_unknown(
    const struct message *m, struct span body, const struct notify *n);
/* The key is left out. A folder of AWS's is told once by its name. */
void notice_filtered(struct notice *told, enum filter_verdict why,
    struct span key, struct span message_id);

#endif
