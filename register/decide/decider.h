/*
 * The names that decisions are asked by, and their answers:
 *
 *   /v1/decision/<alias>[/...]                          a name of the configuration
 *   /v1/decision/<log>/<collector>/<workload>[/...]     base64url each
 *
 * by any method. What stands behind is not looked at: a proxy appends the path that it asks about.
 * 200: rely on it; 403: do not; 404: nothing is known of it; 503: it cannot be known. A relying
 * party treats everything but 200 as a denial.
 *
 * An alias's answer is kept as bytes, and made anew when something may have changed it, and once a
 * second. No answer is older than that, and none is kept by others longer than a second, or beyond
 * the life of what it rests on.
 */
#ifndef HALLMARK_REGISTER_DECIDE_DECIDER_H
#define HALLMARK_REGISTER_DECIDE_DECIDER_H

#include "config/register_config.h"
#include "proto/err.h"
#include "register/decide/decided.h"
#include "register/decide/decision.h"
#include "register/front/route.h"

struct decider;

/* Configuration and table are borrowed. ERR_MEMORY. */
enum err decider_new(const struct register_config *config, const struct decided_table *table,
    struct decider **out) MUST_USE;
void decider_free(struct decider **d);

/* A route_handler of "/v1/decision/{}" and what follows; the context is the decider. */
void decider_answer(void *context, const struct request *r, struct response *out);

/* /readyz: whether every log was found validly signed, and can be decided by. */
void decider_answer_ready(void *context, const struct request *r, struct response *out);

/* By what is judged now; of all logs. */
struct decision_terms decider_terms(struct decider *d);

/* Bits of the logs of which something is the caller's. */
uint64_t decider_logs_of(const struct decider *d, const struct caller *c);

/* What was answered since the start, by kind of decision. */
#define DECISION_KINDS (DECISION_DENY + 1)
const uint64_t *decider_counts(const struct decider *d);

/* The alias of this name, or NULL; and its decision now. */
const struct front_alias *decider_alias(const struct decider *d, struct view name);
struct decision decider_decide(
    struct decider *d, const struct front_alias *alias, const struct decision_terms *terms);

#endif
