/*
 * A small XML document as a flat list of (path, text), for AWS's replies:
 * "Error/Code" → "NoSuchKey". Namespaces are dropped, attributes ignored, and
 * only elements without children have a text. Push parser (expat) bounded in
 * depth, elements and bytes; a document type or an entity of its own is
 * refused.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct xml;

enum { XML_DEPTH_MAX = 16, XML_ELEMENTS_MAX = 20000 };

/* max_bytes bounds the text that is fed as well as what is kept of it. */
struct xml *xml_new(size_t max_bytes);
void xml_free(struct xml **x);
/* ERR_SYNTAX, ERR_DEPTH, ERR_LIMIT, ERR_SHAPE (a document type). An error
 * repeats. */
enum err xml_feed(struct xml *x, struct span s);
enum err xml_finish(struct xml *x); /* ERR_TRUNCATED */
/* Text of the first element at that path, blanks around it cut off; empty if
 * there is none. Borrowed. After an error: of what came before it, which is
 * how a cut error reply still gives its code. */
struct span xml_text(const struct xml *x, const char *path);

/* The same for a long document, of which nothing is kept: fn is told of each
 * element at its end, so of children before what they stand in; text is empty
 * where there were children. Both are borrowed for the call, in which the
 * document may not be freed. */
typedef void xml_visit_fn(void *arg, const char *path, struct span text);
struct xml *xml_new_visit(size_t max_bytes, xml_visit_fn *fn, void *arg);

#endif
