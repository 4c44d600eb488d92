#include "event/event.h"

#include <lz4.h>
#include <stdlib.h>

#include "base/clock.h"

/* Below this lz4 saves less than a row's overhead. */
#define PACK_MIN_BYTES 1024

static const char *const status_names[] = { "accepted", "held", "released", "ignored" };
static const char *const verdict_names[] = { "none", "valid", "invalid", "limit", "unlisted" };

const char *event_status_name(enum event_status s)
{
    return status_names[s];
}

const char *event_verdict_name(enum event_verdict v)
{
    return verdict_names[v];
}

/* The slices that are copied as they are; body, data and packed have their own ways. */
static const size_t plain_slices[] = {
    offsetof(struct event, source),       offsetof(struct event, type),    offsetof(struct event, subject),
    offsetof(struct event, delivery_key), offsetof(struct event, headers), offsetof(struct event, content_type),
    offsetof(struct event, form_field),   offsetof(struct event, errors),  offsetof(struct event, decisions),
};
#define N_PLAIN (sizeof plain_slices / sizeof plain_slices[0])

static struct slice *slice_at(struct event *ev, size_t i)
{
    return (struct slice *)(void *)((char *)ev + plain_slices[i]);
}

static void copy_slice(struct slice *s, char **at)
{
    if (s->len)
        memcpy(*at, s->ptr, s->len);
    s->ptr = *at;
    *at += s->len;
}

/* The body itself, or a part of it: then it needs no room of its own. */
static bool data_in_body(const struct event *ev)
{
    uintptr_t data = (uintptr_t)ev->data.ptr, body = (uintptr_t)ev->body.ptr;

    return data >= body && data - body <= ev->body.len && ev->data.len <= ev->body.len - (data - body);
}

static size_t text_bytes(const struct event *ev)
{
    size_t n = ev->body.len + (data_in_body(ev) ? 0 : ev->data.len) + ev->packed.len;

    for (size_t i = 0; i < N_PLAIN; i++)
        n += slice_at((struct event *)ev, i)->len;
    return n;
}

/* A stream that is only reset: LZ4_compress_default clears 16 KiB each time, a quarter of the work. */
struct event_packer {
    LZ4_stream_t *stream;
    char *room;
    size_t cap;
};

struct event_packer *event_packer_new(void)
{
    struct event_packer *p = mem_zalloc(sizeof *p);

    p->stream = LZ4_createStream();
    if (!p->stream)
        abort(); /* out of memory */
    return p;
}

void event_packer_free(struct event_packer *p)
{
    if (!p)
        return;
    LZ4_freeStream(p->stream);
    free(p->room);
    free(p);
}

struct slice event_pack(struct event_packer *p, struct slice body)
{
    if (body.len < PACK_MIN_BYTES || body.len >= LZ4_MAX_INPUT_SIZE)
        return SLICE_NONE;
    if (body.len > p->cap) {
        p->cap = body.len;
        p->room = mem_realloc(p->room, p->cap);
    }
    LZ4_resetStream_fast(p->stream);
    int n = LZ4_compress_fast_continue(p->stream, body.ptr, p->room, (int)body.len, (int)body.len - 1, 1);
    return n > 0 ? slice_of(p->room, (size_t)n) : SLICE_NONE;
}

static struct event *copy_event(const struct event *from)
{
    struct event *ev = mem_alloc(event_bytes(from));
    char *at = (char *)(ev + 1);

    *ev = *from;
    ref_init(&ev->refs);
    for (size_t i = 0; i < N_PLAIN; i++)
        copy_slice(slice_at(ev, i), &at);
    copy_slice(&ev->body, &at);
    if (data_in_body(from))
        ev->data.ptr = ev->body.ptr + (from->data.ptr - from->body.ptr);
    else
        copy_slice(&ev->data, &at);
    copy_slice(&ev->packed, &at);
    return ev;
}

/* Packed before the block is made, so that an event holds no more memory than it says. */
struct event *event_make(const struct event *from, struct event_packer *packer)
{
    struct event with = *from;

    if (packer && !from->packed.len)
        with.packed = event_pack(packer, from->body);
    return copy_event(&with);
}

struct event *event_ref(struct event *ev)
{
    ref_get(&ev->refs);
    return ev;
}

void event_unref(struct event *ev)
{
    if (ev && ref_put(&ev->refs))
        free(ev);
}

size_t event_bytes(const struct event *ev)
{
    return sizeof *ev + text_bytes(ev);
}

int event_unpack(struct slice packed, size_t raw_len, char *out)
{
    if (packed.len > INT32_MAX || raw_len > INT32_MAX)
        return -1;
    int n = LZ4_decompress_safe(packed.ptr, out, (int)packed.len, (int)raw_len);
    return n >= 0 && (size_t)n == raw_len ? 0 : -1;
}

static void put_member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    json_quote(out, value);
}

/* CloudEvents wants a source that is not empty: what hooklatch itself makes comes from "hooklatch". */
void event_put_cloudevent(const struct event *ev, struct buf *out)
{
    char id[ID_TEXT_LEN + 1], time[CLOCK_TEXT_LEN];

    id_text(ev->id, id);
    clock_text(event_happened_us(ev), time);
    buf_printf(out, "\"specversion\":\"1.0\",\"id\":\"%s\"", id);
    put_member(out, "source", ev->source.len ? ev->source : SLICE("hooklatch"));
    put_member(out, "type", ev->type);
    if (ev->subject.len)
        put_member(out, "subject", ev->subject);
    buf_printf(out, ",\"time\":\"%s\",\"datacontenttype\":\"application/json\"", time);
    if (!ev->happened_us)
        return;
    clock_text(ev->time_us, time);
    buf_printf(out, ",\"receivedtime\":\"%s\"", time);
}
