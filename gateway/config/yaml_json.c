#include "config/yaml_node.h"

#include <stdlib.h>

void yaml_complain(struct issues *is, const char *file, struct tree_mark at, const char *hint, const char *fmt, ...)
{
    struct buf text;
    va_list ap;

    buf_init(&text, 2048);
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    issues_add(is, &(struct issue){ .file = slice_z(file),
                                    .line = at.line,
                                    .column = at.column,
                                    .text = buf_slice(&text),
                                    .hint = slice_z(hint) });
    buf_clear(&text);
}

struct writer {
    const char *file;
    struct issues *is;
    struct buf *json;
    struct yaml_marks *marks;
    uint32_t work; /* nodes written and keys looked at: merges cost work without writing */
    bool failed;
};

static void fail(struct writer *w, struct tree_mark at, const char *hint, const char *text)
{
    w->failed = true;
    yaml_complain(w->is, w->file, at, hint, "%s", text);
}

static bool spend(struct writer *w, struct tree_mark at)
{
    if (w->failed)
        return false;
    if (++w->work <= YAML_NODES_MAX)
        return true;
    fail(w, at, "the aliases (*name) multiply", "more than 100000 values once aliases are expanded");
    return false;
}

static void put_mark(struct writer *w, struct tree_mark at)
{
    struct yaml_marks *m = w->marks;

    if (m->count == m->capacity) {
        m->capacity = m->capacity ? 2 * m->capacity : 256;
        m->list = mem_grow(m->list, m->capacity, sizeof *m->list);
    }
    m->list[m->count++] = at;
}

static size_t digits_from(struct slice s, size_t at)
{
    while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9')
        at++;
    return at;
}

/* As RFC 8259 writes numbers. */
static bool is_number(struct slice s)
{
    size_t at = s.len && s.ptr[0] == '-', from = at;

    at = digits_from(s, at);
    if (at == from || (at > from + 1 && s.ptr[from] == '0'))
        return false;
    if (at < s.len && s.ptr[at] == '.') {
        from = ++at;
        at = digits_from(s, at);
        if (at == from)
            return false;
    }
    if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
        at++;
        at += at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-');
        from = at;
        at = digits_from(s, at);
        if (at == from)
            return false;
    }
    return at == s.len;
}

/* 0123: YAML 1.1 reads it as octal, people mean a decimal number or text. */
static bool has_leading_zero(struct slice s)
{
    s = slice_from(s, s.len && s.ptr[0] == '-');
    return s.len > 1 && s.ptr[0] == '0' && digits_from(s, 0) == s.len;
}

static bool is_null(const struct yaml_node *n)
{
    return n->plain && (n->text.len == 0 || slice_eq_z(n->text, "~") || slice_eq_z(n->text, "null"));
}

static bool is_bool(const struct yaml_node *n)
{
    return n->plain && (slice_eq_z(n->text, "true") || slice_eq_z(n->text, "false"));
}

static void write_scalar(struct writer *w, const struct yaml_node *n)
{
    if (is_null(n))
        buf_puts(w->json, "null");
    else if (is_bool(n) || (n->plain && is_number(n->text)))
        buf_put(w->json, n->text);
    else if (n->plain && has_leading_zero(n->text))
        fail(w, n->mark, "write it without the leading zero, or in quotes where text is meant",
             "a number with a leading zero");
    else
        json_quote(w->json, n->text);
}

static struct yaml_node *resolve(struct yaml_node *n)
{
    return n->kind == YAML_IS_ALIAS ? n->anchor->node : n;
}

/* The members of one mapping, merges included. Lower order wins. */
struct member {
    struct yaml_node *key, *value;
    const struct yaml_node *owner;
    struct slice name;
    size_t order;
    bool dropped;
};

struct members {
    struct member *list;
    size_t count, capacity;
};

static void collect(struct writer *w, struct yaml_node *map, unsigned depth, struct members *ms);

static void collect_merge(struct writer *w, struct yaml_node *value, unsigned depth, struct members *ms)
{
    value = resolve(value);
    if (!spend(w, value->mark))
        return;
    if (value->kind == YAML_IS_MAPPING) {
        collect(w, value, depth + 1, ms);
    } else if (value->kind == YAML_IS_SEQUENCE && depth < YAML_DEPTH_MAX) {
        for (struct yaml_node *n = value->first; n && !w->failed; n = n->next)
            collect_merge(w, n, depth + 1, ms);
    } else {
        fail(w, value->mark, "write <<: *name, or <<: [*name, *other]", "<< merges mappings only");
    }
}

static void collect_own(struct writer *w, struct yaml_node *map, struct yaml_node *key, struct yaml_node *value,
                        struct members *ms)
{
    struct yaml_node *name = resolve(key);

    if (!spend(w, key->mark))
        return;
    if (name->kind != YAML_IS_SCALAR || is_null(name) || is_bool(name)) {
        fail(w, key->mark, "quote it", "a key must be text");
        return;
    }
    if (ms->count == ms->capacity) {
        ms->capacity = ms->capacity ? 2 * ms->capacity : 16;
        ms->list = mem_grow(ms->list, ms->capacity, sizeof *ms->list);
    }
    ms->list[ms->count] =
        (struct member){ .key = key, .value = value, .owner = map, .name = name->text, .order = ms->count };
    ms->count++;
}

static bool is_merge(const struct yaml_node *key)
{
    return key->kind == YAML_IS_SCALAR && key->plain && slice_eq_z(key->text, "<<");
}

/* A mapping's own members first, then those of its merges in turn: what comes first wins. */
static void collect(struct writer *w, struct yaml_node *map, unsigned depth, struct members *ms)
{
    if (map->open || depth > YAML_DEPTH_MAX) {
        fail(w, map->mark, NULL, "an alias that holds itself");
        return;
    }
    map->open = true;
    for (struct yaml_node *key = map->first; key && !w->failed; key = key->next->next) {
        if (!is_merge(key))
            collect_own(w, map, key, key->next, ms);
    }
    for (struct yaml_node *key = map->first; key && !w->failed; key = key->next->next) {
        if (is_merge(key))
            collect_merge(w, key->next, depth, ms);
    }
    map->open = false;
}

static int by_name(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    int order = slice_cmp(a->name, b->name);

    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int by_order(const void *left, const void *right)
{
    const struct member *a = left, *b = right;

    return (a->order > b->order) - (a->order < b->order);
}

/* Merged members give way in silence; the same key twice in one mapping is a mistake. */
static void drop_repeated(struct writer *w, struct members *ms)
{
    qsort(ms->list, ms->count, sizeof *ms->list, by_name);
    for (size_t i = 1, winner = 0; i < ms->count; i++) {
        struct member *m = &ms->list[i], *first = &ms->list[winner];
        if (!slice_eq(m->name, first->name)) {
            winner = i;
            continue;
        }
        m->dropped = true;
        if (m->owner != first->owner || m->key == first->key || m->key->reported)
            continue;
        m->key->reported = true;
        yaml_complain(w->is, w->file, m->key->mark, "remove one of the two",
                      "key \"%.*s\" is there twice: on line %u and on line %u", SLICE_FMT(m->name),
                      first->key->mark.line, m->key->mark.line);
    }
    qsort(ms->list, ms->count, sizeof *ms->list, by_order);
}

static void write_node(struct writer *w, struct yaml_node *n, unsigned depth);

static void write_mapping(struct writer *w, struct yaml_node *map, unsigned depth)
{
    struct members ms = { 0 };
    bool first = true;

    collect(w, map, 0, &ms);
    if (ms.count)
        drop_repeated(w, &ms);
    map->open = true;
    buf_putc(w->json, '{');
    for (size_t i = 0; i < ms.count && !w->failed; i++) {
        const struct member *m = &ms.list[i];
        if (m->dropped)
            continue;
        if (!first)
            buf_putc(w->json, ',');
        first = false;
        put_mark(w, m->key->mark);
        json_quote(w->json, m->name);
        buf_putc(w->json, ':');
        write_node(w, m->value, depth + 1);
    }
    buf_putc(w->json, '}');
    map->open = false;
    free(ms.list);
}

static void write_sequence(struct writer *w, struct yaml_node *sequence, unsigned depth)
{
    sequence->open = true;
    buf_putc(w->json, '[');
    for (struct yaml_node *n = sequence->first; n && !w->failed; n = n->next) {
        if (n != sequence->first)
            buf_putc(w->json, ',');
        write_node(w, n, depth + 1);
    }
    buf_putc(w->json, ']');
    sequence->open = false;
}

static void write_node(struct writer *w, struct yaml_node *n, unsigned depth)
{
    n = resolve(n);
    if (!spend(w, n->mark))
        return;
    if (n->open || depth > YAML_DEPTH_MAX) {
        fail(w, n->mark, NULL,
             n->open ? "an alias that holds itself" : "nested deeper than 64 levels once aliases are expanded");
        return;
    }
    put_mark(w, n->mark);
    if (n->kind == YAML_IS_MAPPING)
        write_mapping(w, n, depth);
    else if (n->kind == YAML_IS_SEQUENCE)
        write_sequence(w, n, depth);
    else
        write_scalar(w, n);
    if (w->json->failed && !w->failed)
        fail(w, n->mark, NULL, "larger than 4 MiB once aliases are expanded");
}

void yaml_put_json(const char *file, struct yaml_node *root, struct buf *json, struct yaml_marks *marks,
                   struct issues *is)
{
    struct writer w = { .file = file, .is = is, .json = json, .marks = marks };

    write_node(&w, root, 1);
}
