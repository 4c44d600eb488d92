/* verify/provider_fields.h - the fields of a provider, compiled. Private to verify/. */
#ifndef VERIFY_PROVIDER_FIELDS_H
#define VERIFY_PROVIDER_FIELDS_H

#include "verify/hmac.h"
#include "verify/provider.h"
#include "verify/signature.h"
#include "verify/timestamp.h"

enum encoding { ENCODING_HEX, ENCODING_BASE64, ENCODING_BASE64URL };
enum secret_decode { DECODE_UTF8, DECODE_BASE64, DECODE_HEX };

struct places {
    struct place *list;
    uint32_t count;
};

struct condition {
    struct place place;
    bool any;            /* it only has to be there */
    bool is_string;      /* PLACE_JSON: value is a string's text, else a number or boolean as written */
    struct slice value;
};

struct named_template {
    struct slice name;
    struct template value;
};

struct handshake {
    const char *name;
    struct slice method; /* empty: any */
    struct condition *when;
    uint32_t n_when;
    bool is_signed;
    int status;
    struct slice content_type; /* or empty */
    bool is_json;        /* values put into the body are JSON-escaped */
    struct named_template *headers;
    uint32_t n_headers;
    struct template body; /* no parts: no body */
};

struct provider {
    struct arena memory;
    struct owned *owned; /* pointers and templates to clear */
    struct slice id, name, docs, secret_what;
    bool secret_chosen;
    enum scheme scheme;

    const struct hash *hash; /* HMAC */
    enum encoding encoding;
    bool hex_any_case;
    struct places signature; /* the name, then names_alt */
    struct signature_form form;
    bool repeat;
    struct {
        bool present, in_signature;
        struct place place;  /* unless in_signature */
        enum timestamp_format format;
        int64_t tolerance_us; /* -1: no window */
    } timestamp;
    struct template *contents; /* the signature may match any */
    uint32_t n_contents;
    enum secret_decode decode;
    struct slice strip_prefix;

    struct places event_type, delivery_id;
    struct { struct slice from, to; } *event_map;
    uint32_t n_event_map;
    struct handshake *handshakes;
    uint32_t n_handshakes;
    struct slice *methods, *content_types;
    uint32_t n_methods, n_content_types;
    struct slice allow, form_json_field;
    struct pointer split;        /* no tokens: the body is one event */
    struct { bool present; int status; struct slice content_type, body; } ack;

    struct {
        struct named_template *headers; /* of every sample */
        uint32_t n_headers;
        struct { struct pointer at; struct template value; } *fresh;
        uint32_t n_fresh;
        struct { struct slice event, file; } *events;
        uint32_t n_events;
    } samples;
};

#endif
