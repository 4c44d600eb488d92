#include "http/problem.h"

#include "base/log.h"

/* RFC 9110, RFC 6585: those that are answered somewhere in the gateway, and their neighbours. */
static const struct {
    int status;
    const char *title;
} titles[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

/* A status of its own right is treated as the x00 of its class (RFC 9110 15). */
static const char *const classes[] = { "Unknown", "Informational", "OK", "Redirection", "Bad Request",
                                       "Internal Server Error" };

const char *problem_title(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return status >= 100 && status < 600 ? classes[status / 100] : classes[0];
}

void problem_put(struct buf *out, int status, struct slice reason, struct slice detail, struct slice extra)
{
    buf_printf(out, "{\"type\":\"urn:hooklatch:problem:%.*s\",\"title\":\"%s\",\"status\":%d,\"detail\":",
               SLICE_FMT(reason), problem_title(status), status);
    log_put_json_string(out, detail);
    if (extra.len) {
        buf_putc(out, ',');
        buf_put(out, extra);
    }
    buf_putc(out, '}');
}
