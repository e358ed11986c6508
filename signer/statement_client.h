/*
 * `hallmark-signer statement submit`: has a statement put into the log, and says that it is there.
 */
#ifndef HALLMARK_SIGNER_STATEMENT_CLIENT_H
#define HALLMARK_SIGNER_STATEMENT_CLIENT_H

#define STATEMENT_TAKEN   0 /* its notice is in the log */
#define STATEMENT_REFUSED 1 /* by the signer: why is on stderr */
#define STATEMENT_FAILED  2 /* it was not submitted, or nothing is known; a sentence on stderr */

/* Shows the statement in `file` in words, submits it to the signer at `path`, prints one line. */
int statement_client(const char *path, const char *file);

#endif
