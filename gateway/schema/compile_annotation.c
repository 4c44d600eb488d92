/* What is kept for output formats: annotations and absolute locations. */
#include "schema/compile.h"

#include "schema/uri.h"

void compile_absolute(struct compile *c, const struct place *place)
{
    const struct resource *r = set_resource(place->doc, place->node);
    struct buf *text = &c->program.text;
    struct node_output *o = VEC_ADD(&c->program.outputs);

    o->absolute.at = (uint32_t)text->len;
    buf_put(text, r->base);
    buf_putc(text, '#');
    uri_put_encoded(text, slice_from(place->pointer, r->pointer.len));
    o->absolute.len = (uint32_t)(text->len - o->absolute.at);
}

/* Keywords that decide nothing (but for format, in some dialects) and annotate the value with their own. */
static const uint64_t annotating = KEYWORD_BIT(KW_TITLE) | KEYWORD_BIT(KW_DESCRIPTION) | KEYWORD_BIT(KW_DEFAULT) |
                                   KEYWORD_BIT(KW_DEPRECATED) | KEYWORD_BIT(KW_READ_ONLY) | KEYWORD_BIT(KW_WRITE_ONLY) |
                                   KEYWORD_BIT(KW_EXAMPLES) | KEYWORD_BIT(KW_FORMAT) |
                                   KEYWORD_BIT(KW_CONTENT_ENCODING) | KEYWORD_BIT(KW_CONTENT_MEDIA_TYPE) |
                                   KEYWORD_BIT(KW_CONTENT_SCHEMA);

static bool annotates(const struct item *it, enum keyword kw)
{
    if (kw == KW_COUNT) /* unknown ones do since 2019-09 */
        return it->dialect->draft >= SCHEMA_DRAFT_2019_09;
    if (kw == KW_CONTENT_SCHEMA && it->keywords[KW_CONTENT_MEDIA_TYPE] == JSON_NONE)
        return false;
    return annotating & KEYWORD_BIT(kw);
}

void compile_annotations(struct compile *c, const struct item *it)
{
    const struct json_doc *d = &it->place.doc->json;
    uint32_t node = it->place.node;
    struct node_output *o = &c->program.outputs.at[it->node];

    o->lists_evaluated = it->dialect->draft >= SCHEMA_DRAFT_2019_09;
    o->annotations = c->program.annotations.n;
    if (it->dialect->draft == SCHEMA_DRAFT_7 && it->keywords[KW_REF] != JSON_NONE)
        return;
    for (uint32_t k = node + 1; k < json_end(d, node); k = json_next(d, k + 1)) {
        enum keyword kw = keyword_find(d, k, it->dialect->keywords);
        struct annotation *a;

        if (!annotates(it, kw))
            continue;
        a = VEC_ADD(&c->program.annotations);
        a->keyword = (uint8_t)kw;
        a->name = program_name(&c->program, compile_string(c, it, k));
        a->value = compile_const(c, it, k + 1);
        o->n_annotations++;
    }
}
