/* flow/plugin_host.h - the process that a plugin runs in: one thread, one plugin, one call after the other. The only place that
 * loads shared objects. */
#ifndef FLOW_PLUGIN_HOST_H
#define FLOW_PLUGIN_HOST_H

#include "base/buf.h"
#include "base/err.h"

/* Serves requests (flow/plugin_frame.h) on the socket that is standard input, until it closes. Returns the exit code. */
int plugin_host_serve(const char *path);

/* Opens it with these args and closes it again: -1 where the plugin says that they will never do. */
int plugin_host_try_args(const char *path, struct slice args, struct err *e) MUST_CHECK;

/* {"abi":1,"name":"jq","config_schema":{…}}: what the plugin says of itself. */
int plugin_host_describe(const char *path, struct buf *out, struct err *e) MUST_CHECK;

#endif
