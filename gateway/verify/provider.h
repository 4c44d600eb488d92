/* verify/provider.h - how a kind of sender signs, names its events and identifies deliveries: pure data, from
 * conf/providers/<id>.yaml, a folder of the user's, or the fields spelled out in a source.
 * The fields and their meaning: docs/provider-files.md and schemas/hooklatch/provider.schema.json. Frozen after loading. */
#ifndef VERIFY_PROVIDER_H
#define VERIFY_PROVIDER_H

#include "config/tree.h"
#include "json/template.h"
#include "verify/reading.h"

enum scheme {
    SCHEME_NONE, SCHEME_HMAC, SCHEME_DIGEST, SCHEME_ED25519, SCHEME_ECDSA, SCHEME_RSA, SCHEME_TOKEN, SCHEME_BASIC,
    SCHEME_JWT, SCHEME_MTLS,
};

struct place {
    enum place_in { PLACE_HEADER, PLACE_QUERY, PLACE_FORM, PLACE_JSON, PLACE_ITEM } in;
    struct slice name;
    struct pointer pointer; /* PLACE_JSON, from the root; PLACE_ITEM, from the reading's item */
};

extern const char *const place_words[]; /* by enum place_in; ends with NULL */

struct provider; /* private to verify/, but for what these give */

/* node: an object with the provider's fields (the root of a provider file; a source's `verify`), or the string none.
 * Checks against provider.schema.json itself. Issues carry its lines. Copies what it needs of the tree. NULL with
 * issues. */
struct provider *provider_load(const struct tree *t, uint32_t node, struct issues *is);
/* From the command line: an embedded provider's id, or the path of a file that ends in .yaml. NULL with issues; hint: the
 * nearest id. */
struct provider *provider_open(struct slice id_or_file, struct issues *is);
void provider_free(struct provider *p);

struct slice provider_id(const struct provider *p);   /* empty for fields spelled out in a source */
struct slice provider_name(const struct provider *p); /* "GitHub"; the id when the file gives none */
struct slice provider_secret_what(const struct provider *p); /* what to ask the user for: "webhook secret" */
enum scheme provider_scheme(const struct provider *p);
const char *provider_scheme_name(const struct provider *p); /* "hmac" */
/* Are secrets what proves who sent it? (Not for none and mtls.) */
bool provider_needs_secret(const struct provider *p);
/* Does the sender hand its secret over in a handshake? */
bool provider_hands_secret(const struct provider *p);
/* The i-th further setting that a source must give; an empty name at the end. what: what to ask the user for. */
struct slice provider_param(const struct provider *p, size_t i, struct slice *what);
/* What its signatures guard against, in its weakest way: bits. */
enum provider_guard { GUARD_REPLAY = 1, GUARD_BODY = 2, GUARD_BODY_DIGEST = 4 };
unsigned provider_guards(const struct provider *p);
/* Does the provider sign the public URL (then somebody must say what it is)? */
bool provider_uses_url(const struct provider *p);
/* Does the provider accept this method for deliveries? (POST unless it says more.) */
bool provider_method_ok(const struct provider *p, struct slice method);
/* May a request with this method be a handshake? Where provider_method_ok says no and this says yes, ask
 * verify_delivery: what is then no VERIFY_HANDSHAKE is 405. */
bool provider_method_handshake(const struct provider *p, struct slice method);
/* For an Allow header: "POST", "GET, POST". Methods of deliveries and of handshakes. */
struct slice provider_allow(const struct provider *p);
/* A content type that is not among them is 415. An absent type is taken as the first one. */
bool provider_content_type_ok(const struct provider *p, const struct delivery *d);
/* "application/json, application/x-www-form-urlencoded" */
void provider_put_content_types(const struct provider *p, struct buf *out);
struct slice provider_form_json_field(const struct provider *p); /* or empty */
/* Where the values are that are events of their own (pointer_all), or NULL: the body is one. */
const struct pointer *provider_split(const struct provider *p);
/* Of the reading's item. The provider's own value, mapped where the preset maps it ("Push Hook" → "push"). Empty when absent.
 * Good until the reading or tmp changes. */
struct slice provider_event_type(const struct provider *p, struct reading *r, struct buf *tmp);
/* What the delivery id is looked for in first: nowhere, something that all items of a body share, or the item. */
enum id_from { ID_FROM_NOWHERE, ID_FROM_DELIVERY, ID_FROM_ITEM };
enum id_from provider_id_from(const struct provider *p);
struct slice provider_delivery_id(const struct provider *p, struct reading *r, struct buf *tmp);
struct slice provider_subject(const struct provider *p, struct reading *r, struct buf *tmp);
/* When it happened; false when the provider does not say, or not readably. */
bool provider_time(const struct provider *p, struct reading *r, struct buf *tmp, int64_t *us);
/* p may be NULL (no known source). Headers of the sender's secrets or signatures (never to be stored): is this one? Authorization, Cookie and the like
 * always. */
bool provider_header_is_secret(const struct provider *p, struct slice name);
/* The answer that the provider wants to a stored or duplicate delivery: false when it has none. */
bool provider_ack(const struct provider *p, int *status, struct slice *content_type, struct slice *body);
bool provider_has_refusal(const struct provider *p);
/* The same for a delivery whose signature is wrong. */
bool provider_refusal(const struct provider *p, int *status, struct slice *content_type, struct slice *body);

#endif
