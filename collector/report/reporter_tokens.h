/*
 * What becomes of the tokens that come with a receipt: who gives them gets them
 * (collector/tokens/giver.h), and the workload is measured again in time for others.
 *
 *   receipt, of what is now          its tokens take the place of those before; none of them, where
 *                                    it has none: the verdict fell, or nobody gives any
 *   of a gap record, a last bundle   nothing; a workload that leaves has none
 *   refused, for what the signer     none is left: it does not vouch for the workload
 *   says of it
 *   busy, void nonce, no signer      those that there are stay until they end
 *
 * Where they are to be bound to a key of the workload, others are given to nobody.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_REPORTER_TOKENS_H
#define HALLMARK_COLLECTOR_REPORT_REPORTER_TOKENS_H

#include "collector/report/reporter_state.h"
#include "proto/wire/message.h"

/* A receipt that was verified. A token about another report is told, and given to nobody. */
void reporter_take_tokens(struct reporter *r, struct reporter_workload *w,
    const struct chain_head *head, const struct message_receipt *m);

void reporter_refuse_tokens(struct reporter *r, struct reporter_workload *w, enum err code);

/* The key that the workload's tokens are to be bound to. False: there is none; told where it cannot
 * be had. */
bool reporter_key_of(const struct reporter_workload *w, struct digest *out);

/* As reporter_refresh_ms and reporter_refresh_begin. */
uint64_t reporter_next_refresh_ms(const struct reporter *r, const bool *passed, size_t *workload);
void reporter_put_off_refresh(struct reporter_workload *w);

#endif
