/* cli/verify.h - what the two ways of `hooklatch verify` share. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

/* Standard input to standard output, a line each; the exit code. */
int verify_batch(void);

#endif
