/* flow/plugin_host.h - the process that a plugin runs in: one thread, one plugin, one call after the other. The only place that
 * loads shared objects. */
#ifndef FLOW_PLUGIN_HOST_H
#define FLOW_PLUGIN_HOST_H

#include "base/buf.h"
#include "base/err.h"

/* Serves requests (flow/plugin_frame.h) on the socket that is standard input, until it closes. Returns the exit code. */
int plugin_host_serve(const char *path);

/* {"abi":1,"name":"jq","config_schema":{…}}: what the plugin says of itself. */
int plugin_host_describe(const char *path, struct buf *out, struct err *e) MUST_CHECK;

#endif
