/* schema/bundle.h - one self-contained schema made of a document and all that it refers to: a Compound Schema Document
 * (2020-12 core, section 9.3), for validators that know nothing of the files.
 *
 * Each document that a reference leads to, from document to document, is embedded under "$defs" ("definitions" in
 * draft-07), as are the meta-schemas of dialects of somebody's own; the standard ones are left out. Every document has
 * an absolute "$id" then, and a "$schema" where its dialect is not the root's. A file:// URI becomes one under
 * https://bundle.invalid/, counted from the root's folder (https://up1.bundle.invalid/ from the folder above, and so
 * on), so that relative references between files keep their meaning.
 *
 * Everything is copied as it is written, but for
 * - a reference that would lead elsewhere then: it names its target's absolute URI;
 * - "$id"s that are relative, or file:// URIs;
 * - a document whose root cannot bear an "$id" where it is put (true, false; in draft-07 an object with "$ref"): it, or
 *   its "$ref" alone, goes into an "allOf". */
#ifndef SCHEMA_BUNDLE_H
#define SCHEMA_BUNDLE_H

#include "schema/schema.h"

/* Appends the bundle of the document of that URI (no fragment), with a newline. What does not compile is refused with
 * the compiler's words; the bundle itself has been compiled too. */
int schema_bundle(struct schema_set *s, struct slice uri, const struct schema_options *o, struct buf *out,
                  struct err *e) MUST_CHECK;

#endif
