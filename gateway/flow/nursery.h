/* flow/nursery.h - the process that starts children, and what it and the flow thread say to each other.
 *
 *     gateway ── orders ──→ nursery ── fork ──→ keeper ── fork, exec ──→ command ─→ its descendants
 *        └──────────── control ─────────────────→─┘
 *
 * The gateway has threads and must not fork. It starts one nursery, a process of its own binary with a single thread, when the
 * first child is wanted. For each order the nursery forks a keeper, which is the subreaper of all that comes of the command:
 * however a descendant detaches, it becomes the keeper's child in the end. A keeper kills all of them when it is told to, or when
 * its control socket closes: because the gateway wants so, or is gone. So nothing outlives the step, or the gateway. */
#ifndef FLOW_NURSERY_H
#define FLOW_NURSERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* The socket of orders in the nursery; the descriptors that come with each order, in this order. */
#define NURSERY_FD 3
enum { ORDER_STDIN, ORDER_STDOUT, ORDER_STDERR, ORDER_CONTROL, ORDER_NFDS };

/* One packet: this, then strings that end in NUL: folder ("" is "/"), path of the program, arguments, environment. */
struct order {
    uint32_t n_arguments, n_environment;
    uint32_t uid, gid;      /* ORDER_SAME: as the gateway */
    uint64_t files, processes; /* resource limits; 0: as the gateway's */
    uint64_t memory_bytes, cpu_s;
};
#define ORDER_SAME UINT32_MAX
#define ORDER_BYTES_MAX (128 * 1024)

/* From a keeper: one packet, then the end of file when all processes are gone. */
struct news {
    enum { NEWS_ENDED, NEWS_NOT_STARTED } what;
    int value;          /* NEWS_ENDED: the exit code, or minus the signal; else errno */
    char where[32];     /* NEWS_NOT_STARTED: what failed */
    uint64_t memory_peak; /* NEWS_ENDED: bytes that were resident at most */
};
/* To a keeper: one byte. */
#define KEEPER_TERM 'T' /* SIGTERM to the command's process group */
#define KEEPER_KILL 'K' /* SIGKILL to everybody; the keeper ends when all are gone */

/* The nursery's whole life: returns when the gateway has closed the socket. */
int nursery_run(void);

#endif
