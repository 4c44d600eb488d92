#include "base/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *mb, size_t max_cost, struct err *e)
{
    *mb = (struct mailbox){ .max_cost = max_cost };
    mb->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mb->fd < 0)
        return err_sys(e, "cannot make an eventfd");
    mb->tail = &mb->head;
    pthread_mutex_init(&mb->lock, NULL);
    return 0;
}

void mailbox_clear(struct mailbox *mb)
{
    close(mb->fd);
    pthread_mutex_destroy(&mb->lock);
}

static void wake(struct mailbox *mb)
{
    uint64_t one = 1;

    while (write(mb->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* Under the lock: is the reader to be woken? Then that is done by whoever asks. */
static bool take_news(struct mailbox *mb)
{
    bool news = mb->unsaid;

    mb->unsaid = false;
    return news;
}

static void append(struct mailbox *mb, struct mail *first, struct mail *last, size_t cost)
{
    last->next = NULL;
    mb->unsaid |= !mb->head;
    *mb->tail = first;
    mb->tail = &last->next;
    mb->cost += cost;
}

static bool put(struct mailbox *mb, struct mail *m, size_t cost, bool quietly)
{
    pthread_mutex_lock(&mb->lock);
    bool fits = !mb->head || cost <= mb->max_cost - (mb->cost < mb->max_cost ? mb->cost : mb->max_cost);
    if (fits)
        append(mb, m, m, cost);
    bool news = fits && !quietly && take_news(mb);
    pthread_mutex_unlock(&mb->lock);
    if (news)
        wake(mb);
    return fits;
}

bool mailbox_put(struct mailbox *mb, struct mail *m, size_t cost)
{
    return put(mb, m, cost, false);
}

bool mailbox_put_quietly(struct mailbox *mb, struct mail *m, size_t cost)
{
    return put(mb, m, cost, true);
}

void mailbox_say(struct mailbox *mb)
{
    pthread_mutex_lock(&mb->lock);
    bool news = take_news(mb);
    pthread_mutex_unlock(&mb->lock);
    if (news)
        wake(mb);
}

void mailbox_put_list(struct mailbox *mb, struct mail *first, struct mail *last)
{
    pthread_mutex_lock(&mb->lock);
    append(mb, first, last, 0);
    bool news = take_news(mb);
    pthread_mutex_unlock(&mb->lock);
    if (news)
        wake(mb);
}

/* The eventfd is emptied before the list: a mail that comes between the two wakes the reader once too often, never too seldom. */
struct mail *mailbox_take(struct mailbox *mb)
{
    uint64_t count;

    while (read(mb->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&mb->lock);
    struct mail *all = mb->head;
    mb->head = NULL;
    mb->tail = &mb->head;
    mb->cost = 0;
    mb->unsaid = false;
    pthread_mutex_unlock(&mb->lock);
    return all;
}

void mailbox_wait(struct mailbox *mb, int timeout_ms)
{
    struct pollfd p = { .fd = mb->fd, .events = POLLIN };

    poll(&p, 1, timeout_ms);
}
