/*
 * hallmark-audit verify: receipts against a certificate, without a network.
 */
#ifndef HALLMARK_AUDITOR_VERIFY_H
#define HALLMARK_AUDITOR_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "log/outcome.h"

struct verify_options {
	const char *certificate;
	const char *origin; /* NULL: whichever the certificate's key signed under */
	bool explain;       /* the output is a shell script; all else in it is commentary */
	size_t file_count;
	char *const *files;
	const char *report; /* of the one receipt there is, where it has none in it; or NULL */
};

/* The worst outcome of all files. */
enum outcome verify_run(const struct verify_options *options, FILE *to) MUST_USE;

#endif
