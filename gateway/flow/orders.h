/* flow/orders.h - the gateway's end of the nursery: begins it, and orders processes from it. On the flow loop only. */
#ifndef FLOW_ORDERS_H
#define FLOW_ORDERS_H

#include "base/err.h"
#include "flow/nursery.h"

/* The process that starts children: begun with the first order, and again when somebody has killed it. */
struct nursery;
struct nursery *nursery_new(void);
/* Ends it, and with it nothing that runs: keepers go on. NULL ok. */
void nursery_free(struct nursery *n);

struct process_options {
    const char *path, *folder;      /* folder "": / */
    const char *const *arguments;   /* with the name it is called by first; NULL at the end */
    const char *const *environment; /* "NAME=value", NULL at the end */
    uint32_t uid, gid;              /* ORDER_SAME: the gateway's */
    uint64_t files, processes, memory_bytes, cpu_s; /* 0: no limit of its own */
};

/* fds: ORDER_NFDS of them, copied; the caller closes its own. */
int nursery_order(struct nursery *n, const struct process_options *o, const int *fds, struct err *e) MUST_CHECK;

#endif
