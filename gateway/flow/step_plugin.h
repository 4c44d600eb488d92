/* flow/step_plugin.h - a step as a plugin's call: what its end means. No state; the dispatcher starts it. */
#ifndef FLOW_STEP_PLUGIN_H
#define FLOW_STEP_PLUGIN_H

#include "flow/attempt.h"
#include "flow/plugin.h"

/* HL_DONE with one JSON value (nothing: null) is ok; HL_FAIL is fatal; anything else is tried again, as `retry` says. */
void step_plugin_judge(const struct plugin_result *r, const struct step *step, unsigned attempt, uint64_t random,
                       struct json_doc *doc, struct step_verdict *v);

#endif
