/* Is it another provider's request? Tries for verify_explain. */
#include "verify/trial.h"

#include <stdlib.h>

#include "base/mem.h"
#include "verify/provider_files.h"

#define SECRETS_MAX 16
#define SHOWN_MAX 4

struct others {
    const struct verifier *v;
    const struct delivery *d;
    int64_t now_us;
    struct secret secrets[SECRETS_MAX];
    size_t n_secrets;
    struct verify_scratch *s;
    struct reading r;
};

static void read_secrets(struct others *o)
{
    for (size_t k = 0; k < o->v->n_keys && o->n_secrets < SECRETS_MAX; k++) {
        struct slice text = trial_secret_text(o->v->provider, &o->v->checkers[0].keys[k]);
        if (text.ptr)
            o->secrets[o->n_secrets++] = (struct secret){ (char *)text.ptr, text.len, (char *)"secret" };
    }
}

static bool accepts(struct others *o, const struct provider *p)
{
    struct verdict verdict;
    struct err ignored;
    struct verifier *v;

    if (!provider_needs_secret(p))
        return false;
    v = verifier_new(p, o->secrets, o->n_secrets, o->v->params, o->v->n_params, &ignored);
    if (!v)
        return false;
    reading_start(&o->r, o->d, provider_form_json_field(p), &JSON_LIMITS_DEFAULT);
    verify_delivery(v, &o->r, o->now_us, o->s, &verdict);
    verifier_free(v);
    return verdict.result == VERIFY_ACCEPT;
}

/* A header of the request in which this preset expects its signature, or SLICE_NONE. Authorization is everybody's. */
static struct slice signature_header(const struct others *o, const struct provider *p)
{
    const struct place *place = p->ways[0].signature.count ? &p->ways[0].signature.list[0] : NULL;

    if (!place || place->in != PLACE_HEADER || slice_eq_nocase(place->name, SLICE("authorization")) ||
        !delivery_header(o->d, place->name).ptr)
        return SLICE_NONE;
    return place->name;
}

/* Loads each preset in turn: a tenth of a second for all of them. */
static bool try_all(struct others *o, const struct provider_files *files, struct buf *out)
{
    unsigned accepting = 0, similar = 0;
    struct buf names; /* of presets with the same header */

    buf_init(&names, 4096);
    for (size_t i = 0; i < files->n; i++) {
        struct slice id = files->list[i].id;
        struct issues is;
        issues_init(&is);
        struct provider *p = slice_eq(id, provider_id(o->v->provider)) ? NULL : provider_file_load(&files->list[i], &is);
        if (p && accepting < SHOWN_MAX && accepts(o, p))
            buf_printf(out, "%s%.*s", accepting++ ? ", " : "- It would be accepted as a webhook of another preset: ",
                       SLICE_FMT(id));
        struct slice header = p ? signature_header(o, p) : SLICE_NONE;
        if (header.ptr && similar < SHOWN_MAX)
            buf_printf(&names, "%s%.*s (%.*s)", similar++ ? ", " : "", SLICE_FMT(id), SLICE_FMT(header));
        provider_free(p);
        issues_clear(&is);
    }
    if (accepting)
        buf_puts(out, ".\n");
    else if (similar)
        buf_printf(out, "- The request has the header in which other presets have their signature: %.*s.\n",
                   SLICE_FMT(buf_slice(&names)));
    buf_clear(&names);
    return accepting > 0;
}

bool trial_providers(const struct verifier *v, const struct delivery *d, int64_t now_us, struct buf *out)
{
    struct others o = { .v = v, .d = d, .now_us = now_us, .s = verify_scratch_new() };
    struct provider_files files;
    struct arena memory;
    bool accepted;

    reading_init(&o.r);
    arena_init(&memory);
    provider_files_find(&files, NULL, &memory);
    read_secrets(&o);
    accepted = try_all(&o, &files, out);
    for (size_t i = 0; i < o.n_secrets; i++) {
        mem_wipe(o.secrets[i].bytes, o.secrets[i].len);
        free(o.secrets[i].bytes);
    }
    arena_clear(&memory);
    reading_clear(&o.r);
    verify_scratch_free(o.s);
    return accepted;
}
