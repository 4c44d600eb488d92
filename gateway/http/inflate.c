#include "http/inflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

enum { GZIP_WINDOW = 15 + 16, STEP = 16 * 1024 };

static voidpf zlib_alloc(voidpf opaque, uInt n, uInt size)
{
    (void)opaque;
    return mem_grow(NULL, n, size);
}

static void zlib_free(voidpf opaque, voidpf ptr)
{
    (void)opaque;
    free(ptr);
}

static enum inflate_result inflate_member(z_stream *z, struct buf *out)
{
    int rc = Z_OK;

    while (rc == Z_OK) {
        /* At the ceiling one spare byte tells whether there is more. */
        unsigned char spare;
        size_t left = out->max - out->len, room = left < STEP ? left : STEP;
        z->next_out = room ? (unsigned char *)buf_room(out, room) : &spare;
        z->avail_out = (uInt)(room ? room : 1);
        rc = inflate(z, Z_NO_FLUSH);
        if (room == 0 && z->avail_out == 0)
            return INFLATE_TOO_LARGE;
        if (room)
            out->len += room - z->avail_out;
    }
    /* Z_BUF_ERROR: the input ended before the member did. */
    return rc == Z_STREAM_END ? INFLATE_OK : INFLATE_BAD;
}

enum inflate_result inflate_gzip(struct slice in, struct buf *out)
{
    /* zlib only reads there; its field is not const. */
    z_stream z = { .next_in = (unsigned char *)(uintptr_t)in.ptr, .zalloc = zlib_alloc, .zfree = zlib_free };
    enum inflate_result result;

    /* Bodies are bounded far below 4 GiB. */
    if (in.len == 0 || in.len > UINT32_MAX || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return INFLATE_BAD;
    z.avail_in = (uInt)in.len;
    do
        result = inflate_member(&z, out);
    while (result == INFLATE_OK && z.avail_in > 0 && inflateReset(&z) == Z_OK);
    inflateEnd(&z);
    /* buf promises a NUL behind the last byte. */
    buf_put(out, SLICE_NONE);
    return result;
}
