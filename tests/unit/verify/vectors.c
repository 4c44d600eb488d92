/* The shared verification vectors of the five presets: ../shared/providers/vectors.json. */
#include "fixture.h"

#include "../schema/files.h"
#include "base/codec.h"

static const char *const presets[] = { "github", "standard-webhooks", "stripe", "slack", "shopify" };

static struct slice data;
static bool data_there;
static struct json_doc doc;
static struct arena memory;

static int load(void **state)
{
    char *path = shared_path("providers/vectors.json");
    struct err e;
    (void)state;
    arena_init(&memory);
    json_doc_init(&doc);
    data = file_read(path);
    data_there = data.ptr != NULL;
    if (!data.ptr)
        print_message("%s is not there: skipped\n", path);
    free(path);
    if (data.ptr && json_parse_err(&doc, data, &JSON_LIMITS_DEFAULT, &e)) {
        print_error("%s\n", e.text);
        return -1;
    }
    return 0;
}

static int unload(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    arena_clear(&memory);
    free((char *)data.ptr);
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
    size_t n = 0;
    for (uint32_t i = list + 1; i < json_end(&doc, list); i = json_next(&doc, i))
        headers[n++] = (struct header){ string_at(i + 1), slice_trim(string_at(i + 2)) };
    *d = (struct delivery){ .method = text(request, "method"),
                            .url = text(request, "url"),
                            .headers = headers,
                            .n_headers = n,
                            .path = SLICE("/hooks"),
                            .body = body_of(request) };
}

static struct verifier *make_verifier(const struct provider *p, uint32_t vector)
{
    uint32_t list = member(vector, "secrets");
    const char *secrets[4];
    size_t n = 0;
    for (uint32_t i = list + 1; i < json_end(&doc, list); i = json_next(&doc, i))
        secrets[n++] = string_at(i).ptr;
    return verifier_of(p, secrets, n);
}

static bool same_or_open(struct slice got, struct slice wanted)
{
    return wanted.ptr == NULL || slice_eq(got, wanted);
}

static bool accepted_as(const struct provider *p, struct reading *r, uint32_t expect)
{
    struct buf tmp;
    buf_init(&tmp, 65536);
    bool ok = same_or_open(provider_event_type(p, r, &tmp), text(expect, "event_type"));
    buf_reset(&tmp);
    ok = ok && same_or_open(provider_delivery_id(p, r, &tmp), text(expect, "delivery_id"));
    buf_clear(&tmp);
    return ok;
}

static bool answered_as(const struct verdict *v, uint32_t expect)
{
    uint32_t headers = member(expect, "headers");
    int64_t status;
    return json_int64(&doc, member(expect, "status"), &status) == 0 && v->status == status &&
           slice_eq(slice_z(v->handshake), text(expect, "handshake")) && slice_eq(v->body, text(expect, "body")) &&
           same_or_open(v->content_type, text(headers, "Content-Type"));
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

static void run_preset(const char *id)
{
    struct provider *p = preset(id);
    struct verify_scratch *s = verify_scratch_new();
    struct reading r;
    unsigned count = 0, bad = 0;
    uint32_t list = member(0, "vectors");
    reading_init(&r);
    for (uint32_t i = list + 1; i < json_end(&doc, list); i = json_next(&doc, i)) {
        if (!slice_eq_z(text(i, "provider"), id))
            continue;
        count++;
        bad += !run(p, i, s, &r);
    }
    print_message("%s: %u vectors\n", id, count);
    reading_clear(&r);
    verify_scratch_free(s);
    provider_free(p);
    assert_int_equal(bad, 0);
    assert_in_range(count, 8, 1000);
}

static void all_vectors_pass(void **state)
{
    (void)state;
    if (!data.ptr)
        skip();
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        run_preset(presets[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_vectors_pass),
    };
    int failed = cmocka_run_group_tests(tests, load, unload);
    return failed || data_there ? failed : 77; /* for automake: skipped */
}
