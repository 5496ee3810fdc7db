/*
 * The shared configuration files, read once and merged: for the same profile
 * the credentials file's keys win.
 */
#ifndef AWS_PROFILES_H
#define AWS_PROFILES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

struct profiles;

/* Reads both files; one that is not there is empty. Never NULL. */
struct profiles *profiles_load(void);
void profiles_free(struct profiles **p); /* wipes */

/* "" or what is wrong: unreadable, or "FILE:LINE: …". */
const char *profiles_error(const struct profiles *p);
/* The home folder of whose name we run in: HOME, else what passwd has; NULL. */
const char *profiles_home(void);
/* Both paths, for people. */
void profiles_say_files(struct buf *out);

/* AWS_PROFILE, or "default". named: whether somebody chose it. */
const char *profiles_chosen(bool *named);

bool profiles_has(const struct profiles *p, struct span profile);
/* Value of a key; empty if it has none. Borrowed. */
struct span
profiles_get(const struct profiles *p, struct span profile, const char *key);
/* The same of a key under "parent =". */
struct span profiles_get_nested(const struct profiles *p, struct span profile,
    const char *parent, const char *key);
/* Whether the credentials file has that key. */
bool profiles_has_secret(
    const struct profiles *p, struct span profile, const char *key);
/* As profiles_has and profiles_get, of [sso-session NAME]. */
struct span profiles_get_session(
    const struct profiles *p, struct span name, const char *key);
bool profiles_has_session(const struct profiles *p, struct span name);
bool profiles_has_services(const struct profiles *p, struct span name);
/* As profiles_get, of [services NAME]: of the key under "service =". */
struct span profiles_get_service(const struct profiles *p, struct span name,
    const char *service, const char *key);

#endif
