/* flow/plugin_frame.h - what the gateway and a plugin worker say to each other, over a stream socket. Both are the same binary on
 * the same machine: numbers as they lie in memory.
 *
 *     worker: hello    gateway: request request …    worker: reply reply …    in the order of the requests
 *
 * Each is a head and then as many bytes as it says. A worker that breaks this is killed. */
#ifndef FLOW_PLUGIN_FRAME_H
#define FLOW_PLUGIN_FRAME_H

#include "base/buf.h"

/* Then args, then the document. */
struct request_head {
    uint32_t id; /* from 1, one more each time */
    uint32_t output_max;
    uint32_t args_len, document_len;
};

enum reply_status {
    REPLY_DONE,     /* the output: JSON */
    REPLY_RETRY,    /* from here on: why, in words */
    REPLY_FAIL,
    REPLY_TOO_LARGE /* more output than output_max */
};

/* Then the log, then output or words. The hello has id 0; what is not REPLY_DONE there: the plugin cannot be used. */
struct reply_head {
    uint32_t id;
    uint32_t status;
    uint32_t log_len; /* at most KEPT_LOG_BYTES */
    uint32_t len;     /* at most the request's output_max; of words PLUGIN_WORDS_MAX */
};
#define PLUGIN_WORDS_MAX 300

/* Standard error is read only where the worker ends in the middle of a call. What a call prints by stdio comes behind
 * PLUGIN_LOG_MARK and a newline, and another such mark when the call is done: so what other calls printed is told apart. */
#define PLUGIN_LOG_MARK '\x1e'

/* Both ends: room at the end of `in` for FRAME_READ_BYTES more of the stream, what lies before *at being used up; NULL: too much. */
#define FRAME_READ_BYTES 65536
#define FRAME_MAX (1u << 30)
char *frame_room(struct buf *in, size_t *at);
/* All of it, on a socket that blocks. 0, or -1 with errno. */
int frame_send(int fd, struct slice s);

#endif
