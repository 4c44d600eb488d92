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
#include "cli/providers.h"
#include "config/seal.h"

#define FILE_MAX_BYTES (1u << 20)
#define PROVIDERS_MAX 32
#define STEP_SECRET "STEP_SECRET"
#define SECRETS_KEY "HOOKLATCH_SECRETS_KEY"

static const struct option long_options[] = { { "output", required_argument, NULL, 'o' },
                                              { "force", no_argument, NULL, 'f' },
                                              { NULL, 0, NULL, 0 } };

struct chosen {
    struct slice id, name, docs, what, content_type; /* in init's memory */
    struct tree file; /* the provider's */
    enum { SECRET_MADE, SECRET_SHOWN, SECRET_FILE, SECRET_HANDED_OVER, SECRET_IN_URL } from;
    char *env;       /* the variable of its secret */
    bool kept;       /* it was in the file of secrets already */
    bool basic;      /* the secret is user:password */
    char secret[64]; /* made here, or empty */
};

struct init {
    const char *file; /* "hooklatch.yaml" */
    char *env_file;   /* "hooklatch.env", in the same folder */
    bool force;
    struct chosen chosen[PROVIDERS_MAX];
    size_t n;
    bool handed_over; /* one of them hands its secret over: there has to be a key to seal it */
    bool step_secret_kept;
    struct arena memory;
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
    "%s"
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
    buf_printf(out, head, env, env,
               in->handed_over ? "\n# Seals the secrets that senders hand over, in the store.\n"
                                 "secrets_key: {env: " SECRETS_KEY "}\n"
                               : "");
    for (size_t i = 0; i < in->n; i++) {
        const struct chosen *c = &in->chosen[i];
        buf_printf(out, "  # %.*s", SLICE_FMT(c->name));
        if (c->docs.len)
            buf_printf(out, ": %.*s", SLICE_FMT(c->docs));
        buf_printf(out, "\n  %.*s:                    # POST /webhooks/%.*s\n    provider: %.*s\n", SLICE_FMT(c->id),
                   SLICE_FMT(c->id), SLICE_FMT(c->id));
        words_put_settings(&c->file, c->env, "    ", out);
        buf_printf(
            out,
            "    # events: {%.*s.SOMETHING: {schema: FILE}}   # what violates its schema is held, see on_invalid\n",
            SLICE_FMT(c->id));
    }
    buf_puts(out, "\nworkflows:\n");
    for (size_t i = 0; i < in->n; i++) {
        struct slice id = in->chosen[i].id;
        buf_printf(
            out,
            "  - id: %.*s\n    on: \"%.*s.**\"            # or one type, or {event: …, match: {/json/pointer: value}}\n"
            "    steps:\n      - {id: tell, http: {endpoint: steps, path: /%.*s}}\n",
            SLICE_FMT(id), SLICE_FMT(id), SLICE_FMT(id));
    }
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

static void put_secrets_key(struct slice old, struct buf *out)
{
    unsigned char key[SEAL_KEY_BYTES];
    char text[2 * SEAL_KEY_BYTES];

    if (is_set(old, SECRETS_KEY))
        return;
    random_bytes(key, sizeof key);
    hex_encode(slice_of(key, sizeof key), text);
    buf_printf(out, "# seals the secrets that senders hand over; without it they are lost\n" SECRETS_KEY "=%.*s\n",
               (int)sizeof text, text);
    mem_wipe(key, sizeof key);
    mem_wipe(text, sizeof text);
}

/* Adds what is missing; what is there may be in use somewhere, and stays. */
static void put_secrets(struct init *in, struct slice old, struct buf *out)
{
    char step[64];

    if (old.len == 0)
        buf_puts(out, "# Secrets of hooklatch. Keep this file to yourself. 'Quote' what holds & or other signs of the shell.\n");
    for (size_t i = 0; i < in->n; i++) {
        struct chosen *c = &in->chosen[i];
        c->kept = is_set(old, c->env);
        if (c->kept || (c->from != SECRET_MADE && c->from != SECRET_SHOWN && c->from != SECRET_IN_URL))
            continue;
        if (c->from == SECRET_IN_URL) {
            make_secret(c->secret, "");
            buf_printf(out, "# %.*s: the last part of the URL that is typed into its form\n", SLICE_FMT(c->name));
        } else if (c->from == SECRET_MADE) {
            make_secret(stpcpy(c->secret, c->basic ? "hooklatch:" : ""), "");
            buf_printf(out, "# %.*s: the %.*s; type the same into its form\n", SLICE_FMT(c->name), SLICE_FMT(c->what));
        } else {
            buf_printf(out, "# %.*s: paste the %.*s after the =\n", SLICE_FMT(c->name), SLICE_FMT(c->what));
        }
        buf_printf(out, "%s=%s\n", c->env, c->secret);
    }
    if (in->handed_over)
        put_secrets_key(old, out);
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

/* The text in lines of at most 100 columns or so, each behind two spaces. */
static void print_wrapped(struct slice text)
{
    size_t column = 0;

    for (struct slice word; text.len;) {
        slice_cut(text, ' ', &word, &text);
        if (column && column + word.len >= 98)
            column = 0;
        printf("%s%.*s", column ? " " : "\n  ", SLICE_FMT(word));
        column += word.len + 1;
    }
    putchar('\n');
}

static void print_secret(const struct init *in, const struct chosen *c)
{
    if (c->from == SECRET_IN_URL)
        printf("  secret        the URL's last part%s%s: nothing is signed, so nobody else must know the URL\n",
               c->kept ? ", as it is in " : "", c->kept ? in->env_file : "");
    else if (c->from == SECRET_HANDED_OVER)
        printf("  secret        it hands it over in its first request: serve first, and fill in the form then;\n"
               "                hooklatch secrets show %.*s prints it\n", SLICE_FMT(c->id));
    else if (c->from == SECRET_FILE)
        printf("  secret        %.*s: save it as %.*s.pem, beside %s\n", SLICE_FMT(c->what), SLICE_FMT(c->id), in->file);
    else if (c->secret[0])
        printf("  secret        %s\n", c->secret);
    else if (c->kept)
        printf("  secret        %s as it is in %s\n", c->env, in->env_file);
    else
        printf("  secret        %.*s: paste it into %s, after %s=\n", SLICE_FMT(c->what), in->env_file, c->env);
}

static void print_form(const struct init *in, const struct chosen *c)
{
    struct buf url, setup;

    buf_init(&url, 256);
    buf_init(&setup, FILE_MAX_BYTES);
    buf_printf(&url, "https://YOUR-ADDRESS/webhooks/%.*s", SLICE_FMT(c->id));
    if (c->from == SECRET_IN_URL && c->kept)
        buf_printf(&url, "/$%s", c->env);
    else if (c->from == SECRET_IN_URL)
        buf_printf(&url, "/%s", c->secret);
    words_put_setup(&c->file, buf_slice(&url), &setup);
    printf("\n%.*s", SLICE_FMT(c->name));
    if (c->docs.len)
        printf(" (%.*s)", SLICE_FMT(c->docs));
    printf("\n  URL           %.*s\n", SLICE_FMT(buf_slice(&url)));
    printf("  content type  %.*s, where the form asks\n", SLICE_FMT(c->content_type));
    print_secret(in, c);
    if (tree_get(&c->file, 0, "params") != JSON_NONE)
        printf("  params        those in %s want values\n", in->file);
    if (setup.len)
        print_wrapped(buf_slice(&setup));
    buf_clear(&url);
    buf_clear(&setup);
}

static void print_next(const struct init *in)
{
    printf("%s and %s are written.\nWhat to type into the form of\n", in->file, in->env_file);
    for (size_t i = 0; i < in->n; i++)
        print_form(in, &in->chosen[i]);
    printf("\nThen\n  set -a; . %s%s; set +a\n  hooklatch check -c %s\n  hooklatch serve -c %s\n",
           strchr(in->env_file, '/') ? "" : "./", in->env_file, in->file, in->file);
}

static int read_provider(struct chosen *c, const struct provider_file *f)
{
    struct issues is;

    issues_init(&is);
    int result = provider_file_read(f, &c->file, &is);
    cli_print_issues(&is);
    issues_clear(&is);
    return result;
}

static void describe(struct init *in, struct chosen *c)
{
    const struct tree *t = &c->file;
    uint32_t secret = tree_get(t, 0, "secret"), types = tree_get(t, 0, "content_types");

    c->name = tree_text(t, 0, "name", &in->memory);
    if (!c->name.len)
        c->name = c->id;
    c->docs = tree_text(t, 0, "docs", &in->memory);
    c->what = secret == JSON_NONE ? SLICE_NONE : tree_text(t, secret, "what", &in->memory);
    if (!c->what.len)
        c->what = SLICE("secret");
    c->content_type = types == JSON_NONE ? SLICE("application/json") : tree_string(t, types + 1, &in->memory);
    c->env = provider_env_name(c->id);
    struct slice scheme = tree_text(t, 0, "scheme", &in->memory);
    c->basic = slice_eq_z(scheme, "basic");
    if (words_unsigned(t))
        c->from = SECRET_IN_URL;
    else if (words_secret_by_handshake(t))
        c->from = SECRET_HANDED_OVER;
    else if (words_secret_is_file(t))
        c->from = SECRET_FILE;
    else
        c->from = secret != JSON_NONE && tree_bool(t, secret, "chosen", false) ? SECRET_MADE : SECRET_SHOWN;
    in->handed_over = in->handed_over || c->from == SECRET_HANDED_OVER;
}

static int choose(struct init *in, struct slice id)
{
    struct provider_file f;

    for (size_t i = 0; i < in->n; i++) {
        if (slice_eq(in->chosen[i].id, id))
            return 0;
    }
    if (in->n == PROVIDERS_MAX) {
        fprintf(stderr, "hooklatch init: more than %d providers\n", PROVIDERS_MAX);
        return -1;
    }
    if (!provider_file_find(id, NULL, &f, &in->memory)) {
        providers_say_unknown("init", id, NULL);
        return -1;
    }
    struct chosen *c = &in->chosen[in->n];
    *c = (struct chosen){ .id = f.id };
    if (read_provider(c, &f) < 0)
        return -1;
    describe(in, c);
    in->n++;
    return 0;
}

static void forget(struct init *in)
{
    for (size_t i = 0; i < in->n; i++) {
        tree_clear(&in->chosen[i].file);
        free(in->chosen[i].env);
    }
    mem_wipe(in->chosen, sizeof in->chosen);
    free(in->env_file);
    arena_clear(&in->memory);
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
        if (choose(in, slice_z(*providers)) < 0)
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
    arena_init(&in.memory);
    int result = init(&in, argv + optind);
    forget(&in);
    return result;
}
