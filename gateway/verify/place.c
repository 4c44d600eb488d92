#include "verify/place.h"

#include "verify/form.h"

const char *const place_words[] = { "header", "query", "form", "json", "item", NULL };

static enum place_found found(unsigned count)
{
    return count == 0 ? PLACE_ABSENT : count == 1 ? PLACE_ONE : PLACE_SEVERAL;
}

static enum place_found find_field(struct slice text, struct slice name, struct buf *tmp, struct slice *value)
{
    size_t start = tmp->len;
    unsigned count = form_find(text, name, tmp);
    *value = count ? slice_from(buf_slice(tmp), start) : SLICE_NONE;
    return found(count);
}

static enum place_found find_json(const struct place *p, struct reading *r, struct buf *tmp, struct slice *value)
{
    uint32_t node;
    *value = SLICE_NONE;
    if (reading_json(r))
        return PLACE_UNREADABLE;
    node = pointer_get(&p->pointer, &r->doc, p->in == PLACE_ITEM ? r->item : 0);
    if (node == JSON_NONE)
        return PLACE_ABSENT;
    switch (json_type_of(&r->doc, node)) {
    case JSON_STRING:
        *value = json_string(&r->doc, node, tmp);
        return tmp->failed ? PLACE_ABSENT : PLACE_ONE;
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        *value = json_raw(&r->doc, node);
        return PLACE_ONE;
    default:
        return PLACE_ABSENT;
    }
}

enum place_found place_find(const struct place *p, struct reading *r, struct buf *tmp, struct slice *value)
{
    switch (p->in) {
    case PLACE_HEADER:
        return found(delivery_header_count(r->delivery, p->name, value));
    case PLACE_QUERY:
        return find_field(r->delivery->query, p->name, tmp, value);
    case PLACE_FORM:
        *value = SLICE_NONE;
        return delivery_is_form(r->delivery) ? find_field(r->delivery->body, p->name, tmp, value) : PLACE_ABSENT;
    case PLACE_JSON:
    case PLACE_ITEM:
        return find_json(p, r, tmp, value);
    }
    return PLACE_ABSENT;
}

void place_put_name(const struct place *p, struct buf *out)
{
    static const char *const words[] = { [PLACE_HEADER] = "header",
                                         [PLACE_QUERY] = "query field",
                                         [PLACE_FORM] = "form field",
                                         [PLACE_JSON] = "JSON member",
                                         [PLACE_ITEM] = "JSON member" };
    buf_printf(out, "%s %.*s", words[p->in], SLICE_FMT(p->name));
}
