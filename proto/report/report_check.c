#include "proto/report/report_check.h"

#include "proto/evidence/identity.h"
#include "proto/json/json_extensions.h"

static enum err check_verdict(const struct report *r);
static enum err check_rollout(const struct report *r);
static enum err check_finding(const struct report_finding *f);
static enum err check_accepted(const struct report *r);
static enum err check_exceptions(const struct report *r);
static enum err check_evidence(const struct report *r);
static bool strings_are_printable(const struct report *r);
static bool size_is_good(struct view v, size_t least, size_t most);

enum err
report_check(const struct report *r)
{
	if (!strings_are_printable(r))
		return ERR_FORMAT;
	return report_check_read(r);
}

enum err
report_check_read(const struct report *r)
{
	enum err e;

	if (r->profile != REPORT_PROFILE_DEPLOYED && r->profile != REPORT_PROFILE_DRAFT)
		return ERR_FORMAT;
	if (r->expires_s <= r->issued_s || r->expires_s > ENTRY_TIME_S_MAX ||
	    r->notice.index > JSON_NUMBER_MAX)
		return ERR_FORMAT;
	if (!entry_head_is_good(r->issued_s, r->issuer) || !identity_is_valid(r->collector) ||
	    !size_is_good(r->developer, 1, ENTRY_STRING_MAX) ||
	    !size_is_good(r->build, 1, ENTRY_STRING_MAX))
		return ERR_FORMAT;
	if ((e = check_verdict(r)) != ERR_OK || (e = check_rollout(r)) != ERR_OK ||
	    (e = check_evidence(r)) != ERR_OK || (e = check_accepted(r)) != ERR_OK ||
	    (e = check_exceptions(r)) != ERR_OK)
		return e;
	return r->extensions.size > 0 ? json_extensions_check(r->extensions) : ERR_OK;
}

static enum err
check_verdict(const struct report *r)
{
	const int rank = report_status_rank(r->status);

	if (r->status != REPORT_NONE && r->status != REPORT_AFFIRMING &&
	    r->status != REPORT_WARNING && r->status != REPORT_CONTRAINDICATED)
		return ERR_FORMAT;
	for (size_t i = 0; i < REPORT_CLAIM_COUNT; i++)
		if (r->claim[i] != 0 && report_status_rank(report_claim_status(r->claim[i])) > rank)
			return ERR_FORMAT;
	if (!size_is_good(r->policy_id, 1, ENTRY_STRING_MAX) ||
	    r->reference_count > REPORT_REFERENCES_MAX || r->feed_count > REPORT_FEEDS_MAX)
		return ERR_FORMAT;
	if (r->finding_count > REPORT_FINDINGS_MAX || r->finding_total > BUNDLE_SEQ_MAX ||
	    r->finding_total < r->finding_count)
		return ERR_FORMAT;
	if (r->finding_count < REPORT_FINDINGS_MAX && r->finding_total != r->finding_count)
		return ERR_FORMAT;
	/* Whoever sees no more than the status must not be told less than the findings say. */
	if (r->status == REPORT_AFFIRMING && (r->finding_total > 0 || r->bundle.offline))
		return ERR_FORMAT;
	for (size_t i = 0; i < r->finding_count; i++)
		if (check_finding(&r->finding[i]) != ERR_OK)
			return ERR_FORMAT;
	return ERR_OK;
}

/* Another policy decides in a group alone, and is never told what the one in force does not say. */
static enum err
check_rollout(const struct report *r)
{
	const struct report_rollout *o = &r->rollout;
	const int rank = report_status_rank(o->status);
	const int warned = report_status_rank(REPORT_WARNING);

	if (r->group.size > 0 && bundle_workload_check(r->group) != ERR_OK)
		return ERR_FORMAT;
	if (o->enforce == REPORT_ENFORCE_ON)
		return ERR_OK;
	if (r->group.size == 0 || !size_is_good(o->decided, 1, ENTRY_STRING_MAX) ||
	    view_equal(o->decided, r->policy_id) || o->finding_total > BUNDLE_SEQ_MAX ||
	    (o->status == REPORT_AFFIRMING && (o->finding_total > 0 || r->bundle.offline)))
		return ERR_FORMAT;
	if (o->enforce == REPORT_ENFORCE_WARN &&
	    report_status_rank(r->status) < (rank < warned ? rank : warned))
		return ERR_FORMAT;
	return ERR_OK;
}

static enum err
check_finding(const struct report_finding *f)
{
	enum component_kind kind;

	if (!view_equal(f->kind, VIEW_LITERAL("bundle")) &&
	    component_kind_from_name(f->kind, &kind) != ERR_OK)
		return ERR_FORMAT;
	if (!entry_word_is_good(f->code, REPORT_CODE_MAX) ||
	    !size_is_good(f->subject, 0, REPORT_SUBJECT_MAX) ||
	    !size_is_good(f->detail, 0, REPORT_SUBJECT_MAX))
		return ERR_FORMAT;
	return ERR_OK;
}

static enum err
check_accepted(const struct report *r)
{
	if (r->accepted_count > REPORT_ACCEPTED_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < r->accepted_count; i++) {
		const struct report_accepted *a = &r->accepted[i];
		enum component_kind kind;
		int order;

		if (component_kind_from_name(a->kind, &kind) != ERR_OK ||
		    !r->bundle.component[kind].present || r->not_checked[kind] ||
		    !entry_word_is_good(a->code, REPORT_CODE_MAX))
			return ERR_FORMAT;
		if (i == 0)
			continue;
		order = view_compare(a[-1].kind, a->kind);
		if (order > 0 || (order == 0 && view_compare(a[-1].code, a->code) >= 0))
			return ERR_FORMAT;
	}
	return ERR_OK;
}

/* A file stands for another while the time is not over: the report was made before. */
static enum err
check_exceptions(const struct report *r)
{
	if (r->exception_count > REPORT_EXCEPTIONS_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < r->exception_count; i++) {
		const struct report_exception *x = &r->exception[i];
		enum component_kind kind;

		if (component_kind_from_name(x->kind, &kind) != ERR_OK ||
		    component_kind_shape(kind) != COMPONENT_SHAPE_FILE ||
		    !r->bundle.component[kind].present || r->not_checked[kind] ||
		    x->until_s <= r->issued_s || x->until_s > ENTRY_TIME_S_MAX ||
		    !size_is_good(x->subject, 1, REPORT_SUBJECT_MAX) ||
		    !size_is_good(x->why, 1, REPORT_SUBJECT_MAX))
			return ERR_FORMAT;
		if (i > 0 && view_compare(x[-1].kind, x->kind) > 0)
			return ERR_FORMAT;
	}
	return ERR_OK;
}

static enum err
check_evidence(const struct report *r)
{
	if (bundle_check(&r->bundle) != ERR_OK)
		return ERR_FORMAT;
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (r->not_checked[k] && !r->bundle.component[k].present)
			return ERR_FORMAT;
	if (r->last_signed_s > ENTRY_TIME_S_MAX)
		return ERR_FORMAT;
	if (r->has_signature &&
	    (r->signature.size == 0 || r->signature.size > REPORT_SIGNATURE_MAX ||
		r->last_signed_s != r->issued_s))
		return ERR_FORMAT;
	return ERR_OK;
}

/* Findings beyond the most that there may be are not looked at: they are refused. */
static bool
strings_are_printable(const struct report *r)
{
	const struct view all[] = {r->developer, r->build, r->policy_id, r->rollout.decided};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!text_is_printable(all[i], true))
			return false;
	for (size_t i = 0; i < r->finding_count && i < REPORT_FINDINGS_MAX; i++)
		if (!text_is_printable(r->finding[i].subject, true) ||
		    !text_is_printable(r->finding[i].detail, true))
			return false;
	for (size_t i = 0; i < r->exception_count && i < REPORT_EXCEPTIONS_MAX; i++)
		if (!text_is_printable(r->exception[i].subject, true) ||
		    !text_is_printable(r->exception[i].why, true))
			return false;
	return true;
}

static bool
size_is_good(struct view v, size_t least, size_t most)
{
	return v.size >= least && v.size <= most;
}
