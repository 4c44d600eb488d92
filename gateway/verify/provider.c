#include "verify/provider.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/embedded.h"
#include "verify/content.h"
#include "verify/place.h"
#include "verify/provider_fields.h"

#define EMBEDDED_DIR "conf/providers/"
#define FILE_END ".yaml"
#define ID_MAX 64

static const struct embedded *find_embedded(struct slice id)
{
    struct slice dir = SLICE(EMBEDDED_DIR);
    for (const struct embedded *f = embedded_files; f->name; f++) {
        struct slice name = slice_z(f->name);
        if (slice_starts(name, dir) && slice_ends(name, SLICE(FILE_END)) &&
            slice_eq(slice_of(name.ptr + dir.len, name.len - dir.len - strlen(FILE_END)), id))
            return f;
    }
    return NULL;
}

/* An id becomes part of a path. */
static bool id_ok(struct slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return id.len > 0 && id.len <= ID_MAX;
}

/* The path of the folder's file, if there is one; the caller frees it. */
static char *folder_file(struct slice id, const char *folder)
{
    struct buf path;
    if (!folder || !id_ok(id))
        return NULL;
    buf_init(&path, 8192);
    buf_printf(&path, "%s/%.*s%s", folder, SLICE_FMT(id), FILE_END);
    if (!path.failed && access(path.ptr, F_OK) == 0)
        return buf_take(&path, NULL);
    buf_clear(&path);
    return NULL;
}

bool provider_exists(struct slice id, const char *folder)
{
    char *path = folder_file(id, folder);
    bool there = path != NULL;
    free(path);
    return there || find_embedded(id);
}

void provider_put_known(struct buf *out)
{
    const char *between = "";
    for (const struct embedded *f = embedded_files; f->name; f++) {
        struct slice name = slice_z(f->name);
        if (!slice_starts(name, SLICE(EMBEDDED_DIR)) || !slice_ends(name, SLICE(FILE_END)))
            continue;
        name = slice_from(name, strlen(EMBEDDED_DIR));
        buf_printf(out, "%s%.*s", between, (int)(name.len - strlen(FILE_END)), name.ptr);
        between = ", ";
    }
}

static void unknown(struct slice id, struct issues *is)
{
    struct buf file, text, hint;
    struct slice shown = slice_first(id, ID_MAX);
    buf_init(&file, 512);
    buf_init(&text, 512);
    buf_init(&hint, 8192);
    buf_printf(&file, "%s%.*s%s", EMBEDDED_DIR, SLICE_FMT(shown), FILE_END);
    buf_printf(&text, "there is no provider \"%.*s\"", SLICE_FMT(shown));
    buf_puts(&hint, "known are ");
    provider_put_known(&hint);
    issues_add(is, &(struct issue){ .file = buf_slice(&file), .text = buf_slice(&text), .hint = buf_slice(&hint) });
    buf_clear(&file);
    buf_clear(&text);
    buf_clear(&hint);
}

static struct provider *load_file(const struct tree *t, struct slice id, struct issues *is)
{
    struct provider *p = provider_load(t, 0, is);
    if (!p || slice_eq(p->id, id))
        return p;
    tree_error(t, 0, is, "it is the file's name without .yaml", "the id must be \"%.*s\"", SLICE_FMT(id));
    provider_free(p);
    return NULL;
}

struct provider *provider_find(struct slice id, const char *folder, struct issues *is)
{
    char *path = folder_file(id, folder);
    const struct embedded *f = path ? NULL : find_embedded(id);
    struct provider *p = NULL;
    struct tree t = { 0 };

    if (!path && !f) {
        unknown(id, is);
        return NULL;
    }
    if (path ? tree_load(&t, path, is) == 0 : tree_read(&t, f->name, NULL, slice_of(f->bytes, f->len), is) == 0) {
        p = load_file(&t, id, is);
        tree_clear(&t);
    }
    free(path);
    return p;
}

struct provider *provider_open(struct slice id_or_file, struct issues *is)
{
    struct slice end = SLICE(FILE_END);
    struct provider *p;
    char *dir, *slash;

    if (!slice_ends(id_or_file, end))
        return provider_find(id_or_file, NULL, is);
    dir = slice_dup_z(id_or_file);
    if (access(dir, F_OK)) { /* not the embedded one of that name instead */
        issues_add(is, &(struct issue){ .file = id_or_file, .text = SLICE("there is no such file") });
        free(dir);
        return NULL;
    }
    dir[id_or_file.len - end.len] = '\0';
    slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    p = slash ? provider_find(slice_z(slash + 1), *dir ? dir : "/", is) : provider_find(slice_z(dir), ".", is);
    free(dir);
    return p;
}

struct slice provider_id(const struct provider *p)
{
    return p->id;
}

struct slice provider_name(const struct provider *p)
{
    return p->name.len ? p->name : p->id;
}

struct slice provider_docs(const struct provider *p)
{
    return p->docs;
}

struct slice provider_secret_what(const struct provider *p)
{
    return p->secret_what.len ? p->secret_what : SLICE("secret");
}

bool provider_secret_chosen(const struct provider *p)
{
    return p->secret_chosen;
}

enum scheme provider_scheme(const struct provider *p)
{
    return p->scheme;
}

bool provider_uses_url(const struct provider *p)
{
    for (uint32_t i = 0; i < p->n_contents; i++)
        if (content_uses(&p->contents[i], CONTENT_URL))
            return true;
    return false;
}

bool provider_method_ok(const struct provider *p, struct slice method)
{
    for (uint32_t i = 0; i < p->n_methods; i++)
        if (slice_eq(p->methods[i], method))
            return true;
    return false;
}

bool provider_method_handshake(const struct provider *p, struct slice method)
{
    for (uint32_t i = 0; i < p->n_handshakes; i++)
        if (slice_eq(p->handshakes[i].method, method))
            return true;
    return false;
}

struct slice provider_allow(const struct provider *p)
{
    return p->allow;
}

bool provider_content_type_ok(const struct provider *p, const struct delivery *d)
{
    struct slice type = delivery_content_type(d);
    for (uint32_t i = 0; i < p->n_content_types; i++)
        if (slice_eq_nocase(p->content_types[i], type))
            return true;
    return type.len == 0;
}

void provider_put_content_types(const struct provider *p, struct buf *out)
{
    for (uint32_t i = 0; i < p->n_content_types; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", SLICE_FMT(p->content_types[i]));
}

struct slice provider_form_json_field(const struct provider *p)
{
    return p->form_json_field;
}

const struct pointer *provider_split(const struct provider *p)
{
    return p->split.count ? &p->split : NULL;
}

/* The first place that has something in it. */
static struct slice first_value(const struct places *places, struct reading *r, struct buf *tmp)
{
    for (uint32_t i = 0; i < places->count; i++) {
        struct slice value;
        enum place_found found = place_find(&places->list[i], r, tmp, &value);
        if ((found == PLACE_ONE || found == PLACE_SEVERAL) && value.len > 0)
            return value;
    }
    return SLICE_NONE;
}

struct slice provider_event_type(const struct provider *p, struct reading *r, struct buf *tmp)
{
    struct slice value = first_value(&p->event_type, r, tmp);
    for (uint32_t i = 0; i < p->n_event_map; i++)
        if (slice_eq(p->event_map[i].from, value))
            return p->event_map[i].to;
    return value;
}

struct slice provider_delivery_id(const struct provider *p, struct reading *r, struct buf *tmp)
{
    return first_value(&p->delivery_id, r, tmp);
}

static bool word_at(struct slice name, size_t at, const struct slice *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((name.ptr[at + 1] | 0x20) == words[i].ptr[1] && slice_starts_nocase(slice_from(name, at), words[i]))
            return true;
    return false;
}

/* Words of two and more lower-case letters, anywhere in the name. Asked for every header of every delivery: one pass, in
 * which the set of the words' first letters passes over nearly all. */
static bool sounds_like(struct slice name, const struct slice *words, size_t n)
{
    uint32_t first = 0;
    for (size_t i = 0; i < n; i++)
        first |= 1u << (words[i].ptr[0] & 31);
    for (size_t at = 0; at + 1 < name.len; at++)
        if (first >> (name.ptr[at] & 31) & 1 && word_at(name, at, words, n))
            return true;
    return false;
}

/* Without a provider (sent to no source, perhaps for want of a letter) the name alone says what it is. */
bool provider_header_is_secret(const struct provider *p, struct slice name)
{
    static const struct slice always[] = { { "authorization", 13 }, { "cookie", 6 },  { "token", 5 }, { "secret", 6 },
                                           { "password", 8 },       { "api-key", 7 }, { "apikey", 6 } };
    static const struct slice signatures[] = { { "signature", 9 }, { "hmac", 4 }, { "verif-hash", 10 } };
    if (sounds_like(name, always, sizeof always / sizeof always[0]) ||
        (!p && sounds_like(name, signatures, sizeof signatures / sizeof signatures[0])))
        return true;
    for (uint32_t i = 0; p && i < p->signature.count; i++)
        if (p->signature.list[i].in == PLACE_HEADER && slice_eq_nocase(name, p->signature.list[i].name))
            return true;
    return false;
}

bool provider_ack(const struct provider *p, int *status, struct slice *content_type, struct slice *body)
{
    if (!p->ack.present)
        return false;
    *status = p->ack.status;
    *content_type = p->ack.content_type;
    *body = p->ack.body;
    return true;
}
