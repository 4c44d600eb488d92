#include "verify/delivery.h"

unsigned delivery_header_count(const struct delivery *d, struct slice name, struct slice *value)
{
    unsigned count = 0;
    *value = SLICE_NONE;
    for (size_t i = 0; i < d->n_headers && count < 2; i++) {
        if (!slice_eq_nocase(d->headers[i].name, name))
            continue;
        if (count++ == 0)
            *value = d->headers[i].value;
    }
    return count;
}

struct slice delivery_header(const struct delivery *d, struct slice name)
{
    for (size_t i = 0; i < d->n_headers; i++)
        if (slice_eq_nocase(d->headers[i].name, name))
            return d->headers[i].value;
    return SLICE_NONE;
}

struct slice delivery_content_type(const struct delivery *d)
{
    struct slice value = delivery_header(d, SLICE("Content-Type"));
    return value.ptr ? slice_trim(slice_first(value, slice_find(value, ';'))) : SLICE_NONE;
}

bool delivery_content_type_is(const struct delivery *d, struct slice type)
{
    return slice_eq_nocase(delivery_content_type(d), type);
}

bool delivery_is_form(const struct delivery *d)
{
    return delivery_content_type_is(d, SLICE("application/x-www-form-urlencoded"));
}
