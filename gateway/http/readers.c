#include "http/readers.h"

#include <stdlib.h>

#include "base/mem.h"

#define WAITING_MAX 1000

struct readers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct mail *head, **tail;
    unsigned waiting, n;
    bool stopping;
    struct reader {
        struct readers *pool;
        struct store_reader *store;
        pthread_t thread;
    } list[];
};

/* NULL when the pool stops and nothing waits. */
static struct query *next_query(struct readers *r)
{
    struct query *q = NULL;

    pthread_mutex_lock(&r->lock);
    while (!r->head && !r->stopping)
        pthread_cond_wait(&r->wake, &r->lock);
    if (r->head) {
        q = (struct query *)r->head;
        r->head = r->head->next;
        if (!r->head)
            r->tail = &r->head;
        r->waiting--;
    }
    pthread_mutex_unlock(&r->lock);
    return q;
}

static void on_done(struct mail *m)
{
    struct query *q = (struct query *)m;

    q->done(q);
}

static void *run(void *arg)
{
    struct reader *reader = arg;
    struct query *q;

    while ((q = next_query(reader->pool))) {
        q->run(q, reader->store);
        q->mail.run = on_done;
        loop_post(q->home, &q->mail);
    }
    return NULL;
}

static int start_one(struct readers *r, const struct store_settings *s, struct err *e)
{
    struct reader *reader = &r->list[r->n];

    reader->pool = r;
    reader->store = store_reader_open(s, e);
    if (!reader->store)
        return -1;
    if (pthread_create(&reader->thread, NULL, run, reader)) {
        store_reader_close(reader->store);
        return err_set(e, ERR_SYSTEM, "cannot start a reader thread");
    }
    r->n++;
    return 0;
}

struct readers *readers_start(const struct store_settings *s, unsigned threads, struct err *e)
{
    struct readers *r = mem_zalloc(sizeof *r + threads * sizeof r->list[0]);

    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    r->tail = &r->head;
    for (unsigned i = 0; i < threads; i++) {
        if (start_one(r, s, e)) {
            readers_stop(r);
            return NULL;
        }
    }
    return r;
}

void readers_stop(struct readers *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
    for (unsigned i = 0; i < r->n; i++) {
        pthread_join(r->list[i].thread, NULL);
        store_reader_close(r->list[i].store);
    }
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->wake);
    free(r);
}

bool readers_put(struct readers *r, struct query *q)
{
    pthread_mutex_lock(&r->lock);
    bool fits = r->waiting < WAITING_MAX && !r->stopping;
    if (fits) {
        q->mail.next = NULL;
        *r->tail = &q->mail;
        r->tail = &q->mail.next;
        r->waiting++;
        pthread_cond_signal(&r->wake);
    }
    pthread_mutex_unlock(&r->lock);
    return fits;
}
