#include "cli/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/mem.h"

#define READERS 2
#define TOKEN_BYTES 32
#define ADMIN_CONNECTIONS 1000
#define ADMIN_DRAIN_S 10 /* no commit is waited for longer */

static int load_token(struct gateway *g, const char *path, struct err *e)
{
    char text[TOKEN_BYTES * 2 + 1] = "";
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return err_sys(e, "cannot read the token file %s", path);
    ssize_t n = fstat(fd, &st) ? -1 : read(fd, text, sizeof text - 1);
    close(fd);
    if (n >= 0 && (!S_ISREG(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) || st.st_mode & (S_IWGRP | S_IWOTH)))
        return err_set(e, ERR_INPUT, "others may write the token file %s (its owner, or its mode %03o): remove it and a "
                       "new one is made", path, st.st_mode & 0777u);
    if (n != TOKEN_BYTES * 2)
        return err_set(e, ERR_INPUT, "%s is not a token of %d characters; remove it and a new one is made", path, TOKEN_BYTES * 2);
    if (st.st_mode & 077)
        LOG_WARN("the token file is readable by others; chmod 600 it", LOG_Z("file", path));
    g->token = mem_strdup(text);
    mem_wipe(text, sizeof text);
    return 0;
}

/* The token of the API is made once, beside the store, for its owner only. */
static int open_token(struct gateway *g, const char *path, struct err *e)
{
    unsigned char random[TOKEN_BYTES];
    char text[TOKEN_BYTES * 2 + 1];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? load_token(g, path, e) : err_sys(e, "cannot make the token file %s", path);
    random_bytes(random, sizeof random);
    hex_encode(slice_of(random, sizeof random), text);
    text[sizeof text - 1] = '\n';
    ssize_t n = write(fd, text, sizeof text);
    mem_wipe(random, sizeof random);
    mem_wipe(text, sizeof text);
    if (close(fd) || n != (ssize_t)sizeof text) {
        unlink(path);
        return err_sys(e, "cannot write the token file %s", path);
    }
    return load_token(g, path, e);
}

/* Every connection is a descriptor: as many as the system lets us have. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* *out stays NULL where the listener has no TLS. */
static int open_tls(const struct listen_on *where, struct tls **out, struct err *e)
{
    *out = NULL;
    if (where->cert.len == 0)
        return 0;
    const struct tls_files files = { .cert = where->cert.ptr,
                                     .key = where->key.ptr,
                                     .client_ca = where->client_ca.len ? where->client_ca.ptr : NULL,
                                     .ask = where->client_ask };
    *out = tls_new(&files, e);
    return *out ? 0 : -1;
}

struct listeners_tls {
    struct tls *ingest, *admin, *api;
};

static void close_all_tls(struct listeners_tls *t)
{
    tls_unref(t->ingest);
    tls_unref(t->admin);
    tls_unref(t->api);
}

static int open_all_tls(const struct settings *s, struct listeners_tls *t, struct err *e)
{
    *t = (struct listeners_tls){ 0 };
    if (open_tls(&s->ingest, &t->ingest, e) || open_tls(&s->admin, &t->admin, e) || open_tls(&s->api, &t->api, e)) {
        close_all_tls(t);
        return -1;
    }
    return 0;
}

/* Gives every definition of the plan its row; events and runs refer to it. Before anybody else sees the plan. */
static int define(struct gateway *g, struct plan *plan, struct err *e)
{
    struct write w = { .kind = WRITE_DEFINE };
    size_t n = plan->n_defs + 1;
    struct definition **list = mem_grow(NULL, n, sizeof *list);

    for (size_t i = 0; i < plan->n_defs; i++)
        list[i] = plan->defs[i];
    list[n - 1] = &plan->def;
    w.define.list = list;
    w.define.n = n;
    w.define.origin = slice_z(g->file);
    int result = writer_wait(g->writer, &w, e);
    free(list);
    return result;
}

/* The secrets that senders handed over: before the writer has the store, and long before anybody listens. */
static int load_handed(struct gateway *g, struct err *e)
{
    struct arena memory;
    struct handed_row *rows;
    size_t n;

    if (store_begin(g->store, false, e))
        return -1;
    arena_init(&memory);
    int result = store_handed(g->store, &memory, &rows, &n, e);
    store_rollback(g->store);
    if (result == 0) {
        g->handed = handed_new(rows, n);
        result = handed_take_plan(g->handed, g->plan, e);
    }
    arena_clear(&memory);
    return result;
}

static int start_store(struct gateway *g, struct err *e)
{
    const struct settings *s = &g->plan->settings;
    struct store_settings ss = { s->store_url.ptr, s->refused_rows, s->refused_bytes };
    struct flow_options fo = { .shutdown_s = s->shutdown_s };

    if (!(g->store = store_open(&ss, e)) || load_handed(g, e) || open_token(g, s->token_file.ptr, e) ||
        !(g->flow = flow_new(&fo, e)))
        return -1;
    struct writer_options wo = {
        .mailbox_bytes = (size_t)s->writer_mailbox,
        .flow = flow_loop(g->flow),
        .on_lease = flow_on_lease,
        .room = flow_room,
        .room_arg = g->flow,
        .room_back = flow_room_back,
        .on_ready = flow_on_ready,
        .on_ready_arg = g->flow,
    };
    if (!(g->writer = writer_start(g->store, &wo, e)))
        return -1;
    g->health.writer = writer_stats(g->writer);
    g->health.ingest_budget = &g->ingest_budget;
    return define(g, g->plan, e) || flow_start(g->flow, g->writer, g->plan, e) ||
                   !(g->readers = readers_start(&ss, READERS, e))
               ? -1
               : 0;
}

static int start_ingest(struct gateway *g, struct tls *tls, struct err *e)
{
    struct ingest_options o = {
        .plan = g->plan,
        .tls = tls,
        .writer = g->writer,
        .hash_secret = store_hash_secret(g->store),
        .budget = &g->ingest_budget,
        .health = &g->health,
    };

    for (int i = 0; i < g->plan->settings.ingest_threads && i < GATEWAY_INGEST_MAX; i++) {
        if (!(g->ingest[i] = ingest_new(&o, e)))
            return err_add(e, "listen.ingest");
        g->n_ingest++;
    }
    for (int i = 0; i < g->n_ingest; i++) {
        if (ingest_start(g->ingest[i], e))
            return -1;
    }
    return 0;
}

static int start_admin(struct gateway *g, const struct listeners_tls *tls, struct err *e)
{
    struct admin_options o = {
        .plan = g->plan,
        .tls = tls->admin,
        .api_tls = tls->api,
        .writer = g->writer,
        .flow = g->flow,
        .handed = g->handed,
        .readers = g->readers,
        .hash_secret = store_hash_secret(g->store),
        .budget = &g->admin_budget,
        .health = &g->health,
        .token = slice_z(g->token),
        .reload = g->reload,
        .reload_arg = g->reload_arg,
    };

    if (!(g->admin = admin_new(&o, e)))
        return err_add(e, "listen.admin");
    return admin_start(g->admin, e);
}

static void set_budgets(struct gateway *g)
{
    const struct settings *s = &g->plan->settings;

    g->ingest_budget.max_connections = s->connections;
    g->ingest_budget.max_body_bytes = s->bodies_in_flight;
    g->admin_budget.max_connections = ADMIN_CONNECTIONS;
    g->admin_budget.max_body_bytes = s->bodies_in_flight;
}

int gateway_start(struct gateway *g, struct err *e)
{
    const struct settings *s = &g->plan->settings;
    struct listeners_tls tls;

    raise_descriptors();
    set_budgets(g);
    /* Before the store is touched: a taken port is the commonest mistake. */
    if (server_probe(s->ingest.address.ptr, e))
        return err_add(e, "listen.ingest");
    if (server_probe(s->admin.address.ptr, e))
        return err_add(e, "listen.admin");
    if (open_all_tls(s, &tls, e))
        return -1;
    int result = start_store(g, e) || start_ingest(g, tls.ingest, e) || start_admin(g, &tls, e) ? -1 : 0;
    close_all_tls(&tls);
    return result;
}

static void publish(struct gateway *g, struct plan *plan, const struct listeners_tls *tls)
{
    for (int i = 0; i < g->n_ingest; i++)
        ingest_set_plan(g->ingest[i], plan, tls->ingest);
    admin_set_plan(g->admin, plan, tls->admin, tls->api);
    flow_set_plan(g->flow, plan);
    plan_unref(g->plan);
    g->plan = plan;
}

bool gateway_reload(struct gateway *g, struct buf *text)
{
    struct issues is;
    struct listeners_tls tls;
    struct buf fixed;
    struct err e;

    issues_init(&is);
    struct plan *plan = plan_load(g->file, &is);
    issues_put_text(&is, text);
    issues_clear(&is);
    if (!plan) {
        buf_puts(text, "not reloaded: the old configuration stays\n");
        return false;
    }
    bool tls_open = open_all_tls(&plan->settings, &tls, &e) == 0;
    if (!tls_open || define(g, plan, &e) || handed_take_plan(g->handed, plan, &e)) {
        buf_printf(text, "not reloaded: %s; the old configuration stays\n", e.text);
        if (tls_open)
            close_all_tls(&tls);
        plan_unref(plan);
        return false;
    }
    buf_init(&fixed, 4096);
    plan_put_fixed_differences(g->plan, plan, &fixed);
    publish(g, plan, &tls);
    close_all_tls(&tls);
    buf_printf(text, "reloaded: %zu sources, %zu workflows, %zu endpoints\n", plan->n_sources, plan->n_workflows,
               plan->n_endpoints);
    if (fixed.len)
        buf_printf(text, "these take effect at the next start only: %s\n", fixed.ptr);
    buf_clear(&fixed);
    log_setup(plan->settings.log_level, plan->settings.log_json);
    return true;
}

void gateway_stop(struct gateway *g)
{
    int limit = g->plan->settings.shutdown_s;

    atomic_store(&g->health.draining, true);
    for (int i = 0; i < g->n_ingest; i++)
        ingest_drain(g->ingest[i], limit);
    for (int i = 0; i < g->n_ingest; i++)
        ingest_join(g->ingest[i]);
    if (g->flow && g->writer)
        flow_stop(g->flow);
    if (g->admin)
        admin_stop(g->admin, limit < ADMIN_DRAIN_S ? limit : ADMIN_DRAIN_S);
    readers_stop(g->readers);
    writer_stop(g->writer);
    for (int i = 0; i < g->n_ingest; i++)
        ingest_free(g->ingest[i]);
    admin_free(g->admin);
    flow_free(g->flow);
    store_close(g->store);
    handed_free(g->handed);
    plan_unref(g->plan);
    if (g->token)
        mem_wipe(g->token, strlen(g->token));
    free(g->token);
}
