/* The form is right, but nothing presented fits a secret. */
#include "verify/explain.h"

#include <stdlib.h>

#include "base/codec.h"
#include "verify/trial.h"

static const char *const encoding_words[] = {
    [ENCODING_HEX] = "hex", [ENCODING_BASE64] = "base64", [ENCODING_BASE64URL] = "base64url"
};

/* The signed content with the body, and whatever is secret, left out. */
static void put_content(struct explanation *x, const struct template *t)
{
    buf_puts(x->out, "- Signed is: ");
    for (uint32_t i = 0; i < t->count; i++) {
        const struct template_part *part = &t->parts[i];
        struct slice value;
        if (part->kind.len == 0)
            explain_put_shown(x->out, part->literal, 200);
        else if (part->code == CONTENT_BODY)
            buf_printf(x->out, "<body, %zu bytes>", x->c.content.body.len);
        else if (part->code == CONTENT_SECRET)
            buf_puts(x->out, "<secret>");
        else if (part->code == CONTENT_PARAM)
            buf_printf(x->out, "<param %.*s>", SLICE_FMT(part->arg));
        else if (content_value(&x->c.content, part, &value) == VERIFY_OK)
            explain_put_shown(x->out, value, 200);
        else
            buf_printf(x->out, "<no %.*s>", SLICE_FMT(part->kind));
    }
    buf_putc(x->out, '\n');
}

static size_t text_length(const struct hash *h, enum encoding e)
{
    return e == ENCODING_HEX ? 2 * h->len : e == ENCODING_BASE64 ? (h->len + 2) / 3 * 4 : (4 * h->len + 2) / 3;
}

static void put_lengths(struct explanation *x)
{
    const struct way *w = x->c.way;
    size_t wanted = text_length(w->hash, w->encoding);

    for (unsigned i = 0; i < x->c.s->presented.count && i < 3; i++) {
        size_t got = x->c.s->presented.list[i].len;
        if (got == wanted)
            continue;
        buf_printf(x->out, "- The signature has %zu characters; %s in %s has %zu.", got, w->hash->name,
                   encoding_words[w->encoding], wanted);
        for (const struct hash *h = hash_all; h < hash_all + HASH_N; h++)
            for (int e = ENCODING_HEX; e <= ENCODING_BASE64URL; e++)
                if (text_length(h, (enum encoding)e) == got)
                    buf_printf(x->out, " %s in %s has %zu.", h->name, encoding_words[e], got);
        buf_putc(x->out, '\n');
    }
}

/* What a text can be, by its characters: a signature of a public key has no length of its own. */
static void put_encodings(struct explanation *x)
{
    for (unsigned i = 0; i < x->c.s->presented.count && i < 3; i++) {
        struct slice text = x->c.s->presented.list[i];
        bool any = false;
        buf_reset(&x->c.s->decoded);
        if (encoding_decode(x->c.way->encoding, text, &x->c.s->decoded) >= 0)
            continue;
        buf_printf(x->out, "- The signature is not %s, which is expected", encoding_words[x->c.way->encoding]);
        for (int e = ENCODING_HEX; e <= ENCODING_BASE64URL && !any; e++) {
            buf_reset(&x->c.s->decoded);
            any = encoding_decode((enum encoding)e, text, &x->c.s->decoded) >= 0;
            if (any)
                buf_printf(x->out, "; it can be read as %s", encoding_words[e]);
        }
        buf_puts(x->out, ".\n");
    }
}

static bool is_public(enum scheme scheme)
{
    return scheme == SCHEME_ED25519 || scheme == SCHEME_ECDSA || scheme == SCHEME_RSA;
}

/* Fields that are signed, of a body that was not read as a form. */
static void put_no_form(struct explanation *x)
{
    const struct delivery *d = x->c.content.reading->delivery;

    if (d->body.len == 0 || delivery_is_form(d))
        return;
    for (uint32_t i = 0; i < x->c.way->n_contents; i++) {
        const struct template *t = &x->c.way->contents[i];
        for (uint32_t k = 0; k < t->count; k++) {
            if (t->parts[k].kind.len && t->parts[k].code == CONTENT_FORM_SORTED) {
                buf_puts(x->out, "- Form fields are signed, and the body is read as a form only with the header Content-Type: "
                                 "application/x-www-form-urlencoded.\n");
                return;
            }
        }
    }
}

static void explain_signature(struct explanation *x)
{
    struct trial t = { .c = &x->c, .out = x->out };
    enum scheme scheme = x->c.v->provider->scheme;

    for (uint32_t i = 0; i < x->c.way->n_contents; i++)
        put_content(x, &x->c.way->contents[i]);
    if (is_public(scheme))
        put_encodings(x);
    else
        put_lengths(x);
    if (trial_run(&t) || trial_providers(x->c.v, x->c.content.reading->delivery, x->c.now_us, x->out))
        return;
    buf_printf(x->out,
               "- Also tried without success: other hashes and encodings; the body with and without a last newline, with "
               "other line ends, as libraries print JSON, form-decoded; %s.\n"
               "- So the %s is another one, or the body was changed on the way (it has %zu bytes here: compare that with "
               "Content-Length).\n",
               is_public(scheme) ? "other forms of the signature" : "the secret decoded and not decoded",
               is_public(scheme) ? "key" : "secret", x->c.content.body.len);
    put_no_form(x);
    if (provider_uses_url(x->c.v->provider))
        buf_puts(x->out, "- The URL is signed: is --url exactly what the sender has registered? Tried were http and https, "
                         "with and without the port, a last slash and the query.\n");
}

static struct slice without_space(struct slice s)
{
    while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
        s.len--;
    while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
        s = slice_from(s, 1);
    return s;
}

/* Without the word of an authorization scheme. */
static struct slice without_word(struct slice s)
{
    static const char *const words[] = { "Bearer ", "Token ", "Basic ", NULL };
    for (const char *const *w = words; *w; w++)
        if (slice_starts_nocase(s, slice_z(*w)))
            return slice_from(s, strlen(*w));
    return s;
}

static bool is_base64_of(struct slice text, struct slice secret)
{
    char *encoded = mem_alloc(BASE64_LEN(secret.len) + 1);
    bool same = slice_eq(text, slice_of(encoded, base64_encode(secret, encoded)));
    mem_wipe(encoded, BASE64_LEN(secret.len));
    free(encoded);
    return same;
}

/* How a value nearly is the secret, or NULL. */
static const char *nearly(struct slice got, struct slice secret)
{
    if (slice_eq(without_space(got), without_space(secret)))
        return "It would match without the white space around the secret";
    if (slice_eq(got, without_word(secret)))
        return "It would match if the secret had no Bearer, Token or Basic before it";
    if (slice_eq(without_word(got), secret))
        return "It would match without the Bearer, Token or Basic before the value";
    if (slice_eq_nocase(got, secret))
        return "It differs from the secret in upper and lower case only";
    if (is_base64_of(got, secret))
        return "It is the secret in base64";
    return is_base64_of(secret, got) ? "The secret is the value in base64" : NULL;
}

/* Lengths only: the value may be almost the secret. */
static void explain_token(struct explanation *x)
{
    for (unsigned i = 0; i < x->c.s->presented.count; i++) {
        struct slice got = x->c.s->presented.list[i];
        for (size_t k = 0; k < x->c.v->n_keys; k++) {
            const struct key *key = &x->c.checker->keys[k];
            const char *how = nearly(got, slice_of(key->bytes, key->len));
            if (how)
                buf_printf(x->out, "- %s.\n", how);
            else
                buf_printf(x->out, "- The value has %zu characters; the secret has %zu.\n", got.len, key->len);
        }
    }
}

static void explain_basic_one(struct explanation *x, struct slice got, struct slice secret)
{
    struct slice user, password, right_user, right_password;

    if (!slice_cut(got, ':', &user, &password)) {
        buf_puts(x->out, "- The decoded credentials have no ':' between user and password.\n");
        return;
    }
    slice_cut(secret, ':', &right_user, &right_password);
    if (slice_eq(user, right_user))
        buf_printf(x->out, "- The user is right; the password has %zu characters, that of the secret %zu.\n", password.len,
                   right_password.len);
    else if (slice_eq(password, right_password))
        buf_puts(x->out, "- The password is right; the user is another one.\n");
    else
        buf_puts(x->out, "- User and password are not those of the secret (user:password).\n");
    if (slice_eq(without_space(got), without_space(secret)))
        buf_puts(x->out, "- It would match without the white space around the secret.\n");
}

static void explain_basic(struct explanation *x)
{
    for (unsigned i = 0; i < x->c.s->presented.count; i++) {
        struct buf plain;
        buf_init(&plain, SHORT_VALUE_MAX);
        if (encoding_decode(ENCODING_BASE64, x->c.s->presented.list[i], &plain) < 0)
            buf_puts(x->out, "- What follows Basic has to be user:password in base64, padded with '='.\n");
        for (size_t k = 0; plain.len && k < x->c.v->n_keys; k++)
            explain_basic_one(x, buf_slice(&plain), slice_of(x->c.checker->keys[k].bytes, x->c.checker->keys[k].len));
        if (plain.len)
            mem_wipe(plain.ptr, plain.len);
        buf_clear(&plain);
    }
}

void explain_form(struct explanation *x)
{
    struct trial t = { .c = &x->c, .out = x->out };
    enum scheme scheme = x->c.v->provider->scheme;
    struct slice value = x->c.s->presented.list[0];

    if (is_public(scheme)) {
        put_encodings(x);
        trial_run(&t);
    } else if (scheme == SCHEME_BASIC) {
        explain_basic(x);
    } else if (scheme == SCHEME_JWT && x->c.s->presented.count == 1 && without_word(value).len < value.len) {
        buf_puts(x->out, "- There is a word such as Bearer before the token; this provider sends the token alone.\n");
    }
}

void explain_contents(struct explanation *x)
{
    switch (x->c.v->provider->scheme) {
    case SCHEME_TOKEN:
        explain_token(x);
        break;
    case SCHEME_BASIC:
        explain_basic(x);
        break;
    case SCHEME_JWT:
        explain_token_signature(x);
        break;
    default:
        explain_signature(x);
    }
}
