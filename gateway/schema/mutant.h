/* schema/mutant.h - inside schema/: for a test of the tests. With --enable-test-hooks one kind of instruction can be told
 * to give the opposite answer, and then some test must fail; without it nothing of this is compiled. */
#ifndef SCHEMA_MUTANT_H
#define SCHEMA_MUTANT_H

#include "config.h"
#include "schema/schema.h"

enum mutant {
    MUTANT_NONE,
    MUTANT_ACCEPTS,
    MUTANT_SETTLES,
    MUTANT_INTEGER,
    MUTANT_WITHIN,
    MUTANT_MINIMUM, /* in the order of enum bound */
    MUTANT_EXCLUSIVE_MINIMUM,
    MUTANT_MAXIMUM,
    MUTANT_EXCLUSIVE_MAXIMUM,
    MUTANT_MULTIPLE_OF,
    MUTANT_MIN_LENGTH,
    MUTANT_MAX_LENGTH,
    MUTANT_PATTERN,
    MUTANT_FORMAT,
    MUTANT_ENUM,
    MUTANT_CONST,
    MUTANT_MIN_ITEMS,
    MUTANT_MAX_ITEMS,
    MUTANT_PREFIX_ITEMS,
    MUTANT_ITEMS,
    MUTANT_CONTAINS,
    MUTANT_UNIQUE_ITEMS,
    MUTANT_MIN_PROPERTIES,
    MUTANT_MAX_PROPERTIES,
    MUTANT_MISFITS,
    MUTANT_PROPERTIES,
    MUTANT_KEY_PATTERN,
    MUTANT_PATTERN_PROPERTIES,
    MUTANT_ADDITIONAL_PROPERTIES,
    MUTANT_PROPERTY_NAMES,
    MUTANT_REQUIRED,
    MUTANT_DEPENDENT_REQUIRED,
    MUTANT_DEPENDENT_SCHEMAS,
    MUTANT_REFERENCE,
    MUTANT_ALL_OF,
    MUTANT_UNION,
    MUTANT_UNLIKE,
    MUTANT_SELECT,
    MUTANT_NOT,
    MUTANT_IF,
    MUTANT_MARK,
    MUTANT_UNEVALUATED,
    MUTANT_MEMO,
    MUTANT_COUNT
};

#ifdef ENABLE_TEST_HOOKS
extern enum mutant schema_mutant;
static inline bool mutated(enum mutant m, bool answer)
{
    return answer != (schema_mutant == m);
}
static inline enum schema_verdict mutated_verdict(enum mutant m, enum schema_verdict v)
{
    if (schema_mutant != m || v == SCHEMA_LIMIT)
        return v;
    return v == SCHEMA_VALID ? SCHEMA_INVALID : SCHEMA_VALID;
}
#else
#define mutated(m, answer) (answer)
#define mutated_verdict(m, v) (v)
#endif

#endif
