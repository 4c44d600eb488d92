#include "net/cidr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

#define V4_BITS_BEFORE 96
static_assert(IP_TEXT_MAX == INET6_ADDRSTRLEN, "room for every address");

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const struct ip *ip)
{
    return memcmp(ip->bytes, mapped, sizeof mapped) == 0;
}

int ip_parse(struct slice text, struct ip *out)
{
    char plain[IP_TEXT_MAX];

    if (text.len == 0 || text.len >= sizeof plain || memchr(text.ptr, '\0', text.len))
        return -1;
    memcpy(plain, text.ptr, text.len);
    plain[text.len] = '\0';
    memcpy(out->bytes, mapped, sizeof mapped);
    if (inet_pton(AF_INET, plain, out->bytes + sizeof mapped) == 1)
        return 0;
    return inet_pton(AF_INET6, plain, out->bytes) == 1 ? 0 : -1;
}

static bool is_port(struct slice text)
{
    uint64_t port;

    return slice_u64(text, &port) == 0 && port <= 65535;
}

int ip_parse_forwarded(struct slice text, struct ip *out)
{
    struct slice host, rest;

    if (slice_starts(text, SLICE("["))) {
        if (!slice_cut(slice_from(text, 1), ']', &host, &rest))
            return -1;
        if (rest.len && (rest.ptr[0] != ':' || !is_port(slice_from(rest, 1))))
            return -1;
        return slice_find(host, ':') < host.len ? ip_parse(host, out) : -1;
    }
    /* One colon: a port behind an IPv4 address; more: an IPv6 address. */
    if (slice_cut(text, ':', &host, &rest) && slice_find(rest, ':') == rest.len)
        return is_port(rest) ? ip_parse(host, out) : -1;
    return ip_parse(text, out);
}

void ip_text(const struct ip *ip, char text[IP_TEXT_MAX])
{
    bool v4 = is_v4(ip);

    inet_ntop(v4 ? AF_INET : AF_INET6, ip->bytes + (v4 ? sizeof mapped : 0), text, IP_TEXT_MAX);
}

/* Clears the bits from `bits` on; true when one of them was set. */
static bool cut_host_bits(struct ip *ip, unsigned bits)
{
    bool any = false;

    for (unsigned i = 0; i < sizeof ip->bytes; i++) {
        unsigned kept = bits <= i * 8 ? 0 : bits - i * 8 >= 8 ? 8 : bits - i * 8;
        unsigned char mask = (unsigned char)(0xff00 >> kept);
        any = any || (ip->bytes[i] & (unsigned char)~mask);
        ip->bytes[i] &= mask;
    }
    return any;
}

int cidr_parse(struct slice text, struct cidr *out, struct err *e)
{
    struct slice host, length;
    uint64_t bits;
    char net[IP_TEXT_MAX];
    bool cut = slice_cut(text, '/', &host, &length);

    if (ip_parse(host, &out->net))
        return err_set(e, ERR_INPUT, "\"%.*s\" is neither an IP address nor a network",
                       SLICE_FMT(slice_first(text, 64)));
    unsigned before = is_v4(&out->net) && slice_find(host, ':') == host.len ? V4_BITS_BEFORE : 0;
    bits = 128 - before;
    if (cut && (slice_u64(length, &bits) || bits > 128 - before))
        return err_set(e, ERR_INPUT, "\"%.*s\": the network's length is a number from 0 to %u",
                       SLICE_FMT(slice_first(text, 64)), 128 - before);
    out->bits = (unsigned)bits + before;
    if (cut_host_bits(&out->net, out->bits)) {
        ip_text(&out->net, net);
        return err_set(e, ERR_INPUT, "\"%.*s\" has bits set beyond its length: the network is %s/%u",
                       SLICE_FMT(slice_first(text, 64)), net,
                       is_v4(&out->net) ? out->bits - V4_BITS_BEFORE : out->bits);
    }
    return 0;
}

static bool holds(const struct cidr *c, const struct ip *ip)
{
    unsigned whole = c->bits / 8, rest = c->bits % 8;

    if (is_v4(ip) != (c->bits >= V4_BITS_BEFORE && is_v4(&c->net)) || memcmp(c->net.bytes, ip->bytes, whole) != 0)
        return false;
    return rest == 0 || (c->net.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

bool cidr_has(const struct cidr *list, size_t n, const struct ip *ip)
{
    for (size_t i = 0; i < n; i++) {
        if (holds(&list[i], ip))
            return true;
    }
    return false;
}
