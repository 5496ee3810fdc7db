/*
 * One page of what is in a bucket: ListObjectsV2, signed by our own code, in
 * the bucket's region.
 *
 * A page holds up to LIST_KEYS_MAX names of LIST_KEY_MAX bytes each, and at
 * most LIST_PAGE_MAX bytes of them, whatever the bucket. A reply that breaks
 * off or is no listing gives AWS_TRANSIENT, and nothing of it is handed out.
 * The region of a bucket is learned as by a GET (aws/s3.h). (S3 API Reference,
 * "ListObjectsV2".)
 */
#ifndef AWS_LIST_H
#define AWS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/s3.h"
#include "base/err.h"
#include "base/span.h"

enum { LIST_KEYS_MAX = 1000, LIST_PAGE_MAX = 2 * 1024 * 1024 };
enum { LIST_KEY_MAX = 1024 }; /* bytes; S3 has no longer ones */

/* ---- what a page holds ---- */

struct list_page;

struct list_object {
	struct span key;	   /* decoded */
	struct span etag;	   /* without quotes; empty if not told */
	struct span storage_class; /* "STANDARD"; empty if not told */
	int64_t size;		   /* −1 if not told */
	int64_t modified_s;	   /* wall clock; −1 if not told */
};

size_t list_page_count(const struct list_page *p);
/* i < count; what it points to lives as long as the page. */
struct list_object list_page_at(const struct list_page *p, size_t i);
/* Common prefixes: names that end in the delimiter. */
size_t list_page_folders(const struct list_page *p);
struct span list_page_folder(const struct list_page *p, size_t i);
/* What to ask for the next page with; empty: this is the last one. */
struct span list_page_next(const struct list_page *p);
/* What its names take, in bytes. */
size_t list_page_bytes(const struct list_page *p);
void list_page_free(struct list_page **p);

/* A push parser of the reply. Errors as xml_feed; ERR_LIMIT: more or longer
 * names than a page has; ERR_SHAPE: no listing, or a name that cannot be
 * decoded. */
struct list_page *list_page_new(void);
enum err list_page_feed(struct list_page *p, struct span s);
enum err list_page_finish(struct list_page *p);

/* ---- one call ---- */

struct list_call;

struct list_spec {
	struct span bucket, region; /* as struct s3_object */
	struct span prefix;
	bool folders;	   /* with '/' as delimiter */
	struct span after; /* only keys behind this one; may be empty */
	struct span next;  /* of the page before; may be empty */
};

/* page is the callee's to free; NULL unless r->class is AWS_OK. */
typedef void
list_fn(void *arg, const struct aws_result *r, struct list_page *page);

/* The spec is copied. Ends in one fn, when the call is gone already, or in
 * silence after list_cancel. A bucket that cannot exist: AWS_OTHER,
 * "InvalidName". */
struct list_call *
list_start(struct s3 *s, const struct list_spec *spec, list_fn *fn, void *arg);
void list_cancel(struct list_call **c);

#endif
