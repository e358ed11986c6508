/*
 * Whether operators have said that others may have the log's key in force: by a statement
 * retire-key that is in force itself. The signer goes on, since what it writes is told apart by the
 * key that follows; but somebody has to see to that.
 */
#ifndef HALLMARK_SIGNER_SESSION_KEY_RETIRED_H
#define HALLMARK_SIGNER_SESSION_KEY_RETIRED_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/statement/statement.h"
#include "signer/session/service.h"

/* The earliest time that was said; seconds since 1970. False: nobody has. */
bool key_retired_since(const struct service *s, uint64_t *since_s);

/* Says so in the log, loudly, if this statement is about that key. */
void key_retired_say(const struct service *s, const struct statement *said);

#endif
