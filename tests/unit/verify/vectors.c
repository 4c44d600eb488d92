/* The shared verification vectors, ../shared/providers/vectors.json, of every provider that fits one generic verifier
 * (`fit` of catalogue.json beside it). None is left out. */
#include "fixture.h"

#include "../schema/files.h"
#include "base/codec.h"
#include "cli/request.h"
#include "verify/reprint.h"

static struct slice data, catalogue_data;
static bool data_there;
static struct json_doc doc, catalogue;
static struct arena memory;

/* False when it is not there. */
static bool load_file(const char *name, struct slice *text, struct json_doc *d)
{
    char *path = shared_path(name);
    struct err e;
    json_doc_init(d);
    *text = file_read(path);
    if (!text->ptr)
        print_message("%s is not there: skipped\n", path);
    free(path);
    if (text->ptr && json_parse_err(d, *text, &JSON_LIMITS_DEFAULT, &e)) {
        print_error("%s\n", e.text);
        fail();
    }
    return text->ptr != NULL;
}

static int load(void **state)
{
    (void)state;
    arena_init(&memory);
    data_there = load_file("providers/vectors.json", &data, &doc);
    data_there &= load_file("providers/catalogue.json", &catalogue_data, &catalogue);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    json_doc_clear(&catalogue);
    arena_clear(&memory);
    free((char *)data.ptr);
    free((char *)catalogue_data.ptr);
    return 0;
}

static uint32_t member(uint32_t obj, const char *key)
{
    return json_member(&doc, obj, slice_z(key));
}

/* The member's text, or SLICE_NONE when it is absent or null. */
static struct slice string_at(uint32_t node)
{
    if (node == JSON_NONE || json_type_of(&doc, node) != JSON_STRING)
        return SLICE_NONE;
    struct buf tmp;
    buf_init(&tmp, doc.text.len + 1);
    struct slice s = arena_slice(&memory, json_string(&doc, node, &tmp));
    buf_clear(&tmp);
    return s;
}

static struct slice text(uint32_t obj, const char *key)
{
    return string_at(member(obj, key));
}

static struct slice base64(uint32_t obj, const char *key)
{
    struct slice s = text(obj, key);
    unsigned char *out = arena_alloc(&memory, s.len + 4);
    size_t len;
    assert_int_equal(base64_decode(s, out, &len), 0);
    return slice_of(out, len);
}

static struct slice body_of(uint32_t request)
{
    uint32_t gen = member(request, "body_gen");
    if (gen == JSON_NONE || json_type_of(&doc, gen) != JSON_OBJECT)
        return base64(request, "body_b64");
    struct slice unit = base64(gen, "unit_b64");
    struct buf b;
    int64_t count;
    buf_init(&b, (size_t)64 << 20);
    assert_int_equal(json_int64(&doc, member(gen, "count"), &count), 0);
    buf_put(&b, base64(gen, "prefix_b64"));
    while (count-- > 0)
        buf_put(&b, unit);
    buf_put(&b, base64(gen, "suffix_b64"));
    struct slice body = arena_slice(&memory, buf_slice(&b));
    buf_clear(&b);
    return body;
}

static void read_request(struct delivery *d, uint32_t request)
{
    uint32_t list = member(request, "headers");
    struct header *headers = arena_zalloc(&memory, (json_count(&doc, list) + 1) * sizeof *headers);
    struct err e;
    size_t n = 0;
    for (uint32_t i = list + 1; i < json_end(&doc, list); i = json_next(&doc, i))
        headers[n++] = (struct header){ string_at(i + 1), slice_trim(string_at(i + 2)) };
    *d = (struct delivery){ .method = text(request, "method"),
                            .headers = headers,
                            .n_headers = n,
                            .body = body_of(request) };
    assert_int_equal(request_set_url(d, text(request, "url"), &e), 0);
}

static struct verifier *make_verifier(const struct provider *p, uint32_t vector)
{
    uint32_t list = member(vector, "secrets"), obj = member(vector, "params");
    struct secret secrets[4];
    struct param params[4];
    size_t n_secrets = 0, n_params = 0;
    struct err e = { 0 };
    for (uint32_t i = list + 1; i < json_end(&doc, list); i = json_next(&doc, i)) {
        struct slice s = string_at(i);
        assert_in_range(n_secrets, 0, 3);
        secrets[n_secrets++] = (struct secret){ (char *)s.ptr, s.len, (char *)"value" };
    }
    for (uint32_t k = obj + 1; k < json_end(&doc, obj); k = json_next(&doc, k + 1)) {
        assert_in_range(n_params, 0, 3);
        params[n_params++] = (struct param){ arena_slice(&memory, json_inner(&doc, k)), string_at(k + 1) };
    }
    struct verifier *v = verifier_new(p, secrets, n_secrets, params, n_params, &e);
    if (!v)
        print_error("%.*s: %s\n", SLICE_FMT(text(vector, "id")), e.text);
    return v;
}

static bool same_or_open(struct slice got, struct slice wanted)
{
    return wanted.ptr == NULL || slice_eq(got, wanted);
}

static bool accepted_as(const struct provider *p, struct reading *r, uint32_t expect)
{
    struct buf tmp;
    buf_init(&tmp, 65536);
    request_first_item(p, r);
    bool ok = same_or_open(provider_event_type(p, r, &tmp), text(expect, "event_type"));
    buf_reset(&tmp);
    ok = ok && same_or_open(provider_delivery_id(p, r, &tmp), text(expect, "delivery_id"));
    buf_clear(&tmp);
    return ok;
}

/* The text in one canonical form, when it is JSON. */
static struct slice canonical(struct slice s)
{
    struct json_doc d;
    struct json_fault fault;
    struct buf out;
    json_doc_init(&d);
    buf_init(&out, 65536);
    if (json_parse(&d, s, &JSON_LIMITS_DEFAULT, &fault) == 0) {
        reprint(&d, &reprint_styles[0], true, &out);
        s = arena_slice(&memory, buf_slice(&out));
    }
    buf_clear(&out);
    json_doc_clear(&d);
    return s;
}

static bool has_header(const struct verdict *v, struct slice name, struct slice value)
{
    if (slice_eq_nocase(name, SLICE("Content-Type")))
        return slice_eq(v->content_type, value);
    for (size_t i = 0; i < v->n_headers; i++)
        if (slice_eq_nocase(v->headers[i].name, name))
            return slice_eq(v->headers[i].value, value);
    return false;
}

static bool answered_as(const struct verdict *v, uint32_t expect)
{
    uint32_t headers = member(expect, "headers");
    int64_t status;
    bool ok = json_int64(&doc, member(expect, "status"), &status) == 0 && v->status == status &&
              slice_eq(slice_z(v->handshake), text(expect, "handshake"));
    for (uint32_t k = headers + 1; k < json_end(&doc, headers); k = json_next(&doc, k + 1))
        ok = ok && has_header(v, json_inner(&doc, k), string_at(k + 1));
    return ok && slice_eq(canonical(v->body), canonical(text(expect, "body")));
}

static bool as_expected(const struct provider *p, struct reading *r, const struct verdict *v, uint32_t expect)
{
    static const char *const results[] = {
        [VERIFY_ACCEPT] = "accept", [VERIFY_REJECT] = "reject", [VERIFY_HANDSHAKE] = "handshake"
    };
    if (!slice_eq(slice_z(results[v->result]), text(expect, "result")))
        return false;
    if (v->result == VERIFY_ACCEPT)
        return accepted_as(p, r, expect);
    if (v->result == VERIFY_HANDSHAKE)
        return answered_as(v, expect);
    return same_or_open(slice_z(verify_reason_name(v->reason)), text(expect, "reason"));
}

static bool run(const struct provider *p, uint32_t vector, struct verify_scratch *s, struct reading *r)
{
    struct verifier *v = make_verifier(p, vector);
    struct delivery d;
    struct verdict verdict;
    int64_t now;
    if (!v)
        return false;
    read_request(&d, member(vector, "request"));
    assert_int_equal(json_int64(&doc, member(vector, "now"), &now), 0);
    reading_start(r, &d, provider_form_json_field(p), &JSON_LIMITS_DEFAULT);
    verify_delivery(v, r, now * US_PER_S, s, &verdict);
    bool ok = as_expected(p, r, &verdict, member(vector, "expect"));
    if (!ok)
        print_error("%.*s: got result %d, %s (%s)\n", SLICE_FMT(text(vector, "id")), verdict.result,
                    verify_reason_name(verdict.reason), verdict.detail);
    verifier_free(v);
    return ok;
}

/* How many there are; adds to *bad. */
static unsigned run_preset(struct slice id, unsigned *bad)
{
    struct provider *p = NULL;
    struct verify_scratch *s = verify_scratch_new();
    struct reading r;
    unsigned count = 0;
    uint32_t list = member(0, "vectors");
    reading_init(&r);
    for (uint32_t i = list + 1; i < json_end(&doc, list); i = json_next(&doc, i)) {
        if (!slice_eq(text(i, "provider"), id))
            continue;
        p = p ? p : preset(id.ptr);
        count++;
        *bad += !run(p, i, s, &r);
    }
    reading_clear(&r);
    verify_scratch_free(s);
    provider_free(p);
    return count;
}

static void all_vectors_pass(void **state)
{
    unsigned count = 0, bad = 0;
    (void)state;
    if (!data_there)
        skip();
    uint32_t list = json_member(&catalogue, 0, SLICE("providers"));
    for (uint32_t i = list + 1; i < json_end(&catalogue, list); i = json_next(&catalogue, i)) {
        uint32_t fit = json_member(&catalogue, i, SLICE("fit")), id = json_member(&catalogue, i, SLICE("id"));
        if (json_string_eq(&catalogue, fit, SLICE("generic")))
            count += run_preset(arena_slice(&memory, json_inner(&catalogue, id)), &bad);
    }
    print_message("%u vectors\n", count);
    assert_int_equal(bad, 0);
    assert_in_range(count, 397, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_vectors_pass),
    };
    int failed = cmocka_run_group_tests(tests, load, unload);
    return failed || data_there ? failed : 77; /* for automake: skipped */
}
