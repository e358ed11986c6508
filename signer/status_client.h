/*
 * `hallmark-signer status`: asks the running signer and prints the answer.
 */
#ifndef HALLMARK_SIGNER_STATUS_CLIENT_H
#define HALLMARK_SIGNER_STATUS_CLIENT_H

#include <stdbool.h>

enum status_format {
	STATUS_SUMMARY,    /* for people: what needs somebody, the worst first */
	STATUS_NUMBERS,    /* for people: every number */
	STATUS_JSON,       /* everything */
	STATUS_PROMETHEUS, /* metrics */
};

/*
 * `all`: workloads that are affirming, too. Exit status: 0; 1 with a sentence on stderr if no
 * signer answers at `path`, and of the summary if anything needs somebody.
 */
int status_client(const char *path, enum status_format format, bool all);

#endif
