#include "base/codec.h"

static const char hex_digits[] = "0123456789abcdef";

void hex_encode(struct slice in, char *out)
{
    for (size_t i = 0; i < in.len; i++) {
        unsigned char byte = (unsigned char)in.ptr[i];
        *out++ = hex_digits[byte >> 4];
        *out++ = hex_digits[byte & 15];
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(struct slice in, unsigned char *out)
{
    if (in.len % 2)
        return -1;
    for (size_t i = 0; i < in.len; i += 2) {
        int high = hex_value(in.ptr[i]), low = hex_value(in.ptr[i + 1]);
        if (high < 0 || low < 0)
            return -1;
        *out++ = (unsigned char)(high << 4 | low);
    }
    return 0;
}

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode64(struct slice in, char *out, const char *alphabet, bool pad)
{
    char *start = out;
    const unsigned char *p = (const unsigned char *)in.ptr;
    size_t left = in.len;

    for (; left >= 3; p += 3, left -= 3) {
        unsigned v = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = alphabet[v >> 6 & 63];
        *out++ = alphabet[v & 63];
    }
    if (left) {
        unsigned v = (unsigned)p[0] << 16 | (left == 2 ? (unsigned)p[1] << 8 : 0);
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        if (left == 2)
            *out++ = alphabet[v >> 6 & 63];
        for (size_t i = left; pad && i < 3; i++)
            *out++ = '=';
    }
    return (size_t)(out - start);
}

size_t base64_encode(struct slice in, char *out)
{
    return encode64(in, out, standard, true);
}

size_t base64url_encode(struct slice in, char *out)
{
    return encode64(in, out, url_safe, false);
}

static int value64(char c, char c62, char c63)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == c62 ? 62 : c == c63 ? 63 : -1;
}

/* in: without padding. */
static int decode64(struct slice in, unsigned char *out, size_t *len, char c62, char c63)
{
    unsigned char *start = out;
    unsigned v = 0, bits = 0;

    if (in.len % 4 == 1)
        return -1;
    for (size_t i = 0; i < in.len; i++) {
        int six = value64(in.ptr[i], c62, c63);
        if (six < 0)
            return -1;
        v = v << 6 | (unsigned)six;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (unsigned char)(v >> bits);
            v &= (1u << bits) - 1;
        }
    }
    *len = (size_t)(out - start);
    return v == 0 ? 0 : -1;
}

int base64_decode(struct slice in, unsigned char *out, size_t *len)
{
    if (in.len % 4)
        return -1;
    for (int i = 0; i < 2 && in.len && in.ptr[in.len - 1] == '='; i++)
        in.len--;
    return decode64(in, out, len, '+', '/');
}

int base64url_decode(struct slice in, unsigned char *out, size_t *len)
{
    return decode64(in, out, len, '-', '_');
}

int percent_decode(struct slice in, bool plus, struct buf *out)
{
    for (size_t i = 0; i < in.len; i++) {
        unsigned char c = (unsigned char)in.ptr[i];
        if (c == '+' && plus) {
            c = ' ';
        } else if (c == '%') {
            if (in.len - i < 3 || hex_decode(slice_of(in.ptr + i + 1, 2), &c))
                return -1;
            i += 2;
        }
        buf_putc(out, (char)c);
    }
    return out->failed ? -1 : 0;
}
