/* schema/report.h - inside schema/: the walk that makes the list of errors of a payload that failed. */
#ifndef SCHEMA_REPORT_H
#define SCHEMA_REPORT_H

#include "schema/run.h"

struct found {
    struct schema_error error;
    enum keyword kw;
    unsigned depth; /* instance levels below the root */
    unsigned types; /* KW_TYPE: what was expected */
    bool integer_only;
};

struct found_list {
    VEC(struct found) found;
};

struct reporter {
    struct run run;
    struct arena *memory;
    struct found_list *list; /* where errors go */
    const struct found_list *shown; /* the outermost: the others are of branches, and may be thrown away */
    struct buf instance, keyword, message;
    unsigned depth;
    unsigned hints;
    size_t bytes; /* that paths may still take */
    bool secret;  /* inside something write-only, or below a name that says so */
    size_t max;      /* errors wanted in the list */
    uint32_t budget; /* errors that may still be made, shown or not */
    bool more;
    struct found dropped; /* where an error goes that is one too many: written, never read */
};

/* A step down and back: both paths are cut where they were. A path that grew past its ceiling stays short. */
struct step {
    size_t instance, keyword;
    bool secret;
};
static inline struct step report_step(const struct reporter *r)
{
    return (struct step){ r->instance.len, r->keyword.len, r->secret };
}
static inline void report_back(struct reporter *r, struct step s)
{
    r->instance.len = s.instance;
    r->keyword.len = s.keyword;
    r->secret = s.secret;
    r->instance.failed = r->keyword.failed = false;
}
/* Appends the name of the KEY at k to one of the paths. What is below a secret name of the instance is secret. */
void report_put_key(struct reporter *r, struct buf *path, uint32_t k);

/* Walks the node's keywords and adds an error for each that fails. */
void report_edge(struct reporter *r, uint32_t edge, uint32_t n);
/* The same for a value one level down: the two paths are already extended. */
void report_below(struct reporter *r, uint32_t edge, uint32_t n);
/* Adds an error with the text in r->message, of that keyword of the node. KW_COUNT: the schema is false. */
struct found *report_add(struct reporter *r, const struct node *p, enum keyword kw, uint32_t n);
/* The absolute location of one of the node's keywords, in r->memory. */
struct slice report_absolute(struct reporter *r, const struct node *p, struct slice keyword);
/* Is the value at hand one that messages must not show? p: the schema it failed. */
bool report_is_secret(const struct reporter *r, const struct node *p);
/* Appends the value at n to the message, shortened; of a secret only what kind it is. */
void report_value(struct reporter *r, const struct node *p, uint32_t n);
/* Starts a message. */
struct buf *report_say(struct reporter *r);
bool report_done(const struct reporter *r);

void report_array(struct reporter *r, const struct node *p, uint32_t n);
void report_object(struct reporter *r, const struct node *p, uint32_t n);
void report_logic(struct reporter *r, const struct node *p, const struct logic *l, uint32_t n);
void report_unevaluated(struct reporter *r, const struct node *p, uint32_t n);

#endif
