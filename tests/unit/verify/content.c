/* Every placeholder of signed contents and answers, over one delivery. */
#include "arena.h"

#include "verify/content.h"

struct over { /* a delivery, and what a template makes of it */
    struct delivery delivery;
    struct reading reading;
    struct header headers[8];
    struct buf tmp;
    struct content content;
    struct hmac *hmac;
    struct hmac_key *key;
};

static const struct param params[] = { { SLICE("webhook_id"), SLICE("wh1") } };

static void over_init(struct over *o, const char *body, bool form)
{
    memset(o, 0, sizeof *o);
    o->headers[0] = (struct header){ SLICE("Content-Type"),
                                     form ? SLICE("application/x-www-form-urlencoded") : SLICE("application/json") };
    o->headers[1] = (struct header){ SLICE("X-Id"), SLICE("id 1") };
    o->headers[2] = (struct header){ SLICE("Host"), SLICE("example.com") };
    o->headers[3] = (struct header){ SLICE("X-Twice"), SLICE("1") };
    o->headers[4] = (struct header){ SLICE("x-twice"), SLICE("2") };
    o->headers[5] = (struct header){ SLICE("X-Signed"), SLICE("X-Id, host") };
    o->delivery = (struct delivery){ .method = SLICE("PUT"), .path = SLICE("/h/a"), .query = SLICE("q=a%20b&e="),
                                     .url = SLICE("https://example.com/h/a?q=a%20b&e="), .headers = o->headers,
                                     .n_headers = 6, .body = slice_z(body) };
    reading_init(&o->reading);
    reading_start(&o->reading, &o->delivery, SLICE_NONE, &JSON_LIMITS_DEFAULT);
    buf_init(&o->tmp, 1 << 20);
    o->hmac = hmac_new();
    o->key = hmac_key_new(hash_find(SLICE("sha256")), SLICE("key"));
    o->content = (struct content){ .reading = &o->reading, .body = o->delivery.body, .url = o->delivery.url,
                                   .timestamp = SLICE("1700000000"), .secret = SLICE("s3"), .hmac_key = o->key,
                                   .hmac = o->hmac, .params = params, .n_params = 1, .tmp = &o->tmp };
}

static void over_clear(struct over *o)
{
    reading_clear(&o->reading);
    buf_clear(&o->tmp);
    hmac_free(o->hmac);
    hmac_key_free(o->key);
}

static void gather(void *arg, struct slice piece)
{
    buf_put(arg, piece);
}

static enum verify_reason render(struct over *o, const char *text, struct buf *out)
{
    struct template t;
    const struct template_part *bad = NULL;
    struct err e;
    enum verify_reason reason;

    if (template_init(&t, slice_z(text), content_kinds, 0, &e))
        fail_msg("%s: %s", text, e.text);
    buf_reset(out);
    reason = content_feed(&o->content, &t, gather, out, &bad);
    assert_true((reason != VERIFY_OK) == (bad != NULL));
    template_clear(&t);
    return reason;
}

struct placeholder_case {
    const char *template, *right; /* NULL: refused */
    enum verify_reason reason;
};

static void render_all(struct over *o, const struct placeholder_case *cases, size_t n)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        enum verify_reason reason = render(o, cases[i].template, &out);
        if (reason != cases[i].reason)
            fail_msg("%s: %s", cases[i].template, verify_reason_name(reason));
        if (reason == VERIFY_OK && !slice_eq_z(buf_slice(&out), cases[i].right))
            fail_msg("%s gives \"%.*s\"", cases[i].template, SLICE_FMT(buf_slice(&out)));
    }
    buf_clear(&out);
}
#define RENDER(o, cases) render_all(o, cases, sizeof cases / sizeof cases[0])

static void placeholders_over_json(void **state)
{
    static const struct placeholder_case cases[] = {
        { "{body}", "{\"a\":\"x\\ny\",\"n\":1.50,\"t\":true,\"z\":null,\"o\":{\"a\":[7,\"e\"]},\"\":\"none\"}", VERIFY_OK },
        { "{timestamp}", "1700000000", VERIFY_OK },
        { "{method}", "PUT", VERIFY_OK },
        { "{secret}", "s3", VERIFY_OK },
        { "{url}", "https://example.com/h/a?q=a%20b&e=", VERIFY_OK },
        { "{url_port}", "https://example.com:443/h/a?q=a%20b&e=", VERIFY_OK },
        { "{url_noport}", "https://example.com/h/a?q=a%20b&e=", VERIFY_OK },
        { "{url_decoded}", "https://example.com/h/a?q=a%20b&e=", VERIFY_OK },
        { "{path_query}", "/h/a?q=a%20b&e=", VERIFY_OK },
        { "{header:x-id}", "id 1", VERIFY_OK },
        { "{header:X-None}", NULL, VERIFY_MISSING_HEADER },
        { "{header:X-Twice}", NULL, VERIFY_DUPLICATE_HEADER },
        { "{query:q}", "a b", VERIFY_OK },
        { "{query:e}", "", VERIFY_OK },
        { "{query:none}", NULL, VERIFY_MISSING_FIELD },
        { "{form:q}", NULL, VERIFY_MISSING_FIELD },
        { "{form_sorted}", "", VERIFY_OK }, /* no form */
        { "{param:webhook_id}", "wh1", VERIFY_OK },
        { "{json:/a}", "x\ny", VERIFY_OK },
        { "{json:/n}", "1.50", VERIFY_OK }, /* as written */
        { "{json:/t}", "true", VERIFY_OK },
        { "{json:/z}{json:/none}{json:/o}{json:/o/a}", "", VERIFY_OK },
        { "{json:/o/a/0}-{json:/o/a/1}", "7-e", VERIFY_OK },
        { "{item:/a}", "x\ny", VERIFY_OK }, /* not split: the item is the body */
        { "{line:a}{line:none}{line:n}", "a\nx\ny\n", VERIFY_OK },
        { "{signed_headers:X-Signed}", "host:example.com;x-id:id 1", VERIFY_OK },
        { "{signed_headers:X-None}", NULL, VERIFY_MISSING_HEADER },
        { "{signed_headers:X-Id}", NULL, VERIFY_MISSING_HEADER }, /* lists a header that is not there */
        { "{{{method}}}", "{PUT}", VERIFY_OK },
    };
    struct over o;
    (void)state;
    over_init(&o, cases[0].right, false);
    RENDER(&o, cases);
    over_clear(&o);
}

static void placeholders_over_a_form(void **state)
{
    static const struct placeholder_case cases[] = {
        { "{form:b}", "2 3", VERIFY_OK },
        { "{form:a}", NULL, VERIFY_DUPLICATE_HEADER },
        { "{form:e}", "", VERIFY_OK },
        { "{form:z}", NULL, VERIFY_MISSING_FIELD },
        { "{form_sorted}", "a0a1b2 3e", VERIFY_OK }, /* by name, then value, of equal ones one */
        { "{json:/b}", "2 3", VERIFY_OK },
        { "{url}{form_sorted}", "https://example.com/h/a?q=a%20b&e=a0a1b2 3e", VERIFY_OK },
    };
    struct over o;
    struct buf out;
    (void)state;
    over_init(&o, "b=2+3&a=1&a=0&a=1&e=", true);
    RENDER(&o, cases);
    over_clear(&o);
    over_init(&o, "a=%zz", true);
    buf_init(&out, 100);
    assert_int_equal(render(&o, "{form_sorted}", &out), VERIFY_MALFORMED_BODY);
    assert_int_equal(render(&o, "{form:a}", &out), VERIFY_MISSING_FIELD);
    buf_clear(&out);
    over_clear(&o);
}

static void bodies_that_are_no_json(void **state)
{
    static const struct placeholder_case cases[] = {
        { "{json:/a}", NULL, VERIFY_MALFORMED_BODY }, { "{item:/a}", NULL, VERIFY_MALFORMED_BODY },
        { "{line:a}", NULL, VERIFY_MALFORMED_BODY },  { "{body}", "{", VERIFY_OK },
    };
    struct over o;
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    over_init(&o, "{", false);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(render(&o, cases[i].template, &out), cases[i].reason);
    over_clear(&o);
    over_init(&o, "[]", false); /* no members: no line */
    assert_int_equal(render(&o, "{line:a}", &out), VERIFY_OK);
    assert_int_equal(out.len, 0);
    over_clear(&o);
    over_init(&o, "123456789", false); /* the check value of CRC-32: cbf43926 */
    assert_int_equal(render(&o, "{crc32_dec:body}", &out), VERIFY_OK);
    assert_text(buf_slice(&out), "3421780262");
    over_clear(&o);
    over_init(&o, "", false);
    assert_int_equal(render(&o, "{crc32_dec:body}{body}", &out), VERIFY_OK);
    assert_text(buf_slice(&out), "0");
    buf_clear(&out);
    over_clear(&o);
}

/* What is not there yet while a request is being signed stands in front. */
static void headers_to_be_added_come_first(void **state)
{
    const struct header extra[] = { { SLICE("x-ID"), SLICE("new") } };
    struct over o;
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    over_init(&o, "{}", false);
    o.content.extra = extra;
    o.content.n_extra = 1;
    assert_int_equal(render(&o, "{header:X-Id} {signed_headers:X-Signed}", &out), VERIFY_OK);
    assert_text(buf_slice(&out), "new host:example.com;x-id:new");
    buf_clear(&out);
    over_clear(&o);
}

/* Of the URL as the sender knows it: the request may have come through a proxy. */
static void paths_are_those_of_the_url(void **state)
{
    struct over o;
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    over_init(&o, "{}", false);
    o.delivery.path = SLICE("/inside");
    assert_int_equal(render(&o, "{path_query}", &out), VERIFY_OK);
    assert_text(buf_slice(&out), "/h/a?q=a%20b&e=");
    o.content.url = SLICE("https://example.com/h/a");
    assert_int_equal(render(&o, "{path_query}", &out), VERIFY_OK);
    assert_text(buf_slice(&out), "/h/a");
    buf_clear(&out);
    over_clear(&o);
}

/* A long list of headers cannot make a longer text: each of them counts once. */
static void lists_of_headers_are_bounded(void **state)
{
    static char list[16000];
    struct over o;
    struct buf out;
    (void)state;
    buf_init(&out, 1 << 20);
    over_init(&o, "{}", false);
    o.headers[5].value = SLICE("X-Id,host,x-id");
    assert_int_equal(render(&o, "{signed_headers:X-Signed}", &out), VERIFY_DUPLICATE_HEADER);
    for (size_t i = 0; i < sizeof list; i += 5)
        memcpy(list + i, i + 5 < sizeof list ? "host," : "x-id ", 5);
    o.headers[5].value = slice_of(list, sizeof list);
    o.headers[2].value = slice_of(list, sizeof list);
    assert_int_equal(render(&o, "{signed_headers:X-Signed}", &out), VERIFY_DUPLICATE_HEADER);
    assert_true(o.tmp.len <= 2 * sizeof list);
    o.headers[5].value = SLICE(" , ,,host,, ");
    o.headers[2].value = SLICE("h");
    assert_int_equal(render(&o, "{signed_headers:X-Signed}", &out), VERIFY_OK);
    assert_text(buf_slice(&out), "host:h");
    o.headers[5].value = SLICE("");
    assert_int_equal(render(&o, "{signed_headers:X-Signed}", &out), VERIFY_OK);
    assert_int_equal(out.len, 0);
    o.headers[5].value = SLICE("x-twice");
    assert_int_equal(render(&o, "{signed_headers:X-Signed}", &out), VERIFY_DUPLICATE_HEADER);
    buf_clear(&out);
    over_clear(&o);
}

static void hmacs_of_other_placeholders(void **state)
{

    struct over o;
    struct buf hex, base64;
    unsigned char bytes[HASH_MAX_BYTES];
    char text[65] = "";
    (void)state;
    buf_init(&hex, 100);
    buf_init(&base64, 100);
    over_init(&o, "{\"c\":\"a b\"}", false);
    hmac_start(o.hmac, o.key);
    hmac_update(o.hmac, SLICE("a b"));
    assert_int_equal(hmac_end(o.hmac, bytes), 32);
    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    assert_int_equal(render(&o, "{hmac_hex:query:q}", &hex), VERIFY_OK);
    assert_text(buf_slice(&hex), text);
    assert_int_equal(render(&o, "{hmac_hex:json:/c}", &hex), VERIFY_OK);
    assert_text(buf_slice(&hex), text);
    assert_int_equal(render(&o, "{hmac_base64:json:/c}", &base64), VERIFY_OK);
    assert_int_equal(base64.len, 44);
    assert_int_equal(render(&o, "{hmac_hex:query:none}", &hex), VERIFY_MISSING_FIELD);
    o.content.hmac_key = NULL; /* another scheme */
    assert_int_equal(render(&o, "{hmac_hex:query:q}", &hex), VERIFY_MISSING_FIELD);
    buf_clear(&hex);
    buf_clear(&base64);
    over_clear(&o);
}

static const char *fault(const char *text, bool in_answer)
{
    struct template t;
    struct err e;
    const char *why = NULL;

    if (template_init(&t, slice_z(text), content_kinds, 0, &e))
        return "unreadable";
    for (uint32_t i = 0; i < t.count && !why; i++)
        why = content_fault(&t.parts[i], in_answer);
    template_clear(&t);
    return why;
}

static void placeholders_that_make_no_sense(void **state)
{
    (void)state;
    assert_null(fault("{body}.{header:X}", false));
    assert_null(fault("{crc32_dec:body}", false));
    assert_non_null(fault("{crc32_dec:url}", false));
    assert_non_null(fault("{hmac_hex:body}", false));
    assert_null(fault("{hmac_hex:body}", true));
    assert_null(fault("{hmac_base64:json:/a/b}", true));
    assert_non_null(fault("{hmac_hex:hmac_hex:body}", true));
    assert_non_null(fault("{hmac_hex:nothing}", true));
    assert_non_null(fault("{hmac_hex:body:x}", true));
    assert_non_null(fault("{nothing}", true));
    assert_non_null(fault("{header}", true));
}

static void what_a_content_uses(void **state)
{
    static const char *const urls[] = { "{url}", "a{url_port}", "{url_noport}", "{url_decoded}", "{path_query}" };
    struct template t;
    struct err e;
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(template_init(&t, slice_z(urls[i]), content_kinds, 0, &e), 0);
        assert_true(content_uses_url(&t));
        assert_false(content_uses(&t, CONTENT_BODY));
        template_clear(&t);
    }
    assert_int_equal(template_init(&t, SLICE("url{body}{method}"), content_kinds, 0, &e), 0);
    assert_false(content_uses_url(&t));
    assert_true(content_uses(&t, CONTENT_BODY));
    template_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(placeholders_over_json, setup, teardown),
        cmocka_unit_test_setup_teardown(placeholders_over_a_form, setup, teardown),
        cmocka_unit_test_setup_teardown(bodies_that_are_no_json, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_to_be_added_come_first, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_are_those_of_the_url, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_of_headers_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(hmacs_of_other_placeholders, setup, teardown),
        cmocka_unit_test_setup_teardown(placeholders_that_make_no_sense, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_content_uses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
