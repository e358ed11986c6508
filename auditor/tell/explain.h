/*
 * The verification of a receipt as commands of a POSIX shell with coreutils, sed and openssl: what
 * hallmark-audit did can be done again without it.
 */
#ifndef HALLMARK_AUDITOR_TELL_EXPLAIN_H
#define HALLMARK_AUDITOR_TELL_EXPLAIN_H

#include <stdio.h>

#include "log/receipt_check.h"
#include "proto/err.h"

/*
 * Writes the commands for a receipt that was at least parsed; `report_path` counts where the
 * receipt has no report in it. The paths are made absolute. Lines beginning with '#' are
 * commentary; what a command should print stands behind "# expect: ". ERR_IO if a path cannot be
 * made absolute, ERR_UNSUPPORTED if one is not printable.
 */
enum err explain_write(FILE *to, const char *receipt_path, const char *report_path,
    const char *certificate_path, const struct receipt_check *c) MUST_USE;

#endif
