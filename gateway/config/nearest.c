#include "config/nearest.h"

#define WORD_MAX 64
#define LISTED_MAX 30

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment); case counts for nothing. */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned rows[3][WORD_MAX + 1];

    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            bool same = lower(a.ptr[i - 1]) == lower(b.ptr[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
            bool swapped = i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b.ptr[j - 2]) &&
                           lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]);
            if (swapped && above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[a.len % 3][b.len];
}

size_t nearest(struct slice word, const struct slice *known, size_t n)
{
    unsigned least = (unsigned)-1;
    size_t best = n;

    if (word.len == 0 || word.len > WORD_MAX)
        return n;
    for (size_t i = 0; i < n; i++) {
        if (known[i].len == 0 || known[i].len > WORD_MAX)
            continue;
        unsigned d = distance(word, known[i]), allowed = known[i].len / 3 ? (unsigned)known[i].len / 3 : 1;
        if (d <= allowed && d < least) {
            least = d;
            best = i;
        }
    }
    return best;
}

void nearest_put_hint(struct slice word, const struct slice *known, size_t n, struct buf *out)
{
    size_t best = nearest(word, known, n);

    if (best < n) {
        buf_printf(out, "did you mean \"%.*s\"?", SLICE_FMT(known[best]));
        return;
    }
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "known: ", SLICE_FMT(known[i]));
    if (n > LISTED_MAX)
        buf_puts(out, ", …");
}
