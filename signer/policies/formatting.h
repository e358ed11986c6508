/*
 * `hallmark-signer policy fmt`: a policy file in the one spelling (yaml_spelling.h), so that two
 * versions of it differ where they say something else. Its comments stay.
 */
#ifndef HALLMARK_SIGNER_POLICIES_FORMATTING_H
#define HALLMARK_SIGNER_POLICIES_FORMATTING_H

#include <stdbool.h>
#include <stdio.h>

#define FORMATTING_EXIT_OTHER   1 /* of a check: it is spelled otherwise */
#define FORMATTING_EXIT_UNKNOWN 2 /* it could not be read, or written */

/*
 * Writes the file anew where it is spelled otherwise, and says so; `check`: says so alone. What it
 * means may have faults, its YAML none: of what cannot be read nothing is written. Returns the exit
 * status. Faults go to stderr.
 */
int formatting_run(const char *path, bool check, FILE *to);

#endif
