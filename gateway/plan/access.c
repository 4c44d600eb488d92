#include "plan/build.h"

#include <stdlib.h>

#define TOKEN_MAX 256

static const char cidr_hint[] = "for example 192.0.2.0/24, 2001:db8::/32, or one address: 203.0.113.7";

struct cidr *build_cidrs(struct build *b, uint32_t list, size_t *n)
{
    const struct json_doc *d = &b->t->doc;
    struct err e;

    *n = 0;
    if (list == JSON_NONE)
        return NULL;
    struct cidr *nets = arena_alloc(b->memory, (json_count(d, list) + 1) * sizeof *nets);
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        if (cidr_parse(tree_string(b->t, i, &b->scratch), &nets[*n], &e) == 0)
            ++*n;
        else
            tree_error(b->t, i, b->is, cidr_hint, "%s", e.text);
    }
    return nets;
}

static bool is_loopback_only(struct slice address)
{
    return slice_starts(address, SLICE("127.")) || slice_starts(address, SLICE("[::1]"));
}

/* Behind a proxy of this machine everybody has the address of this machine. */
static void check_allow(struct build *b, uint32_t list, const struct access *a)
{
    const struct settings *s = &b->plan->settings;
    struct ip v4, v6;

    if (!a->n_allow || s->n_trusted_proxies || !is_loopback_only(s->ingest.address) ||
        ip_parse(SLICE("127.0.0.1"), &v4) || ip_parse(SLICE("::1"), &v6) || cidr_has(a->allow, a->n_allow, &v4) ||
        cidr_has(a->allow, a->n_allow, &v6))
        return;
    tree_warn(b->t, list, b->is, "name the proxy that stands before it in trusted_proxies: [127.0.0.1]",
              "all deliveries come from this machine, where listen.ingest is, and will be refused");
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

/* What is wrong with it as a part of a path that nobody should guess, or NULL. */
static const char *token_fault(const struct secret *token)
{
    if (token->len < PATH_TOKEN_MIN || token->len > TOKEN_MAX)
        return "has not 16 to 256 characters";
    for (size_t i = 0; i < token->len; i++) {
        if (!token->bytes[i] || !is_unreserved(token->bytes[i]))
            return "has other characters than letters, digits and - . _ ~";
    }
    return NULL;
}

static void read_token(struct build *b, uint32_t node, struct access *a)
{
    struct secret *token = &a->path_tokens[a->n_path_tokens];

    if (secret_read(token, b->t, node, b->is))
        return;
    const char *fault = token_fault(token);
    if (fault)
        tree_error(b->t, node, b->is, "make one with: openssl rand -hex 24", "the path token %s %s", token->label, fault);
    a->n_path_tokens++;
}

/* One secret, or a list of them. */
static void read_tokens(struct build *b, uint32_t node, struct access *a)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t of = tree_get(b->t, node, "path_token");

    if (of == JSON_NONE)
        return;
    bool list = json_type_of(d, of) == JSON_ARRAY;
    a->path_tokens = mem_zalloc((list ? json_count(d, of) : 1) * sizeof *a->path_tokens);
    if (!list)
        read_token(b, of, a);
    for (uint32_t i = of + 1; list && i < json_end(d, of); i = json_next(d, i))
        read_token(b, i, a);
}

static void read_suffixes(struct build *b, uint32_t node, struct access *a)
{
    uint32_t of = tree_get(b->t, node, "path_suffix");

    if (of == JSON_NONE)
        return;
    if (json_type_of(&b->t->doc, of) == JSON_ARRAY)
        a->suffixes = build_strings(b->t, b->is, of, b->memory, &a->n_suffixes);
    else
        a->any_suffix = json_string_eq(&b->t->doc, of, SLICE("any"));
}

static void read_subjects(struct build *b, uint32_t node, const struct source *s, struct access *a)
{
    uint32_t certificate = tree_get(b->t, node, "client_certificate");

    if (certificate == JSON_NONE) {
        if (s->provider && provider_scheme(s->provider) == SCHEME_MTLS)
            tree_error(b->t, node, b->is, "add client_certificate: {subjects: [\"DNS:partner.example\"]}",
                       "nothing says whose certificate proves who sent its webhooks");
        return;
    }
    a->subjects = build_strings(b->t, b->is, tree_get(b->t, certificate, "subjects"), b->memory, &a->n_subjects);
    if (!b->plan->settings.ingest.client_ca.len)
        tree_error(b->t, certificate, b->is,
                   "name the authority that signs them: listen: {ingest: {address: …, tls: {cert: FILE, key: FILE, "
                   "client_ca: FILE, client_auth: ask}}}",
                   "listen.ingest asks for no certificates");
}

void access_read(struct build *b, uint32_t node, struct source *s)
{
    struct access *a = &s->access;
    uint32_t allow = tree_get(b->t, node, "allow");

    a->allow = build_cidrs(b, allow, &a->n_allow);
    check_allow(b, allow, a);
    read_tokens(b, node, a);
    read_suffixes(b, node, a);
    read_subjects(b, node, s, a);
}

void access_clear(struct access *a)
{
    for (size_t i = 0; i < a->n_path_tokens; i++)
        secret_clear(&a->path_tokens[i]);
    free(a->path_tokens);
}
