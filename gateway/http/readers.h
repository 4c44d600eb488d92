/* http/readers.h - a few threads that ask the store, each with a connection of its own, so that no loop waits for the disk. */
#ifndef HTTP_READERS_H
#define HTTP_READERS_H

#include "base/loop.h"
#include "store/store.h"

/* Embedded in the asker's structure. run is called on a reader's thread, then done on the loop `home`. */
struct query {
    struct mail mail;
    void (*run)(struct query *q, struct store_reader *r);
    struct loop *home;
    void (*done)(struct query *q);
};

struct readers;
struct readers *readers_start(const struct store_settings *s, unsigned threads, struct err *e);
void readers_stop(struct readers *r); /* those that wait are done first; NULL ok */
/* False: too many wait (503). */
bool readers_put(struct readers *r, struct query *q) MUST_CHECK;

#endif
