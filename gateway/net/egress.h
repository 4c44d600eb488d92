/* net/egress.h - where calls may go. Addresses are judged after decoding IPv4-mapped, NAT64, 6to4 and Teredo forms. */
#ifndef NET_EGRESS_H
#define NET_EGRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

enum egress { EGRESS_OK, EGRESS_PRIVATE, EGRESS_REFUSED };
/* EGRESS_REFUSED: link-local, metadata, multicast, unspecified, broadcast, reserved: never. EGRESS_PRIVATE: loopback,
 * RFC 1918, ULA, CGNAT. */
enum egress egress_judge(const struct sockaddr *sa);
/* The same for an address as text ("10.0.0.1", "fe80::1%eth0", "[::1]"); EGRESS_REFUSED when it is none. */
enum egress egress_judge_text(const char *text);

/* "127.0.0.1:8080", "[::1]:8080", ":8080" is refused. Fills sa. */
int address_parse(const char *text, struct sockaddr_storage *sa, socklen_t *len, struct err *e) MUST_CHECK;
bool address_is_loopback(const struct sockaddr *sa);

#endif
