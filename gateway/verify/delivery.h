/* verify/delivery.h - one HTTP request as received: what signatures are over. Everything is borrowed from the
 * connection that collected it and good until the request is answered; no libevent type is in it. */
#ifndef VERIFY_DELIVERY_H
#define VERIFY_DELIVERY_H

#include "base/slice.h"

struct header {
    struct slice name, value; /* as received; white space around the value removed */
};

struct delivery {
    struct slice method;       /* "POST" */
    struct slice path, query;  /* as received, undecoded; the query without its '?' */
    struct slice suffix;       /* of the path, behind the source's own and one '/': "orders/create", or empty */
    struct slice url;          /* the public URL as the vendor knows it, suffix and query included */
    const struct header *headers; /* in the order received; a name may repeat */
    size_t n_headers;
    struct slice body;         /* after transfer and content coding */
    int64_t received_us;
};

/* The first header of that name (any case) or SLICE_NONE (ptr NULL). */
struct slice delivery_header(const struct delivery *d, struct slice name);
/* How often that header occurs (any case): 0, 1 or 2 (more than once). *value is the first one's, or SLICE_NONE. */
unsigned delivery_header_count(const struct delivery *d, struct slice name, struct slice *value);
/* The content type without its parameters, or SLICE_NONE. */
struct slice delivery_content_type(const struct delivery *d);
/* Is the content type (without parameters, any case) this one? */
bool delivery_content_type_is(const struct delivery *d, struct slice type);
bool delivery_is_form(const struct delivery *d); /* application/x-www-form-urlencoded */

#endif
