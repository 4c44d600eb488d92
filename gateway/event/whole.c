#include "event/whole.h"

size_t whole_bytes(const struct whole *w)
{
    return sizeof *w + w->headers.len + w->body.len + w->packed.len;
}

static struct slice copy(struct slice s, char **at)
{
    struct slice there = slice_of(*at, s.len);

    if (s.len)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return there;
}

struct whole *whole_make(const struct whole *from, struct event_packer *packer)
{
    struct whole with = *from;

    with.packed = event_pack(packer, from->body);
    struct whole *w = mem_alloc(whole_bytes(&with));
    char *at = (char *)(w + 1);
    *w = with;
    w->headers = copy(with.headers, &at);
    w->body = copy(with.body, &at);
    w->packed = copy(with.packed, &at);
    return w;
}
