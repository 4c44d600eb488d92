#include "schema/report.h"

#include "json/pointer.h"
#include "schema/message.h"

#define MADE_MAX 5000u
#define BYTES_MAX (32u << 20)
#define PATH_MAX_BYTES (1u << 20)
#define MESSAGE_MAX 2048u

struct buf *report_say(struct reporter *r)
{
    buf_reset(&r->message);
    return &r->message;
}

bool report_done(const struct reporter *r)
{
    return r->budget == 0 || r->run.steps == 0 || r->list->found.n >= r->max;
}

struct slice report_absolute(struct reporter *r, const struct node *p, struct slice keyword)
{
    const struct node_output *o = &r->run.s->outputs[p - r->run.s->nodes];

    return slice_z(arena_printf(r->memory, "%.*s%s%.*s", (int)o->absolute.len, r->run.s->text + o->absolute.at,
                                keyword.len ? "/" : "", SLICE_FMT(keyword)));
}

struct found *report_add(struct reporter *r, const struct node *p, enum keyword kw, uint32_t n)
{
    const char *slash = kw == KW_COUNT ? "" : "/", *name = kw == KW_COUNT ? "" : keywords[kw].name;
    struct found *f;

    size_t bytes = r->instance.len + r->keyword.len + p->place.len + r->message.len;

    if (bytes > r->bytes) {
        r->budget = 0;
        r->more = true;
    }
    if (report_done(r)) {
        r->more |= r->list == r->shown;
        return &r->dropped;
    }
    r->bytes -= bytes;
    r->budget--;
    f = VEC_ADD(&r->list->found);
    f->kw = kw;
    f->depth = r->depth;
    f->error.node = n;
    f->error.instance_path = arena_slice(r->memory, buf_slice(&r->instance));
    f->error.keyword_path =
        slice_z(arena_printf(r->memory, "%.*s%s%s", SLICE_FMT(buf_slice(&r->keyword)), slash, name));
    f->error.schema_place =
        slice_z(arena_printf(r->memory, "%.*s%s%s", (int)p->place.len, r->run.s->text + p->place.at, slash, name));
    if (r->run.s->keeps_annotations)
        f->error.absolute = report_absolute(r, p, slice_z(name));
    f->error.message = arena_slice(r->memory, buf_slice(&r->message));
    return f;
}

bool report_is_secret(const struct reporter *r, const struct node *p)
{
    return p->write_only || r->secret;
}

void report_value(struct reporter *r, const struct node *p, uint32_t n)
{
    if (report_is_secret(r, p))
        message_kind(&r->message, r->run.d, n);
    else
        message_value(&r->message, r->run.d, n);
}

static void report_type(struct reporter *r, const struct node *p, uint32_t n)
{
    struct buf *b = report_say(r);
    struct found *f;

    if (p->types == 0) {
        buf_puts(b, "no value is allowed here, found ");
        report_value(r, p, n);
        report_add(r, p, KW_COUNT, n);
        return;
    }
    buf_puts(b, "expected ");
    message_types(b, p->types, p->integer_only);
    buf_puts(b, ", found ");
    report_value(r, p, n);
    f = report_add(r, p, KW_TYPE, n);
    f->types = p->types;
    f->integer_only = p->integer_only;
}

static void report_string(struct reporter *r, const struct node *p, uint32_t n)
{
    const struct string_part *part = &r->run.s->strings[p->string];
    enum keyword kw;
    struct buf *b;

    if (run_string(&r->run, part, n, &kw) != SCHEMA_INVALID)
        return;
    b = report_say(r);
    if (kw == KW_PATTERN) {
        buf_puts(b, "must match the pattern ");
        json_quote(b, schema_text(r->run.s, r->run.s->patterns[part->pattern].text));
    } else if (kw == KW_FORMAT) {
        buf_printf(b, "must be %s", format_hint(part->format));
    } else {
        uint64_t bound = kw == KW_MIN_LENGTH ? part->min : part->max;

        buf_printf(b, "must have %s %llu character%s, has %zu", kw == KW_MIN_LENGTH ? "at least" : "at most",
                   (unsigned long long)bound, bound == 1 ? "" : "s", json_string_length(r->run.d, n));
    }
    buf_puts(b, ", found ");
    report_value(r, p, n);
    report_add(r, p, kw, n);
}

static void report_number(struct reporter *r, const struct node *p, uint32_t n)
{
    static const struct {
        enum keyword kw;
        const char *text;
    } bounds[BOUND_COUNT] = {
        [BOUND_MINIMUM] = { KW_MINIMUM, "at least" },
        [BOUND_EXCLUSIVE_MINIMUM] = { KW_EXCLUSIVE_MINIMUM, "greater than" },
        [BOUND_MAXIMUM] = { KW_MAXIMUM, "at most" },
        [BOUND_EXCLUSIVE_MAXIMUM] = { KW_EXCLUSIVE_MAXIMUM, "less than" },
        [BOUND_MULTIPLE_OF] = { KW_MULTIPLE_OF, "a multiple of" },
    };
    const struct number_part *part = &r->run.s->numbers[p->number];
    enum bound bound;
    struct buf *b;

    if (run_number(&r->run, part, n, &bound) != SCHEMA_INVALID)
        return;
    b = report_say(r);
    buf_printf(b, "must be %s ", bounds[bound].text);
    message_cut(b, json_raw(&r->run.s->consts, part->bounds[bound]), 60);
    buf_puts(b, ", found ");
    report_value(r, p, n);
    report_add(r, p, bounds[bound].kw, n);
}

static void report_values(struct reporter *r, const struct node *p, uint32_t list, enum keyword kw, uint32_t n)
{
    struct buf *b;

    if (list == NONE || run_values(&r->run, &r->run.s->lists[list], n) != SCHEMA_INVALID)
        return;
    b = report_say(r);
    buf_puts(b, "expected ");
    if (report_is_secret(r, p))
        buf_puts(b, "another value");
    else
        message_values(b, r->run.s, &r->run.s->lists[list]);
    buf_puts(b, ", found ");
    report_value(r, p, n);
    report_add(r, p, kw, n);
}

static void report_part(struct reporter *r, const struct node *p, uint32_t n)
{
    switch (json_type_of(r->run.d, n)) {
    case JSON_STRING:
        if (p->string != NONE)
            report_string(r, p, n);
        break;
    case JSON_NUMBER:
        if (p->number != NONE)
            report_number(r, p, n);
        break;
    case JSON_ARRAY:
        if (p->array != NONE)
            report_array(r, p, n);
        break;
    case JSON_OBJECT:
        if (p->object != NONE)
            report_object(r, p, n);
        break;
    default:
        break;
    }
}

static void report_node(struct reporter *r, const struct node *p, uint32_t n)
{
    if (!run_type(&r->run, p, n)) {
        report_type(r, p, n);
        return;
    }
    report_part(r, p, n);
    report_values(r, p, p->values, KW_ENUM, n);
    report_values(r, p, p->constant, KW_CONST, n);
    for (uint32_t i = 0; i < p->n_logic; i++)
        report_logic(r, p, &r->run.s->logic[p->logic + i], n);
    if (p->tracks & type_bit(r->run.d->nodes[n].meta))
        report_unevaluated(r, p, n);
}

void report_edge(struct reporter *r, uint32_t edge, uint32_t n)
{
    uint32_t node = r->run.s->edges[edge].to;
    const struct node *p = &r->run.s->nodes[node];
    bool outer = r->secret;

    if (report_done(r) || r->run.depth >= r->run.scratch->max_depth || run_node(&r->run, node, n) != SCHEMA_INVALID)
        return;
    r->run.depth++;
    r->secret |= p->write_only;
    report_node(r, p, n);
    r->secret = outer;
    r->run.depth--;
}

void report_below(struct reporter *r, uint32_t edge, uint32_t n)
{
    r->depth++;
    report_edge(r, edge, n);
    r->depth--;
}

/* Something to show for a verdict that the walk could not explain within its limits. */
static void report_plain(struct reporter *r, enum schema_verdict verdict, uint32_t n)
{
    const struct node *p = &r->run.s->nodes[r->run.s->edges[r->run.s->root].to];

    buf_puts(report_say(r), verdict == SCHEMA_LIMIT
                                ? "the check was given up: the value is too deep or too costly for this schema"
                                : "does not match the schema");
    report_add(r, p, KW_COUNT, n);
}

static void take_errors(struct schema_report *report, struct reporter *r, size_t max)
{
    uint32_t n = r->list->found.n;

    report->more = r->more || n > max; /* one more than wanted was asked for */
    report->count = n < max ? n : max;
    report->errors = arena_alloc(r->memory, (report->count + 1) * sizeof *report->errors);
    for (size_t i = 0; i < report->count; i++)
        report->errors[i] = r->list->found.at[i].error;
}

void schema_report_make(struct schema_report *report, const struct schema *s, const struct json_doc *d, uint32_t node,
                        struct schema_scratch *scratch, size_t max)
{
    struct found_list list = { 0 };
    struct reporter r = { .list = &list, .shown = &list, .max = max + 1, .budget = MADE_MAX, .bytes = BYTES_MAX };

    *report = (struct schema_report){ .verdict = schema_check(s, d, node, scratch) };
    report->memory = mem_alloc(sizeof *report->memory);
    arena_init(report->memory);
    if (report->verdict == SCHEMA_VALID)
        return;
    run_init(&r.run, s, d, scratch);
    r.memory = report->memory;
    buf_init(&r.instance, PATH_MAX_BYTES);
    buf_init(&r.keyword, PATH_MAX_BYTES);
    buf_init(&r.message, MESSAGE_MAX);
    if (report->verdict == SCHEMA_INVALID)
        report_edge(&r, s->root, node);
    r.more |= r.budget == 0 || r.run.steps == 0;
    r.budget = 1;
    r.bytes = BYTES_MAX;
    r.run.steps = 1;
    if (list.found.n == 0)
        report_plain(&r, report->verdict, node);
    take_errors(report, &r, max);
    VEC_FREE(&list.found);
    buf_clear(&r.instance);
    buf_clear(&r.keyword);
    buf_clear(&r.message);
}

void schema_report_clear(struct schema_report *r)
{
    if (r->memory) {
        arena_clear(r->memory);
        free(r->memory);
    }
    *r = (struct schema_report){ 0 };
}
