#include "plan/build.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/codec.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)

static void check_url(const struct build *b, uint32_t node, struct slice url)
{
    const char *fault = url_fault(url);

    if (fault)
        tree_error(b->t, node, b->is, "for example https://steps.example.com/hooks", "%s", fault);
    else if (slice_find(url, '?') < url.len)
        tree_error(b->t, node, b->is, "put the query into the step's path: {endpoint: x, path: \"/p?q=1\"}",
                   "an endpoint's URL with a query");
}

/* whsec_ promises base64; anything else is taken as it is. */
static void check_key(const struct build *b, uint32_t node, const struct secret *s)
{
    struct slice text = slice_of(s->bytes, s->len);
    size_t len;

    if (slice_starts(text, SLICE("whsec_")))
        text = slice_from(text, 6);
    unsigned char *key = mem_alloc(text.len / 4 * 3 + 3);
    if (base64_decode(text, key, &len) < 0 || len == 0)
        tree_error(b->t, node, b->is, "make one with: echo whsec_$(openssl rand -base64 32)",
                   "the secret %s is not base64, with or without whsec_ before it, as Standard Webhooks wants it", s->label);
    mem_wipe(key, text.len / 4 * 3 + 3);
    free(key);
}

static void read_keys(const struct build *b, uint32_t node, struct endpoint *ep)
{
    uint32_t list = tree_get(b->t, node, "secrets"), i = list + 1;

    if (list == JSON_NONE) {
        tree_warn(b->t, node, b->is, "add secrets: [{env: NAME}]",
                  "calls to %.*s are not signed: it cannot tell them from others'", SLICE_FMT(ep->name));
        return;
    }
    if (!build_secrets(b, node, &ep->secrets, &ep->n_secrets))
        return;
    for (size_t k = 0; k < ep->n_secrets; k++, i = json_next(&b->t->doc, i))
        check_key(b, i, &ep->secrets[k]);
}

static struct endpoint *read_endpoint(struct build *b, struct slice name, uint32_t node)
{
    struct endpoint *ep = arena_zalloc(b->memory, sizeof *ep);
    struct slice url = tree_text(b->t, node, "url", b->memory);

    ep->name = name;
    check_url(b, tree_get(b->t, node, "url"), url);
    while (slice_ends(url, SLICE("/")))
        url.len--; /* paths begin with their own */
    ep->url = arena_slice(b->memory, url);
    ep->concurrency = (int)tree_int(b->t, node, "concurrency", 32);
    ep->timeout_us = build_duration_us(b, node, "timeout", 30 * US_PER_S, US_PER_S / 100, 3600 * US_PER_S);
    ep->output_max = (size_t)build_bytes(b, node, "output_max", MIB, 1, 16 * MIB);
    ep->allow_private = true;
    read_keys(b, node, ep);
    define_endpoint(b, ep);
    return ep;
}

static int by_name(const void *left, const void *right)
{
    const struct endpoint *a = *(struct endpoint *const *)left, *b = *(struct endpoint *const *)right;

    return slice_cmp(a->name, b->name);
}

void endpoints_build(struct build *b)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t all = tree_get(b->t, 0, "endpoints");
    struct plan *p = b->plan;

    if (all == JSON_NONE || json_type_of(d, all) != JSON_OBJECT)
        return;
    p->endpoints = arena_alloc(b->memory, json_count(d, all) * sizeof(struct endpoint *));
    for (uint32_t k = all + 1; k < json_end(d, all); k = json_next(d, k + 1)) {
        if (build_is_sound(b, k + 1))
            p->endpoints[p->n_endpoints++] = read_endpoint(b, tree_string(b->t, k, b->memory), k + 1);
    }
    if (p->n_endpoints)
        qsort(p->endpoints, p->n_endpoints, sizeof *p->endpoints, by_name);
}

void endpoint_clear(struct endpoint *ep)
{
    for (size_t i = 0; i < ep->n_secrets; i++)
        secret_clear(&ep->secrets[i]);
    free(ep->secrets);
}
