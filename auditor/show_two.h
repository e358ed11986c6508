/*
 * hallmark-audit show A B: in what two reports differ.
 */
#ifndef HALLMARK_AUDITOR_SHOW_TWO_H
#define HALLMARK_AUDITOR_SHOW_TWO_H

#include <stdio.h>

#include "auditor/show.h"
#include "log/outcome.h"

/*
 * Each of them as show_run takes it; of `a` also evidence, `json` and `full`. Good whether they
 * differ or not.
 */
enum outcome show_two_run(
    const struct show_options *a, const struct show_options *b, FILE *to) MUST_USE;

#endif
