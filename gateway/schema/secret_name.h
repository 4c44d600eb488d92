/* schema/secret_name.h - inside schema/: names whose values are nobody's business. docs/json-schema.md lists them. */
#ifndef SCHEMA_SECRET_NAME_H
#define SCHEMA_SECRET_NAME_H

#include "base/slice.h"

/* Does a name in the text (a JSON Pointer, a name, JSON) say that what it names is secret: a password, token, key …? */
bool secret_name_in(struct slice path);

#endif
