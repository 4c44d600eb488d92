#include "cli/remote.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/input.h"
#include "config/tree.h"
#include "net/client.h"

#define INPUT_MAX (64u * 1024 * 1024)

char *reachable(struct slice address, struct arena *a)
{
    if (slice_starts(address, SLICE("0.0.0.0:")))
        return arena_printf(a, "127.0.0.1%.*s", SLICE_FMT(slice_from(address, 7)));
    if (slice_starts(address, SLICE("[::]:")))
        return arena_printf(a, "[::1]%.*s", SLICE_FMT(slice_from(address, 4)));
    return arena_printf(a, "%.*s", SLICE_FMT(address));
}

/* listen.admin is an address, or an object with one and TLS. */
static char *admin_url(const struct tree *t, struct arena *a)
{
    uint32_t listen = tree_get(t, 0, "listen");
    uint32_t admin = listen == JSON_NONE ? JSON_NONE : tree_get(t, listen, "admin");
    struct slice address = SLICE("127.0.0.1:8081");
    const char *scheme = "http";

    if (admin != JSON_NONE && json_type_of(&t->doc, admin) == JSON_OBJECT) {
        address = tree_text(t, admin, "address", a);
        scheme = tree_get(t, admin, "tls") != JSON_NONE ? "https" : "http";
    } else if (admin != JSON_NONE) {
        address = tree_text(t, listen, "admin", a);
    }
    return mem_strdup(arena_printf(a, "%s://%s", scheme, reachable(address, a)));
}

static int read_token(struct remote *r, const char *path, struct err *e)
{
    struct buf token;

    buf_init(&token, INPUT_MAX);
    if (read_input(path, &token, e)) {
        buf_clear(&token);
        return err_add(e, "the token is made by \"hooklatch serve\" beside the store");
    }
    struct slice text = buf_slice(&token);
    while (text.len && text.ptr[text.len - 1] == '\n')
        text.len--;
    r->token = slice_dup_z(text);
    buf_clear(&token);
    return 0;
}

static int open_config(struct remote *r, const char *config, struct err *e)
{
    struct issues is;
    struct tree t;
    struct arena a;
    int result;

    issues_init(&is);
    if (tree_load(&t, config, &is)) {
        err_set(e, ERR_INPUT, "%s: %.*s", config, SLICE_FMT(is.count ? is.list[0].text : SLICE("cannot be read")));
        issues_clear(&is);
        return -1;
    }
    arena_init(&a);
    r->url = admin_url(&t, &a);
    struct slice store = tree_text(&t, 0, "store", &a);
    if (!slice_starts(store, SLICE("sqlite:")))
        result = err_set(e, ERR_INPUT, "%s: no \"store\" to find the token beside; set HOOKLATCH_TOKEN", config);
    else
        result = read_token(r, arena_printf(&a, "%s.token", tree_file_path(&t, slice_from(store, 7), &a)), e);
    arena_clear(&a);
    tree_clear(&t);
    issues_clear(&is);
    return result;
}

int remote_open(struct remote *r, const char *config, struct err *e)
{
    const char *url = getenv("HOOKLATCH_URL"), *token = getenv("HOOKLATCH_TOKEN");

    *r = (struct remote){ 0 };
    if (config)
        return open_config(r, config, e);
    if (!url || !token)
        return err_set(e, ERR_INPUT, "which gateway? Give -c FILE, or set HOOKLATCH_URL and HOOKLATCH_TOKEN");
    r->url = mem_strdup(url);
    r->token = mem_strdup(token);
    return 0;
}

void remote_close(struct remote *r)
{
    if (r->token)
        mem_wipe(r->token, strlen(r->token));
    free(r->url);
    free(r->token);
}

void reply_init(struct reply *r)
{
    *r = (struct reply){ 0 };
    buf_init(&r->text, 128u * 1024 * 1024);
    json_doc_init(&r->doc);
}

void reply_clear(struct reply *r)
{
    json_doc_clear(&r->doc);
    buf_clear(&r->text);
}

int remote_call(const struct remote *r, const char *method, const char *path, struct slice body, struct reply *out,
                struct err *e)
{
    struct arena a;
    struct json_fault fault;
    struct json_limits limits = { .max_depth = 10000, .max_nodes = UINT32_MAX, .allow_duplicate_keys = true };

    arena_init(&a);
    const char *headers[] = { arena_printf(&a, "Authorization: Bearer %s", r->token), "Content-Type: application/json",
                              NULL };
    struct call_options o = {
        .method = method,
        .url = arena_printf(&a, "%s%s", r->url, path),
        .headers = headers,
        .body = body,
        .timeout_us = 60 * US_PER_S,
        .answer_max = out->text.max,
        .allow_private = true,
    };
    buf_reset(&out->text);
    int result = client_fetch(&o, &out->status, &out->text, e);
    if (result)
        err_add(e, "no answer from the gateway at %s", r->url);
    else if (json_parse(&out->doc, buf_slice(&out->text), &limits, &fault))
        json_doc_clear(&out->doc);
    arena_clear(&a);
    return result;
}

struct slice reply_text(const struct reply *r, uint32_t object, const char *key, struct arena *a)
{
    const struct json_doc *d = &r->doc;
    uint32_t n = d->count ? json_member(d, object, slice_z(key)) : JSON_NONE;
    struct buf tmp;

    if (n == JSON_NONE || json_type_of(d, n) == JSON_NULL)
        return SLICE("");
    if (json_type_of(d, n) != JSON_STRING)
        return arena_slice(a, json_raw(d, n));
    buf_init(&tmp, json_inner(d, n).len);
    struct slice text = arena_slice(a, json_string(d, n, &tmp));
    buf_clear(&tmp);
    return text;
}

/* C1 controls are C2 80 to C2 9F in UTF-8. */
struct slice reply_line(const struct reply *r, uint32_t object, const char *key, struct arena *a)
{
    struct slice text = reply_text(r, object, key, a);
    char *line = arena_printf(a, "%.*s", SLICE_FMT(text)), *p = line;

    for (; *p; p++) {
        unsigned char c = (unsigned char)*p, next = (unsigned char)p[1];
        if (c < 0x20 || c == 0x7f)
            *p = ' ';
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            p[0] = p[1] = ' ';
    }
    return slice_z(line);
}

bool reply_ok(const struct reply *r, const char *name)
{
    struct arena a;

    if (r->status >= 200 && r->status < 300)
        return true;
    arena_init(&a);
    struct slice detail = reply_line(r, 0, "detail", &a);
    fprintf(stderr, "hooklatch %s: the gateway answered %d%s%.*s\n", name, r->status, detail.len ? ": " : "",
            SLICE_FMT(detail));
    arena_clear(&a);
    return false;
}
