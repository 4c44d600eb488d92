#include "plan/build.h"

#include <stdlib.h>

#include "base/clock.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define DAY (86400 * US_PER_S)

static bool is_none(const struct tree *t, uint32_t verify)
{
    if (verify == JSON_NONE)
        return false;
    uint32_t scheme = json_type_of(&t->doc, verify) == JSON_OBJECT ? tree_get(t, verify, "scheme") : verify;
    return scheme != JSON_NONE && json_type_of(&t->doc, scheme) == JSON_STRING &&
           json_string_eq(&t->doc, scheme, SLICE("none"));
}

/* The provider that the source names, with what it changes of it, or spells out. *def: its definition, where it is
 * named. */
static struct provider *find_provider(struct build *b, uint32_t node, const struct source *s, struct definition **def)
{
    uint32_t named = tree_get(b->t, node, "provider"), verify = tree_get(b->t, node, "verify");

    *def = NULL;
    if (named == JSON_NONE && verify == JSON_NONE) {
        tree_error(b->t, node, b->is,
                   "add provider: NAME; or verify: {scheme: hmac, …}; or, to take webhooks from anybody, verify: none",
                   "nothing says how to prove who sent its webhooks");
        return NULL;
    }
    if (named == JSON_NONE)
        return provider_load(b->t, verify, b->is);
    struct slice id = tree_string(b->t, named, &b->scratch);
    if (verify == JSON_NONE || json_type_of(&b->t->doc, verify) != JSON_OBJECT)
        return provider_of_plan(b, named, id, def);
    return provider_changed(b, named, id, verify, s->name, def);
}

/* Taking webhooks from anybody must be said aloud, and be meant. */
static struct definition *read_provider(struct build *b, uint32_t node, struct source *s)
{
    uint32_t named = tree_get(b->t, node, "provider"), verify = tree_get(b->t, node, "verify");
    bool none = is_none(b->t, verify);
    struct definition *def;

    s->provider = find_provider(b, node, s, &def);
    if (!s->provider)
        return NULL;
    bool unproven = provider_scheme(s->provider) == SCHEME_NONE;
    struct slice id = provider_id(s->provider);
    if (unproven && !none)
        tree_error(b->t, named, b->is, "say so: verify: none",
                   "provider \"%.*s\" signs nothing: anybody who knows the URL can send webhooks", SLICE_FMT(id));
    else if (none && !unproven)
        tree_error(b->t, verify, b->is, "remove verify: none, or spell out what you want instead of the provider",
                   "provider \"%.*s\" signs its webhooks", SLICE_FMT(id));
    else if (none && tree_get(b->t, node, "path_token") == JSON_NONE &&
             tree_get(b->t, node, "client_certificate") == JSON_NONE)
        tree_warn(b->t, verify, b->is, "make the URL one that nobody can guess: path_token: {env: NAME}",
                  "anybody who knows the URL can send webhooks");
    return def;
}

static size_t read_params(struct build *b, uint32_t node, struct param **list)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t params = tree_get(b->t, node, "params");
    size_t n = 0;

    *list = NULL;
    if (params == JSON_NONE)
        return 0;
    *list = arena_alloc(&b->scratch, (json_count(d, params) + 1) * sizeof **list);
    for (uint32_t k = params + 1; k < json_end(d, params); k = json_next(d, k + 1))
        (*list)[n++] = (struct param){ tree_string(b->t, k, &b->scratch), tree_string(b->t, k + 1, &b->scratch) };
    return n;
}

/* The sender hands its secret over, and where it is kept it is sealed. */
static bool check_handed_over(struct build *b, uint32_t list, const struct source *s)
{
    if (!provider_hands_secret(s->provider)) {
        tree_error(b->t, list, b->is, "write a list: [{env: NAME}]", "this sender does not hand its secret over (%.*s)",
                   SLICE_FMT(provider_secret_what(s->provider)));
        return false;
    }
    if (tree_get(b->t, 0, "secrets_key") == JSON_NONE) {
        tree_error(b->t, list, b->is, "add secrets_key: {file: PATH}; " SEAL_KEY_HINT,
                   "a secret that is handed over is stored sealed, and there is no secrets_key for that");
        return false;
    }
    return true;
}

static void keep_params(struct build *b, struct source *s, const struct param *params, size_t n)
{
    s->params = arena_zalloc(b->memory, (n + 1) * sizeof *s->params);
    s->n_params = n;
    for (size_t i = 0; i < n; i++)
        s->params[i] = (struct param){ arena_slice(b->memory, params[i].name), arena_slice(b->memory, params[i].value) };
}

static void make_verifier(struct build *b, uint32_t node, struct source *s, const struct secret *secrets, size_t n)
{
    uint32_t list = tree_get(b->t, node, "secrets");
    bool none = !provider_needs_secret(s->provider);
    struct param *params;
    struct err e;

    if (none && list != JSON_NONE) {
        tree_error(b->t, list, b->is, "remove them", "%s",
                   provider_scheme(s->provider) == SCHEME_MTLS
                       ? "secrets are not used: the certificate is what proves it"
                       : "secrets are not used: nothing is verified");
        return;
    }
    if (!none && list == JSON_NONE) {
        tree_error(b->t, node, b->is,
                   provider_hands_secret(s->provider) ? "add secrets: handshake, to take the one that the sender hands over"
                                                      : "add secrets: [{env: NAME}]",
                   "without a secret (%.*s) nothing can be verified", SLICE_FMT(provider_secret_what(s->provider)));
        return;
    }
    s->handed_over = list != JSON_NONE && json_type_of(&b->t->doc, list) == JSON_STRING;
    if (s->handed_over && !check_handed_over(b, list, s))
        return;
    size_t n_params = read_params(b, node, &params);
    if (s->handed_over)
        keep_params(b, s, params, n_params);
    s->verifier = verifier_new(s->provider, secrets, n, params, n_params, &e);
    if (!s->verifier)
        tree_error(b->t, list == JSON_NONE ? node : list, b->is, NULL, "%s", e.text);
}

static void read_mapping(struct build *b, uint32_t node, struct source *s)
{
    uint32_t event = tree_get(b->t, node, "event");
    struct slice type = tree_text(b->t, event, "type", &b->scratch),
                 dedupe = tree_text(b->t, event, "dedupe", &b->scratch),
                 subject = tree_text(b->t, event, "subject", &b->scratch);
    struct err e;

    if (!type.ptr && provider_id(s->provider).len == 0) {
        tree_error(b->t, event == JSON_NONE ? node : event, b->is, "for example event: {type: \"shop.{/kind}\"}",
                   "no provider names its events: event.type must");
        return;
    }
    if (mapping_init(&s->mapping, s->provider, type, dedupe, subject, &e) < 0)
        tree_error(b->t, event == JSON_NONE ? node : event, b->is, NULL, "%s", e.text);
}

/* The schema has seen that the text is one of them; absent is the first. */
static int read_word(struct build *b, uint32_t obj, const char *key, const char *const *words)
{
    struct slice text = tree_text(b->t, obj, key, &b->scratch);

    for (int i = 0; words[i]; i++) {
        if (slice_eq_z(text, words[i]))
            return i;
    }
    return 0;
}

static const char *const data_words[] = { "json", "text", "binary", NULL };

static void read_time(struct build *b, uint32_t node, struct source *s)
{
    uint32_t event = tree_get(b->t, node, "event"), time = tree_get(b->t, event, "time");
    struct err e;

    if (time == JSON_NONE)
        return;
    enum place_in in = (enum place_in)read_word(b, time, "in", place_words);
    enum timestamp_format format = (enum timestamp_format)read_word(b, time, "format", timestamp_words);
    if (mapping_set_time(&s->mapping, in, tree_text(b->t, time, "name", b->memory), format, &e))
        tree_error(b->t, time, b->is, NULL, "%s", e.text);
}

static void read_split(struct build *b, uint32_t node, struct source *s)
{
    uint32_t split = tree_get(b->t, node, "split");
    struct err e;

    if (split == JSON_NONE)
        return;
    s->own_split = true;
    struct slice text = tree_string(b->t, split, &b->scratch);
    if (!slice_eq(text, SLICE("none")) && pointer_init(&s->split, text, &e))
        tree_error(b->t, split, b->is, "for example /events/*", "%s", e.text);
}

/* What needs JSON cannot be asked of other data. */
static void check_data(struct build *b, uint32_t node, struct source *s)
{
    uint32_t data = tree_get(b->t, node, "data");
    const char *word = data_words[s->data];

    if (s->data == DATA_JSON)
        return;
    if (s->own_split && s->split.count)
        tree_error(b->t, tree_get(b->t, node, "split"), b->is, "remove it", "data: %s cannot be split", word);
    if (s->provider && mapping_needs_json(&s->mapping))
        tree_error(b->t, tree_get(b->t, node, "event"), b->is, "use {header:NAME} or {query:NAME}",
                   "data: %s has no JSON to look into", word);
    for (size_t i = 0; i < s->n_bindings; i++) {
        if (s->bindings[i].schema)
            tree_error(b->t, data, b->is, "remove the schema from events, or data", "data: %s has no schema: it is a string",
                       word);
    }
}

const struct pointer *source_split(const struct source *s)
{
    if (s->own_split)
        return s->split.count ? &s->split : NULL;
    return provider_split(s->provider);
}

static void read_binding(struct build *b, uint32_t key, struct source *s)
{
    struct binding *to = &s->bindings[s->n_bindings];
    uint32_t file = tree_get(b->t, key + 1, "schema");
    struct err e;

    *to = (struct binding){ 0 };
    if (pattern_init(&to->pattern, tree_string(b->t, key, b->memory), &e) < 0) {
        tree_error(b->t, key, b->is, "for example github.push, github.*, or **", "%s", e.text);
        return;
    }
    if (file != JSON_NONE) {
        struct schema_ask ask = folders_file(b, file, tree_bool(b->t, key + 1, "assert_format", false));
        to->schema = ask.schema;
        to->schema_def = ask.def;
        to->schema_name = ask.name;
        to->schema_path = arena_slice(b->memory, ask.path);
    }
    s->n_bindings++;
}

static int most_exact_first(const void *left, const void *right)
{
    const struct binding *a = left, *b = right;

    if (a->pattern.exact != b->pattern.exact)
        return a->pattern.exact ? -1 : 1;
    int x = pattern_weight(&a->pattern), y = pattern_weight(&b->pattern);
    if (!a->pattern.exact && x != y)
        return x > y ? -1 : 1;
    return slice_cmp(a->pattern.text, b->pattern.text);
}

static void read_bindings(struct build *b, uint32_t node, struct source *s)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t events = tree_get(b->t, node, "events");

    if (events == JSON_NONE)
        return;
    s->bindings = arena_zalloc(b->memory, (json_count(d, events) + 1) * sizeof *s->bindings);
    for (uint32_t k = events + 1; k < json_end(d, events); k = json_next(d, k + 1))
        read_binding(b, k, s);
    qsort(s->bindings, s->n_bindings, sizeof *s->bindings, most_exact_first);
    while (s->n_exact < s->n_bindings && s->bindings[s->n_exact].pattern.exact)
        s->n_exact++;
}

static const char *const on_invalid_words[] = { "hold", "reject", "accept", NULL };
static const char *const on_unlisted_words[] = { "accept", "ignore", "hold", "reject", NULL };
static const char *const dedupe_words[] = { "key+body", "key", "body", "none", NULL };

/* by: key alone, where there is no key, or one that all events of a body have. */
static void check_dedupe(struct build *b, uint32_t node, const struct source *s)
{
    uint32_t by = tree_get(b->t, tree_get(b->t, node, "dedupe"), "by");

    if (!s->provider || s->dedupe_by != DEDUPE_KEY || by == JSON_NONE)
        return;
    enum id_from from = mapping_key_from(&s->mapping);
    if (from == ID_FROM_NOWHERE)
        tree_warn(b->t, by, b->is, "dedupe: {by: body}, or event.dedupe: \"{/id}\"",
                  "this sender's deliveries have no id, and event.dedupe names none: nothing is ever a duplicate");
    if (from == ID_FROM_DELIVERY && source_split(s))
        tree_error(b->t, by, b->is, "by: key+body, or event.dedupe with something of the item: \"{/id}\"",
                   "all events of a body have one key: all but the first would be lost as duplicates");
}

static void read_policy(struct build *b, uint32_t node, struct source *s)
{
    const struct settings *all = &b->plan->settings;
    uint32_t dedupe = tree_get(b->t, node, "dedupe"), answer = tree_get(b->t, node, "answer");

    s->on_invalid = (enum on_invalid)read_word(b, node, "on_invalid", on_invalid_words);
    s->on_unlisted = (enum on_unlisted)read_word(b, node, "on_unlisted", on_unlisted_words);
    s->dedupe_by = (enum dedupe_by)read_word(b, dedupe, "by", dedupe_words);
    s->dedupe_window_us = build_duration_us(b, dedupe, "window", 7 * DAY, US_PER_S, 366 * DAY);
    s->body_max = (size_t)build_bytes(b, node, "body_max", all->body_max, KIB, 32 * MIB);
    if (s->body_max > (size_t)all->body_max && s->body_max > (size_t)all->bodies_in_flight)
        tree_error(b->t, tree_get(b->t, node, "body_max"), b->is, "raise limits.bodies_in_flight",
                   "more than limits.bodies_in_flight: no such body could come in");
    uint32_t rate = tree_get(b->t, node, "rate");
    s->rate_per_second = (uint32_t)tree_int(b->t, rate, "per_second", 0);
    s->rate_burst = (uint32_t)tree_int(b->t, rate, "burst", s->rate_per_second);
    s->schema_errors = all->schema_errors;
    s->json_limits =
        (struct json_limits){ .max_depth = all->json_depth,
                              .max_nodes = all->json_nodes,
                              .allow_duplicate_keys = tree_bool(b->t, node, "allow_duplicate_keys", false) };
    s->answer_status = (int)tree_int(b->t, answer, "status", 0);
    s->answer_body = tree_text(b->t, answer, "body", b->memory);
    s->answer_content_type = tree_text(b->t, answer, "content_type", b->memory);
    if (s->answer_status && !s->answer_content_type.len)
        s->answer_content_type = SLICE("text/plain");
}

static void read_url(struct build *b, uint32_t node, struct source *s)
{
    struct slice url = tree_text(b->t, node, "url", b->memory);
    const char *fault = url.ptr ? url_fault(url) : NULL;

    if (fault)
        tree_error(b->t, tree_get(b->t, node, "url"), b->is, "for example https://hooks.example.com/webhooks/shop",
                   "%s", fault);
    else if (slice_find(url, '?') < url.len)
        tree_error(b->t, tree_get(b->t, node, "url"), b->is, "each delivery brings its own query",
                   "a URL with a query");
    s->url = url.ptr ? url
                     : slice_z(arena_printf(b->memory, "%.*s/webhooks/%.*s", SLICE_FMT(b->plan->settings.public_ingest),
                                            SLICE_FMT(s->name)));
    if (!url.ptr && s->provider && provider_uses_url(s->provider) &&
        tree_get(b->t, tree_get(b->t, 0, "public_url"), "ingest") == JSON_NONE)
        tree_warn(b->t, node, b->is, "set public_url.ingest, or url here",
                  "the sender signs the URL it was given, which is hardly %.*s", SLICE_FMT(s->url));
    s->shown_url = s->access.n_path_tokens
                       ? slice_z(arena_printf(b->memory, "%.*s/<path_token>", SLICE_FMT(s->url)))
                       : s->url;
}

static void read_source(struct build *b, struct source *s, uint32_t node)
{
    struct secret *secrets = NULL;
    size_t n = 0;

    struct definition *provider = read_provider(b, node, s);
    bool read = build_secrets(b, node, &secrets, &n);
    if (s->provider) {
        if (read)
            make_verifier(b, node, s, secrets, n);
        read_mapping(b, node, s);
        read_time(b, node, s);
    }
    access_read(b, node, s);
    s->data = (enum data_kind)read_word(b, node, "data", data_words);
    read_url(b, node, s);
    read_bindings(b, node, s);
    read_split(b, node, s);
    read_policy(b, node, s);
    check_dedupe(b, node, s);
    check_data(b, node, s);
    define_source(b, s, node, provider, secrets, n);
    for (size_t i = 0; i < n; i++)
        secret_clear(&secrets[i]);
    free(secrets);
}

static bool part_is_sound(const struct build *b, uint32_t node, const char *key)
{
    uint32_t part = tree_get(b->t, node, key);

    return part != JSON_NONE && build_is_sound(b, part);
}

/* Of a source whose form is wrong somewhere what can be judged alone, so that its user need not come back for each. */
static void read_sound_parts(struct build *b, struct source *s, uint32_t node)
{
    struct secret *secrets = NULL;
    struct definition *def;
    size_t n = 0;

    if (part_is_sound(b, node, "provider")) {
        uint32_t named = tree_get(b->t, node, "provider");
        s->provider = provider_of_plan(b, named, tree_string(b->t, named, &b->scratch), &def);
    }
    if (part_is_sound(b, node, "secrets"))
        build_secrets(b, node, &secrets, &n);
    if (part_is_sound(b, node, "events"))
        read_bindings(b, node, s);
    for (size_t i = 0; i < n; i++)
        secret_clear(&secrets[i]);
    free(secrets);
}

struct entry {
    struct slice name;
    uint32_t node;
};

static int by_name(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    return slice_cmp(a->name, b->name);
}

void sources_build(struct build *b)
{
    const struct json_doc *d = &b->t->doc;
    uint32_t all = tree_get(b->t, 0, "sources");
    struct plan *p = b->plan;
    size_t n = 0;

    if (all == JSON_NONE || json_type_of(d, all) != JSON_OBJECT)
        return;
    struct entry *entries = arena_alloc(&b->scratch, (json_count(d, all) + 1) * sizeof *entries);
    for (uint32_t k = all + 1; k < json_end(d, all); k = json_next(d, k + 1)) {
        if (json_type_of(d, k + 1) == JSON_OBJECT)
            entries[n++] = (struct entry){ tree_string(b->t, k, b->memory), k + 1 };
    }
    qsort(entries, n, sizeof *entries, by_name);
    p->sources = arena_zalloc(b->memory, (n + 1) * sizeof *p->sources);
    for (size_t i = 0; i < n; i++) {
        struct source *s = &p->sources[p->n_sources];
        s->name = entries[i].name;
        s->index = (uint32_t)p->n_sources++;
        if (build_is_sound(b, entries[i].node))
            read_source(b, s, entries[i].node);
        else
            read_sound_parts(b, s, entries[i].node);
    }
}

/* A named provider belongs to all sources that name it. */
static bool freed_before(const struct plan *p, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (p->sources[k].provider == p->sources[i].provider)
            return true;
    }
    return false;
}

void sources_clear(struct plan *p)
{
    for (size_t i = 0; i < p->n_sources; i++) {
        struct source *s = &p->sources[i];
        mapping_clear(&s->mapping);
        pointer_clear(&s->split);
        verifier_free(s->verifier);
        access_clear(&s->access);
        for (size_t k = 0; k < s->n_bindings; k++)
            schema_unref(s->bindings[k].schema);
    }
    for (size_t i = 0; i < p->n_sources; i++) {
        if (!freed_before(p, i))
            provider_free(p->sources[i].provider);
    }
}
