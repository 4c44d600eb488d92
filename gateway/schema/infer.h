/* schema/infer.h - learns a schema from samples: what was seen at each place of them, put into the words of JSON Schema
 * 2020-12. Every sample satisfies what is written, and neither their order nor that of members ever shows in it.
 *
 * What is kept of a place forms a lattice: kinds are united, formats and required names intersected, distinct strings
 * counted up to a few, members known by name up to some hundreds and as one kind of value beyond. So samples can be
 * added in any order, and places joined; only infer_write decides (are these few strings an enum? these keys ids?). */
#ifndef SCHEMA_INFER_H
#define SCHEMA_INFER_H

#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"

#define INFER_ENUM_MAX 8      /* of infer_options.enum_max where nobody says otherwise */
#define INFER_ENUM_MOST 1000
#define INFER_DEPTH_MAX 120u  /* of samples: a level of them takes two of the schema, whose reader stops at 256 */

struct infer_options {
    uint32_t enum_max;  /* most values of an enum; 0: none */
    bool ranges;        /* minimum, maxLength … */
    bool closed;        /* additionalProperties: false */
    struct slice title; /* of the whole; borrowed; may be empty */
};
struct infer;
struct infer *infer_new(const struct infer_options *o);
void infer_free(struct infer *i); /* NULL ok */
/* Starts from a schema that infer wrote, or one in the same few keywords: before any sample, and once. It was compiled
 * before; the document is borrowed until infer_free. ERR_INPUT, with *at the node at fault, where it says more. */
int infer_merge(struct infer *i, const struct json_doc *schema, uint32_t *at, struct err *e) MUST_CHECK;
/* One sample, no deeper than INFER_DEPTH_MAX. ERR_LIMIT: the samples have too many different places. */
int infer_add(struct infer *i, const struct json_doc *d, uint32_t node, struct err *e) MUST_CHECK;
/* Appends the schema, printed for people, with a newline. Ends the collecting. */
void infer_write(struct infer *i, struct buf *out);

#endif
