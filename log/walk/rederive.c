#include "log/walk/rederive.h"

#include <stdlib.h>

#include "log/stored/verdict_cache.h"
#include "policy/policy_rollout.h"

#define EXCERPT_SIZE 120 /* bytes of a report around the first difference */

struct rederive {
	struct evidence_reader *evidence;
	const struct vouching_trust *trust;
	struct verdict_cache *cache;
	struct buf words, again;
};

static bool judge_all(struct rederive *r, const struct report *logged, const struct rederive_by *by,
    const struct policy_rule *rule, struct appraise_input *in, struct reason *reason);
static bool conclude(struct rederive *r, const struct report *logged, const struct rederive_by *by,
    struct appraise_input *in, struct report *again, struct reason *reason);
static void compare(struct rederive *r, const struct report *logged, struct view bytes,
    const struct report *again, struct reason *reason);
static void tell_difference(struct view again, struct view logged, struct reason *reason);

struct rederive *
rederive_new(struct evidence_reader *evidence, const struct vouching_trust *trust)
{
	struct rederive *r = calloc(1, sizeof(*r));

	if (r == NULL ||
	    (r->cache = verdict_cache_new(evidence, VERDICT_CACHE_BYTES_MAX)) == NULL) {
		free(r);
		return NULL;
	}
	r->evidence = evidence;
	r->trust = trust;
	return r;
}

void
rederive_free(struct rederive **r)
{
	if (*r == NULL)
		return;
	verdict_cache_free(&(*r)->cache);
	buf_free(&(*r)->words);
	buf_free(&(*r)->again);
	free(*r);
	*r = NULL;
}

void
rederive_check(struct rederive *r, const struct report *logged, struct view bytes,
    const struct rederive_by *by, struct reason *reason, struct vouched *vouched)
{
	struct appraise_input in = {.bundle = &logged->bundle,
	    .collector = logged->collector,
	    .amendments = by->amendments,
	    .received_s = logged->issued_s,
	    .signed_now = logged->has_signature,
	    .last_signed_s = logged->last_signed_s};
	struct report again = *logged;

	vouching_check(r->evidence, by->policy, r->trust, by->is_approved, logged, reason, vouched);
	if (!by->amendments_known)
		reason_add(reason, OUTCOME_UNKNOWN,
		    "what was in force beside its policy is not known, and so not what follows "
		    "from both");
	else if (judge_all(r, logged, by, by->rules.rule, &in, reason) &&
		 conclude(r, logged, by, &in, &again, reason))
		compare(r, logged, bytes, &again, reason);
}

struct rederive_rules
rederive_find_rules(const struct policy *policy, const struct report *logged)
{
	return (struct rederive_rules){
	    policy_find(policy, logged->bundle.workload, logged->collector),
	    policy_find_older(policy, logged->bundle.workload, logged->collector)};
}

static bool
judge_all(struct rederive *r, const struct report *logged, const struct rederive_by *by,
    const struct policy_rule *rule, struct appraise_input *in, struct reason *reason)
{
	char hex[DIGEST_HEX_SIZE + 1];

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *named = &logged->bundle.component[k];
		enum err e;

		if (!named->present)
			continue;
		e = verdict_cache_judge(r->cache, by->serial, rule, by->amendments,
		    (enum component_kind)k, named, logged->issued_s, &in->component[k]);
		if (e != ERR_OK) {
			digest_to_hex(&named->digest, hex);
			reason_add(reason, outcome_of_error(e), "component %s %s: %s",
			    component_kind_name((enum component_kind)k), hex, err_text(e));
			return false;
		}
	}
	return true;
}

/* By the policy, and where it says so by the one before it. */
static bool
conclude(struct rederive *r, const struct report *logged, const struct rederive_by *by,
    struct appraise_input *in, struct report *again, struct reason *reason)
{
	enum report_enforce enforce;
	struct view group;

	buf_clear(&r->words);
	appraise_conclude(by->policy, by->rules.rule, in, &r->words, again);
	if (by->rules.older == NULL)
		return true;
	enforce = appraise_enforce(by->rules.rule, in, &group);
	if (enforce == REPORT_ENFORCE_ON)
		return true;
	if (!judge_all(r, logged, by, by->rules.older, in, reason))
		return false;
	appraise_conclude_older(
	    policy_older(by->policy), by->rules.older, enforce, in, &r->words, again);
	return true;
}

static void
compare(struct rederive *r, const struct report *logged, struct view bytes,
    const struct report *again, struct reason *reason)
{
	enum err e;

	buf_clear(&r->again);
	if ((e = buf_status(&r->words)) != ERR_OK || (e = report_write(again, &r->again)) != ERR_OK)
		reason_add(reason, outcome_of_error(e), "the verdict made again: %s", err_text(e));
	else if (view_equal(buf_view(&r->again), bytes))
		return;
	else if (again->status != logged->status)
		reason_add(reason, OUTCOME_BAD, "policy and evidence give %s, the log has %s",
		    report_status_name(again->status), report_status_name(logged->status));
	else
		tell_difference(buf_view(&r->again), bytes, reason);
}

static void
tell_difference(struct view again, struct view logged, struct reason *reason)
{
	const size_t least = again.size < logged.size ? again.size : logged.size;
	size_t at = 0, begin;
	struct view a, b;

	while (at < least && again.data[at] == logged.data[at])
		at++;
	begin = at > EXCERPT_SIZE / 3 ? at - EXCERPT_SIZE / 3 : 0;
	a = (struct view){again.data + begin, again.size - begin};
	b = (struct view){logged.data + begin, logged.size - begin};
	reason_add(reason, OUTCOME_BAD,
	    "policy and evidence give another report, from byte %zu on: expected ...%.*s..., found "
	    "...%.*s...",
	    at, a.size > EXCERPT_SIZE ? EXCERPT_SIZE : (int)a.size, (const char *)a.data,
	    b.size > EXCERPT_SIZE ? EXCERPT_SIZE : (int)b.size, (const char *)b.data);
}
