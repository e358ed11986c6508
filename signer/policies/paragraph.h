/*
 * Text for a terminal of 80 columns: a label, and words beside it that go on below each other. The
 * same in a pipe.
 */
#ifndef HALLMARK_SIGNER_POLICIES_PARAGRAPH_H
#define HALLMARK_SIGNER_POLICIES_PARAGRAPH_H

#include <stddef.h>
#include <stdio.h>

#include "proto/bytes.h"

#define PARAGRAPH_COLUMNS 80

/*
 * `label` with `indent` spaces before it, the words from column `column` on. What is not printable
 * is escaped. A word that is too long for a line has one of its own, uncut.
 */
void paragraph_print(FILE *to, size_t indent, const char *label, size_t column, struct view words);

#endif
