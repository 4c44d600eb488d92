#include "http/batch.h"

static enum outcome outcome_of(const struct admitted *a)
{
    static const enum outcome stored_as[] = {
        [EVENT_ACCEPTED] = OUTCOME_ACCEPTED,
        [EVENT_HELD] = OUTCOME_HELD,
        [EVENT_IGNORED] = OUTCOME_IGNORED,
    };

    return a->duplicate ? OUTCOME_DUPLICATE : stored_as[a->status];
}

enum outcome batch_outcome(const struct admitted *list, size_t n)
{
    enum outcome all = outcome_of(list);

    for (size_t i = 1; i < n; i++) {
        if (outcome_of(&list[i]) != all)
            return OUTCOME_ACCEPTED;
    }
    return all;
}

static void put_event(struct buf *out, const struct admitted *a)
{
    char text[ID_TEXT_LEN + 1];

    id_text(a->id, text);
    buf_puts(out, "{\"id\":\"");
    buf_puts(out, text);
    buf_puts(out, "\",\"status\":\"");
    buf_puts(out, outcome_name(outcome_of(a)));
    buf_puts(out, "\"}");
}

void batch_put_answer(struct buf *out, enum outcome all, const struct admitted *list, size_t n)
{
    if (n == 1) {
        put_event(out, list);
        return;
    }
    buf_puts(out, "{\"status\":\"");
    buf_puts(out, outcome_name(all));
    buf_puts(out, "\",\"events\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(out, ',');
        put_event(out, &list[i]);
    }
    buf_puts(out, "]}");
}

size_t batch_answer_max(size_t n)
{
    return 64 + n * (ID_TEXT_LEN + 48);
}

void batch_count(struct source_stats *stats, const struct admitted *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        counter_add(&stats->batch_events[outcome_of(&list[i])], 1);
}
