/*
 * Which keys are CloudTrail logs. A key is shipped if
 * - it is no folder's marker: an object of no bytes whose key ends in '/';
 * - it matches one of the include patterns and none of the exclude patterns.
 *   Patterns are those of the shell (fnmatch(3)), matched on the decoded key;
 *   '*' also matches '/';
 * - it does not lie in a folder that AWS made for something else. Below
 *   AWSLogs/ACCOUNT/ or AWSLogs/o-ORGANIZATION/ACCOUNT/ only CloudTrail and
 *   CloudTrail-* hold events; not CloudTrail-Digest nor any other digests, nor
 *   CloudTrail-Lake, which has results of queries. A key that has no such place
 *   in it is taken. (CloudTrail User Guide, "CloudTrail digest file structure",
 *   "Finding your CloudTrail log files", "Find saved query results".)
 */
#ifndef TRAIL_FILTER_H
#define TRAIL_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct filter;

enum filter_verdict {
	FILTER_TAKES,
	FILTER_MARKER,
	FILTER_PATTERN, /* key_include or key_exclude */
	FILTER_FOLDER,	/* of another service, or of digests */
};

/* Patterns are separated by blanks or commas in one string, copied.
 * NULL or "" for include means everything. folders: whether AWS's folders of
 * other things are left out. */
struct filter *
filter_new(const char *include, const char *exclude, bool folders);
/* Others from now on. */
void filter_change(
    struct filter *f, const char *include, const char *exclude, bool folders);
void filter_free(struct filter **f);
/* size: of the object; −1 if it is not known. */
enum filter_verdict
filter_judge(const struct filter *f, struct span key, int64_t size);

/* "Config": the name below AWSLogs/…/ACCOUNT/ of a folder (or file) that holds
 * no events; "" if the key is not in such a one. A part of key. */
struct span filter_other_folder(struct span key);

#endif
