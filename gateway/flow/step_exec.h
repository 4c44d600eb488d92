/* flow/step_exec.h - a step as a command: what it is given, and what its end means. No state; the dispatcher starts it. */
#ifndef FLOW_STEP_EXEC_H
#define FLOW_STEP_EXEC_H

#include "flow/attempt.h"
#include "flow/child.h"
#include "flow/environment.h"

/* The command's arguments and environment as execve wants them. Made once, filled for each attempt. */
struct step_command {
    const char **arguments;
    size_t capacity;
    struct environment environment;
};
void step_command_init(struct step_command *c);
void step_command_clear(struct step_command *c);
/* PATH, LANG and the names listed, from the gateway's environment; and HOOKLATCH_…, what the attempt is about. -1: larger
 * than an order may be. */
int step_command_fill(struct step_command *c, const struct attempt *a, struct process_options *out, struct err *e) MUST_CHECK;

/* What an end means for the step:
 *   exit code 0            ok; standard output is the output: JSON, or else a text, without a newline at its end;
 *                          nothing: null
 *   exit code 65           fatal (EX_DATAERR: the input will never do)
 *   any other end          retry, and fatal when that was the last attempt
 * output: scratch for a text as JSON; v->output may lie in it. */
void step_exec_judge(const struct child_result *r, const struct step *step, unsigned attempt, uint64_t random,
                     struct json_doc *doc, struct buf *output, struct step_verdict *v);

#endif
