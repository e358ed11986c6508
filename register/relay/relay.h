/*
 * What is brought to a log's signer for others: POST /v1/challenge, by which a relying party has
 * its own nonce measured now, and POST /v1/statements, by which an operator submits what he has
 * signed. The register holds no key for either and decides nothing by the answers: a challenge's
 * receipt is verified by the log's key here, and can be by whoever asked.
 *
 * On the loop it is looked at who asks what, and how often; a thread of its own then asks the
 * signer (signer_link.h), and answers within RELAY_WITHIN_MS or says 503 and why.
 *
 *   400  what was asked is no challenge      404  a log, alias or workload that is not known
 *   403  not by this caller                  429  too often, by him or by all
 *   422  the signer refuses the statement    501  the log has no `signer` in register.yaml
 */
#ifndef HALLMARK_REGISTER_RELAY_RELAY_H
#define HALLMARK_REGISTER_RELAY_RELAY_H

#include "config/register_config.h"
#include "proto/err.h"
#include "register/decide/decided.h"
#include "register/decide/decider.h"
#include "register/front/route.h"

/* From the request to the answer: a little below what is promised, five seconds. */
#define RELAY_WITHIN_MS 4800

struct relay;

/* All borrowed. ERR_MEMORY. */
enum err relay_new(const struct register_config *config, const struct decided_table *table,
    const struct decider *decider, struct relay **out) MUST_USE;

/* Behind the last errand. Takes NULL. */
void relay_free(struct relay **r);

/* Of routes; the context is the relay. */
void relay_challenge(
    void *context, const struct request *r, struct response *out, struct errand *errand);
void relay_statement(
    void *context, const struct request *r, struct response *out, struct errand *errand);

/* Appends its counters, as /metrics has them. */
void relay_write_metrics(const struct relay *r, struct buf *to);

#endif
