#include "plan/build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static int seconds(const struct build *b, uint32_t obj, const char *key, int absent, int most)
{
    int64_t us = build_duration_us(b, obj, key, absent * US_PER_S, US_PER_S, most * US_PER_S);

    return (int)((us + US_PER_S - 1) / US_PER_S);
}

static void read_limits(struct build *b, uint32_t limits, struct settings *s)
{
    s->body_max = build_bytes(b, limits, "body", 2 * MIB, KIB, 32 * MIB);
    s->bodies_in_flight = build_bytes(b, limits, "bodies_in_flight", 256 * MIB, MIB, 64 * GIB);
    s->writer_mailbox = build_bytes(b, limits, "writer_mailbox", 64 * MIB, MIB, 64 * GIB);
    s->head_bytes = build_bytes(b, limits, "head", 32 * KIB, KIB, MIB);
    s->uri_bytes = build_bytes(b, limits, "uri", 8 * KIB, 256, 64 * KIB);
    s->headers = (unsigned)tree_int(b->t, limits, "headers", 100);
    s->connections = (int)tree_int(b->t, limits, "connections", 12000);
    s->request_timeout_s = seconds(b, limits, "request_timeout", 30, 3600);
    s->idle_timeout_s = seconds(b, limits, "idle_timeout", 60, 3600);
    s->shutdown_s = seconds(b, limits, "shutdown_timeout", 30, 3600);
    s->json_depth = (unsigned)tree_int(b->t, limits, "json_depth", 256);
    s->json_nodes = (unsigned)tree_int(b->t, limits, "json_nodes", 1000000);
    s->batch_items = (unsigned)tree_int(b->t, limits, "batch_items", 10000);
    s->schema_errors = (unsigned)tree_int(b->t, limits, "schema_errors", 20);
    s->commands = (int)tree_int(b->t, limits, "commands", 8);
    s->refused_rows = tree_int(b->t, limits, "refused_rows", 10000);
    s->refused_bytes = build_bytes(b, limits, "refused_bytes", 256 * MIB, MIB, 64 * GIB);
    if (s->bodies_in_flight < s->body_max)
        tree_error(b->t, limits, b->is, "raise bodies_in_flight, or lower body",
                   "bodies_in_flight is less than one body");
    if (s->uri_bytes > s->head_bytes)
        tree_error(b->t, limits, b->is, "raise head, or lower uri", "uri is more than head, which it is a part of");
}

/* "127.0.0.1:8080", "[::1]:8080" */
static bool parse_address(struct slice address, bool *loopback)
{
    unsigned char bytes[16];
    char host[64];
    uint64_t port;
    size_t colon = address.len;

    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon > sizeof host || slice_u64(slice_from(address, colon), &port) < 0 || port > 65535)
        return false;
    struct slice name = slice_first(address, colon - 1);
    bool v6 = slice_starts(name, SLICE("[")) && slice_ends(name, SLICE("]"));
    if (v6)
        name = slice_first(slice_from(name, 1), name.len - 2);
    memcpy(host, name.ptr, name.len);
    host[name.len] = '\0';
    if (inet_pton(v6 ? AF_INET6 : AF_INET, host, bytes) != 1)
        return false;
    *loopback = v6 ? memcmp(bytes, &in6addr_loopback, 16) == 0 : bytes[0] == 127;
    return true;
}

static struct slice readable_file(struct build *b, uint32_t tls, const char *key)
{
    struct slice path = tree_text(b->t, tls, key, &b->scratch);

    if (!path.ptr)
        return SLICE_NONE;
    char *absolute = tree_file_path(b->t, path, b->memory);
    if (access(absolute, R_OK) < 0)
        tree_error(b->t, tree_get(b->t, tls, key), b->is, NULL, "%s cannot be read: %s", absolute, strerror(errno));
    return slice_z(absolute);
}

static void read_tls(struct build *b, uint32_t tls, struct listen_on *where)
{
    if (tls == JSON_NONE)
        return;
    where->client_ask = slice_eq_z(tree_text(b->t, tls, "client_auth", &b->scratch), "ask");
    where->cert = readable_file(b, tls, "cert");
    where->key = readable_file(b, tls, "key");
    where->client_ca = readable_file(b, tls, "client_ca");
}

/* guarded: what is behind it must not be read on the way, so it stays on this machine until somebody says otherwise. */
static void read_listener(struct build *b, uint32_t listen, const char *key, bool guarded, struct listen_on *where)
{
    uint32_t node = tree_get(b->t, listen, key);
    bool object = node != JSON_NONE && json_type_of(&b->t->doc, node) == JSON_OBJECT, loopback = true;

    if (node == JSON_NONE || !build_is_sound(b, node))
        return;
    where->address = object ? tree_text(b->t, node, "address", b->memory) : tree_string(b->t, node, b->memory);
    where->plain_http = object && tree_bool(b->t, node, "plain_http", false);
    read_tls(b, object ? tree_get(b->t, node, "tls") : JSON_NONE, where);
    if (guarded && where->client_ask)
        tree_error(b->t, tree_get(b->t, tree_get(b->t, node, "tls"), "client_auth"), b->is, "remove it",
                   "only sources of listen.ingest can ask for certificates one by one");
    if (!parse_address(where->address, &loopback))
        tree_error(b->t, node, b->is, "write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:8080, [::1]:8080",
                   "\"%.*s\" is no address to listen on", SLICE_FMT(where->address));
    else if (guarded && !loopback && !where->cert.len && !where->plain_http)
        tree_error(b->t, node, b->is,
                   "listen on 127.0.0.1, or add tls: {cert: FILE, key: FILE}, or say plain_http: true",
                   "the token would cross the network unencrypted");
}

/* Told at the first of the keys that is there: admin has a default. */
static void check_distinct(struct build *b, uint32_t listen, const char *key, const char *other,
                           const struct listen_on *x, const struct listen_on *y)
{
    uint32_t node = tree_get(b->t, listen, key);

    if (x->address.len && slice_eq(x->address, y->address) && !slice_ends(x->address, SLICE(":0")))
        tree_error(b->t, node == JSON_NONE ? tree_get(b->t, listen, other) : node, b->is,
                   "give each listener its own port", "%.*s is taken by another listener", SLICE_FMT(x->address));
}

static void read_listeners(struct build *b, struct settings *s)
{
    uint32_t listen = tree_get(b->t, 0, "listen");

    s->admin.address = SLICE("127.0.0.1:8081");
    read_listener(b, listen, "ingest", false, &s->ingest);
    read_listener(b, listen, "admin", true, &s->admin);
    read_listener(b, listen, "api", true, &s->api);
    check_distinct(b, listen, "admin", "ingest", &s->admin, &s->ingest);
    check_distinct(b, listen, "api", "ingest", &s->api, &s->ingest);
    check_distinct(b, listen, "api", "admin", &s->api, &s->admin);
}

static struct slice public_url(struct build *b, const char *key, const struct listen_on *where)
{
    uint32_t urls = tree_get(b->t, 0, "public_url"), node = tree_get(b->t, urls, key);

    if (node == JSON_NONE)
        return slice_z(arena_printf(b->memory, "http%s://%.*s", where->cert.len ? "s" : "", SLICE_FMT(where->address)));
    struct slice url = tree_string(b->t, node, b->memory);
    const char *fault = url_fault(url);
    if (fault && build_is_sound(b, node))
        tree_error(b->t, node, b->is, "for example https://hooks.example.com", "%s", fault);
    else if (slice_find(url, '?') < url.len)
        tree_error(b->t, node, b->is, "paths are put after it", "a public URL with a query");
    while (slice_ends(url, SLICE("/")))
        url.len--;
    return arena_slice(b->memory, url);
}

static void read_store(struct build *b, struct settings *s)
{
    struct slice url = tree_text(b->t, 0, "store", &b->scratch);

    if (!url.ptr || !slice_starts(url, SLICE("sqlite:")))
        return;
    char *path = tree_file_path(b->t, slice_from(url, 7), b->memory);
    s->store_url = slice_z(arena_printf(b->memory, "sqlite:%s", path));
    s->token_file = slice_z(arena_printf(b->memory, "%s.token", path));
}

static void read_secrets_key(struct build *b, struct settings *s)
{
    uint32_t node = tree_get(b->t, 0, "secrets_key");
    struct secret secret;
    struct err e;

    if (node == JSON_NONE || !build_is_sound(b, node) || secret_read(&secret, b->t, node, b->is))
        return;
    if (seal_key_read(&s->secrets_key, &secret, &e))
        tree_error(b->t, node, b->is, SEAL_KEY_HINT, "%s", e.text);
    secret_clear(&secret);
}

static int default_threads(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > 8 ? 8 : (int)n;
}

static void read_log(struct build *b, struct settings *s)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        { "error", LOG_LEVEL_ERROR },
        { "warn", LOG_LEVEL_WARN },
        { "info", LOG_LEVEL_INFO },
        { "debug", LOG_LEVEL_DEBUG },
    };
    uint32_t log = tree_get(b->t, 0, "log");
    struct slice level = tree_text(b->t, log, "level", &b->scratch);

    s->log_level = LOG_LEVEL_INFO;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (slice_eq_z(level, levels[i].name))
            s->log_level = levels[i].level;
    }
    s->log_json = slice_eq_z(tree_text(b->t, log, "format", &b->scratch), "json");
}

/* Who trusts everybody lets everybody say where he comes from. */
static void read_trusted_proxies(struct build *b, struct settings *s)
{
    uint32_t list = tree_get(b->t, 0, "trusted_proxies");
    struct ip v4 = { 0 }, v6 = { 0 };

    if (list == JSON_NONE || !build_is_sound(b, list))
        return;
    s->trusted_proxies = build_cidrs(b, list, &s->n_trusted_proxies);
    if (ip_parse(SLICE("0.0.0.0"), &v4) == 0 && ip_parse(SLICE("::"), &v6) == 0 &&
        (cidr_has(s->trusted_proxies, s->n_trusted_proxies, &v4) ||
         cidr_has(s->trusted_proxies, s->n_trusted_proxies, &v6)))
        tree_error(b->t, list, b->is, "name the addresses of your own proxies only",
                   "everybody is trusted: anybody could write any address into X-Forwarded-For");
}

void settings_build(struct build *b)
{
    struct settings *s = &b->plan->settings;

    read_listeners(b, s);
    read_trusted_proxies(b, s);
    s->public_ingest = public_url(b, "ingest", &s->ingest);
    s->public_api = public_url(b, "api", s->api.address.len ? &s->api : &s->admin);
    read_store(b, s);
    read_secrets_key(b, s);
    read_log(b, s);
    s->ingest_threads = (int)tree_int(b->t, 0, "threads", default_threads());
    read_limits(b, tree_get(b->t, 0, "limits"), s);
}
