/* verify/provider_load.h - reading the parts of a provider that are lists of their own. Private to verify/. */
#ifndef VERIFY_PROVIDER_LOAD_H
#define VERIFY_PROVIDER_LOAD_H

#include "verify/provider_fields.h"

/* What has to be cleared besides the arena. */
struct owned {
    struct owned *next;
    struct pointer *pointer;
    struct template *template;
};

struct load {
    struct provider *p;
    const struct tree *t;
    struct issues *is;
    uint32_t root;
    uint32_t set; /* of the variant that is being read, or JSON_NONE */
};

/* A member of the provider, or of the variant that replaces it. */
uint32_t load_field(const struct load *l, const char *key);

/* A string of the tree, copied. */
struct slice load_text(struct load *l, uint32_t node);
/* The index of the member's word among names (NULL at the end), or `absent`. */
int load_word(struct load *l, uint32_t obj, const char *key, const char *const *names, int absent);
void load_pointer(struct load *l, uint32_t node, struct slice text, struct pointer *out);
/* The same where "*" stands for every element of an array. */
void load_star_pointer(struct load *l, uint32_t node, struct slice text, struct pointer *out);
void load_template(struct load *l, uint32_t node, struct slice text, const struct template_kind *kinds,
                   struct template *out);
void load_place(struct load *l, uint32_t node, enum place_in in, struct slice name, struct place *out);
/* {in, name} */
void load_place_object(struct load *l, uint32_t obj, struct place *out);
/* {name: template} */
struct named_template *load_named_templates(struct load *l, uint32_t obj, const struct template_kind *kinds,
                                            uint32_t *n);

const struct hash *load_hash(struct load *l, uint32_t obj, const char *key);
void load_choices(struct load *l, uint32_t array, struct choices *out);
struct slice *load_texts(struct load *l, uint32_t array, uint32_t *n);
void load_when(struct load *l, uint32_t when, struct when *out);

extern const char *const load_schemes[];   /* by enum scheme */
extern const char *const load_encodings[]; /* by enum encoding */

void load_ways(struct load *l);                      /* what is signed, and how: way_load.c */
void load_jwt(struct load *l);
void load_handshakes(struct load *l, uint32_t root); /* handshakes, ack, refusal */
void load_samples(struct load *l, uint32_t root);

#endif
