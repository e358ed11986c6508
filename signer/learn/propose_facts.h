/*
 * Demands from values of facts that were seen.
 *
 *   one list of values everywhere   `equals`
 *   one value each                  `allow`
 *   lists of one length             `equals` with * in the places that vary, and `allow`
 *   other lists                     `require` what all have, `allow` what any has, `count`
 *
 * Nothing is demanded of a fact that not every component has, that has more variants or longer
 * values than a policy can say, and of what is another on each host and after each start.
 */
#ifndef HALLMARK_SIGNER_LEARN_PROPOSE_FACTS_H
#define HALLMARK_SIGNER_LEARN_PROPOSE_FACTS_H

#include "signer/learn/proposal.h"

/* The kind is recorded where nothing could be demanded. */
void propose_facts(struct proposal *p, enum component_kind kind);

#endif
