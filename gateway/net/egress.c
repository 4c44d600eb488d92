#include "net/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

/* Rows are asked in order; the first that covers the address answers. What no row covers is public.
 * Sources: the IANA special-purpose address registries; the providers' pages for the metadata services. */
struct net4 {
    uint32_t net; /* host byte order */
    unsigned bits;
    enum egress verdict;
};
static const struct net4 nets4[] = {
    { 0x646464c8, 32, EGRESS_REFUSED },        /* 100.100.100.200: metadata (Alibaba) */
    { 0xa83f8110, 32, EGRESS_REFUSED },        /* 168.63.129.16: metadata (Azure) */
    { 0xa9fe0000, 16, EGRESS_REFUSED },        /* 169.254/16: link-local, most metadata services */
    { 0xc0000000, 24, EGRESS_REFUSED },        /* 192.0.0/24: protocol assignments, metadata (Oracle) */
    { 0x00000000, 8, EGRESS_REFUSED },         /* this network */
    { 0x0a000000, 8, EGRESS_PRIVATE },
    { 0x64400000, 10, EGRESS_PRIVATE }, /* 100.64/10: carrier-grade NAT */
    { 0x7f000000, 8, EGRESS_PRIVATE },
    { 0xac100000, 12, EGRESS_PRIVATE },
    { 0xc0a80000, 16, EGRESS_PRIVATE },
    { 0xc6120000, 15, EGRESS_PRIVATE }, /* 198.18/15: benchmarking */
    { 0xc0000200, 24, EGRESS_REFUSED }, /* documentation */
    { 0xc6336400, 24, EGRESS_REFUSED },
    { 0xcb007100, 24, EGRESS_REFUSED },
    { 0xc0586300, 24, EGRESS_REFUSED }, /* 192.88.99/24: 6to4 relays */
    { 0xe0000000, 4, EGRESS_REFUSED },  /* multicast */
    { 0xf0000000, 4, EGRESS_REFUSED },  /* reserved, broadcast */
};

enum form6 { /* what a prefix says about the rest */
    FORM_PLAIN,
    FORM_IPV4_LAST,  /* the last four bytes are an IPv4 address */
    FORM_IPV4_6TO4,  /* bytes 2 to 5 are */
    FORM_IPV4_TEREDO /* bytes 4 to 7 (the server), and the last four inverted (the client) */
};
struct net6 {
    uint8_t prefix[16];
    unsigned bits;
    enum form6 form;
    enum egress verdict; /* FORM_PLAIN */
};
static const struct net6 nets6[] = {
    { { [15] = 1 }, 128, FORM_PLAIN, EGRESS_PRIVATE }, /* ::1 */
    { { [10] = 0xff, [11] = 0xff }, 96, FORM_IPV4_LAST, EGRESS_OK }, /* ::ffff:a.b.c.d, mapped */
    { { [8] = 0xff, [9] = 0xff }, 96, FORM_IPV4_LAST, EGRESS_OK }, /* ::ffff:0:a.b.c.d, translated */
    { { 0x00, 0x64, 0xff, 0x9b }, 96, FORM_IPV4_LAST, EGRESS_OK }, /* NAT64 */
    { { 0x20, 0x02 }, 16, FORM_IPV4_6TO4, EGRESS_OK },
    { { 0x20, 0x01 }, 32, FORM_IPV4_TEREDO, EGRESS_OK },
    { { 0x20, 0x01 }, 23, FORM_PLAIN, EGRESS_REFUSED }, /* protocol assignments */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, FORM_PLAIN, EGRESS_REFUSED }, /* documentation */
    { { 0x3f, 0xff }, 20, FORM_PLAIN, EGRESS_REFUSED }, /* documentation */
    { { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 }, 128, FORM_PLAIN, EGRESS_REFUSED }, /* metadata (AWS) */
    { { 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54 }, 128, FORM_PLAIN, EGRESS_REFUSED }, /* metadata (Google) */
    { { 0xfc }, 7, FORM_PLAIN, EGRESS_PRIVATE }, /* unique local */
    { { 0xfe, 0xc0 }, 10, FORM_PLAIN, EGRESS_PRIVATE }, /* site-local, given up */
    { { 0x20 }, 3, FORM_PLAIN, EGRESS_OK }, /* global unicast */
};

static enum egress judge4(uint32_t address)
{
    for (size_t i = 0; i < sizeof nets4 / sizeof *nets4; i++) {
        if ((address ^ nets4[i].net) >> (32 - nets4[i].bits) == 0)
            return nets4[i].verdict;
    }
    return EGRESS_OK;
}

static uint32_t read4(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool covers(const struct net6 *n, const uint8_t *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;

    if (memcmp(n->prefix, a, whole) != 0)
        return false;
    return rest == 0 || ((n->prefix[whole] ^ a[whole]) >> (8 - rest)) == 0;
}

static enum egress worse(enum egress a, enum egress b)
{
    return a > b ? a : b;
}

/* Outside global unicast everything that no row names is refused: link-local, multicast, unspecified, discard, local
 * NAT64 (whose IPv4 part cannot be found without knowing the network), and what is not assigned. */
static enum egress judge6(const uint8_t *a)
{
    for (size_t i = 0; i < sizeof nets6 / sizeof *nets6; i++) {
        if (!covers(&nets6[i], a))
            continue;
        switch (nets6[i].form) {
        case FORM_PLAIN:
            return nets6[i].verdict;
        case FORM_IPV4_LAST:
            return judge4(read4(a + 12));
        case FORM_IPV4_6TO4:
            return judge4(read4(a + 2));
        case FORM_IPV4_TEREDO:
            return worse(judge4(read4(a + 4)), judge4(~read4(a + 12)));
        }
    }
    return EGRESS_REFUSED;
}

enum egress egress_judge(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        return judge4(ntohl(in.sin_addr.s_addr));
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        return judge6(in6.sin6_addr.s6_addr);
    }
    return EGRESS_REFUSED;
}

enum egress egress_judge_text(const char *text)
{
    struct slice s = slice_z(text), zone;
    char plain[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (s.len >= 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
        s = slice_of(s.ptr + 1, s.len - 2);
    slice_cut(s, '%', &s, &zone);
    if (s.len >= sizeof plain)
        return EGRESS_REFUSED;
    snprintf(plain, sizeof plain, "%.*s", SLICE_FMT(s));
    if (inet_pton(AF_INET, plain, bytes) == 1)
        return judge4(read4(bytes));
    return inet_pton(AF_INET6, plain, bytes) == 1 ? judge6(bytes) : EGRESS_REFUSED;
}

static int parse_host(struct slice host, bool bracketed, uint16_t port, struct sockaddr_storage *sa, socklen_t *len)
{
    char plain[INET6_ADDRSTRLEN];
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (host.len >= sizeof plain)
        return -1;
    snprintf(plain, sizeof plain, "%.*s", SLICE_FMT(host));
    memset(sa, 0, sizeof *sa);
    if (!bracketed && inet_pton(AF_INET, plain, &in.sin_addr) == 1) {
        *len = sizeof in;
        memcpy(sa, &in, sizeof in);
        return 0;
    }
    if (bracketed && inet_pton(AF_INET6, plain, &in6.sin6_addr) == 1) {
        *len = sizeof in6;
        memcpy(sa, &in6, sizeof in6);
        return 0;
    }
    return -1;
}

int address_parse(const char *text, struct sockaddr_storage *sa, socklen_t *len, struct err *e)
{
    const char *colon = strrchr(text, ':');
    struct slice host = slice_of(text, colon ? (size_t)(colon - text) : 0);
    uint64_t port;

    if (!colon || host.len == 0)
        return err_set(e, ERR_INPUT, "address \"%s\": write address and port, as in 127.0.0.1:8080 or [::1]:8080; "
                       "0.0.0.0:8080 listens on every IPv4 address", text);
    if (slice_u64(slice_z(colon + 1), &port) || port > 65535)
        return err_set(e, ERR_INPUT, "address \"%s\": the port after the last colon is a number from 0 to 65535", text);
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = slice_of(host.ptr + 1, host.len - 2);
    if (parse_host(host, bracketed, (uint16_t)port, sa, len))
        return err_set(e, ERR_INPUT, "address \"%s\": \"%.*s\" is no IPv4 address and no IPv6 address in brackets "
                       "(names are not looked up)", text, SLICE_FMT(host));
    return 0;
}

bool address_is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) && in6.sin6_addr.s6_addr[12] == 127;
        return mapped || IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return false;
}
