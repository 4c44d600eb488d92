/* verify/provider_fields.h - the fields of a provider, compiled. Private to verify/. */
#ifndef VERIFY_PROVIDER_FIELDS_H
#define VERIFY_PROVIDER_FIELDS_H

#include "verify/condition.h"
#include "verify/encoding.h"
#include "verify/jwt.h"
#include "verify/provider.h"
#include "verify/signature.h"
#include "verify/timestamp.h"

enum secret_decode {
    DECODE_UTF8, DECODE_BASE64, DECODE_HEX, DECODE_SHA1, DECODE_PREFIXED_BASE64, DECODE_PEM, DECODE_SPKI
};

struct places {
    struct place *list;
    uint32_t count;
};

/* Places to look, in order; of each entry all parts have to be there, and are joined by ':'. */
struct choices {
    struct places *list;
    uint32_t count;
};

struct named_template {
    struct slice name;
    struct template value;
};

struct template_pair {
    struct template left, right;
};

struct handshake {
    const char *name;
    struct when when;
    bool is_signed;
    size_t challenge_max;      /* bytes that an unsigned request may have signed */
    struct template_pair *checks; /* each must be equal */
    uint32_t n_checks;
    struct places secret;      /* where the sender hands its secret over; count 0: nowhere */
    int status;
    struct slice content_type; /* or empty */
    bool is_json;        /* values put into the body are JSON-escaped */
    struct named_template *headers;
    uint32_t n_headers;
    struct template body; /* no parts: no body */
};

/* How deliveries are signed and named: the provider's own way, or that of a variant. */
struct way {
    struct when when;          /* of a variant */
    const struct hash *hash;   /* HMAC, digest, ECDSA, RSA */
    enum encoding encoding;
    bool hex_any_case;
    struct places signature;   /* the name, then names_alt */
    uint32_t numbered_max;     /* 0, or {n} in the name stands for 1 to this */
    const struct pointer *items; /* NULL, or every value there has to be signed: the places start at it */
    struct signature_form form; /* its key: without params put in */
    struct template key;       /* over the params */
    bool repeat;
    struct {
        bool present, in_signature;
        struct place place;  /* unless in_signature */
        enum timestamp_format format;
        int64_t tolerance_us; /* -1: no window */
    } timestamp;
    struct template *contents; /* the signature may match any */
    uint32_t n_contents;
    struct {
        bool present;
        struct place place;
        struct slice prefix;
        const struct hash *hash;
        enum encoding encoding;
    } body_digest;
    struct choices event_type, delivery_id;
};

struct answer {
    bool present;
    int status;
    struct slice content_type, body;
};

struct provider {
    struct arena memory;
    struct owned *owned; /* pointers and templates to clear */
    struct slice id, name, secret_what;
    enum scheme scheme;
    struct way *ways;          /* the provider's own, then its variants */
    uint32_t n_ways;
    enum secret_decode decode;
    struct slice strip_prefix;
    struct jwt_rules jwt;
    struct { struct slice name, what; } *params;
    uint32_t n_params;

    struct choices subject;
    struct { bool present; struct place place; enum timestamp_format format; } time;
    struct { struct slice from, to; } *event_map;
    uint32_t n_event_map;
    struct handshake *handshakes;
    uint32_t n_handshakes;
    struct slice *methods, *content_types;
    uint32_t n_methods, n_content_types;
    struct slice allow, form_json_field;
    struct pointer split;        /* no tokens: the body is one event */
    struct answer ack, refusal;

    struct {
        struct named_template *headers; /* of every sample */
        uint32_t n_headers;
        struct { struct pointer at; struct template value; } *fresh;
        uint32_t n_fresh;
        struct { struct slice event, file; } *events;
        uint32_t n_events;
    } samples;
};

/* The way that applies to this delivery. */
const struct way *provider_way(const struct provider *p, struct reading *r, struct buf *tmp);

#endif
