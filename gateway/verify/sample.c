#include "verify/sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/id.h"
#include "base/embedded.h"
#include "verify/provider_fields.h"
#include "verify/timestamp.h"

enum { SAMPLE_EVENT, SAMPLE_UUID, SAMPLE_RANDOM, SAMPLE_UNIX, SAMPLE_UNIX_MS, SAMPLE_RFC3339 };
const struct template_kind sample_kinds[] = {
    [SAMPLE_EVENT] = { "event", TEMPLATE_ARG_NONE },
    [SAMPLE_UUID] = { "uuid", TEMPLATE_ARG_NONE },
    [SAMPLE_RANDOM] = { "random", TEMPLATE_ARG_NONE },
    [SAMPLE_UNIX] = { "unix", TEMPLATE_ARG_NONE },
    [SAMPLE_UNIX_MS] = { "unix_ms", TEMPLATE_ARG_NONE },
    [SAMPLE_RFC3339] = { "rfc3339", TEMPLATE_ARG_NONE },
    { NULL, TEMPLATE_ARG_NONE },
};

struct filling {
    struct slice event;
    int64_t now_us;
};

static void put_uuid(struct buf *out)
{
    char text[ID_TEXT_LEN + 1];
    id_text(id_new(), text);
    buf_puts(out, text);
}

static void put_random(struct buf *out)
{
    unsigned char bytes[12];
    char text[2 * sizeof bytes];
    random_bytes(bytes, sizeof bytes);
    hex_encode(slice_of(bytes, sizeof bytes), text);
    buf_put(out, slice_of(text, sizeof text));
}

static int fill(const struct template_part *part, struct buf *out, void *arg)
{
    const struct filling *f = arg;
    switch (part->code) {
    case SAMPLE_EVENT:
        buf_put(out, f->event);
        break;
    case SAMPLE_UUID:
        put_uuid(out);
        break;
    case SAMPLE_RANDOM:
        put_random(out);
        break;
    case SAMPLE_UNIX:
        timestamp_put(TIMESTAMP_UNIX, f->now_us, out);
        break;
    case SAMPLE_UNIX_MS:
        timestamp_put(TIMESTAMP_UNIX_MS, f->now_us, out);
        break;
    case SAMPLE_RFC3339:
        timestamp_put(TIMESTAMP_RFC3339, f->now_us, out);
        break;
    }
    return 0;
}

static const struct embedded *find_file(const struct provider *p, struct slice file)
{
    static const char *const folders[] = { "schemas", "conf/samples" };
    char name[256];

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(name, sizeof name, "%s/%.*s/%.*s", folders[i], SLICE_FMT(p->id), SLICE_FMT(file));
        for (const struct embedded *f = embedded_files; f->name; f++)
            if (strcmp(f->name, name) == 0)
                return f;
    }
    return NULL;
}

static int fail_unknown(const struct provider *p, struct slice event, struct err *e)
{
    struct buf known;
    buf_init(&known, 512);
    for (uint32_t i = 0; i < p->samples.n_events; i++)
        buf_printf(&known, "%s%.*s", i ? ", " : "", SLICE_FMT(p->samples.events[i].event));
    if (known.len)
        err_set(e, ERR_NOT_FOUND, "no sample of event \"%.*s\": there are %.*s; or give a file",
                SLICE_FMT(slice_first(event, 100)), SLICE_FMT(buf_slice(&known)));
    else
        err_set(e, ERR_NOT_FOUND, "%s%.*s has no samples: give an EVENT and a FILE",
                provider_name(p).len ? "" : "a source without a preset", SLICE_FMT(provider_name(p)));
    buf_clear(&known);
    return -1;
}

/* A value that is to be replaced in the text. */
struct patch {
    uint32_t node, index; /* in the document; in samples.fresh */
};

static int by_node(const void *a, const void *b)
{
    const struct patch *x = a, *y = b;
    return x->node < y->node ? -1 : x->node > y->node;
}

static size_t find_patches(const struct provider *p, const struct json_doc *d, struct patch *patches)
{
    size_t n = 0;
    for (uint32_t i = 0; i < p->samples.n_fresh; i++) {
        uint32_t node = pointer_get(&p->samples.fresh[i].at, d, 0);
        if (node != JSON_NONE)
            patches[n++] = (struct patch){ node, i };
    }
    qsort(patches, n, sizeof *patches, by_node);
    return n;
}

/* Strings stay strings: the kinds give nothing that needs an escape. */
static int put_fresh(const struct provider *p, const struct json_doc *d, const struct filling *f, struct buf *out)
{
    struct patch *patches = mem_zalloc((p->samples.n_fresh + 1) * sizeof *patches);
    size_t n = find_patches(p, d, patches);
    const char *from = d->text.ptr;
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        struct slice old = json_raw(d, patches[i].node);
        bool is_string = json_type_of(d, patches[i].node) == JSON_STRING;
        buf_put(out, slice_of(from, (size_t)(old.ptr - from)));
        if (is_string)
            buf_putc(out, '"');
        rc = template_render(&p->samples.fresh[patches[i].index].value, fill, (void *)f, out);
        if (is_string)
            buf_putc(out, '"');
        from = old.ptr + old.len;
    }
    buf_put(out, slice_of(from, (size_t)(d->text.ptr + d->text.len - from)));
    free(patches);
    return rc;
}

static int make_body(struct sample *s, const struct provider *p, struct slice text, const struct filling *f,
                     struct err *e)
{
    struct json_doc d;
    struct buf body;
    int rc;

    json_doc_init(&d);
    buf_init(&body, text.len + 4096);
    rc = json_parse_err(&d, text, &JSON_LIMITS_DEFAULT, e);
    if (rc == 0) {
        rc = put_fresh(p, &d, f, &body);
        s->body = arena_slice(&s->memory, buf_slice(&body));
    }
    buf_clear(&body);
    json_doc_clear(&d);
    return rc;
}

static int make_headers(struct sample *s, const struct provider *p, const struct filling *f)
{
    struct buf value;
    int rc = 0;

    buf_init(&value, 4096);
    s->headers = arena_zalloc(&s->memory, (p->samples.n_headers + 1) * sizeof *s->headers);
    for (uint32_t i = 0; i < p->samples.n_headers && rc == 0; i++) {
        buf_reset(&value);
        rc = template_render(&p->samples.headers[i].value, fill, (void *)f, &value);
        s->headers[s->n_headers++] = (struct header){ arena_slice(&s->memory, p->samples.headers[i].name),
                                                      arena_slice(&s->memory, buf_slice(&value)) };
    }
    buf_clear(&value);
    return rc;
}

static int make(struct sample *s, const struct provider *p, struct slice event, struct slice text, bool is_form,
                int64_t now_us, struct err *e)
{
    struct filling filling = { event, now_us };
    int rc = 0;

    memset(s, 0, sizeof *s);
    arena_init(&s->memory);
    s->event = arena_slice(&s->memory, event);
    s->content_type = is_form ? SLICE("application/x-www-form-urlencoded") : SLICE("application/json");
    if (is_form)
        s->body = arena_slice(&s->memory, text);
    else
        rc = make_body(s, p, text, &filling, e);
    if (rc == 0)
        rc = make_headers(s, p, &filling);
    if (rc)
        sample_clear(s);
    return rc;
}

static int make_built_in(struct sample *s, const struct provider *p, uint32_t i, int64_t now_us, struct err *e)
{
    struct slice file = p->samples.events[i].file;
    const struct embedded *f = find_file(p, file);

    if (!f)
        return err_set(e, ERR_NOT_FOUND, "the sample %.*s is not in this binary", SLICE_FMT(file));
    if (make(s, p, p->samples.events[i].event, slice_of(f->bytes, f->len), slice_ends(file, SLICE(".form")), now_us, e))
        return err_add(e, "sample %.*s", SLICE_FMT(file));
    return 0;
}

int sample_find(struct sample *s, const struct provider *p, struct slice event, int64_t now_us, struct err *e)
{
    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < p->samples.n_events; i++)
        if (event.len == 0 || slice_eq(p->samples.events[i].event, event))
            return make_built_in(s, p, i, now_us, e);
    return fail_unknown(p, event, e);
}

int sample_make(struct sample *s, const struct provider *p, struct slice event, struct slice json, int64_t now_us,
                struct err *e)
{
    return make(s, p, event, json, false, now_us, e);
}

void sample_clear(struct sample *s)
{
    arena_clear(&s->memory);
    memset(s, 0, sizeof *s);
}

struct slice sample_event(const struct provider *p, size_t i)
{
    return i < p->samples.n_events ? p->samples.events[i].event : SLICE_NONE;
}
