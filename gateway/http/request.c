#include "http/connection.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/problem.h"
#include "http/target.h"

/* Requests of this many are kept for the next ones, each with its block. */
#define SPARE_MAX 64
/* Takes a webhook of usual size in one read. Pages that nobody writes to cost nothing. */
#define BLOCK_BYTES (16u << 10)
/* A body of known length gets its room at once up to here, beyond it as it comes in. */
#define ROOM_AT_ONCE (256u << 10)
/* What an answer's scratch may keep. */
#define SCRATCH_KEPT (256u << 10)

void budget_release(struct server_budget *b, size_t n)
{
    if (n)
        atomic_fetch_sub_explicit(&b->body_bytes, (int64_t)n, memory_order_relaxed);
}

static struct request *take_spare(struct server *s)
{
    struct request *r = TAILQ_FIRST(&s->spare);

    if (r) {
        TAILQ_REMOVE(&s->spare, r, link);
        s->n_spare--;
        return r;
    }
    unsigned n = s->o.limits.headers;
    r = mem_alloc(sizeof *r + n * (sizeof *r->fields + sizeof *r->headers));
    r->headers = (struct header *)(void *)(r->fields + n);
    r->block = mem_alloc(BLOCK_BYTES);
    r->cap = BLOCK_BYTES;
    return r;
}

struct request *request_new(struct conn *c)
{
    struct server *s = c->server;
    struct request *r = take_spare(s);

    r->server = s;
    r->conn = c;
    r->budget = s->o.budget;
    r->len = r->charged = 0;
    r->collected = false;
    memcpy(r->remote, c->remote, sizeof r->remote);
    parser_init(&r->parser, &s->o.limits, r->fields);
    return r;
}

void request_free(struct request *r)
{
    struct server *s = r->server;

    budget_release(r->budget, r->charged);
    if (s && s->n_spare < SPARE_MAX && r->cap == BLOCK_BYTES) {
        TAILQ_INSERT_HEAD(&s->spare, r, link);
        s->n_spare++;
        return;
    }
    free(r->block);
    free(r);
}

void request_forget_spares(struct server *s)
{
    while (s->n_spare) {
        struct request *r = take_spare(s);
        free(r->block);
        free(r);
    }
}

void request_restart(struct request *r)
{
    budget_release(r->budget, r->charged);
    r->charged = 0;
    r->len -= r->parser.at;
    memmove(r->block, r->block + r->parser.at, r->len);
    /* The room that the last one took is not this one's: it is not in the budget any more. */
    if (r->cap > BLOCK_BYTES && r->len <= BLOCK_BYTES) {
        r->block = mem_realloc(r->block, BLOCK_BYTES);
        r->cap = BLOCK_BYTES;
    }
    r->collected = false;
    r->start_us = clock_mono_us();
    parser_init(&r->parser, &r->server->o.limits, r->fields);
}

void request_grow(struct request *r)
{
    size_t needs = parser_needs(&r->parser), cap = r->cap * 2;

    if (needs > cap)
        cap = needs < ROOM_AT_ONCE ? needs : cap < ROOM_AT_ONCE ? ROOM_AT_ONCE : cap;
    else if (needs)
        cap = needs;
    r->block = mem_realloc(r->block, cap);
    r->cap = cap;
}

struct slice request_method(const struct request *r)
{
    return span_slice(r->parser.method, r->block);
}

static void cut_target(const struct request *r, struct slice *path, struct slice *query)
{
    slice_cut(target_origin_form(span_slice(r->parser.target, r->block)), '?', path, query);
}

struct slice request_path(const struct request *r)
{
    struct slice path, query;

    cut_target(r, &path, &query);
    return path.len ? path : SLICE("/");
}

struct slice request_query(const struct request *r)
{
    struct slice path, query;

    cut_target(r, &path, &query);
    return query;
}

struct slice request_remote(const struct request *r)
{
    return slice_z(r->remote);
}

/* A connection is one handshake's, resumed sessions included: asked once. */
const struct client_names *request_client(const struct request *r)
{
    struct conn *c = r->conn;

    if (!c || !c->sock.ssl)
        return NULL;
    if (!c->client_asked)
        c->client = tls_client_names(c->sock.ssl);
    c->client_asked = true;
    return c->client;
}

/* Lazily: a request that is refused by its path never pays for it. */
static void collect(struct request *r)
{
    for (unsigned i = 0; i < r->parser.n_fields; i++)
        r->headers[i] = (struct header){ span_slice(r->fields[i].name, r->block), span_slice(r->fields[i].value, r->block) };
    r->collected = true;
}

const struct header *request_headers(const struct request *r, size_t *n)
{
    if (!r->collected)
        collect((struct request *)r);
    *n = r->parser.n_fields;
    return r->headers;
}

struct slice request_header(const struct request *r, struct slice name)
{
    size_t n;
    const struct header *headers = request_headers(r, &n);

    for (size_t i = 0; i < n; i++)
        if (headers[i].name.len == name.len && slice_eq_nocase(headers[i].name, name))
            return headers[i].value;
    return SLICE_NONE;
}

struct slice request_body(const struct request *r)
{
    return slice_of(r->block + r->parser.body_at, r->parser.body_len);
}

int64_t request_start_us(const struct request *r)
{
    return r->start_us;
}

static void put_line(struct buf *out, struct slice name, struct slice value)
{
    buf_put(out, name);
    buf_put(out, SLICE(": "));
    buf_put(out, value);
    buf_put(out, SLICE("\r\n"));
}

/* A value may hold a sender's bytes (a challenge that is to be echoed): none that ends the line goes out. */
static void put_header(struct buf *out, const struct header *h)
{
    if (target_run(h->name, CHAR_TOKEN) == h->name.len && target_run(h->value, CHAR_FIELD) == h->value.len)
        put_line(out, h->name, h->value);
}

static void put_number(struct buf *out, size_t n)
{
    char digits[24], *at = digits + sizeof digits;

    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    buf_put(out, slice_of(at, (size_t)(digits + sizeof digits - at)));
}

static void put_status(struct buf *out, bool http_1_0, int status)
{
    buf_put(out, http_1_0 ? SLICE("HTTP/1.0 ") : SLICE("HTTP/1.1 "));
    put_number(out, (size_t)status);
    buf_putc(out, ' ');
    buf_puts(out, problem_title(status));
    buf_put(out, SLICE("\r\n"));
}

static void put_length(struct buf *out, size_t n)
{
    buf_put(out, SLICE("Content-Length: "));
    put_number(out, n);
    buf_put(out, SLICE("\r\n"));
}

void request_put_refusal(struct server *s, const struct http_refusal *why, bool with_body)
{
    struct buf *out = &s->scratch, body;

    buf_init(&body, 4096);
    problem_put(&body, why->status, slice_z(why->reason), slice_z(why->detail), SLICE_NONE);
    buf_reset(out);
    put_status(out, false, why->status);
    put_line(out, SLICE("Content-Type"), SLICE("application/problem+json"));
    put_line(out, SLICE("Date"), slice_z(s->date));
    put_line(out, SLICE("Connection"), SLICE("close"));
    if (why->retry_after_s > 0)
        buf_printf(out, "Retry-After: %d\r\n", why->retry_after_s);
    if (why->status == 405)
        put_line(out, SLICE("Allow"), SLICE("POST, GET, HEAD, PUT, PATCH, DELETE, OPTIONS"));
    put_length(out, body.len);
    buf_put(out, SLICE("\r\n"));
    if (with_body)
        buf_put(out, buf_slice(&body));
    buf_clear(&body);
}

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void request_answer(struct request *r, int status, const struct header *headers, size_t n_headers, struct slice body)
{
    struct server *s = r->server;

    if (!r->conn) {
        request_free(r);
        return;
    }
    /* After a reload clients are to show themselves anew: the authority that vouched for one may be gone. */
    bool keep_alive = r->parser.keep_alive && !s->draining && tls_is_of(r->conn->sock.ssl, s->tls);
    struct buf *out = &s->scratch;
    buf_reset(out);
    put_status(out, r->parser.http_1_0, status);
    for (size_t i = 0; i < n_headers; i++)
        put_header(out, &headers[i]);
    put_line(out, SLICE("Date"), slice_z(s->date));
    if (!keep_alive || r->parser.http_1_0)
        put_line(out, SLICE("Connection"), keep_alive ? SLICE("keep-alive") : SLICE("close"));
    if (has_body(status))
        put_length(out, body.len);
    buf_put(out, SLICE("\r\n"));
    if (has_body(status) && !slice_eq(request_method(r), SLICE("HEAD")))
        buf_put(out, body);
    assert(!out->failed);
    conn_send(r->conn, keep_alive);
    if (out->cap > SCRATCH_KEPT)
        buf_clear(out);
}

void request_problem(struct request *r, int status, const char *reason, struct slice detail, int retry_after_s)
{
    struct header headers[2] = { { SLICE("Content-Type"), SLICE("application/problem+json") } };
    size_t n = 1;
    char seconds[16];
    struct buf body;

    if (retry_after_s > 0) {
        snprintf(seconds, sizeof seconds, "%d", retry_after_s);
        headers[n++] = (struct header){ SLICE("Retry-After"), slice_z(seconds) };
    }
    buf_init(&body, detail.len * 6 + 4096);
    problem_put(&body, status, slice_z(reason), detail, SLICE_NONE);
    request_answer(r, status, headers, n, buf_slice(&body));
    buf_clear(&body);
}
