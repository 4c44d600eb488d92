#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "verify/provider.h"

#define FILE_MAX_BYTES (1u << 20)
#define PROVIDERS_MAX 32
#define STEP_SECRET "STEP_SECRET"

static const struct option long_options[] = { { "output", required_argument, NULL, 'o' },
                                              { "force", no_argument, NULL, 'f' },
                                              { NULL, 0, NULL, 0 } };

struct chosen {
    struct provider *provider;
    char *env;       /* the variable of its secret */
    bool kept;       /* it was in the file of secrets already */
    char secret[40]; /* made here, or empty */
};

struct init {
    const char *file; /* "hooklatch.yaml" */
    char *env_file;   /* "hooklatch.env", in the same folder */
    bool force;
    struct chosen chosen[PROVIDERS_MAX];
    size_t n;
    bool step_secret_kept;
};

static const char head[] =
    "# hooklatch.yaml, written by \"hooklatch init\". Every setting: man 5 hooklatch.\n"
    "# Paths are relative to this file. Secrets are in %s; before check and serve: set -a; . ./%s\n"
    "\n"
    "listen:\n"
    "  ingest: \"127.0.0.1:8080\"   # webhooks; put a proxy with TLS or a tunnel before it\n"
    "  admin: \"127.0.0.1:8081\"    # API, with the token in hooklatch.db.token\n"
    "\n"
    "# The address that senders were given, without /webhooks/…\n"
    "# public_url: {ingest: \"https://hooks.example.com\"}\n"
    "\n"
    "store: \"sqlite:hooklatch.db\"\n"
    "\n"
    "# Folders with JSON Schemas, for `events` below. Some to start from come with hooklatch.\n"
    "# schemas: [schemas, " PKGDATADIR "/schemas]\n"
    "\n"
    "# Where steps of workflows are sent. To try it out: hooklatch receive --port 9000 --secret env:" STEP_SECRET "\n"
    "endpoints:\n"
    "  steps:\n"
    "    url: \"http://127.0.0.1:9000/steps\"\n"
    "    secrets: [{env: " STEP_SECRET "}]\n"
    "\n"
    "sources:\n";

static void put_config(const struct init *in, struct buf *out)
{
    const char *env = strrchr(in->env_file, '/');

    env = env ? env + 1 : in->env_file;
    buf_printf(out, head, env, env);
    for (size_t i = 0; i < in->n; i++) {
        const struct chosen *c = &in->chosen[i];
        struct slice id = provider_id(c->provider), docs = provider_docs(c->provider);
        buf_printf(out, "  # %.*s", SLICE_FMT(provider_name(c->provider)));
        if (docs.len)
            buf_printf(out, ": %.*s", SLICE_FMT(docs));
        buf_printf(out,
                   "\n  %.*s:                    # POST /webhooks/%.*s\n    provider: %.*s\n    secrets: [{env: %s}]\n",
                   SLICE_FMT(id), SLICE_FMT(id), SLICE_FMT(id), c->env);
        buf_printf(
            out,
            "    # events: {%.*s.SOMETHING: {schema: FILE}}   # what violates its schema is held, see on_invalid\n",
            SLICE_FMT(id));
    }
    buf_puts(out, "\nworkflows:\n");
    for (size_t i = 0; i < in->n; i++) {
        struct slice id = provider_id(in->chosen[i].provider);
        buf_printf(
            out,
            "  - id: %.*s\n    on: \"%.*s.**\"            # or one type, or {event: …, match: {/json/pointer: value}}\n"
            "    steps:\n      - {id: tell, http: {endpoint: steps, path: /%.*s}}\n",
            SLICE_FMT(id), SLICE_FMT(id), SLICE_FMT(id));
    }
}

/* "standard-webhooks" → "STANDARD_WEBHOOKS_SECRET", "github" → "GITHUB_WEBHOOK_SECRET" */
static char *env_name(struct slice id)
{
    struct buf name;

    buf_init(&name, 256);
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        buf_putc(&name, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c >= '0' && c <= '9' ? c : '_');
    }
    buf_puts(&name, slice_ends(id, SLICE("webhooks")) ? "_SECRET" : "_WEBHOOK_SECRET");
    return buf_take(&name, NULL);
}

/* 32 letters and digits of 64, so that no shell and no form minds them. */
static void make_secret(char *out, const char *prefix)
{
    unsigned char bytes[24];

    random_bytes(bytes, sizeof bytes);
    size_t len = strlen(prefix);
    memcpy(out, prefix, len);
    if (len) /* Standard Webhooks wants base64 */
        len += base64_encode(slice_of(bytes, sizeof bytes), out + len);
    else
        len += base64url_encode(slice_of(bytes, sizeof bytes), out);
    out[len] = '\0';
    mem_wipe(bytes, sizeof bytes);
}

/* Does the file set this variable already? */
static bool is_set(struct slice text, const char *name)
{
    struct slice line, variable, value;
    bool found = false;

    while (text.len) {
        slice_cut(text, '\n', &line, &text);
        if (slice_starts(line, SLICE("export ")))
            line = slice_from(line, 7);
        found = found || (slice_cut(line, '=', &variable, &value) && slice_eq_z(variable, name));
    }
    return found;
}

/* Adds what is missing; what is there may be in use somewhere, and stays. */
static void put_secrets(struct init *in, struct slice old, struct buf *out)
{
    char step[64];

    if (old.len == 0)
        buf_puts(out, "# Secrets of hooklatch. Keep this file to yourself.\n");
    for (size_t i = 0; i < in->n; i++) {
        struct chosen *c = &in->chosen[i];
        struct slice name = provider_name(c->provider), what = provider_secret_what(c->provider);
        c->kept = is_set(old, c->env);
        if (c->kept)
            continue;
        if (provider_secret_chosen(c->provider)) {
            make_secret(c->secret, "");
            buf_printf(out, "# %.*s: the %.*s; type the same into its form\n", SLICE_FMT(name), SLICE_FMT(what));
        } else {
            buf_printf(out, "# %.*s: paste the %.*s that it shows you after the =\n", SLICE_FMT(name), SLICE_FMT(what));
        }
        buf_printf(out, "%s=%s\n", c->env, c->secret);
    }
    in->step_secret_kept = is_set(old, STEP_SECRET);
    if (in->step_secret_kept)
        return;
    make_secret(step, "whsec_");
    buf_printf(out, "# signs the calls of the step endpoint, which verifies with the same\n" STEP_SECRET "=%s\n", step);
    mem_wipe(step, sizeof step);
}

static int read_old(const char *file, struct buf *text, struct err *e)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;

    if (fd < 0)
        return errno == ENOENT ? 0 : err_sys(e, "%s", file);
    while (n > 0) {
        char *room = buf_room(text, 4096);
        n = room ? read(fd, room, 4096) : 0;
        if (n > 0)
            text->len += (size_t)n;
    }
    int result = n < 0 ? err_sys(e, "%s", file) : 0;
    close(fd);
    return result;
}

static int write_file(const char *file, int flags, mode_t mode, struct slice text, struct err *e)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);

    if (fd < 0 && errno == EEXIST)
        return err_set(e, ERR_CONFLICT, "%s is there already; --force overwrites it, -o FILE writes another", file);
    if (fd < 0)
        return err_sys(e, "%s", file);
    while (text.len) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n <= 0) {
            err_sys(e, "%s", file);
            close(fd);
            return -1;
        }
        text = slice_from(text, (size_t)n);
    }
    return close(fd) < 0 ? err_sys(e, "%s", file) : 0;
}

static int write_all(struct init *in, struct err *e)
{
    struct buf config, old, secrets;

    buf_init(&config, FILE_MAX_BYTES);
    buf_init(&old, FILE_MAX_BYTES);
    buf_init(&secrets, FILE_MAX_BYTES);
    put_config(in, &config);
    int result = write_file(in->file, in->force ? O_TRUNC : O_EXCL, 0666, buf_slice(&config), e);
    if (result == 0)
        result = read_old(in->env_file, &old, e);
    if (result == 0) {
        put_secrets(in, buf_slice(&old), &secrets);
        result = write_file(in->env_file, O_APPEND, 0600, buf_slice(&secrets), e);
    }
    if (secrets.len)
        mem_wipe(secrets.ptr, secrets.len);
    buf_clear(&config);
    buf_clear(&old);
    buf_clear(&secrets);
    return result;
}

static void print_form(const struct init *in, const struct chosen *c)
{
    struct slice id = provider_id(c->provider), docs = provider_docs(c->provider),
                 what = provider_secret_what(c->provider);

    printf("\n%.*s", SLICE_FMT(provider_name(c->provider)));
    if (docs.len)
        printf(" (%.*s)", SLICE_FMT(docs));
    printf("\n  URL           https://YOUR-ADDRESS/webhooks/%.*s\n", SLICE_FMT(id));
    printf("  content type  application/json, where the form asks\n");
    if (c->secret[0])
        printf("  secret        %s\n", c->secret);
    else if (c->kept)
        printf("  secret        %s as it is in %s\n", c->env, in->env_file);
    else
        printf("  secret        it shows you the %.*s: paste it into %s, after %s=\n", SLICE_FMT(what), in->env_file,
               c->env);
}

static void print_next(const struct init *in)
{
    printf("%s and %s are written.\nWhat to type into the form of\n", in->file, in->env_file);
    for (size_t i = 0; i < in->n; i++)
        print_form(in, &in->chosen[i]);
    printf("\nThen\n  set -a; . %s%s; set +a\n  hooklatch check -c %s\n  hooklatch serve -c %s\n",
           strchr(in->env_file, '/') ? "" : "./", in->env_file, in->file, in->file);
}

/* Issues of a provider that is not there, or a broken one. */
static struct provider *find_provider(const char *id)
{
    struct issues is;

    issues_init(&is);
    struct provider *p = provider_find(slice_z(id), NULL, &is);
    if (!p && is.count)
        fprintf(stderr, "hooklatch init: %.*s (%.*s)\n", SLICE_FMT(is.list[0].text), SLICE_FMT(is.list[0].hint));
    issues_clear(&is);
    return p;
}

static int choose(struct init *in, const char *id)
{
    for (size_t i = 0; i < in->n; i++) {
        if (slice_eq_z(provider_id(in->chosen[i].provider), id))
            return 0;
    }
    if (in->n == PROVIDERS_MAX) {
        fprintf(stderr, "hooklatch init: more than %d providers\n", PROVIDERS_MAX);
        return -1;
    }
    struct provider *p = find_provider(id);
    if (!p)
        return -1;
    in->chosen[in->n++] = (struct chosen){ .provider = p, .env = env_name(provider_id(p)) };
    return 0;
}

static void forget(struct init *in)
{
    for (size_t i = 0; i < in->n; i++) {
        provider_free(in->chosen[i].provider);
        free(in->chosen[i].env);
    }
    mem_wipe(in->chosen, sizeof in->chosen);
    free(in->env_file);
}

/* conf/hooklatch.yaml → conf/hooklatch.env */
static char *env_file_of(const char *file)
{
    struct slice stem = slice_z(file);
    struct buf path;

    if (slice_ends(stem, SLICE(".yaml")))
        stem.len -= 5;
    else if (slice_ends(stem, SLICE(".yml")))
        stem.len -= 4;
    buf_init(&path, 8192);
    buf_printf(&path, "%.*s.env", SLICE_FMT(stem));
    return buf_take(&path, NULL);
}

static int init(struct init *in, char **providers)
{
    struct err e;

    for (; *providers; providers++) {
        if (choose(in, *providers) < 0)
            return CLI_FAILED;
    }
    in->env_file = env_file_of(in->file);
    if (write_all(in, &e) < 0) {
        fprintf(stderr, "hooklatch init: %s\n", e.text);
        return CLI_FAILED;
    }
    print_next(in);
    return 0;
}

int cli_init(int argc, char **argv)
{
    struct init in = { .file = "hooklatch.yaml" };
    int c;

    while ((c = getopt_long(argc, argv, "o:", long_options, NULL)) != -1) {
        if (c == 'o')
            in.file = optarg;
        else if (c == 'f')
            in.force = true;
        else
            return cli_usage("init");
    }
    if (optind == argc)
        return cli_usage("init");
    int result = init(&in, argv + optind);
    forget(&in);
    return result;
}
