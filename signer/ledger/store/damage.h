/* The one way in which damage to the log is said, wherever it is found. */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_DAMAGE_H
#define HALLMARK_SIGNER_LEDGER_STORE_DAMAGE_H

#include <stdint.h>

#include "proto/err.h"

/* `index` is of the report from which on something is wrong; `text` says what was expected. */
void damage_say(const char *path, uint64_t index, const char *text);

/* Says it, and returns ERR_FORMAT: for whom it is the end. */
enum err damage_found(const char *path, uint64_t index, const char *text) MUST_USE;

#endif
