#include "event/trigger.h"

#include <stdlib.h>

#include "event/mapping.h"

static bool is_separator(char c)
{
    return c == '.' || c == ':' || c == '/';
}

static size_t segment_length(struct slice s)
{
    size_t n = 0;

    while (n < s.len && !is_separator(s.ptr[n]))
        n++;
    return n;
}

static int check_segment(struct slice segment, bool last, struct slice whole, struct err *e)
{
    if (segment.len == 0)
        return err_set(e, ERR_INPUT, "pattern \"%.*s\": an empty segment", SLICE_FMT(whole));
    if (slice_find(segment, '*') == segment.len || slice_eq(segment, SLICE("*")))
        return 0;
    if (!slice_eq(segment, SLICE("**")))
        return err_set(e, ERR_INPUT, "pattern \"%.*s\": '*' stands for a whole segment, write it alone between separators",
                       SLICE_FMT(whole));
    if (!last)
        return err_set(e, ERR_INPUT, "pattern \"%.*s\": '**' stands for the rest, write it last", SLICE_FMT(whole));
    return 0;
}

int pattern_init(struct pattern *p, struct slice text, struct err *e)
{
    if (text.len == 0 || text.len > EVENT_TYPE_MAX)
        return err_set(e, ERR_INPUT, "a pattern has 1 to %d bytes", EVENT_TYPE_MAX);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !is_separator(c) && c != '_' && c != '-' && c != '*')
            return err_set(e, ERR_INPUT, "pattern \"%.*s\": only letters, digits, _ - . : / and * are in event types",
                           SLICE_FMT(text));
    }
    for (struct slice rest = text;;) {
        size_t n = segment_length(rest);
        if (check_segment(slice_first(rest, n), n == rest.len, text, e))
            return -1;
        if (n == rest.len)
            break;
        rest = slice_from(rest, n + 1);
    }
    *p = (struct pattern){ .text = text, .exact = slice_find(text, '*') == text.len };
    return 0;
}

bool pattern_matches(const struct pattern *p, struct slice type)
{
    struct slice want = p->text;

    if (p->exact)
        return slice_eq(want, type);
    for (;;) {
        size_t n = segment_length(want), m = segment_length(type);
        struct slice segment = slice_first(want, n);
        if (slice_eq(segment, SLICE("**")))
            return true;
        if (slice_eq(segment, SLICE("*")) ? m == 0 : !slice_eq(segment, slice_first(type, m)))
            return false;
        want = slice_from(want, n);
        type = slice_from(type, m);
        if (want.len == 0)
            return type.len == 0;
        if (type.len == 0) /* "a.**" matches "a" too */
            return slice_eq(slice_from(want, 1), SLICE("**"));
        if (want.ptr[0] != type.ptr[0])
            return false;
        want = slice_from(want, 1);
        type = slice_from(type, 1);
    }
}

/* Literal segments count most, then `*`; `**` counts nothing. */
int pattern_weight(const struct pattern *p)
{
    int weight = p->exact ? 1 << 20 : 0;

    for (struct slice rest = p->text;;) {
        size_t n = segment_length(rest);
        struct slice segment = slice_first(rest, n);
        if (!slice_eq(segment, SLICE("**")))
            weight += slice_eq(segment, SLICE("*")) ? 1 : 256;
        if (n == rest.len)
            return weight;
        rest = slice_from(rest, n + 1);
    }
}

enum match_op { MATCH_EQ, MATCH_IN, MATCH_NOT, MATCH_GT, MATCH_GTE, MATCH_LT, MATCH_LTE, MATCH_GLOB, MATCH_EXISTS };

static const struct {
    const char *name, *words;
} ops[] = {
    [MATCH_EQ] = { "eq", "is not" },         [MATCH_IN] = { "in", "is not one of" },
    [MATCH_NOT] = { "not", "must not be" },  [MATCH_GT] = { "gt", "is not >" },
    [MATCH_GTE] = { "gte", "is not >=" },    [MATCH_LT] = { "lt", "is not <" },
    [MATCH_LTE] = { "lte", "is not <=" },    [MATCH_GLOB] = { "glob", "does not match" },
    [MATCH_EXISTS] = { "exists", "exists:" },
};
#define N_OPS (sizeof ops / sizeof ops[0])

struct condition {
    struct slice where; /* the pointer as written */
    struct pointer pointer;
    enum match_op op;
    uint32_t constant; /* node in match->doc */
};

struct match {
    char *text;          /* of the match object; under doc */
    struct json_doc doc;
    struct arena memory;
    struct condition *conditions;
    size_t count;
};

static bool scalar(const struct json_doc *d, uint32_t n)
{
    return json_type_of(d, n) < JSON_ARRAY;
}

static bool scalars(const struct json_doc *d, uint32_t list)
{
    for (uint32_t i = list + 1; i < json_end(d, list); i = json_next(d, i)) {
        if (!scalar(d, i))
            return false;
    }
    return json_count(d, list) > 0;
}

/* What the operator can be compared with; NULL when the constant is fine. */
static const char *constant_fault(const struct json_doc *d, uint32_t n, enum match_op op)
{
    enum json_kind type = json_type_of(d, n);

    switch (op) {
    case MATCH_EQ:
        return scalar(d, n) ? NULL : "compares with a string, a number, true, false or null";
    case MATCH_IN:
        return type == JSON_ARRAY && scalars(d, n) ? NULL : "takes a list of strings, numbers, true, false or null";
    case MATCH_NOT:
        return scalar(d, n) || (type == JSON_ARRAY && scalars(d, n)) ? NULL : "takes a plain value or a list of them";
    case MATCH_GLOB:
        return type == JSON_STRING ? NULL : "takes a string with * and ?";
    case MATCH_EXISTS:
        return type == JSON_TRUE || type == JSON_FALSE ? NULL : "takes true or false";
    default:
        return type == JSON_NUMBER ? NULL : "takes a number";
    }
}

static int add_condition(struct match *m, const struct tree *t, uint32_t tree_node, const struct condition *c,
                         struct issues *is)
{
    const char *fault = constant_fault(&m->doc, c->constant, c->op);
    struct err e;

    if (fault) {
        tree_error(t, tree_node, is, NULL, "%s %s", ops[c->op].name, fault);
        return -1;
    }
    struct condition *slot = &m->conditions[m->count];
    *slot = *c;
    if (pointer_init(&slot->pointer, c->where, &e)) {
        tree_error(t, tree_node, is, "a JSON Pointer begins with \"/\": /repository/name", "%s", e.text);
        return -1;
    }
    m->count++;
    return 0;
}

static int op_named(const struct json_doc *d, uint32_t key)
{
    for (size_t i = 0; i < N_OPS; i++) {
        if (json_string_eq(d, key, slice_z(ops[i].name)))
            return (int)i;
    }
    return -1;
}

/* {gt: 0, lt: 10}: a condition each. `node` is the object in m->doc, `tree_node` the same in the configuration. */
static int add_operators(struct match *m, const struct tree *t, uint32_t node, uint32_t tree_node, struct condition *c,
                         struct issues *is)
{
    const struct json_doc *d = &m->doc;

    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1)) {
        int op = op_named(d, k);
        if (op < 0) {
            tree_error(t, tree_node + (k - node), is, "known: eq, in, not, gt, gte, lt, lte, glob, exists",
                       "unknown condition \"%.*s\"", SLICE_FMT(json_inner(d, k)));
            return -1;
        }
        c->op = (enum match_op)op;
        c->constant = k + 1;
        if (add_condition(m, t, tree_node + (k + 1 - node), c, is))
            return -1;
    }
    return 0;
}

static int compile(struct match *m, const struct tree *t, uint32_t node, struct issues *is)
{
    const struct json_doc *d = &m->doc;
    struct buf key;
    int result = 0;

    /* Every condition has a node of its own, so there are fewer conditions than nodes. */
    m->conditions = arena_zalloc(&m->memory, d->count * sizeof *m->conditions);
    buf_init(&key, t->doc.text.len);
    for (uint32_t k = 1; k < json_end(d, 0) && !result; k = json_next(d, k + 1)) {
        uint32_t value = k + 1;
        buf_reset(&key);
        struct condition c = { .where = arena_slice(&m->memory, json_string(d, k, &key)), .constant = value };
        enum json_kind type = json_type_of(d, value);
        c.op = type == JSON_ARRAY ? MATCH_IN : MATCH_EQ;
        result = type == JSON_OBJECT ? add_operators(m, t, value, node + value, &c, is)
                                     : add_condition(m, t, node + value, &c, is);
    }
    buf_clear(&key);
    return result;
}

struct match *match_new(const struct tree *t, uint32_t node, struct issues *is)
{
    struct match *m = mem_zalloc(sizeof *m);
    struct slice raw = json_raw(&t->doc, node);
    struct json_limits limits = { .max_depth = 64, .max_nodes = 1000000 };
    struct err e;

    m->text = slice_dup_z(raw);
    json_doc_init(&m->doc);
    arena_init(&m->memory);
    if (json_parse_err(&m->doc, slice_of(m->text, raw.len), &limits, &e)) {
        tree_error(t, node, is, NULL, "%s", e.text);
    } else if (json_type_of(&m->doc, 0) != JSON_OBJECT) {
        tree_error(t, node, is, "write {/pointer: value}", "match is a map from JSON Pointers to conditions");
    } else if (!compile(m, t, node, is)) {
        return m;
    }
    match_free(m);
    return NULL;
}

void match_free(struct match *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++)
        pointer_clear(&m->conditions[i].pointer);
    json_doc_clear(&m->doc);
    arena_clear(&m->memory);
    free(m->text);
    free(m);
}

/* The type as far as comparing goes: true and false are one. */
static enum json_kind kind_of(const struct json_doc *d, uint32_t n)
{
    enum json_kind type = json_type_of(d, n);

    return type == JSON_FALSE ? JSON_TRUE : type;
}

static int compare_numbers(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y)
{
    struct number left, right;

    number_read(json_inner(a, x), &left);
    number_read(json_inner(b, y), &right);
    return number_cmp(&left, &right);
}

static bool scalar_equal(const struct json_doc *a, uint32_t x, const struct json_doc *b, uint32_t y)
{
    enum json_kind type = json_type_of(a, x);

    if (type != json_type_of(b, y))
        return false;
    if (type == JSON_NUMBER)
        return compare_numbers(a, x, b, y) == 0;
    if (type != JSON_STRING)
        return true;

    struct buf tmp;
    buf_init(&tmp, json_inner(b, y).len);
    bool same = json_string_eq(a, x, json_string(b, y, &tmp));
    buf_clear(&tmp);
    return same;
}

static bool among(const struct json_doc *d, uint32_t value, const struct json_doc *c, uint32_t constant)
{
    if (json_type_of(c, constant) != JSON_ARRAY)
        return scalar_equal(d, value, c, constant);
    for (uint32_t i = constant + 1; i < json_end(c, constant); i = json_next(c, i)) {
        if (scalar_equal(d, value, c, i))
            return true;
    }
    return false;
}

/* Is the value of a type that the constant (or one of its list) has? Where null is listed any type is. */
static bool comparable(const struct json_doc *d, uint32_t value, const struct json_doc *c, uint32_t constant)
{
    bool list = json_type_of(c, constant) == JSON_ARRAY;
    uint32_t end = list ? json_end(c, constant) : constant + 1;

    for (uint32_t i = list ? constant + 1 : constant; i < end; i = json_next(c, i)) {
        if (kind_of(c, i) == kind_of(d, value) || json_type_of(c, i) == JSON_NULL)
            return true;
    }
    return false;
}

/* '*' any run of bytes, '?' one character; only the last star is tried again, so it is O(pattern * text). */
static bool glob(struct slice pattern, struct slice text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
            bool any = pattern.ptr[p++] == '?';
            t++;
            while (any && t < text.len && (text.ptr[t] & 0xc0) == 0x80)
                t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

static bool glob_matches(const struct json_doc *d, uint32_t value, const struct json_doc *c, uint32_t constant)
{
    struct buf pattern, text;

    if (json_type_of(d, value) != JSON_STRING)
        return false;
    buf_init(&pattern, json_inner(c, constant).len);
    buf_init(&text, json_inner(d, value).len);
    bool yes = glob(json_string(c, constant, &pattern), json_string(d, value, &text));
    buf_clear(&pattern);
    buf_clear(&text);
    return yes;
}

static bool holds(const struct match *m, const struct condition *k, const struct json_doc *d, uint32_t value)
{
    const struct json_doc *c = &m->doc;

    if (k->op == MATCH_EXISTS)
        return (value != JSON_NONE) == (json_type_of(c, k->constant) == JSON_TRUE);
    if (value == JSON_NONE)
        return false;
    switch (k->op) {
    case MATCH_EQ:
    case MATCH_IN:
        return among(d, value, c, k->constant);
    case MATCH_NOT:
        return comparable(d, value, c, k->constant) && !among(d, value, c, k->constant);
    case MATCH_GLOB:
        return glob_matches(d, value, c, k->constant);
    default:
        break;
    }
    if (json_type_of(d, value) != JSON_NUMBER)
        return false;
    int order = compare_numbers(d, value, c, k->constant);
    return k->op == MATCH_GT    ? order > 0
           : k->op == MATCH_GTE ? order >= 0
           : k->op == MATCH_LT  ? order < 0
                                : order <= 0;
}

#define SHOWN_BYTES 40

/* Whole characters only: the text goes into JSON. */
static struct slice shorten(struct slice s)
{
    if (s.len <= SHOWN_BYTES)
        return s;
    s.len = SHOWN_BYTES;
    while (s.len && (s.ptr[s.len] & 0xc0) == 0x80)
        s.len--;
    return s;
}

static void explain(const struct match *m, const struct condition *k, const struct json_doc *d, uint32_t value,
                    struct buf *why)
{
    struct slice constant = shorten(json_raw(&m->doc, k->constant));

    if (value == JSON_NONE) {
        buf_printf(why, "%.*s is absent", SLICE_FMT(k->where));
        return;
    }
    struct slice shown = shorten(json_raw(d, value));
    buf_printf(why, "%.*s: %.*s %s %.*s", SLICE_FMT(k->where), SLICE_FMT(shown), ops[k->op].words, SLICE_FMT(constant));
}

bool match_holds(const struct match *m, const struct json_doc *d, uint32_t root, struct buf *why)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct condition *k = &m->conditions[i];
        uint32_t value = pointer_get(&k->pointer, d, root);
        if (!holds(m, k, d, value)) {
            if (why)
                explain(m, k, d, value, why);
            return false;
        }
    }
    return true;
}
