/*
 * One question to the running signer (control.h), as its commands ask it.
 */
#ifndef HALLMARK_SIGNER_CONTROL_ASK_H
#define HALLMARK_SIGNER_CONTROL_ASK_H

#include <jansson.h>

#include "proto/bytes.h"

/*
 * Sends the request (with its line feed) to the socket at `path` and appends the whole answer. 0,
 * or 1 with a sentence on stderr where there is none within `timeout_s`.
 */
int control_ask(const char *path, struct view request, unsigned timeout_s, struct buf *answer);

/*
 * The answer, to be shown: whoever controls the signer chooses what its strings say, so they are
 * made printable (proto/text.h). NULL if it is no JSON, or a name in it is not printable. The
 * caller releases it.
 */
json_t *control_parse(const struct buf *answer);

/*
 * Says on stderr what an answer says instead of what was `expected`, such as "a receipt": that the
 * request was refused and why, or that this is no signer.
 */
void control_say_refusal(const char *path, const struct buf *answer, const char *expected);

#endif
