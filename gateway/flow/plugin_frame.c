#include "flow/plugin_frame.h"

#include <errno.h>
#include <sys/socket.h>

char *frame_room(struct buf *in, size_t *at)
{
    if (*at == in->len) {
        buf_reset(in);
        *at = 0;
    } else if (*at > FRAME_READ_BYTES) { /* else moving would cost more than it frees */
        in->len -= *at;
        memmove(in->ptr, in->ptr + *at, in->len);
        *at = 0;
    }
    return buf_room(in, FRAME_READ_BYTES);
}

int frame_send(int fd, struct slice s)
{
    while (s.len) {
        ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return -1;
        s = slice_from(s, n > 0 ? (size_t)n : 0);
    }
    return 0;
}
