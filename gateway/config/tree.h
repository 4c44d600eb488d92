/* config/tree.h - a YAML (or JSON) file as a frozen json_doc that knows the line of every node. The YAML is turned into JSON
 * text node by node in document order, so node i of the document is entry i of `marks`.
 *
 * YAML as people mean it, without its traps: the JSON schema of YAML 1.2 for plain scalars (true, false, null, ~, JSON numbers;
 * `no`, `on`, `0o17`, `1_000`, `12:30` are strings; 0123 is refused with a hint); duplicate keys, non-string keys (numbers are read as text), tags,
 * several documents and expansion above 10^5 nodes (billion laughs) or depth 64 or 4 MiB are errors. Anchors, aliases and merge keys `<<` work. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "config/issues.h"
#include "json/doc.h"

struct tree_mark { uint32_t line, column; };

struct tree {
    char *file;             /* as given */
    char *dir;              /* absolute folder of the file: relative paths are relative to it */
    char *json;             /* the text under doc */
    struct json_doc doc;
    struct tree_mark *marks; /* one a node */
};

/* Reads and checks form only. Errors go into is (file name, line). 0 or -1. */
int tree_load(struct tree *t, const char *file, struct issues *is) MUST_CHECK;
/* From memory; `file` names it in messages, dir (may be NULL: ".") resolves relative paths. */
int tree_read(struct tree *t, const char *file, const char *dir, struct slice text, struct issues *is) MUST_CHECK;
/* From JSON text of our own making (stored definitions, samples): no YAML rules, same tree. */
int tree_read_json(struct tree *t, const char *file, struct slice text, struct issues *is) MUST_CHECK;
void tree_clear(struct tree *t);

/* Adds an issue at a node. Path and line are found from the node. fmt without position. hint may be NULL. */
void tree_error(const struct tree *t, uint32_t node, struct issues *is, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void tree_warn(const struct tree *t, uint32_t node, struct issues *is, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* "sources.github.secrets[0]" */
struct slice tree_path(const struct tree *t, uint32_t node, struct arena *a);

/* Checks against an embedded schema ("schemas/hooklatch/config.schema.json"): every violation becomes an issue with a hint (for
 * an unknown key the nearest known one). 0 or -1. */
int tree_check(const struct tree *t, uint32_t node, const char *schema_name, struct issues *is) MUST_CHECK;

/* Reading a tree: the member, or the default when it is absent or not of that kind (tree_check complains of that). */
uint32_t tree_get(const struct tree *t, uint32_t obj, const char *key); /* JSON_NONE when absent */
/* Copies into the arena, NUL-terminated. Absent: SLICE_NONE. */
struct slice tree_text(const struct tree *t, uint32_t obj, const char *key, struct arena *a);
/* The same for a STRING or KEY node itself; SLICE_NONE when it is something else. */
struct slice tree_string(const struct tree *t, uint32_t node, struct arena *a);
int64_t tree_int(const struct tree *t, uint32_t obj, const char *key, int64_t absent);
bool tree_bool(const struct tree *t, uint32_t obj, const char *key, bool absent);
/* "30s", "500ms", "5m", "2h", "7d", or a number of seconds → microseconds. What is too large becomes INT64_MAX. */
int64_t tree_duration_us(const struct tree *t, uint32_t obj, const char *key, int64_t absent);
/* "2MiB", "64KiB", "10MB", "512" → bytes. What is too large becomes INT64_MAX. */
int64_t tree_bytes(const struct tree *t, uint32_t obj, const char *key, int64_t absent);
/* Appends the sub-tree as JSON without white space, members sorted by name: equal content gives equal bytes. */
void tree_put_canonical(const struct tree *t, uint32_t node, struct buf *out);
/* Appends, as JSON, the sub-tree changed by a JSON Merge Patch (RFC 7396): objects merge, null removes, all else replaces. node may be
 * JSON_NONE. */
void tree_put_merged(const struct tree *t, uint32_t node, const struct tree *patch, uint32_t by, struct buf *out);
/* An absolute path in the arena: relative ones from the file's folder. */
char *tree_file_path(const struct tree *t, struct slice path, struct arena *a);

#endif
