/*
 * Texts and patterns as a policy file has them: in double quotes, and printable.
 */
#ifndef HALLMARK_SIGNER_LEARN_YAML_TEXT_H
#define HALLMARK_SIGNER_LEARN_YAML_TEXT_H

#include <stdbool.h>

#include "proto/bytes.h"

/* False, and nothing is appended, where it is not printable (proto/text.h). */
bool yaml_text_append(struct view text, struct buf *to);

/*
 * A pattern that matches the value, and nothing else but where it is not printable: there `?`
 * stands for each byte. False, and nothing is appended, if it is longer than a policy takes.
 */
bool yaml_pattern_append(struct view value, struct buf *to);

#endif
