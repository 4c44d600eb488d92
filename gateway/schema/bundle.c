#include "schema/bundle.h"

#include "schema/bundle_part.h"
#include "schema/uri.h"

static struct slice path_of_file(struct slice uri)
{
    return slice_starts(uri, SLICE("file:")) ? slice_from(uri, sizeof "file:" - 1) : SLICE_NONE;
}

static struct slice host(struct bundle *b)
{
    if (b->host_number == 1)
        return SLICE("bundle.invalid/");
    return slice_z(arena_printf(&b->arena, "bundle%u.invalid/", b->host_number));
}

struct slice bundle_uri(struct bundle *b, struct slice uri)
{
    struct slice path = path_of_file(uri), to = host(b);
    size_t common = 0;
    unsigned up = 0;

    if (path.len == 0)
        return uri;
    for (size_t i = 0; i < path.len && i < b->folder.len && path.ptr[i] == b->folder.ptr[i]; i++)
        if (path.ptr[i] == '/')
            common = i + 1;
    for (size_t i = common; i < b->folder.len; i++)
        up += b->folder.ptr[i] == '/';
    path = slice_from(path, common);
    if (up == 0)
        return slice_z(arena_printf(&b->arena, "https://%.*s%.*s", SLICE_FMT(to), SLICE_FMT(path)));
    return slice_z(arena_printf(&b->arena, "https://up%u.%.*s%.*s", up, SLICE_FMT(to), SLICE_FMT(path)));
}

/* The folder that names count from: the root's, or of the first file where the root is none. */
static void choose_folder(struct bundle *b, const struct document *root)
{
    struct slice path = path_of_file(root->uri);

    for (uint32_t i = 0; path.len == 0 && i < b->set->documents.n; i++) {
        const struct document *doc = b->set->documents.at[i];

        for (uint32_t j = 0; path.len == 0 && j < doc->resources.n; j++)
            path = path_of_file(doc->resources.at[j].base);
    }
    while (path.len > 0 && path.ptr[path.len - 1] != '/')
        path.len--;
    b->folder = path;
}

static bool host_is_taken(struct bundle *b)
{
    struct slice to = host(b);

    for (uint32_t i = 0; i < b->set->documents.n; i++) {
        const struct document *doc = b->set->documents.at[i];

        for (uint32_t j = 0; j < doc->resources.n; j++) {
            struct slice base = doc->resources.at[j].base;

            if (memmem(base.ptr, base.len, to.ptr, to.len))
                return true;
        }
    }
    return false;
}

static void bundle_clear(struct bundle *b)
{
    for (uint32_t i = 0; i < b->parts.n; i++)
        VEC_FREE(&b->parts.at[i]->edits);
    VEC_FREE(&b->parts);
    VEC_FREE(&b->spots);
    arena_clear(&b->arena);
}

static int find_root(struct schema_set *s, struct slice uri, struct arena *a, const struct document **root,
                     struct err *e)
{
    struct place place;

    if (slice_find(uri, '#') < uri.len)
        return err_set(e, ERR_INPUT, "%.*s: only a whole document makes a bundle, without #fragment", SLICE_FMT(uri));
    if (set_find(s, a, uri, SLICE_NONE, &place, e))
        return -1;
    if (place.node != 0)
        return err_set(e, ERR_INPUT, "%.*s is a part of %.*s: only a whole document makes a bundle", SLICE_FMT(uri),
                       SLICE_FMT(place.doc->name));
    *root = place.doc;
    return 0;
}

static int compiles(struct schema_set *s, struct slice uri, const struct schema_options *o, struct err *e)
{
    struct schema *schema = schema_compile(s, uri, o, e);

    schema_unref(schema);
    return schema ? 0 : -1;
}

/* Alone, it is a schema still? Parts that nobody came to look at until now may be wrong. */
static int check_bundle(struct slice uri, struct slice text, const struct schema_options *o, struct err *e)
{
    struct schema_set *alone = schema_set_new();
    int rc = schema_set_add(alone, uri, SLICE("the bundle"), text, e);

    if (rc == 0)
        rc = compiles(alone, uri, o, e);
    schema_set_free(alone);
    return rc == 0 ? 0 : err_add(e, "the files are no schema when they are put together into one");
}

int schema_bundle(struct schema_set *s, struct slice uri, const struct schema_options *o, struct buf *out,
                  struct err *e)
{
    struct bundle b = { .set = s, .host_number = 1 };
    const struct document *root;
    size_t start = out->len;
    int rc;

    arena_init(&b.arena);
    rc = compiles(s, uri, o, e);
    if (rc == 0)
        rc = find_root(s, uri, &b.arena, &root, e);
    if (rc == 0) {
        choose_folder(&b, root);
        while (host_is_taken(&b))
            b.host_number++;
        bundle_collect(&b, root);
        bundle_write(&b, out);
        rc = out->failed ? err_set(e, ERR_LIMIT, "the bundle of %.*s is too large", SLICE_FMT(root->name))
                         : check_bundle(b.parts.at[0]->uri, slice_from(buf_slice(out), start), o, e);
    }
    bundle_clear(&b);
    return rc;
}
