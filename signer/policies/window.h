/*
 * `hallmark-signer policy window`: the windows of a policy file, in which several releases of a
 * family count; and one that is opened, given another end, or closed.
 */
#ifndef HALLMARK_SIGNER_POLICIES_WINDOW_H
#define HALLMARK_SIGNER_POLICIES_WINDOW_H

#include <stdbool.h>
#include <stdio.h>

#define WINDOW_EXIT_REFUSED 2 /* nothing was written; or the policy could not be read */

struct window_options {
	const char *policy;
	const char *family, *from, *to; /* NULL, all of them and `until`: they are shown */
	const char *until;              /* as proto/utc.h reads a date or time */
	bool close; /* it is taken out: no `until`, and perhaps no `from` and `to` */
};

/*
 * The windows, a line each; or the file is edited (window_edit.h). Nothing is written unless the
 * policy has no fault with the window. One that stands in a file that the policy includes is not
 * edited. Returns the exit status. What is wrong goes to stderr.
 */
int window_run(const struct window_options *options, FILE *to);

#endif
