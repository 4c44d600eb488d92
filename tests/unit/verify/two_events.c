/* A delivery id names a delivery, never an object: two events about one object have different ids, a repeated delivery has
 * the same. The bodies are in two_events.json, for every preset whose id is in the body. */
#include "fixture.h"

#include "../schema/files.h"
#include "verify/provider_files.h"
#include "verify/provider_words.h"

#define ITEMS_MAX 16

static struct slice text;
static struct json_doc doc;
static struct arena memory;

static int load(void **state)
{
    char path[4096];
    struct err e;
    (void)state;
    snprintf(path, sizeof path, "%s/tests/unit/verify/two_events.json", getenv("TOP_SRCDIR"));
    arena_init(&memory);
    json_doc_init(&doc);
    text = file_read(path);
    if (!text.ptr || json_parse_err(&doc, text, &JSON_LIMITS_DEFAULT, &e)) {
        print_error("%s: %s\n", path, text.ptr ? e.text : "not there");
        return -1;
    }
    return 0;
}

static int unload(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    arena_clear(&memory);
    free((char *)text.ptr);
    return 0;
}

struct ids {
    struct slice list[ITEMS_MAX];
    size_t n;
};

/* The delivery ids of all items of a body. */
static void ids_of(const struct provider *p, uint32_t body, struct ids *ids)
{
    bool form = json_type_of(&doc, body) == JSON_STRING;
    struct header type = { SLICE("Content-Type"), form ? SLICE("application/x-www-form-urlencoded") : SLICE("application/json") };
    struct delivery d = { .method = SLICE("POST"), .headers = &type, .n_headers = 1, .body = form ? json_inner(&doc, body) : json_raw(&doc, body) };
    uint32_t items[ITEMS_MAX] = { 0 };
    struct reading r;
    struct buf tmp;
    reading_init(&r);
    buf_init(&tmp, 65536);
    reading_start(&r, &d, provider_form_json_field(p), &JSON_LIMITS_DEFAULT);
    assert_int_equal(reading_json(&r), 0);
    size_t n = provider_split(p) ? pointer_all(provider_split(p), &r.doc, 0, items, ITEMS_MAX) : 1;
    assert_in_range(n, 1, ITEMS_MAX);
    for (ids->n = 0; ids->n < n; ids->n++) {
        r.item = items[ids->n];
        ids->list[ids->n] = arena_slice(&memory, provider_delivery_id(p, &r, &tmp));
        buf_reset(&tmp);
    }
    buf_clear(&tmp);
    reading_clear(&r);
}

static bool has(const struct ids *ids, size_t n, struct slice id)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(ids->list[i], id))
            return true;
    return false;
}

static unsigned fail_at(struct slice id, const char *what)
{
    print_error("%.*s: %s\n", SLICE_FMT(id), what);
    return 1;
}

static unsigned try_case(struct slice id, uint32_t one, uint32_t other)
{
    char *name = slice_dup_z(id);
    struct provider *p = preset(name);
    struct ids first, again, second;
    unsigned bad = 0;
    ids_of(p, one, &first);
    ids_of(p, one, &again);
    ids_of(p, other, &second);
    for (size_t i = 0; i < first.n; i++) {
        if (!first.list[i].len)
            bad += fail_at(id, "no delivery id");
        if (!slice_eq(first.list[i], again.list[i]))
            bad += fail_at(id, "a repeated delivery has another id");
        if (has(&first, i, first.list[i]))
            bad += fail_at(id, "two items of one body have one id");
    }
    for (size_t i = 0; i < second.n; i++) {
        if (!second.list[i].len || has(&first, first.n, second.list[i]) || has(&second, i, second.list[i]))
            bad += fail_at(id, "two events have one id, or none");
    }
    provider_free(p);
    free(name);
    return bad;
}

static void test_two_events_about_one_object(void **state)
{
    uint32_t cases = json_member(&doc, 0, SLICE("cases"));
    unsigned bad = 0;
    (void)state;
    for (uint32_t i = cases + 1; i < json_end(&doc, cases); i = json_next(&doc, i))
        bad += try_case(json_inner(&doc, i + 1), i + 2, json_next(&doc, i + 2));
    assert_int_equal(bad, 0);
}

/* Does delivery_id of the file look into the body? */
static bool is_in_body(const struct tree *t)
{
    struct buf places;
    buf_init(&places, 65536);
    words_put_places(t, "delivery_id", &places);
    bool in = places.len && (strstr(places.ptr, "of the body") || strstr(places.ptr, "of the item") || strstr(places.ptr, "form field"));
    buf_clear(&places);
    return in;
}

static bool has_case(struct slice id)
{
    uint32_t cases = json_member(&doc, 0, SLICE("cases"));
    for (uint32_t i = cases + 1; i < json_end(&doc, cases); i = json_next(&doc, i))
        if (slice_eq(json_inner(&doc, i + 1), id))
            return true;
    return false;
}

static void test_every_preset_with_its_id_in_the_body_has_a_case(void **state)
{
    struct provider_files files;
    struct issues is;
    unsigned bad = 0;
    (void)state;
    issues_init(&is);
    provider_files_find(&files, NULL, &memory);
    assert_true(files.n > 150);
    for (size_t i = 0; i < files.n; i++) {
        struct tree t;
        assert_int_equal(provider_file_read(&files.list[i], &t, &is), 0);
        if (is_in_body(&t) && !has_case(files.list[i].id))
            bad += fail_at(files.list[i].id, "its id is in the body, and two_events.json has no case of it");
        tree_clear(&t);
    }
    issues_clear(&is);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_events_about_one_object),
        cmocka_unit_test(test_every_preset_with_its_id_in_the_body_has_a_case),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
