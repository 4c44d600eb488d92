#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "json/template.h"

static const struct template_kind kinds[] = {
    { "body", TEMPLATE_ARG_NONE }, { "header", TEMPLATE_ARG_NEEDED }, { "json", TEMPLATE_ARG_POINTER },
    { NULL, TEMPLATE_ARG_NONE },
};
enum { KIND_BODY, KIND_HEADER };

static struct json_doc doc;

/* {body} is "BODY", {header:X} is "<X>" but for "absent" and "stop", {json:…} the raw text. */
static int fill(const struct template_part *part, struct buf *out, void *arg)
{
    uint32_t n;

    assert_ptr_equal(arg, &doc);
    assert_true(slice_eq_z(part->kind, kinds[part->code].name));
    if (part->code == KIND_BODY) {
        buf_puts(out, "BODY");
        return 0;
    }
    if (part->code == KIND_HEADER) {
        if (slice_eq_z(part->arg, "stop"))
            return -1;
        if (slice_eq_z(part->arg, "absent"))
            return 1;
        buf_printf(out, "<%.*s>", SLICE_FMT(part->arg));
        return 0;
    }
    n = pointer_get(&part->pointer, &doc, 0);
    if (n == JSON_NONE)
        return 1;
    buf_put(out, json_inner(&doc, n));
    return 0;
}

static int render(const char *text, unsigned flags, struct buf *out)
{
    struct template t;
    struct err e;
    char *copy = slice_dup_z(slice_z(text));
    int result;

    if (template_init(&t, slice_z(copy), kinds, flags, &e) < 0)
        fail_msg("%s", e.text);
    memset(copy, 'x', strlen(copy)); /* the template keeps nothing of its text */
    free(copy);
    buf_reset(out);
    buf_puts(out, ">");
    result = template_render(&t, fill, &doc, out);
    template_clear(&t);
    return result;
}

static void test_render(void **state)
{
    static const struct {
        const char *text;
        unsigned flags;
        const char *want;
    } cases[] = {
        { "", 0, ">" }, { "plain", 0, ">plain" }, { "{body}", 0, ">BODY" },
        { "{header:X-GitHub-Event}", 0, "><X-GitHub-Event>" },
        { "github.{header:E}.{/action}", 0, ">github.<E>.opened" }, { "{json:/action}", 0, ">opened" },
        { "{/a~1b}{/n/1}", 0, ">slash2" },
        { "v0:{header:T}:{body}", 0, ">v0:<T>:BODY" }, { "{{{body}}}", 0, ">{BODY}" }, { "{{}}", 0, ">{}" },
        { "a}}b{{c", 0, ">a}b{c" },
        { "{header:a:b}", 0, "><a:b>" }, { "{json:}", 0, ">{\"action\":\"opened\",\"a/b\":\"slash\",\"n\":[1,2]}" },
        /* absent */
        { "a.{/none}.b", 0, ">a..b" }, { "a.{/none}", TEMPLATE_DROP_SEPARATOR, ">a" },
        { "a.{/none}.b", TEMPLATE_DROP_SEPARATOR, ">a.b" },
        { "a:{/none}/{header:absent}", TEMPLATE_DROP_SEPARATOR, ">a" }, { "a-{/none}", TEMPLATE_DROP_SEPARATOR, ">a-" },
        { "a.{/none}{/none}", TEMPLATE_DROP_SEPARATOR, ">a" }, { "a..{/none}{/none}", TEMPLATE_DROP_SEPARATOR, ">a." },
        { "{/none}", TEMPLATE_DROP_SEPARATOR, ">" }, { "{/action}{/none}", TEMPLATE_DROP_SEPARATOR, ">opened" },
        { "a.{/action}.{/none}", TEMPLATE_DROP_SEPARATOR, ">a.opened" },
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(render(cases[i].text, cases[i].flags, &out), 0);
        assert_string_equal(out.ptr, cases[i].want);
        assert_int_equal(out.len, strlen(cases[i].want));
    }
    assert_int_equal(render("a.{header:stop}.b", 0, &out), -1);
    buf_clear(&out);
}

/* A full buffer stays what it is: a dropped separator must not be taken from it. */
static void test_full_buffer(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 4);
    assert_int_equal(render("ab.{body}.{/none}", TEMPLATE_DROP_SEPARATOR, &out), 0);
    assert_true(out.failed);
    assert_int_equal(out.len, 4);
    buf_clear(&out);
}

static void test_bad_templates(void **state)
{
    static const char *const cases[][2] = {
        { "{", "character 1: '{' without '}'" }, { "a.{body", "character 3: '{' without '}'" },
        { "a}", "character 2: '}' without '{'" },
        { "{body}}", "character 7: '}' without '{'" },
        { "{}", "character 1: unknown placeholder {}; known are {body}, {header:" },
        { "a{hedder:X}", "character 2: unknown placeholder {hedder}" },
        { "{header}", "character 1: this placeholder needs a value" },
        { "{header:}", "needs a value" }, { "{body:x}", "takes nothing after its name" },
        { "{json}", "needs a JSON Pointer" },
        { "{json:a}", "character 1: JSON Pointer \"a\" must start with '/'" },
        { "x{/a~2}", "character 2: JSON Pointer \"/a~2\"" },
        { "{/ok}{body}{bad}", "character 12: unknown placeholder {bad}" },
        { " {body}{ body}", "unknown placeholder { body}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct template t;
        struct err e;

        assert_int_equal(template_init(&t, slice_z(cases[i][0]), kinds, 0, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        if (!strstr(e.text, cases[i][1]) || !strstr(e.text, cases[i][0]))
            fail_msg("%s: %s", cases[i][0], e.text);
        assert_int_equal(t.count, 0);
    }
}

static void test_pointer_needs_the_json_kind(void **state)
{
    static const struct template_kind only[] = { { "body", TEMPLATE_ARG_NONE }, { NULL, TEMPLATE_ARG_NONE } };
    struct template t;
    struct err e;

    (void)state;
    assert_int_equal(template_init(&t, SLICE("{/a}"), only, 0, &e), -1);
    assert_non_null(strstr(e.text, "unknown placeholder {/a}; known are {body}"));
}

static int set_up(void **state)
{
    struct err e;

    (void)state;
    return json_parse_err(&doc, SLICE("{\"action\":\"opened\",\"a/b\":\"slash\",\"n\":[1,2]}"),
                          &JSON_LIMITS_DEFAULT, &e);
}

static int tear_down(void **state)
{
    (void)state;
    json_doc_clear(&doc);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render),
        cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_bad_templates),
        cmocka_unit_test(test_pointer_needs_the_json_kind),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
