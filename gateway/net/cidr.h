/* net/cidr.h - addresses of peers, and the networks they are in. An IPv4 address is held in its IPv6-mapped form, so
 * that what a listener on [::] calls ::ffff:192.0.2.1 is the address 192.0.2.1; all the same an IPv6 network, ::/0 too,
 * holds no IPv4 address. */
#ifndef NET_CIDR_H
#define NET_CIDR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

struct ip {
    unsigned char bytes[16];
};
/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; nothing around it, no zone. 0 or -1. */
int ip_parse(struct slice text, struct ip *out) MUST_CHECK;
/* The same as an entry of X-Forwarded-For has it: also "192.0.2.1:4711", "[2001:db8::1]", "[2001:db8::1]:4711". */
int ip_parse_forwarded(struct slice text, struct ip *out) MUST_CHECK;
/* "192.0.2.1", "2001:db8::1": mapped ones as IPv4. */
#define IP_TEXT_MAX 46 /* with its NUL */
void ip_text(const struct ip *ip, char text[IP_TEXT_MAX]);

struct cidr {
    struct ip net;
    unsigned bits; /* of the 128 */
};
/* "192.0.2.0/24", "2001:db8::/32", or one address. Bits beyond the network's are an error: two things were meant. */
int cidr_parse(struct slice text, struct cidr *out, struct err *e) MUST_CHECK;
/* Is the address in one of them? */
bool cidr_has(const struct cidr *list, size_t n, const struct ip *ip);

#endif
