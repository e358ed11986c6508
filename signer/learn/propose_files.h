/*
 * Reference sets from contents that were seen, and the rules that use them.
 */
#ifndef HALLMARK_SIGNER_LEARN_PROPOSE_FILES_H
#define HALLMARK_SIGNER_LEARN_PROPOSE_FILES_H

#include "signer/learn/proposal.h"

/* The kind is recorded where nothing could be listed. */
void propose_files(struct proposal *p, enum component_kind kind);

#endif
