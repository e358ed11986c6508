/*
 * `redact`: what policies and reference sets have in place of what a collector hides. What is
 * secret comes by stdin alone: arguments are seen by every user.
 */
#ifndef HALLMARK_COLLECTOR_COMMAND_REDACT_H
#define HALLMARK_COLLECTOR_COMMAND_REDACT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Prints, by the names behind the command:
 *
 *   id               the key's id
 *   KIND FACT        of each line of stdin, a value of the fact, what it is hidden as; `whole`: of
 *                    all of stdin, which is one value
 *   set PATTERN...   a reference set from stdin, with the paths that match any of the patterns
 *                    (proto/glob.h) hidden, and their digests
 *
 * Returns the exit status: 1 for what cannot be read or is no such, 2 for other names.
 */
int command_redact(const char *key_path, char *const *names, size_t count, bool whole);

#endif
