/* Any bytes: json_parse agrees with a naive reader, and what it accepts keeps the invariants of the tape; so do its
 * parts by themselves. */
#include <stdint.h>

#include "../unit/json/naive.h"
#include "../unit/json/tape.h"
#include "json/doc.h"
#include "json/number.h"

#define NAIVE_MAX 4096 /* it recurses */
#define PARTS_MAX 64   /* sub-trees parsed again */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits lax = { .max_depth = 10000, .max_nodes = 100000, .allow_duplicate_keys = true };
static const struct json_limits strict = { .max_depth = 10000, .max_nodes = 100000 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_naive(const uint8_t *data, size_t size, bool accepted)
{
    char text[NAIVE_MAX + 1];

    if (size > NAIVE_MAX || (size && memchr(data, 0, size)))
        return;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    require(naive_accepts(text, size) == accepted);
}

static void check_fault(const struct json_doc *doc, const struct json_fault *fault, size_t size)
{
    require(doc->count == 0);
    require(fault->code != JSON_OK && fault->offset <= size && fault->line > 0 && fault->column > 0);
    for (const char *p = fault->text; *p; p++)
        require(*p >= 0x20 && *p < 0x7f);
}

static void check_number(const struct json_doc *doc, uint32_t n)
{
    struct number v, two;
    bool limit = false;

    number_read(json_inner(doc, n), &v);
    number_read(SLICE("2"), &two);
    require(number_cmp(&v, &v) == 0);
    require(number_is_multiple(&v, &v, &limit) || limit || v.negative);
    require(!number_is_multiple(&v, &two, &limit) || number_is_integer(&v));
}

static void check_document(const struct json_doc *doc)
{
    require(tape_holds(doc));
    for (uint32_t n = 0, parts = 0; n < doc->count; n++) {
        if (json_type_of(doc, n) == JSON_NUMBER)
            check_number(doc, n);
        if (json_type_of(doc, n) != JSON_KEY && parts++ < PARTS_MAX)
            require(tape_reparses(doc, n, &lax));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_doc used; /* keeps the memory of earlier inputs */
    struct json_doc fresh;
    struct json_fault fault;
    struct slice text = slice_of(data, size);
    int result = json_parse(&used, text, &lax, &fault);

    if (result == 0)
        check_document(&used);
    else
        check_fault(&used, &fault, size);
    if (result == 0 || fault.code == JSON_ERR_SYNTAX || fault.code == JSON_ERR_UTF8)
        check_naive(data, size, result == 0);
    json_doc_init(&fresh);
    if (json_parse(&fresh, text, &strict, &fault) == 0)
        require(result == 0 && fresh.count == used.count && tape_holds(&fresh));
    else
        require(result < 0 || fault.code == JSON_ERR_DUPLICATE_KEY);
    json_doc_clear(&fresh);
    return 0;
}
