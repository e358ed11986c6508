/*
 * What the key process that is up has told of its token, unasked (proto/report/token_seen.h). It is
 * told anew when something changed, and each time all of it.
 */
#ifndef HALLMARK_SIGNER_LEDGER_TOLD_SEEN_H
#define HALLMARK_SIGNER_LEDGER_TOLD_SEEN_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/report/token_seen.h"

struct told_seen {
	bool known;
	struct token_seen seen; /* views of the two */
	struct buf line, strings;
};

/*
 * Takes the line off what stands behind the certificates. One in another form is said in the log,
 * and is then as none: nothing is known. Whether it is another line than was taken before.
 */
bool told_seen_take(struct told_seen *t, struct view *rest);
void told_seen_free(struct told_seen *t);

#endif
