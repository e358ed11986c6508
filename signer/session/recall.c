#include "signer/session/recall.h"

#include <openssl/rand.h>

#include "journal/logger.h"
#include "policy/appraisal/finding.h"
#include "policy/policy_rollout.h"
#include "policy/standing.h"
#include "proto/evidence/bundle_chain.h"
#include "signer/session/challenge.h"

#define AT_ONCE_MAX      (CHALLENGES_MAX / 4)
#define PIECE_MAX        4096 /* workloads looked at in a turn: well under a millisecond */
#define ASKED_NONCE_SIZE 32   /* bytes, by chance: nobody else's */

static void visit(void *context, struct workload *w);
static bool is_touched(const struct service *s, const struct workload *w);
static bool uses_revoked_set(const struct amendments *a, const struct policy_rule *rule);
static void on_answer(void *context, uint64_t id, enum err e, const struct ledger_receipt *r);
static void say_asked(const struct recall *r);
static const struct amendments *in_force(const struct service *s);

void
recall_begin(struct service *s, const struct revoke *r)
{
	struct recall *recall = &s->recall;

	recall->everybody = (recall->active && recall->everybody) || r->what == REVOKED_DIGEST;
	if (!recall->active)
		recall->sent = 0;
	recall->active = true;
	recall->rests = recall->passed = false;
	recall->walk = (struct workload_walk){0};
	recall->since = s->chronicle.notices.newest.index;
	if (r->what != REVOKED_SOURCE)
		recall->contents_since = recall->since;
}

void
recall_resume(struct service *s)
{
	const struct digest contents = amendments_of_components(in_force(s));

	if (!digest_is_zero(&contents))
		s->recall.contents_since = s->chronicle.notices.newest.index;
}

bool
recall_go_on(struct service *s)
{
	struct recall *r = &s->recall;
	const size_t most = AT_ONCE_MAX > r->asked ? AT_ONCE_MAX - r->asked : 0;

	if (!r->active || r->rests || s->stopping || most == 0)
		return false;
	if (!workload_walk_on(
		s->workloads, &r->walk, most < PIECE_MAX ? most : PIECE_MAX, visit, s))
		return true;
	r->walk = (struct workload_walk){0};
	r->active = r->rests = r->passed;
	r->passed = false;
	if (!r->active)
		say_asked(r);
	return false;
}

void
recall_tick(struct service *s)
{
	s->recall.rests = false;
}

bool
recall_may_vouch(const struct service *s, const struct workload *w, uint64_t index)
{
	const struct amendments *a = in_force(s);

	return a == NULL || (index >= s->recall.contents_since &&
				amendments_revoke_source(a, workload_collector(w), workload_name(w),
				    s->last_issued_s) == NULL);
}

static void
visit(void *context, struct workload *w)
{
	struct service *s = context;
	const struct challenge_asker asker = {on_answer, s, 0, "revoke"};
	uint8_t nonce[ASKED_NONCE_SIZE];
	enum err e;

	if (!w->has_head || w->head.index > s->recall.since || w->challenged ||
	    w->head.verdict.finding == FINDING_REVOKED || bundle_chain_is_start(workload_name(w)) ||
	    !is_touched(s, w))
		return;
	e = RAND_bytes(nonce, sizeof(nonce)) == 1 ? ERR_OK : ERR_MEMORY;
	if (e == ERR_OK)
		e = challenge_begin(s, workload_collector(w), workload_name(w),
		    (struct view){nonce, sizeof(nonce)}, &asker);
	if (e == ERR_OK) {
		s->recall.asked++;
		s->recall.sent++;
	} else if (e != ERR_NOT_CONNECTED) {
		s->recall.passed = true;
	}
}

static bool
is_touched(const struct service *s, const struct workload *w)
{
	const struct amendments *a = in_force(s);
	const struct view collector = workload_collector(w), name = workload_name(w);

	return a != NULL &&
	       (s->recall.everybody ||
		   amendments_revoke_source(a, collector, name, s->last_issued_s) != NULL ||
		   uses_revoked_set(a, policy_find(s->policy, name, collector)) ||
		   uses_revoked_set(a, policy_find_older(s->policy, name, collector)));
}

static bool
uses_revoked_set(const struct amendments *a, const struct policy_rule *rule)
{
	for (size_t i = 0; rule != NULL && i < a->revoke_count; i++)
		if (a->revoke[i].what == REVOKED_SET &&
		    policy_rule_has_set(rule, &a->revoke[i].subject))
			return true;
	return false;
}

/* Its report says the rest; who has not answered is waited for as ever. */
static void
on_answer(void *context, uint64_t id, enum err e, const struct ledger_receipt *r)
{
	struct service *s = context;

	(void)id;
	(void)e;
	(void)r;
	s->recall.asked--;
}

static void
say_asked(const struct recall *r)
{
	struct logline l;

	logline_begin(&l, LOGGER_INFO, "recalled");
	logline_number(&l, "workloads", r->sent);
	logline_number(&l, "index", r->since);
	logline_end(&l);
}

static const struct amendments *
in_force(const struct service *s)
{
	return standing_amendments(s->chronicle.notices.standing);
}
