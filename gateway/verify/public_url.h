/* verify/public_url.h - the ways in which senders write the URL that they sign. Appended to out. */
#ifndef VERIFY_PUBLIC_URL_H
#define VERIFY_PUBLIC_URL_H

#include "base/buf.h"

/* With the port written out (443 for https, 80 for http where there is none), or without any. */
void public_url_put_port(struct slice url, struct buf *out);
void public_url_put_noport(struct slice url, struct buf *out);
/* %3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C %3B decoded, nothing else (HubSpot). */
void public_url_put_decoded(struct slice url, struct buf *out);
/* "/hooks?a=b"; "/" where there is no path. */
void public_url_put_path_query(struct slice url, struct buf *out);

#endif
