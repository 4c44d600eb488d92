/* schema/meta.h - inside schema/: a schema is itself checked, against the meta-schema of its dialect, before it is used. */
#ifndef SCHEMA_META_H
#define SCHEMA_META_H

#include "schema/compile.h"

/* Checks every document that the program was made of. ERR_INPUT: "file.json#/pointer: what is wrong". */
int meta_check_origins(struct compile *c) MUST_CHECK;

#endif
