/* Signature values and forms as strangers send them: signature_read and form_to_json keep their promises. */
#include <stdlib.h>

#include "json/doc.h"
#include "verify/form.h"
#include "verify/signature.h"
#include "verify/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct signature_form forms[] = {
    { .prefix = SLICE("sha256="), .timestamp_index = -1 },
    { .prefix = SLICE("Bearer "), .prefix_any_case = true, .timestamp_index = -1 },
    { .format = SIGNATURE_PAIRS,
      .separator = ',',
      .kv = '=',
      .key = SLICE("v1"),
      .timestamp_key = SLICE("t"),
      .timestamp_index = -1 },
    { .format = SIGNATURE_PAIRS, .separator = ' ', .kv = ',', .key = SLICE("v1"), .timestamp_index = -1 },
    { .format = SIGNATURE_LIST, .separator = ',', .timestamp_index = 0 },
};
#define N_FORMS (sizeof forms / sizeof forms[0])

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool within(struct slice part, struct slice whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static void fuzz_signature(const struct signature_form *f, struct slice value)
{
    struct signatures got = { .count = 0 };
    const char *wrong = signature_read(f, value, &got);
    require(got.count <= SIGNATURES_MAX && (wrong || got.count > 0));
    for (unsigned i = 0; i < got.count; i++)
        require(got.list[i].len > 0 && within(got.list[i], value));
    require(!got.timestamp.ptr || within(got.timestamp, value));
}

static void fuzz_timestamp(struct slice text)
{
    for (enum timestamp_format f = TIMESTAMP_UNIX; f <= TIMESTAMP_HTTP_DATE; f++) {
        int64_t us;
        if (timestamp_read(f, text, &us) == 0)
            require(us > -INT64_C(100000000000000000));
    }
}

/* What the form gives is JSON, but for bytes that are not UTF-8. */
static void fuzz_form(struct slice text)
{
    struct buf out;
    size_t at = 0;
    const char *why = NULL;
    buf_init(&out, 8 * text.len + 64);
    if (form_to_json(text, &out, &at, &why) == 0) {
        struct json_doc d;
        struct json_fault fault;
        json_doc_init(&d);
        if (json_parse(&d, buf_slice(&out), &JSON_LIMITS_DEFAULT, &fault))
            require(fault.code == JSON_ERR_UTF8);
        json_doc_clear(&d);
    } else {
        require(why && at <= text.len);
    }
    buf_reset(&out);
    form_find(text, SLICE("a"), &out);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice text = slice_of(bytes + (size > 0), size - (size > 0));
    if (size == 0)
        return 0;
    if (bytes[0] % (N_FORMS + 2) < N_FORMS)
        fuzz_signature(&forms[bytes[0] % (N_FORMS + 2)], text);
    else if (bytes[0] % (N_FORMS + 2) == N_FORMS)
        fuzz_form(text);
    else
        fuzz_timestamp(text);
    return 0;
}
