#include "event/data.h"

#include "base/codec.h"
#include "base/utf8.h"
#include "verify/reading.h"

size_t event_data_max(size_t body_len)
{
    return 8 * body_len + 64;
}

size_t event_utf8_prefix(struct slice text)
{
    size_t at = 0;

    while (at < text.len) {
        unsigned n = (unsigned char)text.ptr[at] < 0x80 ? 1 : utf8_sequence(text.ptr + at, text.len - at);
        if (n == 0)
            return at;
        at += n;
    }
    return at;
}

static int put_text(struct slice body, struct buf *out)
{
    if (event_utf8_prefix(body) < body.len)
        return -1;
    json_quote(out, body);
    return out->failed ? -1 : 0;
}

static int put_binary(struct slice body, struct buf *out)
{
    char *room = buf_room(out, (body.len + 2) / 3 * 4 + 3);

    if (!room)
        return -1;
    size_t n = base64_encode(body, room + 1);
    room[0] = room[n + 1] = '"';
    out->len += n + 2;
    return 0;
}

int event_data(enum event_form form, struct slice form_field, struct slice body, struct buf *out, struct slice *data)
{
    size_t start = out->len;

    switch (form) {
    case EVENT_DATA_IS_BODY:
        *data = body;
        return 0;
    case EVENT_DATA_IN_FORM:
        return reading_data(body, true, form_field, out, data);
    case EVENT_DATA_TEXT:
    case EVENT_DATA_BINARY:
        if (form == EVENT_DATA_TEXT ? put_text(body, out) : put_binary(body, out))
            return -1;
        *data = slice_of(out->ptr + start, out->len - start);
        return 0;
    }
    return -1;
}

int event_derive(struct event *ev, struct slice body, size_t data_len, struct buf *out)
{
    struct slice all;

    if (event_data(ev->form, ev->form_field, body, out, &all))
        return -1;
    ev->body = body;
    ev->data = all;
    if (ev->item.count == 0)
        return 0;
    if (ev->item.at > all.len || data_len > all.len - ev->item.at)
        return -1;
    ev->data = slice_of(all.ptr + ev->item.at, data_len);
    return 0;
}
