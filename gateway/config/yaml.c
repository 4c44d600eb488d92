#include "config/yaml.h"

#include <yaml.h>

#include "config/yaml_node.h"

#define ANCHORS_MAX 1000u

struct reader {
    const char *file;
    struct slice text;
    struct issues *is;
    struct arena memory;
    yaml_parser_t parser;
    struct yaml_anchor *anchors; /* newest first: a name may be given again */
    uint32_t n_anchors, n_nodes;
};

static struct tree_mark mark_of(yaml_mark_t m)
{
    return (struct tree_mark){ .line = (uint32_t)m.line + 1, .column = (uint32_t)m.column + 1 };
}

/* Is there a tab among the white space that starts this line (from 1)? */
static bool line_starts_with_tab(struct slice text, uint32_t line)
{
    struct slice head;

    for (uint32_t i = 1; i < line; i++)
        slice_cut(text, '\n', &head, &text);
    for (size_t i = 0; i < text.len && (text.ptr[i] == ' ' || text.ptr[i] == '\t'); i++) {
        if (text.ptr[i] == '\t')
            return true;
    }
    return false;
}

static void complain_about_parser(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *hint = NULL;

    if (p->error == YAML_READER_ERROR) {
        struct tree_mark at;
        json_position(r->text, p->problem_offset, &at.line, &at.column);
        yaml_complain(r->is, r->file, at, "the file must be UTF-8 text without control characters", "%s", p->problem);
        return;
    }
    struct tree_mark at = mark_of(p->problem_mark);
    if (line_starts_with_tab(r->text, at.line))
        hint = "indent with spaces: YAML does not allow tabs there";
    if (p->context)
        yaml_complain(r->is, r->file, at, hint, "%s %s that began on line %zu", p->problem, p->context,
                      p->context_mark.line + 1);
    else
        yaml_complain(r->is, r->file, at, hint, "%s", p->problem);
}

static int next_event(struct reader *r, yaml_event_t *ev)
{
    if (yaml_parser_parse(&r->parser, ev))
        return 0;
    complain_about_parser(r);
    return -1;
}

static const struct yaml_anchor *find_anchor(const struct reader *r, struct slice name)
{
    for (const struct yaml_anchor *a = r->anchors; a; a = a->older) {
        if (slice_eq(a->name, name))
            return a;
    }
    return NULL;
}

static int add_anchor(struct reader *r, const yaml_char_t *name, struct yaml_node *node)
{
    if (++r->n_anchors > ANCHORS_MAX) {
        yaml_complain(r->is, r->file, node->mark, NULL, "more than %u anchors", ANCHORS_MAX);
        return -1;
    }
    struct yaml_anchor *a = arena_alloc(&r->memory, sizeof *a);
    *a = (struct yaml_anchor){ .name = arena_slice(&r->memory, slice_z((const char *)name)),
                               .node = node,
                               .older = r->anchors };
    r->anchors = a;
    return 0;
}

static int fill_scalar(struct reader *r, const yaml_event_t *ev, struct yaml_node *n)
{
    struct slice text = slice_of(ev->data.scalar.value, ev->data.scalar.length);

    n->kind = YAML_IS_SCALAR;
    n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = arena_slice(&r->memory, text);
    if (slice_find(text, '\0') == text.len)
        return 0;
    yaml_complain(r->is, r->file, n->mark, NULL, "text with a NUL character");
    return -1;
}

/* The node that an event begins, without its children. */
static int begin_node(struct reader *r, const yaml_event_t *ev, struct yaml_node *n)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (ev->type == YAML_SCALAR_EVENT) {
        anchor = ev->data.scalar.anchor;
        tag = ev->data.scalar.tag;
        if (fill_scalar(r, ev, n) < 0)
            return -1;
    } else if (ev->type == YAML_SEQUENCE_START_EVENT) {
        n->kind = YAML_IS_SEQUENCE;
        anchor = ev->data.sequence_start.anchor;
        tag = ev->data.sequence_start.tag;
    } else if (ev->type == YAML_MAPPING_START_EVENT) {
        n->kind = YAML_IS_MAPPING;
        anchor = ev->data.mapping_start.anchor;
        tag = ev->data.mapping_start.tag;
    } else {
        n->kind = YAML_IS_ALIAS;
        n->anchor = find_anchor(r, slice_z((const char *)ev->data.alias.anchor));
        if (!n->anchor) {
            yaml_complain(r->is, r->file, n->mark, "define it with & before it is used", "unknown alias *%s",
                          (const char *)ev->data.alias.anchor);
            return -1;
        }
    }
    if (tag) {
        yaml_complain(r->is, r->file, n->mark, "remove it; quote the value where text is meant",
                      "tags such as %s are not understood", (const char *)tag);
        return -1;
    }
    return anchor ? add_anchor(r, anchor, n) : 0;
}

static struct yaml_node *read_node(struct reader *r, const yaml_event_t *ev, unsigned depth);

static int read_children(struct reader *r, struct yaml_node *parent, yaml_event_type_t end, unsigned depth)
{
    for (;;) {
        yaml_event_t ev;
        if (next_event(r, &ev) < 0)
            return -1;
        bool done = ev.type == end;
        struct yaml_node *child = done ? NULL : read_node(r, &ev, depth);
        yaml_event_delete(&ev);
        if (done)
            return 0;
        if (!child)
            return -1;
        if (parent->last)
            parent->last->next = child;
        else
            parent->first = child;
        parent->last = child;
    }
}

static struct yaml_node *read_node(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
    struct yaml_node *n = arena_zalloc(&r->memory, sizeof *n);

    n->mark = mark_of(ev->start_mark);
    if (depth > YAML_DEPTH_MAX) {
        yaml_complain(r->is, r->file, n->mark, NULL, "nested deeper than %u levels", YAML_DEPTH_MAX);
        return NULL;
    }
    if (++r->n_nodes > YAML_NODES_MAX) {
        yaml_complain(r->is, r->file, n->mark, NULL, "more than %u values", YAML_NODES_MAX);
        return NULL;
    }
    if (begin_node(r, ev, n) < 0)
        return NULL;
    if (n->kind == YAML_IS_SEQUENCE && read_children(r, n, YAML_SEQUENCE_END_EVENT, depth + 1) < 0)
        return NULL;
    if (n->kind == YAML_IS_MAPPING && read_children(r, n, YAML_MAPPING_END_EVENT, depth + 1) < 0)
        return NULL;
    return n;
}

/* One event that must be there, of which nothing is kept but its type and place. */
static int skip_event(struct reader *r, yaml_event_type_t *type, struct tree_mark *at)
{
    yaml_event_t ev;

    if (next_event(r, &ev) < 0)
        return -1;
    *type = ev.type;
    *at = mark_of(ev.start_mark);
    yaml_event_delete(&ev);
    return 0;
}

static struct yaml_node *read_document(struct reader *r)
{
    yaml_event_type_t type;
    struct tree_mark at;
    yaml_event_t ev;

    if (skip_event(r, &type, &at) < 0 || skip_event(r, &type, &at) < 0) /* the stream's start, the document's */
        return NULL;
    if (type == YAML_STREAM_END_EVENT) {
        yaml_complain(r->is, r->file, (struct tree_mark){ 0 }, NULL, "the file is empty");
        return NULL;
    }
    if (next_event(r, &ev) < 0)
        return NULL;
    struct yaml_node *root = read_node(r, &ev, 1);
    yaml_event_delete(&ev);
    if (!root || skip_event(r, &type, &at) < 0 || skip_event(r, &type, &at) < 0) /* the document's end, the stream's */
        return NULL;
    if (type == YAML_STREAM_END_EVENT)
        return root;
    yaml_complain(r->is, r->file, at, "keep one document; remove the line ---", "a second document begins here");
    return NULL;
}

static bool looks_utf16(struct slice text)
{
    return slice_starts(text, SLICE("\xff\xfe")) || slice_starts(text, SLICE("\xfe\xff"));
}

static int read_and_write(struct reader *r, struct buf *json, struct yaml_marks *marks)
{
    size_t before = r->is->errors;

    if (r->text.len > YAML_BYTES_MAX || looks_utf16(r->text)) {
        yaml_complain(r->is, r->file, (struct tree_mark){ 0 }, NULL,
                      r->text.len > YAML_BYTES_MAX ? "the file is larger than 4 MiB"
                                                   : "the file is UTF-16; save it as UTF-8");
        return -1;
    }
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->text.ptr, r->text.len);
    struct yaml_node *root = read_document(r);
    if (!root)
        return -1;
    yaml_put_json(r->file, root, json, marks, r->is);
    return r->is->errors > before ? -1 : 0;
}

int yaml_to_json(const char *file, struct slice text, struct buf *json, struct yaml_marks *marks, struct issues *is)
{
    struct reader r = { .file = file, .text = text, .is = is };

    if (!yaml_parser_initialize(&r.parser)) {
        yaml_complain(is, file, (struct tree_mark){ 0 }, NULL, "libyaml cannot start");
        return -1;
    }
    int result = read_and_write(&r, json, marks);
    yaml_parser_delete(&r.parser);
    arena_clear(&r.memory);
    return result;
}
