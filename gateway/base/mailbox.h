/* base/mailbox.h - the way from any thread to one: a bounded list under a lock, and an eventfd that is written only when
 * empty becomes non-empty. The reader detaches the whole list at once. */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Embedded in what is sent; the sender gives it away with its container. */
struct mail {
    struct mail *next;
    void (*run)(struct mail *); /* what the reader does with it */
};

struct mailbox {
    pthread_mutex_t lock;
    struct mail *head, **tail;
    size_t cost, max_cost; /* bytes waiting; what mailbox_put allows */
    bool unsaid;           /* something waits that the reader was not woken for */
    int fd;                /* eventfd: readable when something waits */
};

int mailbox_init(struct mailbox *mb, size_t max_cost, struct err *e) MUST_CHECK;
void mailbox_clear(struct mailbox *mb); /* mails in it are not touched */
/* False, and nothing taken, when cost would go over max_cost: back-pressure. An empty box takes any one mail. */
bool mailbox_put(struct mailbox *mb, struct mail *m, size_t cost) MUST_CHECK;
/* The same without waking the reader: whoever puts several in a row says so once behind them. A reader that is awake
 * takes them all the same. */
bool mailbox_put_quietly(struct mailbox *mb, struct mail *m, size_t cost) MUST_CHECK;
void mailbox_say(struct mailbox *mb);
/* A chain first..last, without a limit: for answers to what was let in before. */
void mailbox_put_list(struct mailbox *mb, struct mail *first, struct mail *last);
/* All that waits, oldest first; NULL when nothing does. */
struct mail *mailbox_take(struct mailbox *mb);
/* Blocks until something waits or timeout_ms is over (-1: for ever). */
void mailbox_wait(struct mailbox *mb, int timeout_ms);

#endif
