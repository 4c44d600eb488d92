#include "verify/provider_words.h"

#include "json/template.h"

#define TEXT_MAX (1u << 20)

struct word {
    const char *key, *text;
};

static const struct word certainties[] = {
    { "sdk", "the vendor's own package was read, and run where it verifies" },
    { "vendor-source", "so says other code of the vendor's" },
    { "vendor-doc", "so says a page of the vendor's, or the standard" },
    { "cross", "two or more independent implementations agree" },
    { "single", "one implementation or listing was read" },
    { "unverified", "general knowledge: try it before you rely on it" },
    { NULL, NULL },
};

static const struct word schemes[] = {
    { "hmac", "HMAC-%s" },
    { "digest", "plain %s, no HMAC," },
    { "ed25519", "Ed25519" },
    { "ecdsa-p256", "ECDSA P-256 with %s" },
    { "rsa", "RSA (PKCS #1 v1.5) with %s" },
    { "token", "a fixed token" },
    { "basic", "HTTP Basic, user and password" },
    { "jwt", "a signed token (JWT)" },
    { "mtls", "the client's certificate" },
    { "none", "nothing is signed" },
    { NULL, NULL },
};

static const struct word hashes[] = {
    { "sha1", "SHA-1" }, { "sha256", "SHA-256" }, { "sha384", "SHA-384" }, { "sha512", "SHA-512" }, { NULL, NULL },
};

static const struct word encodings[] = {
    { "hex", "hexadecimal" }, { "base64", "base64" }, { "base64url", "base64url" }, { NULL, NULL },
};

static const struct word places[] = {
    { "header", "the header `%s`" }, { "query", "`%s` of the query" }, { "form", "the form field `%s`" },
    { "json", "`%s` of the body" },  { "item", "`%s` of the item" },   { NULL, NULL },
};

static const char *word_of(const struct word *words, struct slice key, const char *absent)
{
    for (; words->key; words++)
        if (slice_eq_z(key, words->key))
            return words->text;
    return absent;
}

const char *words_certainty(struct slice verified)
{
    return word_of(certainties, verified, "the file does not say where its facts come from");
}

/* "… %s …" of the tables above. */
static void put_with(struct buf *out, const char *form, const char *value)
{
    const char *at = strstr(form, "%s");

    if (!at) {
        buf_puts(out, form);
        return;
    }
    buf_put(out, slice_of(form, (size_t)(at - form)));
    buf_puts(out, value);
    buf_puts(out, at + 2);
}

static bool is_object(const struct tree *t, uint32_t node)
{
    return node != JSON_NONE && json_type_of(&t->doc, node) == JSON_OBJECT;
}

/* The first element of the member, an array; 0 when there is none. *end: behind the last. */
static uint32_t elements(const struct tree *t, uint32_t obj, const char *key, uint32_t *end)
{
    uint32_t list = tree_get(t, obj, key);

    if (list == JSON_NONE || json_type_of(&t->doc, list) != JSON_ARRAY || json_count(&t->doc, list) == 0)
        return *end = 0;
    *end = json_end(&t->doc, list);
    return list + 1;
}

static void put_place(const struct tree *t, uint32_t place, struct arena *a, struct buf *out)
{
    put_with(out, word_of(places, tree_text(t, place, "in", a), "the header `%s`"), tree_text(t, place, "name", a).ptr);
}

static void put_several(const struct tree *t, uint32_t place, struct arena *a, struct buf *out)
{
    uint32_t end, i = elements(t, place, "all", &end);
    const char *between = "";

    if (i == end)
        put_place(t, place, a, out);
    for (; i < end; i = json_next(&t->doc, i)) {
        buf_puts(out, between);
        put_place(t, i, a, out);
        between = " with ";
    }
}

void words_put_time(const struct tree *t, struct buf *out)
{
    uint32_t time = tree_get(t, 0, "time");
    struct arena a;

    if (!is_object(t, time))
        return;
    arena_init(&a);
    put_place(t, time, &a, out);
    struct slice format = tree_text(t, time, "format", &a);
    if (format.len)
        buf_printf(out, " (%.*s)", SLICE_FMT(format));
    arena_clear(&a);
}

void words_put_places(const struct tree *t, const char *key, struct buf *out)
{
    uint32_t end, i = elements(t, 0, key, &end);
    const char *between = "";
    struct arena a;

    arena_init(&a);
    for (; i < end; i = json_next(&t->doc, i)) {
        buf_puts(out, between);
        put_several(t, i, &a, out);
        between = ", else ";
    }
    arena_clear(&a);
}

/* " of the body", " of `{timestamp}.{body}` or `…`" */
static void put_contents(const struct tree *t, struct arena *a, struct buf *out)
{
    uint32_t end, i = elements(t, 0, "signed_content", &end);
    const char *before = " of ";

    for (; i < end; i = json_next(&t->doc, i)) {
        struct slice text = tree_string(t, i, a);
        if (slice_eq_z(text, "{body}")) {
            buf_printf(out, "%sthe body", before);
        } else {
            buf_printf(out, "%s`", before);
            for (size_t k = 0; k < text.len; k++)
                text.ptr[k] == '\n' ? buf_puts(out, "\\n") : buf_putc(out, text.ptr[k]);
            buf_putc(out, '`');
        }
        before = " or of ";
    }
}

static struct slice shown(struct slice separator)
{
    return slice_eq_z(separator, " ") ? SLICE("spaces") : separator;
}

static const char *quote(struct slice separator)
{
    return slice_eq_z(separator, " ") ? "" : "`";
}

/* " after sha256=": the items `v1=…` between `,`" */
static void put_form(const struct tree *t, uint32_t signature, struct arena *a, struct buf *out)
{
    struct slice format = tree_text(t, signature, "format", a), prefix = tree_text(t, signature, "prefix", a),
                 key = tree_text(t, signature, "key", a), separator = tree_text(t, signature, "separator", a),
                 kv = tree_text(t, signature, "kv", a);

    if (prefix.len)
        buf_printf(out, " after `%.*s`", SLICE_FMT(slice_trim(prefix)));
    if (slice_eq_z(format, "pairs"))
        buf_printf(out, ": the items `%.*s%.*s…` between %s%.*s%s", SLICE_FMT(key), SLICE_FMT(kv), quote(separator),
                   SLICE_FMT(shown(separator)), quote(separator));
    if (slice_eq_z(format, "list"))
        buf_printf(out, ": a list between `%.*s`", SLICE_FMT(separator));
}

static void put_where(const struct tree *t, struct arena *a, struct buf *out)
{
    uint32_t signature = tree_get(t, 0, "signature"), end, i;

    if (!is_object(t, signature))
        return;
    buf_puts(out, ", in ");
    put_place(t, signature, a, out);
    for (i = elements(t, signature, "names_alt", &end); i < end; i = json_next(&t->doc, i))
        buf_printf(out, " or `%s`", tree_string(t, i, a).ptr);
    if (tree_int(t, signature, "numbered_max", 0))
        buf_printf(out, " (n from 1 to %lld)", (long long)tree_int(t, signature, "numbered_max", 0));
    put_form(t, signature, a, out);
}

/* What a token says about the request. */
static void put_jwt(const struct tree *t, struct arena *a, struct buf *out)
{
    uint32_t jwt = tree_get(t, 0, "jwt"), end, i;
    const char *before = " by ";

    if (!is_object(t, jwt))
        return;
    for (i = elements(t, jwt, "algs", &end); i < end; i = json_next(&t->doc, i)) {
        buf_printf(out, "%s%s", before, tree_string(t, i, a).ptr);
        before = ", ";
    }
    if (tree_get(t, jwt, "body_claim") != JSON_NONE)
        buf_puts(out, " that holds the body's digest");
    if (tree_get(t, jwt, "url_claim") != JSON_NONE)
        buf_puts(out, tree_get(t, jwt, "body_claim") != JSON_NONE ? " and the URL" : " that holds the URL");
}

void words_put_signature(const struct tree *t, struct buf *out)
{
    struct arena a;

    arena_init(&a);
    struct slice encoding = tree_text(t, 0, "encoding", &a);
    put_with(out, word_of(schemes, tree_text(t, 0, "scheme", &a), "?"),
             word_of(hashes, tree_text(t, 0, "hash", &a), "SHA-256"));
    put_jwt(t, &a, out);
    put_contents(t, &a, out);
    if (encoding.len)
        buf_printf(out, ", %s", word_of(encodings, encoding, "?"));
    put_where(t, &a, out);
    arena_clear(&a);
}

void words_put_window(const struct tree *t, struct buf *out)
{
    uint32_t timestamp = tree_get(t, 0, "timestamp"), jwt = tree_get(t, 0, "jwt");
    int64_t tolerance = is_object(t, timestamp) ? tree_int(t, timestamp, "tolerance_s", -1) : -1;

    if (tolerance >= 0)
        buf_printf(out, "%lld s", (long long)tolerance);
    else if (is_object(t, jwt))
        buf_puts(out, "exp and nbf of the token");
    else
        buf_puts(out, is_object(t, timestamp) ? "not checked" : "no time");
}

void words_put_handshakes(const struct tree *t, struct buf *out)
{
    uint32_t end, i = elements(t, 0, "handshakes", &end);
    const char *between = "";
    struct arena a;

    arena_init(&a);
    for (; i < end; i = json_next(&t->doc, i)) {
        uint32_t when = tree_get(t, i, "when");
        struct slice method = is_object(t, when) ? tree_text(t, when, "method", &a) : SLICE_NONE;
        buf_printf(out, "%s%s (%s%s%s)", between, tree_text(t, i, "name", &a).ptr, method.len ? method.ptr : "",
                   method.len ? ", " : "",
                   tree_get(t, i, "secret") != JSON_NONE                    ? "hands over the secret" :
                   slice_eq_z(tree_text(t, i, "signed", &a), "no") ? "unsigned" :
                                                                              "signed");
        between = ", ";
    }
    arena_clear(&a);
}

static int put_url(const struct template_part *part, struct buf *out, void *arg)
{
    const struct slice *url = arg;

    (void)part;
    buf_put(out, *url);
    return 0;
}

void words_put_setup(const struct tree *t, struct slice url, struct buf *out)
{
    static const struct template_kind kinds[] = { { "url", TEMPLATE_ARG_NONE }, { NULL, TEMPLATE_ARG_NONE } };
    struct template setup;
    struct arena a;
    struct err e;

    arena_init(&a);
    struct slice text = tree_text(t, 0, "setup", &a);
    if (text.len && template_init(&setup, text, kinds, 0, &e) == 0) {
        if (template_render(&setup, put_url, &url, out))
            buf_puts(out, "?");
        template_clear(&setup);
    } else {
        buf_put(out, text); /* no template: as it stands */
    }
    arena_clear(&a);
}

bool words_unsigned(const struct tree *t)
{
    uint32_t scheme = tree_get(t, 0, "scheme");

    return scheme != JSON_NONE && json_string_eq(&t->doc, scheme, SLICE("none"));
}

bool words_secret_by_handshake(const struct tree *t)
{
    uint32_t end, i = elements(t, 0, "handshakes", &end);

    for (; i < end; i = json_next(&t->doc, i))
        if (tree_get(t, i, "secret") != JSON_NONE)
            return true;
    return false;
}

bool words_secret_is_file(const struct tree *t)
{
    uint32_t secret = tree_get(t, 0, "secret"), decode = is_object(t, secret) ? tree_get(t, secret, "decode") : JSON_NONE;

    return decode != JSON_NONE && json_string_eq(&t->doc, decode, SLICE("pem"));
}

static void put_params(const struct tree *t, const char *indent, struct arena *a, struct buf *out)
{
    uint32_t params = tree_get(t, 0, "params");

    if (!is_object(t, params))
        return;
    buf_printf(out, "%sparams:\n", indent);
    for (uint32_t k = params + 1; k < json_end(&t->doc, params); k = json_next(&t->doc, k + 1))
        buf_printf(out, "%s  %s: \"\"   # %s\n", indent, tree_string(t, k, a).ptr, tree_string(t, k + 1, a).ptr);
}

void words_put_settings(const struct tree *t, const char *env, const char *indent, struct buf *out)
{
    struct arena a;

    arena_init(&a);
    if (words_unsigned(t))
        buf_printf(out, "%sverify: none\n%spath_token: {env: %s}   # nothing is signed: the URL is the secret\n", indent, indent,
                   env);
    else if (slice_eq_z(tree_text(t, 0, "scheme", &a), "mtls"))
        buf_printf(out, "%sclient_certificate: {subjects: [\"DNS:partner.example\"]}   # whose it is\n", indent);
    else if (words_secret_by_handshake(t))
        buf_printf(out, "%ssecrets: handshake   # the sender hands it over in its first request\n", indent);
    else if (words_secret_is_file(t))
        buf_printf(out, "%ssecrets: [{file: %.*s.pem}]   # the sender's public key\n", indent, SLICE_FMT(tree_text(t, 0, "id", &a)));
    else
        buf_printf(out, "%ssecrets: [{env: %s}]\n", indent, env);
    put_params(t, indent, &a, out);
    if (tree_get(t, 0, "delivery_id") == JSON_NONE)
        buf_printf(out, "%s# dedupe: {by: body}   # it has no delivery ids: without this, what is sent again is a new event\n",
                   indent);
    arena_clear(&a);
}

char *provider_env_name(struct slice id)
{
    struct buf name;

    buf_init(&name, TEXT_MAX);
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        buf_putc(&name, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c >= '0' && c <= '9' ? c : '_');
    }
    buf_puts(&name, slice_ends(id, SLICE("webhooks")) ? "_SECRET" : "_WEBHOOK_SECRET");
    return buf_take(&name, NULL);
}
