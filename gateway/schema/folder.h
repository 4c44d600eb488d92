/* schema/folder.h - a folder tree of schemas: every *.json in it and below is registered under its file:// URI, and as
 * what its $id says; people know it by its path relative to the folder ("github/push.schema.json"). Names that begin
 * with a dot are passed over, and so are *.example.json: data that satisfies the schema beside it. Bounded: 10,000
 * files, 16 MiB each, 16 folders deep. */
#ifndef SCHEMA_FOLDER_H
#define SCHEMA_FOLDER_H

#include "schema/schema.h"

/* The first file that cannot be read, is no JSON, or clashes with another ends it: ERR_INPUT or ERR_SYSTEM with its
 * name. */
int schema_set_add_folder(struct schema_set *s, const char *folder, struct err *e) MUST_CHECK;
/* One file, known by `name`. */
int schema_set_add_file(struct schema_set *s, const char *path, struct slice name, struct err *e) MUST_CHECK;
/* Registers the files that the "$ref"s and "$dynamicRef"s of registered files name, and those that they name in turn. A
 * file that is not there is left for the compiler to miss. For the command line: a gateway registers its folders and
 * nothing else. */
int schema_set_follow(struct schema_set *s, struct err *e) MUST_CHECK;
/* Does a file of this name hold a schema, as far as the name tells? */
bool schema_is_file(struct slice name);
#define SCHEMA_END ".schema.json"
#define SCHEMA_EXAMPLE_END ".example.json"
/* Appends the file:// URI of an absolute path. */
void schema_file_uri(struct buf *out, struct slice path);

#endif
