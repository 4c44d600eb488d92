/* net/call.h - one HTTP call as a curl easy handle with its callbacks; private to net/. Made once, used many times: a
 * client keeps idle calls, since making an easy handle costs more than setting its URL. */
#ifndef NET_CALL_H
#define NET_CALL_H

#include <curl/curl.h>

#include "net/client.h"

struct call {
    CURL *easy;              /* CURLOPT_PRIVATE is this call */
    struct client *client;   /* NULL: blocking */
    struct call *next, **at; /* in the client's list of idle or of running calls */
    call_done done;
    void *arg;

    struct curl_slist
        *fields; /* the request's: nodes and text in one block of ours, never given to curl_slist_free_all */
    int64_t timeout_us;
    size_t answer_max;
    bool allow_private;

    struct buf head, body; /* of the answer */
    unsigned head_fields;
    bool head_too_large, body_too_large;
    char refused[64]; /* the address that the policy refused, or "" */
    char curl_error[CURL_ERROR_SIZE];
    struct answer answer;
};

struct call *call_new(struct client *client, struct err *e);
void call_free(struct call *call); /* NULL ok */
/* Sets everything that differs between calls, and forgets the last answer. */
void call_prepare(struct call *call, const struct call_options *o);
/* call->answer from what came. */
void call_conclude(struct call *call, CURLcode code);

#endif
