/* store/writer.h - the one thread that makes changes durable. It takes all that waits, writes one transaction,
 * commits, then answers everyone in it; it never lingers to fill a batch. When one write of a batch fails with
 * ERR_NOT_FOUND or ERR_CONFLICT only that one is told; any other failure fails the whole batch with ERR_TEMP. Answers
 * go back as mail to the loop that asked, one wake-up a loop and batch. Leases made by a batch go to the flow loop
 * after the commit, never before. Refusals have a lane of their own: at most 50 a second and source are written,
 * about once a second, without fsync; the overflow is counted. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "base/loop.h"
#include "base/metric.h"
#include "store/store.h"

enum write_kind {
    WRITE_APPEND,
    WRITE_APPEND_ALL,
    WRITE_FINISH,
    WRITE_CLAIM,
    WRITE_QUEUES,
    WRITE_RELEASE,
    WRITE_DEFINE,
    WRITE_DEFINITION,
    WRITE_HAND,
    WRITE_FORGET
};

/* Embedded in the asker's own structure; moved to the writer by writer_put and back by done. */
struct write {
    struct mail mail;
    void *waiter;                      /* writer_wait's own */
    enum write_kind kind;
    struct loop *home; /* done runs there; NULL: done runs on the writer's thread, after the commit, in the order of the writes */
    void (*done)(struct write *w);
    int result;                        /* 0: committed; -1: see err */
    struct err *err;                   /* borrowed from the asker, or NULL: text not wanted */
    enum err_code code;                /* why, when result is -1 */
    union {
        struct append append;
        struct { struct append *list; size_t n; const struct whole *whole; } append_all; /* all or none of them */
        struct step_result finish;
        struct { struct slice queue; size_t max; int64_t now_us; int64_t next_due_us; } claim;
        struct { struct arena *arena; struct queue_due *list; size_t n; } queues;
        struct { struct id event; struct new_run *runs; size_t n; struct slice decisions; } release;
        struct { struct definition **list; size_t n; struct slice origin; } define;
        struct { int64_t row; struct arena *arena; struct definition_row out; } definition;
        struct { struct handed_row row; struct arena *arena; struct handed_row first; } hand;
        struct { struct slice source; } forget;
    };
};

struct writer_options {
    size_t mailbox_bytes;              /* back-pressure above: writer_put says no */
    struct loop *flow;                 /* leases go there */
    void (*on_lease)(struct mail *m);  /* mail.run of every lease: flow's */
    lease_room room; void *room_arg;
    /* A step that room said yes to is not leased after all (the commit failed): lower the books. On the writer's
     * thread. NULL: nothing. */
    void (*room_back)(void *room_arg, const struct step *step);
    /* A step became ready in the future or found no room: flow may want to claim. On the writer's thread, after the
     * commit, once a queue and batch with the earliest due time; queue is good during the call. NULL: nothing. */
    void (*on_ready)(void *arg, struct slice queue, int64_t due_us);
    void *on_ready_arg;
};

struct writer_stats {                  /* any thread may read */
    struct counter batches, writes, failed_batches, refused_written, refused_dropped, checkpoints;
    struct histogram batch_size, commit_us;
    _Atomic int64_t last_commit_failed_us; /* wall clock; 0: the last commit went well */
};

struct writer;
/* Borrows st. */
struct writer *writer_start(struct store *st, const struct writer_options *o, struct err *e);
/* Drains what waits, joins, frees; NULL ok. After it no done is posted. */
void writer_stop(struct writer *w);
/* False: full, nothing taken (503 with Retry-After). cost: bytes the write holds. */
bool writer_put(struct writer *w, struct write *wr, size_t cost) MUST_CHECK;
/* The same without waking the writer: whoever puts several in a turn of his loop calls writer_say once behind them. */
bool writer_put_quietly(struct writer *w, struct write *wr, size_t cost) MUST_CHECK;
void writer_say(struct writer *w);
/* Never refused: results of work that was let in before. */
void writer_put_always(struct writer *w, struct write *wr);
/* Copies what it keeps. Never blocks on the disk, never fails: beyond the lane's bounds it is only counted. */
void writer_refuse(struct writer *w, const struct refused_row *r);
/* For start-up and tests: puts it and waits until it is committed. wr->home must be NULL. Not on the writer's or a
 * loop thread. */
int writer_wait(struct writer *w, struct write *wr, struct err *e) MUST_CHECK;
const struct writer_stats *writer_stats(const struct writer *w);

#endif
