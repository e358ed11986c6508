/*
 * The load's only answer to what goes wrong on its own side: say what, and end.
 */
#ifndef HALLMARK_LOAD_FAIL_H
#define HALLMARK_LOAD_FAIL_H

/* Prints `what`, errno and the last error of TLS; exit status 1. */
_Noreturn void fail(const char *what);

#endif
