/*
 * A file that is edited where it lies.
 */
#ifndef HALLMARK_SIGNER_POLICIES_FILE_REPLACE_H
#define HALLMARK_SIGNER_POLICIES_FILE_REPLACE_H

#include <stdbool.h>

#include "proto/bytes.h"

/*
 * Gives the file this text, whole or not at all; of a link the file that it leads to. It keeps its
 * owner, group and mode: who may not give them does not write. False, with why on stderr.
 */
bool file_replace(const char *path, struct view text);

#endif
