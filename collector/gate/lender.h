/*
 * The running collector lends gates its way to the signer: a process of its own
 * ("hallmark-lender") listens at `gate.socket`, and who may ask there gets a connection that is
 * this host's, by the key that he may not read. What he says over it is narrow (lending.h). What he
 * is told he verifies himself, by the key of the log: this process is not to be believed.
 *
 * Why a process: who reports has rounds to keep, and is to be held up by no gate; who is spoken to
 * by other users of the host is to hold neither state nor receipts nor what measures. It has the
 * key, which is what it is for, the network, and writes nothing (rights_lend).
 *
 * Who may ask is what the kernel says of the one that connected: root, the user of this program, or
 * a member of `gate.group`. He is told in one byte, first of all, so that it is not lost.
 */
#ifndef HALLMARK_COLLECTOR_GATE_LENDER_H
#define HALLMARK_COLLECTOR_GATE_LENDER_H

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

#define LENDER_VISITS_MAX  32 /* at once; a thread and a connection each */
#define LENDER_OF_USER_MAX 16 /* of them, of one user; of one process one */

struct lender;

/*
 * Makes it, if there is a `gate.socket`; else *out is NULL, which is ignored by all below. It has
 * nothing open that its maker has, and ends with it. Before there are threads and before a secret
 * is read. ERR_IO, ERR_CONFIG with the trouble.
 */
enum err lender_begin(const char *path, const struct collector_config *config, struct lender **out,
    struct trouble *t) MUST_USE;
void lender_free(struct lender **l);

/* Says in the log who was lent it, and who was refused. Does not wait. */
void lender_take_news(struct lender *l);

#endif
