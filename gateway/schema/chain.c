#include "schema/chain.h"

#define COUNT_MAX 60000u

struct reader {
    struct slice in;
    size_t at;
};

static int peek(const struct reader *r)
{
    return r->at < r->in.len ? (unsigned char)r->in.ptr[r->at] : -1;
}

static bool take(struct reader *r, char c)
{
    if (peek(r) != c)
        return false;
    r->at++;
    return true;
}

static void add_range(struct chain_link *l, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to; c++)
        l->set[c / 64] |= (uint64_t)1 << c % 64;
}

static bool is_meta(int c)
{
    return c > 0 && strchr("^$\\.*+?()[]{}|", c);
}

/* After a backslash: a set, or one character, which *single then is (-1: a set). */
static bool read_escape(struct reader *r, struct chain_link *l, int *single)
{
    int c = peek(r);

    *single = -1;
    if (c == 'd' || c == 'w') {
        add_range(l, '0', '9');
        if (c == 'w') {
            add_range(l, 'A', 'Z');
            add_range(l, 'a', 'z');
            add_range(l, '_', '_');
        }
    } else if (c == '/' || c == '-' || is_meta(c)) {
        add_range(l, (unsigned)c, (unsigned)c);
        *single = c;
    } else {
        return false;
    }
    r->at++;
    return true;
}

/* One character or escape inside brackets. */
static bool read_member(struct reader *r, struct chain_link *l, int *single)
{
    int c = peek(r);

    if (take(r, '\\'))
        return read_escape(r, l, single);
    if (c <= 0 || c >= 0x80 || c == '[' || c == '^')
        return false;
    r->at++;
    add_range(l, (unsigned)c, (unsigned)c);
    *single = c;
    return true;
}

static bool read_set(struct reader *r, struct chain_link *l)
{
    while (!take(r, ']')) {
        int from, to;

        if (!read_member(r, l, &from))
            return false;
        if (peek(r) != '-' || (r->at + 1 < r->in.len && r->in.ptr[r->at + 1] == ']'))
            continue;
        r->at++;
        if (from < 0 || !read_member(r, l, &to) || to < from)
            return false;
        add_range(l, (unsigned)from, (unsigned)to);
    }
    return true;
}

static bool read_count(struct reader *r, uint32_t *count)
{
    size_t start = r->at;

    for (*count = 0; peek(r) >= '0' && peek(r) <= '9' && *count <= COUNT_MAX; r->at++)
        *count = *count * 10 + (uint32_t)(peek(r) - '0');
    return r->at > start && *count <= COUNT_MAX;
}

static bool read_quantifier(struct reader *r, struct chain_link *l)
{
    l->min = l->max = 1;
    if (take(r, '*') || take(r, '+') || take(r, '?')) {
        char c = r->in.ptr[r->at - 1];

        l->min = c == '+';
        l->max = c == '?' ? 1 : UINT32_MAX;
    } else if (take(r, '{')) {
        if (!read_count(r, &l->min))
            return false;
        l->max = l->min;
        if (take(r, ',')) {
            l->max = UINT32_MAX;
            if (peek(r) != '}' && !read_count(r, &l->max))
                return false;
        }
        if (!take(r, '}') || l->max < l->min)
            return false;
    }
    return peek(r) != '?' && peek(r) != '*' && peek(r) != '+' && peek(r) != '{';
}

static bool read_link(struct reader *r, struct chain_link *l)
{
    int c = peek(r), single;

    *l = (struct chain_link){ 0 };
    if (take(r, '\\')) {
        if (!read_escape(r, l, &single))
            return false;
    } else if (take(r, '[')) {
        if (!read_set(r, l))
            return false;
    } else if (c > 0 && c < 0x80 && !is_meta(c)) {
        r->at++;
        add_range(l, (unsigned)c, (unsigned)c);
    } else {
        return false;
    }
    return read_quantifier(r, l);
}

/* A link of open length takes all it can: right only when what may follow it is of another set. */
static bool no_choice(const struct chain *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        const struct chain_link *l = &c->links[i], *next = l + 1;

        if (l->min == l->max)
            continue;
        for (; next < c->links + c->n; next++) {
            if ((l->set[0] & next->set[0]) || (l->set[1] & next->set[1]))
                return false;
            if (next->min > 0)
                break;
        }
    }
    return true;
}

bool chain_parse(struct slice pattern, struct chain *c)
{
    struct reader r = { .in = pattern };

    c->n = 0;
    c->at_end = false;
    if (!take(&r, '^'))
        return false;
    while (r.at < r.in.len) {
        if (peek(&r) == '$' && r.at + 1 == r.in.len) {
            c->at_end = true;
            break;
        }
        if (c->n == CHAIN_LINKS_MAX || !read_link(&r, &c->links[c->n]))
            return false;
        c->n++;
    }
    return no_choice(c);
}

bool chain_match(const struct chain *c, struct slice subject)
{
    const char *p = subject.ptr, *end = p + subject.len;

    for (unsigned i = 0; i < c->n; i++) {
        const struct chain_link *l = &c->links[i];
        const char *most = (size_t)(end - p) > l->max ? p + l->max : end, *start = p;

        while (p < most) {
            unsigned char b = (unsigned char)*p;

            if (b >= 0x80 || !(l->set[b / 64] >> b % 64 & 1))
                break;
            p++;
        }
        if ((size_t)(p - start) < l->min)
            return false;
    }
    return !c->at_end || p == end;
}

bool chain_words(struct slice pattern, struct slice *words)
{
    size_t head = slice_starts(pattern, SLICE("^(?:")) ? 4 : 2;

    if (!slice_starts(pattern, SLICE("^(")) || !slice_ends(pattern, SLICE(")$")) || pattern.len < head + 2)
        return false;
    *words = slice_of(pattern.ptr + head, pattern.len - head - 2);
    for (size_t i = 0; i < words->len; i++)
        if (words->ptr[i] == '\0' || (words->ptr[i] != '|' && is_meta((unsigned char)words->ptr[i])))
            return false;
    return true;
}

bool chain_is_word(struct slice words, struct slice subject)
{
    struct slice word;

    for (bool more = true; more;) {
        more = slice_cut(words, '|', &word, &words);
        if (slice_eq(word, subject))
            return true;
    }
    return false;
}
