#include "verify/reading.h"

#include <stdio.h>

#include "verify/form.h"

/* No derived text is larger: a field of n bytes gives at most 6 n as \u00XX, and 6 more for quotes, colon, comma,
 * brackets. */
static size_t derived_max(size_t body_len)
{
    return 8 * body_len + 64;
}

void reading_init(struct reading *r)
{
    memset(r, 0, sizeof *r);
    json_doc_init(&r->doc);
    buf_init(&r->form, derived_max(0));
}

void reading_clear(struct reading *r)
{
    json_doc_clear(&r->doc);
    buf_clear(&r->form);
}

void reading_start(struct reading *r, const struct delivery *d, struct slice form_json_field,
                   const struct json_limits *limits)
{
    r->delivery = d;
    r->form_json_field = form_json_field;
    r->limits = *limits;
    r->data = SLICE_NONE;
    r->item = 0;
    r->data_is_body = false;
    r->state = READING_NOT_YET;
    buf_reset(&r->form);
    r->form.max = derived_max(d->body.len);
}

static int derive(struct slice body, bool is_form, struct slice form_json_field, struct buf *out, struct slice *data,
                  size_t *at, const char **why)
{
    size_t start = out->len;
    if (!is_form) {
        *data = body;
        return 0;
    }
    if (form_json_field.len == 0 || form_find(body, form_json_field, out) == 0) {
        if (form_to_json(body, out, at, why))
            return -1;
    }
    *data = slice_from(buf_slice(out), start);
    return 0;
}

int reading_data(struct slice body, bool is_form, struct slice form_json_field, struct buf *out, struct slice *data)
{
    size_t at;
    const char *why;
    return derive(body, is_form, form_json_field, out, data, &at, &why);
}

static int read_body(struct reading *r)
{
    const struct delivery *d = r->delivery;
    bool is_form = delivery_is_form(d);
    size_t at = 0;
    const char *why = "";

    if (derive(d->body, is_form, r->form_json_field, &r->form, &r->data, &at, &why)) {
        r->fault = (struct json_fault){ .code = JSON_ERR_SYNTAX, .offset = at };
        json_position(d->body, at, &r->fault.line, &r->fault.column);
        snprintf(r->fault.text, sizeof r->fault.text, "%s", why);
        return -1;
    }
    r->data_is_body = !is_form;
    return json_parse(&r->doc, r->data, &r->limits, &r->fault);
}

int reading_json(struct reading *r)
{
    if (r->state == READING_NOT_YET)
        r->state = read_body(r) == 0 ? READING_JSON : READING_BAD;
    return r->state == READING_JSON ? 0 : -1;
}

bool reading_form(struct reading *r, struct slice name, struct buf *out)
{
    return delivery_is_form(r->delivery) && form_find(r->delivery->body, name, out) > 0;
}

bool reading_query(const struct reading *r, struct slice name, struct buf *out)
{
    return form_find(r->delivery->query, name, out) > 0;
}
