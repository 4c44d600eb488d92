/* plan/plan.h - the frozen whole that a configuration compiles into: sources, schemas, workflows, endpoints, settings. Threads
 * share it by reference; reload makes another and swaps it whole; what is under way keeps the one it began with. */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/log.h"
#include "config/seal.h"
#include "event/mapping.h"
#include "event/trigger.h"
#include "json/shape.h"
#include "net/cidr.h"
#include "schema/schema.h"
#include "verify/verifier.h"

struct definition {        /* becomes an immutable row of `definitions` (see store.h) */
    const char *kind;      /* "source", "provider", "schema", "workflow", "endpoint", "plan" */
    struct slice name;
    unsigned char sha256[32]; /* of text */
    struct slice text;     /* canonical JSON, without secrets (labels only) */
    int64_t row;           /* set (store_define) before the plan is shared */
};

struct binding {           /* one entry of a source's `events` */
    struct pattern pattern;
    struct schema *schema; /* or NULL: listed, without a schema */
    struct slice schema_name;
    struct slice schema_path; /* where it was found */
    struct definition *schema_def; /* or NULL */
};

enum on_invalid { ON_INVALID_HOLD, ON_INVALID_REJECT, ON_INVALID_ACCEPT };
enum on_unlisted { ON_UNLISTED_ACCEPT, ON_UNLISTED_IGNORE, ON_UNLISTED_HOLD, ON_UNLISTED_REJECT };
enum dedupe_by { DEDUPE_KEY_BODY, DEDUPE_KEY, DEDUPE_BODY, DEDUPE_NONE };

enum data_kind { DATA_JSON, DATA_TEXT, DATA_BINARY };

struct access {                    /* who may come in, before anything of a delivery is verified */
    struct cidr *allow; size_t n_allow; /* none: from everywhere */
    struct secret *path_tokens; size_t n_path_tokens; /* one of them stands in the path behind the name, if there are any */
    struct slice *suffixes; size_t n_suffixes; /* that may follow: "/orders/create" */
    bool any_suffix;
    struct slice *subjects; size_t n_subjects; /* one of them is in the client's certificate, if there are any */
};

struct source {
    struct slice name;
    uint32_t index;                /* in plan->sources */
    struct definition *def;
    struct provider *provider;
    struct verifier *verifier;
    bool handed_over;              /* secrets: handshake. The verifier waits; the one with the secret is made of these */
    struct param *params; size_t n_params;
    struct handed_slot *handed;    /* handed_over: the secret's, see http/handed.h; set before the plan is shared */
    struct mapping mapping;
    struct access access;
    struct slice url;              /* the public URL as the vendor knows it, without token, suffix and query */
    struct slice shown_url;        /* the same for people: "…/<path_token>" where there is one */
    enum data_kind data;           /* what its bodies are */
    bool own_split;                /* else the provider's */
    struct pointer split;          /* no tokens: a body is one event */
    struct binding *bindings;      /* most exact first: the n_exact without wild cards by text, then patterns by weight */
    size_t n_bindings, n_exact;
    enum on_invalid on_invalid;
    enum on_unlisted on_unlisted;
    enum dedupe_by dedupe_by;
    int64_t dedupe_window_us;
    size_t body_max;               /* bytes */
    uint32_t rate_per_second, rate_burst; /* 0: no bound */
    struct json_limits json_limits;
    unsigned schema_errors;        /* kept of an event that violates its schema */
    int answer_status;             /* 0: the provider's ack, or the standard answer */
    struct slice answer_content_type, answer_body;
};

struct retry {
    unsigned max;                  /* attempts, the first included */
    int64_t base_us, cap_us;
    double factor;
    bool only_named;               /* worth another attempt are only these; else every failure is */
    bool timeout, error;           /* error: no answer came */
    uint64_t statuses[10];         /* HTTP statuses, a bit each */
};

struct endpoint {
    struct slice name, url;        /* http or https; no user, no fragment */
    struct definition *def;
    struct secret *secrets;        /* Standard Webhooks keys; the first signs, all are sent (rotation) */
    size_t n_secrets;
    int concurrency;               /* calls under way at once; default 32 */
    int64_t timeout_us;            /* of steps that say none; default 30 s */
    size_t output_max;             /* bytes of an answer that are read; default 1 MiB */
    bool allow_private;            /* declared by the file: true */
};

struct exec {                      /* a command of this machine */
    struct slice path;             /* absolute, NUL-terminated like all texts of a plan */
    struct slice *arguments; size_t n_arguments; /* the first one as it was written */
    struct slice *environment; size_t n_environment; /* names that the gateway's own is asked for */
    struct slice folder;           /* absolute */
    struct slice user;             /* or empty: the gateway's */
    uint32_t uid, gid;             /* of user */
    uint64_t files, processes, memory_bytes, cpu_s; /* limits; 0: none of its own */
    size_t output_max;             /* bytes of standard output */
};

#define PLUGIN_MEMORY_DEFAULT (512 << 20) /* bytes of a worker's address space */
struct plugin {                    /* a shared object (plugins/hooklatch_plugin.h) and how its workers run */
    struct plugin *next;
    struct slice name, path, queue; /* "jq", "/…/jq.so", "plugin:jq" */
    struct schema *args_schema;    /* what it says that args must satisfy */
    int workers;
    struct slice *environment; size_t n_environment; /* names that the gateway's own is asked for */
    struct slice folder;           /* where workers start: the configuration's */
    struct slice user;             /* or empty: the gateway's */
    uint32_t uid, gid;
    uint64_t files, processes, memory_bytes; /* limits; 0: none of its own */
    struct slice fingerprint;      /* of all of the above and the file: workers of another one are replaced */
};

struct plugin_step {
    struct slice name, queue;      /* "jq", "plugin:jq" */
    struct slice args;             /* canonical JSON */
    size_t output_max;             /* bytes */
};

enum step_kind { STEP_HTTP, STEP_EXEC, STEP_PLUGIN };
struct step {                      /* as data; what runs is a row of `steps` */
    struct slice id;
    uint16_t index;
    enum step_kind kind;
    struct endpoint *endpoint;     /* STEP_HTTP */
    struct slice path;             /* appended to the endpoint's URL */
    struct exec *exec;             /* STEP_EXEC */
    struct plugin_step *plugin;    /* STEP_PLUGIN: its plugin is found by name when it is tried */
    int64_t timeout_us;
    struct retry retry;
    uint16_t *needs; size_t n_needs; /* indexes; never in a circle */
    struct match *condition;       /* `if`, over {input, steps}; or NULL */
    struct shape *input;           /* over {event, input, steps}; or NULL: the event's data */
    struct schema *output;         /* what a good output satisfies; or NULL */
};

struct workflow {
    struct ref refs;               /* runs under way keep it, and `owner` with it */
    struct plan *owner;            /* counted by the workflow's holders through workflow_ref */
    struct slice id, description;
    struct definition *def;
    struct pattern pattern;
    struct match *match;           /* or NULL */
    struct schema *when;           /* or NULL */
    int64_t deadline_us;           /* of a run, from its start; 0: none */
    struct step *steps;            /* the main ones, then those of on_failure */
    size_t n_steps, n_on_failure;
    struct arena memory;           /* private: all of the above that is not the plan's */
};

struct listen_on {
    struct slice address;          /* empty: no such listener */
    struct slice cert, key, client_ca; /* absolute paths, or empty: no TLS */
    bool client_ask;               /* a client may do without a certificate of client_ca */
    bool plain_http;               /* said aloud: not loopback without TLS */
};

struct settings {
    struct listen_on ingest, admin, api;
    struct slice public_ingest, public_api; /* without trailing slash; default http://<address> */
    struct cidr *trusted_proxies; size_t n_trusted_proxies; /* what they say in X-Forwarded-For is believed */
    struct slice store_url;        /* sqlite:<absolute path> */
    struct slice token_file;       /* <store>.token */
    int ingest_threads;            /* default: CPUs, at most 8 */
    int64_t body_max, bodies_in_flight, writer_mailbox;        /* bytes */
    int64_t head_bytes, uri_bytes; unsigned headers;
    int connections; int request_timeout_s, idle_timeout_s, shutdown_s;
    unsigned json_depth, json_nodes;
    unsigned batch_items;          /* events of one body */
    unsigned schema_errors;        /* that a held or refused event keeps */
    int commands;                  /* of exec steps, at once */
    int64_t refused_rows, refused_bytes;
    struct seal_key secrets_key;   /* not present: nothing can be sealed */
    enum log_level log_level;
    bool log_json;
};

/* Every path token of all sources, to be found in a text. */
struct token_table {
    const struct secret **slots; size_t mask; /* slots NULL: there are none */
};

struct plan {
    struct ref refs;
    struct arena memory;
    struct settings settings;
    struct source *sources; size_t n_sources;       /* sorted by name */
    struct token_table tokens;     /* of the sources */
    struct workflow **workflows; size_t n_workflows;
    struct endpoint **endpoints; size_t n_endpoints;
    struct plugin *plugins;        /* those that have settings or are used */
    struct definition def;         /* the plan itself: names and hashes of all the others */
    struct definition **defs; size_t n_defs;        /* all but def */
};

/* Loads, checks, compiles; all that is wrong goes into is. NULL when there are errors. */
struct plan *plan_load(const char *file, struct issues *is);
struct plan *plan_ref(struct plan *p);
void plan_unref(struct plan *p); /* NULL ok */
struct source *plan_source(const struct plan *p, struct slice name);         /* or NULL */
/* Where the first path token of any source begins in the text, and how long it is; text.len and 0: none is in it. Not in
 * constant time: for what is kept, not for who may come in. */
size_t plan_find_token(const struct plan *p, struct slice text, size_t *len);
struct endpoint *plan_endpoint(const struct plan *p, struct slice name);     /* or NULL */
struct plugin *plan_plugin(const struct plan *p, struct slice name);         /* or NULL */
struct workflow *plan_workflow(const struct plan *p, struct slice id);       /* or NULL */
/* Where the values are that are events of their own, or NULL: a body is one event. */
const struct pointer *source_split(const struct source *s);
/* The binding for this event type, or NULL (unlisted). */
const struct binding *source_binding(const struct source *s, struct slice type);

/* The steps below this index are the main ones. */
static inline size_t workflow_n_main(const struct workflow *w) { return w->n_steps - w->n_on_failure; }
struct workflow *workflow_ref(struct workflow *w); /* keeps the plan too */
void workflow_unref(struct workflow *w);
/* A workflow as a stored definition had it, over the endpoints of `p`. For runs older than the plan: they have started,
 * so pattern, match and when are not in it. def has text and hash; the caller knows the row. NULL: e says why (an
 * endpoint is gone). */
struct workflow *workflow_from_definition(struct plan *p, struct slice text, struct err *e);

/* The folders that plugins are looked for in: those of the configuration (t may be NULL), then beside the binary. */
#define PLUGIN_FOLDERS_MAX 64
size_t plugin_folders(const struct tree *t, struct arena *a, struct slice *out, size_t max);
/* The names of the plugins there, each once, sorted. */
size_t plugin_names(const struct slice *folders, size_t n_folders, struct arena *a, struct slice *out, size_t max);
/* NAME.so in one of them, or NULL. */
char *plugin_file(const struct tree *t, struct slice name, struct arena *a);
/* What args of the plugin must satisfy. NULL: it cannot be loaded, or is none of that name. */
struct schema *plugin_args_schema(const char *path, struct slice name, struct err *e);
/* {"abi":…,"name":…,"config_schema":…}, as the plugin says in a process of its own. out: initialized here. */
int plugin_ask(const char *path, struct buf *out, struct err *e) MUST_CHECK;

/* Settings that a reload cannot change (listeners' addresses, store, threads): appends the names of those that differ
 * ("listen.ingest, store"), or nothing. */
void plan_put_fixed_differences(const struct plan *running, const struct plan *next, struct buf *out);

#endif
