/* libFuzzer: forms as strangers send them. The pieces that form_next gives are of the text; form_find counts what they
 * hold; the order of the fields does not matter to form_put_sorted; form_to_json gives JSON with the same values. */
#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"
#include "json/doc.h"
#include "verify/form.h"

#define FIELDS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

struct field {
    struct slice name, value;
};

static size_t split(struct slice text, struct field fields[FIELDS_MAX])
{
    struct slice rest = text, at = text;
    size_t n = 0;

    while (n < FIELDS_MAX && form_next(&rest, &fields[n].name, &fields[n].value)) {
        require(fields[n].name.ptr >= at.ptr && rest.len < at.len, "a piece from elsewhere, or no progress");
        require(slice_find(fields[n].name, '&') == fields[n].name.len, "a name with &");
        require(slice_find(fields[n].value, '&') == fields[n].value.len, "a value with &");
        require(slice_find(fields[n].name, '=') == fields[n].name.len, "a name with =");
        at = rest;
        n++;
    }
    return n;
}

/* How often the field is there, by decoding all of them; the first one's value. */
static unsigned count(const struct field *fields, size_t n, struct slice name, struct buf *first)
{
    struct buf tmp;
    unsigned found = 0;

    buf_init(&tmp, 1 << 20);
    for (size_t i = 0; i < n && found < 2; i++) {
        buf_reset(&tmp);
        if (percent_decode(fields[i].name, true, &tmp) || !slice_eq(buf_slice(&tmp), name))
            continue;
        buf_reset(&tmp);
        if (percent_decode(fields[i].value, true, &tmp))
            continue;
        if (found++ == 0)
            buf_put(first, buf_slice(&tmp));
    }
    buf_clear(&tmp);
    return found;
}

static void fuzz_find(struct slice text, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n && i < 8; i++) {
        struct buf name, found, right;
        buf_init(&name, 1 << 20);
        buf_init(&found, 1 << 20);
        buf_init(&right, 1 << 20);
        if (percent_decode(fields[i].name, true, &name) == 0) {
            require(form_find(text, buf_slice(&name), &found) == count(fields, n, buf_slice(&name), &right), "the count");
            require(slice_eq(buf_slice(&found), buf_slice(&right)), "the value");
        }
        buf_clear(&name);
        buf_clear(&found);
        buf_clear(&right);
    }
}

static void fuzz_sorted(struct slice text, const struct field *fields, size_t n)
{
    struct buf sorted, turned, again;

    buf_init(&sorted, 1 << 20);
    buf_init(&turned, 1 << 20);
    buf_init(&again, 1 << 20);
    for (size_t i = n; i-- > 0;)
        buf_printf(&turned, "&%.*s=%.*s&&", SLICE_FMT(fields[i].name), SLICE_FMT(fields[i].value));
    int rc = form_put_sorted(text, &sorted);
    require(form_put_sorted(buf_slice(&turned), &again) == rc, "the order decides whether it is a form");
    require(rc || slice_eq(buf_slice(&sorted), buf_slice(&again)), "the order of the fields matters");
    require(sorted.len <= text.len, "longer than the form");
    buf_clear(&sorted);
    buf_clear(&turned);
    buf_clear(&again);
}

static void check_member(const struct json_doc *d, uint32_t key, struct slice text)
{
    uint32_t value = key + 1, first = json_type_of(d, value) == JSON_ARRAY ? value + 1 : value;
    struct buf name, want, got;
    unsigned times;

    buf_init(&name, 1 << 20);
    buf_init(&want, 1 << 20);
    buf_init(&got, 1 << 20);
    require(json_type_of(d, first) == JSON_STRING, "a value that is no string");
    struct slice is = json_string(d, key, &name), has = json_string(d, first, &got);
    times = form_find(text, is, &want);
    require(times > 0 && slice_eq(has, buf_slice(&want)), "a member that is not in the form");
    require((times > 1) == (first != value), "several values, or one");
    buf_clear(&name);
    buf_clear(&want);
    buf_clear(&got);
}

static void fuzz_json(struct slice text)
{
    struct json_fault fault;
    struct json_doc d;
    struct buf out;
    size_t at = 0;
    const char *why = NULL;

    buf_init(&out, 8 * text.len + 64);
    json_doc_init(&d);
    if (form_to_json(text, &out, &at, &why)) {
        require(why && at <= text.len, "a refusal without words");
    } else if (json_parse(&d, buf_slice(&out), &JSON_LIMITS_DEFAULT, &fault)) {
        require(fault.code == JSON_ERR_UTF8, "what it gives is no JSON");
    } else {
        for (uint32_t k = 1, i = 0; k < json_end(&d, 0) && i < 8; k = json_next(&d, k + 1), i++)
            check_member(&d, k, text);
    }
    json_doc_clear(&d);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct field fields[FIELDS_MAX];
    size_t n;

    if (size > 4096)
        return 0;
    n = split(text, fields);
    if (n == FIELDS_MAX)
        return 0;
    if (!memchr(data ? (const char *)data : "", '\0', size)) { /* printf takes no NUL */
        fuzz_find(text, fields, n);
        fuzz_sorted(text, fields, n);
    }
    fuzz_json(text);
    return 0;
}
