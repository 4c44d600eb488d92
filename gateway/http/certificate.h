/* http/certificate.h - whom a client's certificate is made out to: every common name and alternative name in it that a
 * configuration can ask for. */
#ifndef HTTP_CERTIFICATE_H
#define HTTP_CERTIFICATE_H

#include <openssl/x509.h>

#include "base/slice.h"

/* Whom the client's certificate is made out to, as the listener has verified it: "CN=partner.example",
 * "DNS:partner.example", "URI:spiffe://…", "email:…". */
struct client_names {
    const struct slice *list;
    size_t n;
};

/* In one piece of memory: free it. Its authority has signed the names; all the same at most 64 are taken, and no name
 * with a NUL in it, which would read as another one. */
struct client_names *certificate_names(const X509 *cert);
/* Is the name that a configuration asks for among them? Host names in any case, all others as they are. */
bool certificate_has(const struct client_names *names, struct slice wanted);

#endif
