/* Strings, numbers, and the values of enum and const. */
#include "schema/equal.h"
#include "schema/run.h"

#define LIST_SHORT 8u /* up to here trying one by one beats hashing */

bool run_type(struct run *r, const struct node *p, uint32_t n)
{
    unsigned bit = type_bit(r->d->nodes[n].meta);
    struct number number;

    if (!(p->types & bit))
        return false;
    if (bit != TYPE_FRACTION || !p->integer_only)
        return true;
    number_read(json_inner(r->d, n), &number);
    return number_is_integer(&number);
}

static struct slice subject_of(struct run *r, uint32_t n)
{
    if (!(r->d->nodes[n].meta & JSON_ESCAPED))
        return json_inner(r->d, n);
    buf_reset(&r->scratch->tmp);
    return json_string(r->d, n, &r->scratch->tmp);
}

static enum schema_verdict search(struct run *r, uint32_t regex, uint32_t n)
{
    enum regex_result found = regex_search(r->s->regexes[regex], subject_of(r, n), r->scratch->regex);

    if (!run_charge(r, regex_scratch_take_cost(r->scratch->regex)) || found == REGEX_LIMIT)
        return SCHEMA_LIMIT;
    return found == REGEX_YES ? SCHEMA_VALID : SCHEMA_INVALID;
}

enum schema_verdict run_key_pattern(struct run *r, const struct pattern *p, uint32_t k)
{
    return mutated_verdict(MUTANT_KEY_PATTERN, search(r, p->regex, k));
}

/* A code point takes one to four bytes, or up to twelve when it is escaped. */
static bool length_is_plain(const struct json_node *n, const struct string_part *p)
{
    return n->len <= p->max && p->min <= (n->len + 11) / 12;
}

/* Some cost more than a look at each byte. */
static enum schema_verdict run_format(struct run *r, enum format format, uint32_t n)
{
    bool costly = format == FORMAT_REGEX || format == FORMAT_IDN_HOSTNAME || format == FORMAT_IDN_EMAIL;
    uint64_t len = r->d->nodes[n].len;

    if (!run_charge(r, 1 + (costly ? len * 64 : len / 16)))
        return SCHEMA_LIMIT;
    return format_valid(format, subject_of(r, n)) ? SCHEMA_VALID : SCHEMA_INVALID;
}

enum schema_verdict run_string(struct run *r, const struct string_part *p, uint32_t n, enum keyword *kw)
{
    const struct json_node *node = &r->d->nodes[n];

    if (!length_is_plain(node, p)) {
        size_t length = json_string_length(r->d, n);

        if (!run_charge(r, node->len / 64))
            return SCHEMA_LIMIT;
        *kw = KW_MIN_LENGTH;
        if (mutated(MUTANT_MIN_LENGTH, length < p->min))
            return SCHEMA_INVALID;
        *kw = KW_MAX_LENGTH;
        if (mutated(MUTANT_MAX_LENGTH, length > p->max))
            return SCHEMA_INVALID;
    }
    if (p->pattern != NONE) {
        enum schema_verdict v = mutated_verdict(MUTANT_PATTERN, search(r, r->s->patterns[p->pattern].regex, n));

        *kw = KW_PATTERN;
        if (v != SCHEMA_VALID)
            return v;
    }
    *kw = KW_FORMAT;
    return p->format == FORMAT_COUNT ? SCHEMA_VALID : mutated_verdict(MUTANT_FORMAT, run_format(r, p->format, n));
}

static enum schema_verdict run_bound(struct run *r, const struct number_part *p, enum bound bound,
                                     const struct number *n, size_t len)
{
    bool limit = false, ok;
    int order;

    if (bound == BOUND_MULTIPLE_OF) {
        uint64_t limbs = p->values[bound].n_digits / 9 + 1;

        if (!run_charge(r, len + limbs * limbs))
            return SCHEMA_LIMIT;
        ok = number_is_multiple(n, &p->values[bound], &limit);
        return limit ? SCHEMA_LIMIT : ok ? SCHEMA_VALID : SCHEMA_INVALID;
    }
    order = number_cmp(n, &p->values[bound]);
    ok = (order < 0 && bound >= BOUND_MAXIMUM) || (order > 0 && bound < BOUND_MAXIMUM) ||
         (order == 0 && (bound == BOUND_MINIMUM || bound == BOUND_MAXIMUM));
    return ok ? SCHEMA_VALID : SCHEMA_INVALID;
}

enum schema_verdict run_number(struct run *r, const struct number_part *p, uint32_t n, enum bound *bound)
{
    struct slice text = json_inner(r->d, n);
    struct number number;

    if (!run_charge(r, text.len / 16))
        return SCHEMA_LIMIT;
    number_read(text, &number);
    for (int i = 0; i < BOUND_COUNT; i++) {
        enum schema_verdict v;

        if (p->bounds[i] == NONE)
            continue;
        *bound = (enum bound)i;
        v = mutated_verdict(MUTANT_MINIMUM + i, run_bound(r, p, *bound, &number, text.len));
        if (v != SCHEMA_VALID)
            return v;
    }
    return SCHEMA_VALID;
}

static enum schema_verdict compare(struct run *r, const struct value *v, uint32_t n)
{
    bool equal = equal_values(r->d, n, &r->s->consts, v->node, &r->scratch->tmp, &r->steps);

    return r->steps == 0 ? SCHEMA_LIMIT : equal ? SCHEMA_VALID : SCHEMA_INVALID;
}

static enum schema_verdict find_hashed(struct run *r, const struct value_list *list, uint32_t n)
{
    const struct value *values = r->s->values + list->values;
    uint32_t low = 0, high = list->n, hash;

    if (!run_charge(r, (uint64_t)json_next(r->d, n) - n + r->d->nodes[n].len / 16))
        return SCHEMA_LIMIT;
    hash = equal_hash(r->d, n, &r->scratch->tmp);
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (values[mid].hash < hash)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < list->n && values[low].hash == hash; low++) {
        enum schema_verdict v = compare(r, &values[low], n);

        if (v != SCHEMA_INVALID)
            return v;
    }
    return SCHEMA_INVALID;
}

enum schema_verdict run_values(struct run *r, const struct value_list *list, uint32_t n)
{
    if (list->n > LIST_SHORT)
        return find_hashed(r, list, n);
    for (uint32_t i = 0; i < list->n; i++) {
        enum schema_verdict v = compare(r, &r->s->values[list->values + i], n);

        if (v != SCHEMA_INVALID)
            return v;
    }
    return SCHEMA_INVALID;
}
