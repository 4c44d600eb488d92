#include "cli/providers.h"

#include <stdlib.h>

#define URL "https://YOUR-ADDRESS/webhooks/"
#define PART_MAX (1u << 20)
#define COLUMNS 100
#define LABEL 13 /* columns of "  event type  " before what it says */

struct fact {
    const char *label;
    void (*put)(const struct tree *t, struct buf *out); /* nothing: the fact is left out */
};

static void put_certainty(const struct tree *t, struct buf *out)
{
    struct arena a;

    arena_init(&a);
    struct slice verified = tree_text(t, 0, "verified", &a);
    buf_printf(out, "%.*s%s%s", SLICE_FMT(verified), verified.len ? ": " : "", words_certainty(verified));
    arena_clear(&a);
}

static void put_member(const struct tree *t, uint32_t obj, const char *key, struct buf *out)
{
    struct arena a;

    arena_init(&a);
    buf_put(out, tree_text(t, obj, key, &a));
    arena_clear(&a);
}

static void put_docs(const struct tree *t, struct buf *out)
{
    put_member(t, 0, "docs", out);
}

static void put_secret(const struct tree *t, struct buf *out)
{
    uint32_t secret = tree_get(t, 0, "secret");

    if (secret == JSON_NONE)
        return;
    put_member(t, secret, "what", out);
    if (words_secret_by_handshake(t))
        buf_puts(out, "; `secrets: handshake`, the sender hands it over");
    else if (tree_bool(t, secret, "chosen", false))
        buf_puts(out, "; you make it up");
}

static void put_params(const struct tree *t, struct buf *out)
{
    uint32_t params = tree_get(t, 0, "params");
    const char *between = "";
    struct arena a;

    if (params == JSON_NONE)
        return;
    arena_init(&a);
    for (uint32_t k = params + 1; k < json_end(&t->doc, params); k = json_next(&t->doc, k + 1)) {
        buf_printf(out, "%s`%s`: %s", between, tree_string(t, k, &a).ptr, tree_string(t, k + 1, &a).ptr);
        between = "; ";
    }
    arena_clear(&a);
}

/* The words of an array, where they are not the default. */
static void put_words(const struct tree *t, const char *key, const char *by_default, struct buf *out)
{
    uint32_t list = tree_get(t, 0, key);
    size_t start = out->len;
    struct arena a;

    if (list == JSON_NONE)
        return;
    arena_init(&a);
    for (uint32_t i = list + 1; i < json_end(&t->doc, list); i = json_next(&t->doc, i))
        buf_printf(out, "%s%s", out->len > start ? ", " : "", tree_string(t, i, &a).ptr);
    if (slice_eq_z(slice_from(buf_slice(out), start), by_default))
        out->len = start;
    arena_clear(&a);
}

static void put_methods(const struct tree *t, struct buf *out)
{
    put_words(t, "methods", "POST", out);
}

static void put_content_types(const struct tree *t, struct buf *out)
{
    put_words(t, "content_types", "application/json", out);
    if (tree_get(t, 0, "form_json_field") == JSON_NONE)
        return;
    buf_puts(out, "; a form holds the JSON in `");
    put_member(t, 0, "form_json_field", out);
    buf_puts(out, "`");
}

static void put_event_type(const struct tree *t, struct buf *out)
{
    words_put_places(t, "event_type", out);
    if (tree_get(t, 0, "event_type") == JSON_NONE)
        buf_puts(out, "none: the provider's id alone, unless the source's `event.type` says more");
}

static void put_delivery_id(const struct tree *t, struct buf *out)
{
    words_put_places(t, "delivery_id", out);
    if (tree_get(t, 0, "delivery_id") == JSON_NONE)
        buf_printf(out, "none: with `dedupe: {by: body}` %s", tree_get(t, 0, "split") == JSON_NONE
                                                                ? "the body tells deliveries apart"
                                                                : "its own bytes tell each event apart");
}

static void put_subject(const struct tree *t, struct buf *out)
{
    words_put_places(t, "subject", out);
}

static void put_split(const struct tree *t, struct buf *out)
{
    if (tree_get(t, 0, "split") == JSON_NONE)
        return;
    buf_puts(out, "each value at `");
    put_member(t, 0, "split", out);
    buf_puts(out, "` of a body is an event");
}

static void put_ack(const struct tree *t, struct buf *out)
{
    uint32_t ack = tree_get(t, 0, "ack");

    if (ack == JSON_NONE)
        return;
    buf_printf(out, "%lld ", (long long)tree_int(t, ack, "status", 200));
    put_member(t, ack, "body", out);
    while (out->len && out->ptr[out->len - 1] == ' ')
        out->ptr[--out->len] = '\0';
}

static const struct fact facts[] = {
    { "docs", put_docs },
    { "certainty", put_certainty },
    { "signs", words_put_signature },
    { "window", words_put_window },
    { "secret", put_secret },
    { "params", put_params },
    { "event type", put_event_type },
    { "delivery id", put_delivery_id },
    { "subject", put_subject },
    { "happened", words_put_time },
    { "batches", put_split },
    { "handshakes", words_put_handshakes },
    { "methods", put_methods },
    { "types", put_content_types },
    { "answer", put_ack },
    { NULL, NULL },
};

static size_t columns_of(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += (s.ptr[i] & 0xc0) != 0x80;
    return n;
}

/* The text from this column on, broken at spaces, further lines indented as far. Ends the line. */
static void put_wrapped(struct slice text, size_t indent, struct buf *out)
{
    struct slice word, rest = text;
    size_t column = indent;

    while (rest.len) {
        slice_cut(rest, ' ', &word, &rest);
        if (column > indent && column + 1 + columns_of(word) > COLUMNS) {
            buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            buf_putc(out, ' ');
            column++;
        }
        buf_put(out, word);
        column += columns_of(word);
    }
    buf_putc(out, '\n');
}

static void put_notes(const struct tree *t, const char *bullet, size_t indent, struct buf *out)
{
    uint32_t list = tree_get(t, 0, "notes");
    struct arena a;

    if (list == JSON_NONE)
        return;
    arena_init(&a);
    for (uint32_t i = list + 1; i < json_end(&t->doc, list); i = json_next(&t->doc, i)) {
        buf_puts(out, bullet);
        put_wrapped(tree_string(t, i, &a), indent, out);
    }
    arena_clear(&a);
}

static void put_name(const struct provider_file *f, const struct tree *t, struct buf *out)
{
    if (tree_get(t, 0, "name") == JSON_NONE)
        buf_put(out, f->id);
    put_member(t, 0, "name", out);
}

static void put_example(const struct provider_file *f, const struct tree *t, struct buf *out)
{
    char *env = provider_env_name(f->id);

    buf_printf(out, "  sources:\n    %.*s:\n      provider: %.*s\n", SLICE_FMT(f->id), SLICE_FMT(f->id));
    words_put_settings(t, env, "      ", out);
    free(env);
}

void providers_put_text(const struct provider_file *f, const struct tree *t, struct buf *out)
{
    struct buf part;

    buf_init(&part, PART_MAX);
    put_name(f, t, out);
    buf_putc(out, '\n');
    for (const struct fact *fact = facts; fact->label; fact++) {
        buf_reset(&part);
        fact->put(t, &part);
        if (part.len == 0)
            continue;
        buf_printf(out, "  %-*s ", LABEL, fact->label);
        put_wrapped(buf_slice(&part), LABEL + 3, out);
    }
    if (tree_get(t, 0, "notes") != JSON_NONE)
        buf_puts(out, "\nTo know\n");
    put_notes(t, "  - ", 4, out);
    buf_reset(&part);
    buf_printf(&part, URL "%.*s%s", SLICE_FMT(f->id), words_unsigned(t) ? "/<path_token>" : "");
    struct buf setup;
    buf_init(&setup, PART_MAX);
    words_put_setup(t, buf_slice(&part), &setup);
    if (setup.len) {
        buf_puts(out, "\nWhat to type into its form\n  ");
        put_wrapped(buf_slice(&setup), 2, out);
    }
    buf_clear(&setup);
    buf_clear(&part);
    buf_puts(out, "\nA source\n");
    put_example(f, t, out);
}

const char providers_page_head[] =
    "# Providers\n"
    "\n"
    "<!-- Written by scripts/providers-doc from the files in conf/providers: change those. -->\n"
    "\n"
    "The senders that hooklatch knows. `hooklatch providers NAME` shows one of them, `hooklatch init NAME` writes a configuration "
    "for it. How such a file is made, and how one of your own is: [provider-files.md](provider-files.md).\n"
    "\n"
    "Not among them are AWS SNS, PayPal, Plaid and Travis CI, whose keys have to be fetched first, and Dropbox Sign, whose JSON "
    "is in a multipart form. Home Assistant and the like, who sign nothing, need no file: `verify: none` with a `path_token`.\n"
    "\n"
    "`{url}` is the public URL of the source. Certainty says how well the facts are founded:\n"
    "\n"
    "| word | meaning |\n"
    "| --- | --- |\n";

/* Outside of `code` nothing may read as HTML; in a table no text may end its cell. */
static void put_markdown(struct slice text, bool in_table, struct buf *out)
{
    bool code = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        code ^= c == '`';
        if (c == '<' && !code)
            buf_puts(out, "&lt;");
        else if ((c == '|' && in_table) || (!code && (c == '*' || c == '_')))
            buf_printf(out, "\\%c", c);
        else
            buf_putc(out, c);
    }
}

void providers_put_row(const struct provider_file *f, const struct tree *t, struct buf *out)
{
    static void (*const cells[])(const struct tree *, struct buf *) = { words_put_signature, words_put_window };
    struct buf part;

    buf_init(&part, PART_MAX);
    buf_printf(out, "| [`%.*s`](#%.*s) | ", SLICE_FMT(f->id), SLICE_FMT(f->id));
    put_name(f, t, &part);
    put_markdown(buf_slice(&part), true, out);
    buf_puts(out, " | ");
    put_member(t, 0, "verified", out);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        buf_reset(&part);
        cells[i](t, &part);
        buf_puts(out, " | ");
        put_markdown(buf_slice(&part), true, out);
    }
    buf_puts(out, " |\n");
    buf_clear(&part);
}

static void put_md_facts(const struct tree *t, struct buf *out)
{
    struct buf part;

    buf_init(&part, PART_MAX);
    for (const struct fact *fact = facts; fact->label; fact++) {
        buf_reset(&part);
        fact->put(t, &part);
        if (part.len == 0)
            continue;
        buf_printf(out, "- %s: ", fact->label);
        put_markdown(buf_slice(&part), false, out);
        buf_putc(out, '\n');
    }
    buf_clear(&part);
}

static void put_md_notes(const struct tree *t, struct buf *out)
{
    uint32_t list = tree_get(t, 0, "notes");
    struct arena a;

    if (list == JSON_NONE)
        return;
    arena_init(&a);
    buf_puts(out, "\nTo know:\n\n");
    for (uint32_t i = list + 1; i < json_end(&t->doc, list); i = json_next(&t->doc, i)) {
        buf_puts(out, "- ");
        put_markdown(tree_string(t, i, &a), false, out);
        buf_putc(out, '\n');
    }
    arena_clear(&a);
}

void providers_put_section(const struct provider_file *f, const struct tree *t, struct buf *out)
{
    struct buf part;

    buf_init(&part, PART_MAX);
    buf_printf(out, "\n### %.*s\n\n", SLICE_FMT(f->id));
    put_name(f, t, &part);
    put_markdown(buf_slice(&part), false, out);
    buf_puts(out, ". ");
    buf_reset(&part);
    words_put_setup(t, SLICE("`{url}`"), &part);
    put_markdown(buf_slice(&part), false, out);
    buf_puts(out, "\n\n");
    put_md_facts(t, out);
    put_md_notes(t, out);
    buf_clear(&part);
}
