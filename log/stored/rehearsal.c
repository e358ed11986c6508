#include "log/stored/rehearsal.h"

#include <stdlib.h>

#include "log/stored/verdict_cache.h"

struct rehearsal {
	const struct policy *policy;
	struct verdict_cache *cache;
	struct report again;
	struct buf words; /* of its findings */
};

static const struct report_finding *find_cause(const struct report *was, const struct report *is);
static bool has_finding(const struct report *r, const struct report_finding *f);

struct rehearsal *
rehearsal_new(struct evidence_reader *evidence, const struct policy *policy)
{
	struct rehearsal *r = calloc(1, sizeof(*r));

	if (r == NULL ||
	    (r->cache = verdict_cache_new(evidence, VERDICT_CACHE_BYTES_MAX)) == NULL) {
		free(r);
		return NULL;
	}
	r->policy = policy;
	return r;
}

void
rehearsal_free(struct rehearsal **r)
{
	if (*r == NULL)
		return;
	verdict_cache_free(&(*r)->cache);
	buf_free(&(*r)->words);
	free(*r);
	*r = NULL;
}

enum err
rehearsal_report(struct rehearsal *r, const struct report *logged, const struct policy_rule *rule,
    const struct amendments *amendments, struct rehearsed *out)
{
	struct appraise_input in = {.bundle = &logged->bundle,
	    .collector = logged->collector,
	    .amendments = amendments,
	    .received_s = logged->issued_s,
	    .signed_now = logged->has_signature,
	    .last_signed_s = logged->last_signed_s};
	enum err e = ERR_OK;

	*out = (struct rehearsed){.refused = rule == NULL};
	if (rule == NULL)
		return ERR_OK;
	for (unsigned k = 0; e == ERR_OK && k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *named = &logged->bundle.component[k];

		if (named->present)
			e = verdict_cache_judge(r->cache, 0, rule, amendments,
			    (enum component_kind)k, named, logged->issued_s, &in.component[k]);
	}
	if (e != ERR_OK)
		return e;
	buf_clear(&r->words);
	appraise_conclude(r->policy, rule, &in, &r->words, &r->again);
	out->status = r->again.status;
	out->group = r->again.group;
	out->cause = find_cause(logged, &r->again);
	return buf_status(&r->words);
}

static const struct report_finding *
find_cause(const struct report *was, const struct report *is)
{
	for (size_t i = 0; i < is->finding_count; i++)
		if (!has_finding(was, &is->finding[i]))
			return &is->finding[i];
	return NULL;
}

static bool
has_finding(const struct report *r, const struct report_finding *f)
{
	for (size_t i = 0; i < r->finding_count; i++)
		if (view_equal(r->finding[i].kind, f->kind) &&
		    view_equal(r->finding[i].code, f->code) &&
		    view_equal(r->finding[i].subject, f->subject) &&
		    view_equal(r->finding[i].detail, f->detail))
			return true;
	return false;
}
