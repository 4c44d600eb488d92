/* The output formats of the specification. */
#include "schema/schema.h"

static void put_locations(struct buf *out, bool valid, struct slice keyword, struct slice absolute, struct slice instance)
{
    buf_printf(out, "{\"valid\":%s,\"keywordLocation\":", valid ? "true" : "false");
    json_quote(out, keyword);
    if (absolute.len > 0) {
        buf_puts(out, ",\"absoluteKeywordLocation\":");
        json_quote(out, absolute);
    }
    buf_puts(out, ",\"instanceLocation\":");
    json_quote(out, instance);
}

static void put_errors(struct buf *out, const struct schema_report *r)
{
    buf_puts(out, ",\"errors\":[");
    for (size_t i = 0; i < r->count; i++) {
        const struct schema_error *e = &r->errors[i];

        if (i > 0)
            buf_putc(out, ',');
        put_locations(out, false, e->keyword_path, e->absolute, e->instance_path);
        buf_puts(out, ",\"error\":");
        json_quote(out, e->message);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_annotations(struct buf *out, const struct schema_annotations *a)
{
    buf_puts(out, ",\"annotations\":[");
    for (size_t i = 0; i < a->count; i++) {
        const struct schema_annotation *from = &a->at[i];

        if (i > 0)
            buf_putc(out, ',');
        put_locations(out, true, from->keyword_path, from->absolute, from->instance_path);
        buf_puts(out, ",\"annotation\":");
        buf_put(out, from->value);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

void schema_output_basic(struct buf *out, const struct schema_report *r, const struct schema_annotations *a)
{
    bool valid = r->verdict == SCHEMA_VALID;

    buf_printf(out, "{\"valid\":%s", valid ? "true" : "false");
    if (!valid)
        put_errors(out, r);
    else if (a && a->count > 0)
        put_annotations(out, a);
    buf_putc(out, '}');
}
