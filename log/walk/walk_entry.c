/*
 * What an entry says is checked before it moves anything, but for what it says about silence: a
 * start, or a clock statement, moves every due, and an absence those that it names, before it is
 * asked which workload is missing from the absences before this entry.
 */
#include "log/walk/walk_entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/utc.h"

static bool is_read(struct walk *w, enum err e, const char *what);
static void check_head(
    struct walk *w, struct view issuer, uint64_t issued_s, bool may_fall, struct reason *reason);
static bool sets_back(const struct notice *n);
static void check_extensions(struct walk *w, struct view map, struct view known);
static void check_notice_place(
    const struct walk *w, const struct entry_place *named, struct reason *reason);
static void check_left_out(struct walk *w, uint64_t iat_s);
static void count_bundle_extensions(struct walk *w, const struct bundle_extensions *x);
static void judge(struct walk *w, const struct report *r, struct chain *chain, bool breaks);
static struct rederive_rules find_rules(
    const struct report *r, const struct policy *policy, uint64_t serial, struct chain *chain);
static bool is_approved(const struct walk *w, struct view policy);
static void take_voucher(
    struct walk *w, struct chain *chain, const struct vouched *vouched, bool breaks);
static void tell_verdict(struct walk *w, const struct reason *reason);
static void check_error(enum err e, struct reason *reason);
static void follow_notice(struct walk *w, const struct notice *n, struct reason *reason);
static void follow_silence(
    struct walk *w, const struct notice *n, bool more, struct reason *reason);
static void retire(struct walk *w, const struct statement *s, struct reason *reason);
static void begin_term(struct walk *w, const struct notice *n, enum outcome o);
static void visit_report(struct walk *w, const struct chain *chain);
static void add_term(struct walk *w, const struct notice *n, struct reason *reason);
static void doubt_notice(struct walk *w, const struct notice *n);

void
walk_entry_report(struct walk *w)
{
	const struct report *r = &w->report.report;
	struct reason place;
	struct chain *chain;
	enum outcome before;

	reason_begin(&place);
	if (!is_read(w, report_parse(w->bytes, &w->report), "a report"))
		return;
	w->now.report = r;
	w->now.issued_s = r->issued_s;
	w->counts.reports[report_status_rank(r->status)]++;
	check_extensions(w, r->extensions, (struct view){NULL, 0});
	if (r->bundle.extensions.has_unknown)
		count_bundle_extensions(w, &r->bundle.extensions);
	check_head(w, r->issuer, r->issued_s, false, &place);
	check_notice_place(w, &r->notice, &place);
	check_left_out(w, r->issued_s);
	chain = chains_take_report(&w->chains, r, w->index, &w->here.leaf, &place);
	before = place.outcome;
	manifests_take_report(&w->manifests, r->policy_id, &place);
	if (place.outcome != before)
		w->about = WALK_ABOUT_POLICY;
	(void)walk_tell_reason(w, &place, true);
	if (w->policies != NULL)
		judge(w, r, chain, place.outcome != OUTCOME_GOOD);
	visit_report(w, chain);
}

/* What is known behind it. */
static void
visit_report(struct walk *w, const struct chain *chain)
{
	struct walk_visited *v = &w->now;

	if (w->wanted.visit == NULL)
		return;
	v->in_force = w->term;
	if (w->wanted.approver_count > 0 &&
	    notices_first_is_approved(w->notices, w->issued_s) != OUTCOME_GOOD)
		v->in_force = outcome_worse(v->in_force, OUTCOME_UNKNOWN);
	if (chain == NULL)
		return;
	v->due_s = chain->due_is_known ? chain->due.at_s : 0;
	v->unvouched = chain->vouched.pending;
	v->unvouched_from = chain->vouched.from;
	v->unvouched_from_s = chain->vouched.from_s;
	v->unvouched_lost = chain->vouched.lost;
}

void
walk_entry_absence(struct walk *w)
{
	const struct absence *a = &w->absence.absence;
	struct reason place;

	reason_begin(&place);
	if (!is_read(w, absence_parse(w->bytes, &w->absence), "an absence"))
		return;
	w->now.absence = a;
	w->now.issued_s = a->issued_s;
	w->counts.absences++;
	w->counts.absent += a->count;
	check_extensions(w, a->extensions, (struct view){NULL, 0});
	check_head(w, a->issuer, a->issued_s, false, &place);
	check_notice_place(w, &a->notice, &place);
	for (size_t i = 0; i < a->count; i++) {
		struct chain *chain = chains_take_absence(
		    &w->chains, a->collector, &a->absent[i], &w->here.leaf, &place);

		if (chain != NULL && w->policies != NULL)
			check_error(silence_take_absence(
					&w->silence, chain, a->issued_s, &a->absent[i], &place),
			    &place);
	}
	check_left_out(w, a->issued_s);
	(void)walk_tell_reason(w, &place, true);
}

void
walk_entry_notice(struct walk *w)
{
	const struct notice *n = &w->notice.notice;
	const uint64_t before_s = w->issued_s;
	struct reason place;
	enum outcome before;

	reason_begin(&place);
	if (!is_read(w, notice_parse(w->bytes, &w->notice), "a notice"))
		return;
	w->now.notice = n;
	w->now.issued_s = n->issued_s;
	w->counts.notices[n->kind]++;
	check_extensions(w, n->extensions, notice_known_extension(n));
	doubt_notice(w, n);
	check_head(w, n->issuer, n->issued_s, sets_back(n), &place);
	before = place.outcome;
	notices_take(w->notices, n, &w->here, before_s, &place);
	if (n->kind == NOTICE_MANIFEST && place.outcome != before)
		w->about = WALK_ABOUT_POLICY;
	follow_notice(w, n, &place);
	(void)walk_tell_reason(w, &place, true);
}

void
walk_entry_recall(struct walk *w, const struct entry_place *place, uint64_t before_s)
{
	const struct notice *n = &w->notice.notice;
	const enum outcome term = w->term;
	const struct due_window *windows;
	struct reason reason;
	size_t count;

	reason_begin(&reason);
	notices_take(w->notices, n, place, before_s, &reason);
	w->index = place->index;
	if (n->kind == NOTICE_MANIFEST)
		add_term(w, n, &reason);
	if (n->kind == NOTICE_STATEMENT &&
	    statement_kind_from_name(n->statement_kind) == STATEMENT_REVOKE)
		check_error(
		    revocations_take(&w->revocations, n, w->index, notices_statement(w->notices)),
		    &reason);
	if (n->kind == NOTICE_TOKEN)
		told_token_take(&w->token, &n->token, w->index, n->issued_s);
	w->term = term;
	(void)notices_windows(w->notices, &windows, &count);
	w->silence.windows = windows;
	w->silence.window_count = count;
}

static bool
is_read(struct walk *w, enum err e, const char *what)
{
	const enum outcome o = outcome_of_error(e);

	if (e == ERR_OK)
		return true;
	walk_tell(w, o, "expected %s in its one valid form: %s", what, err_text(e));
	if (o == OUTCOME_UNKNOWN) {
		w->counts.unknown++;
		walk_doubt(w, "entry %" PRIu64 " is of a form that could not be read", w->index);
	}
	return false;
}

static void
check_head(
    struct walk *w, struct view issuer, uint64_t issued_s, bool may_fall, struct reason *reason)
{
	if (!view_equal(issuer, view_of_string(w->wanted.origin)))
		reason_add(reason, OUTCOME_BAD, "expected issuer %s, found %.*s", w->wanted.origin,
		    view_precision(issuer), (const char *)issuer.data);
	if (issued_s < w->issued_s && !may_fall)
		reason_add(reason, OUTCOME_BAD,
		    "expected iat %" PRIu64 " or later, as the log has it before, found %" PRIu64,
		    w->issued_s, issued_s);
	w->issued_s = issued_s;
}

/* Only such a notice is of a time before the one of the entry before it. */
static bool
sets_back(const struct notice *n)
{
	return n->kind == NOTICE_STATEMENT &&
	       statement_kind_from_name(n->statement_kind) == STATEMENT_CLOCK;
}

/* But for `known`, of none is known what it means: so it may be what makes the difference. */
static void
check_extensions(struct walk *w, struct view map, struct view known)
{
	if (unknowns_add_extensions(&w->unknowns, w->defects, w->index, map, known))
		(void)snprintf(w->own_doubt, sizeof(w->own_doubt),
		    "it has extensions that this version does not know");
}

static void
check_notice_place(const struct walk *w, const struct entry_place *named, struct reason *reason)
{
	const struct entry_place *newest = notices_newest(w->notices);

	if (newest == NULL)
		reason_add(reason, OUTCOME_BAD, "it names a notice, and none is before it");
	else if (named->index != newest->index)
		reason_add(reason, OUTCOME_BAD,
		    "hallmark.notice: expected the newest before it, entry %" PRIu64
		    ", found %" PRIu64,
		    newest->index, named->index);
	else if (!digest_equal(&named->leaf, &newest->leaf))
		reason_add_digests(reason, "hallmark.notice: leaf", &newest->leaf, &named->leaf);
}

static void
check_left_out(struct walk *w, uint64_t iat_s)
{
	char due[UTC_TEXT_SIZE];
	struct chain *c;

	while (!defects_full(w->defects) && (c = silence_left_out(&w->silence, iat_s)) != NULL) {
		const struct view collector = chain_collector(c), workload = chain_workload(c);
		struct reason reason;

		reason_begin(&reason);
		reason_add(&reason, OUTCOME_BAD,
		    "%.*s of %.*s was due at %s, and no absence stands before this entry",
		    view_precision(workload), (const char *)workload.data,
		    view_precision(collector), (const char *)collector.data,
		    utc_text(c->due.at_s, due));
		(void)walk_tell_reason(w, &reason, true);
	}
}

static void
count_bundle_extensions(struct walk *w, const struct bundle_extensions *x)
{
	struct extension_map m;
	enum err e = extension_map_begin(x->bytes, &m);

	while (e == ERR_OK && m.left > 0) {
		e = extension_map_next(&m);
		if (e == ERR_OK && !bundle_extension_is_known(m.key))
			unknowns_add(
			    &w->unknowns, w->defects, w->index, "a bundle's extension", m.key);
	}
}

/*
 * By the policy that it names: when the workload is due, and on demand the verdict made again.
 * `breaks`: the report does not follow from those before it.
 */
static void
judge(struct walk *w, const struct report *r, struct chain *chain, bool breaks)
{
	struct vouched vouched = {.state = VOUCHING_UNSIGNED};
	struct rederive_rules rules = {NULL, NULL};
	const struct policy *policy;
	struct reason reason;
	uint64_t serial = 0;
	enum err e = policy_cache_get(w->policies, r->policy_id, &policy, &serial);

	reason_begin(&reason);
	if (e != ERR_OK) {
		/* Without verdicts it is missed by the dues alone: once is enough. */
		if (w->wanted.verdicts || serial != w->policy_told)
			reason_add(&reason, outcome_of_error(e), "the policy %.*s: %s",
			    view_precision(r->policy_id), (const char *)r->policy_id.data,
			    err_text(e));
		w->policy_told = serial;
	} else if ((rules = find_rules(r, policy, serial, chain)).rule == NULL) {
		reason_add(&reason, OUTCOME_BAD, "the policy does not let %.*s speak for %.*s",
		    view_precision(r->collector), (const char *)r->collector.data,
		    view_precision(r->bundle.workload), (const char *)r->bundle.workload.data);
	} else if (w->rederive != NULL) {
		struct rederive_by by = {.policy = policy,
		    .serial = serial,
		    .rules = rules,
		    .is_approved = is_approved(w, r->policy_id)};

		by.amendments_known = notices_amendments(w->notices, &by.amendments);
		rederive_check(w->rederive, r, w->bytes, &by, &reason, &vouched);
	} else if (!view_equal(policy_id(policy), r->policy_id)) {
		reason_add(&reason, OUTCOME_BAD, "the policy's name: expected %.*s, found %.*s",
		    view_precision(policy_id(policy)), (const char *)policy_id(policy).data,
		    view_precision(r->policy_id), (const char *)r->policy_id.data);
	}
	if (chain != NULL)
		check_error(silence_take_report(&w->silence, chain, r, rules.rule), &reason);
	tell_verdict(w, &reason);
	if (chain != NULL && w->rederive != NULL)
		take_voucher(w, chain, &vouched, breaks);
}

/* Somebody who was named has approved it, or named it; where not, the log is bad for that. */
static bool
is_approved(const struct walk *w, struct view policy)
{
	struct digest manifest;

	return w->wanted.approver_count > 0 ||
	       (w->wanted.manifests.count > 0 && policy_id_digest(policy, &manifest) == ERR_OK &&
		   manifests_expects(&w->wanted.manifests, &manifest));
}

static void
take_voucher(struct walk *w, struct chain *chain, const struct vouched *vouched, bool breaks)
{
	struct reason reason;

	reason_begin(&reason);
	w->about = WALK_ABOUT_VOUCHER;
	check_error(vouchers_take(&w->vouchers, &chain->vouched, vouched, breaks), &reason);
	if (chain->vouched.pending == 1) {
		chain->vouched.from = w->index;
		chain->vouched.from_s = w->issued_s;
	}
	if (vouched->is_foreign)
		reason_add(&reason, OUTCOME_BAD,
		    "who vouched for it is nobody that was named: the collector's certificate: %s",
		    vouched->by.reason);
	if (walk_tell_reason(w, &reason, false) == OUTCOME_BAD)
		w->counts.foreign++;
}

static struct rederive_rules
find_rules(
    const struct report *r, const struct policy *policy, uint64_t serial, struct chain *chain)
{
	struct rederive_rules found;

	if (chain != NULL && chain->policy == serial)
		return (struct rederive_rules){chain->rule, chain->older};
	found = rederive_find_rules(policy, r);
	if (chain != NULL) {
		chain->rule = found.rule;
		chain->older = found.older;
		chain->policy = serial;
	}
	return found;
}

static void
tell_verdict(struct walk *w, const struct reason *reason)
{
	enum outcome o;

	w->about = WALK_ABOUT_VERDICT;
	o = walk_tell_reason(w, reason, false);
	if (!w->wanted.verdicts)
		return;
	w->counts.same += o == OUTCOME_GOOD;
	w->counts.different += o == OUTCOME_BAD;
	w->counts.not_possible += o == OUTCOME_UNKNOWN;
}

static void
check_error(enum err e, struct reason *reason)
{
	if (e != ERR_OK)
		reason_add(reason, OUTCOME_UNKNOWN, "%s", err_text(e));
}

static void
follow_notice(struct walk *w, const struct notice *n, struct reason *reason)
{
	if (n->kind == NOTICE_START && n->has_previous) {
		w->counts.stops++;
		w->counts.down_s += n->to_s - n->from_s;
	}
	if (sets_back(n))
		chains_set_back(&w->chains, n->issued_s);
	if (w->policies != NULL)
		follow_silence(w, n, reason->outcome != OUTCOME_GOOD, reason);
	if (n->kind == NOTICE_MANIFEST)
		begin_term(w, n, reason->outcome);
	if (n->kind == NOTICE_STATEMENT &&
	    statement_kind_from_name(n->statement_kind) == STATEMENT_REVOKE)
		check_error(
		    revocations_take(&w->revocations, n, w->index, notices_statement(w->notices)),
		    reason);
	if (n->kind == NOTICE_TOKEN)
		told_token_take(&w->token, &n->token, w->index, n->issued_s);
}

/* `more`: what is in force may be other than what followed, and so the windows. */
static void
follow_silence(struct walk *w, const struct notice *n, bool more, struct reason *reason)
{
	const struct statement *s = notices_statement(w->notices);
	const struct due_window *windows;
	size_t count;

	if (!notices_windows(w->notices, &windows, &count)) {
		/* What was due is due, but for what would have moved it. */
		if (n->kind != NOTICE_START && !sets_back(n))
			check_left_out(w, n->issued_s);
		check_error(silence_lose(&w->silence, &w->chains), reason);
		return;
	}
	/* Those before are gone. */
	check_error(silence_take_windows(&w->silence, &w->chains, windows, count, false), reason);
	if (n->kind == NOTICE_START)
		check_error(
		    silence_take_start(&w->silence, &w->chains, n->from_s, n->to_s), reason);
	if (sets_back(n))
		check_error(silence_take_clock(&w->silence, &w->chains, n->issued_s), reason);
	check_left_out(w, n->issued_s);
	if (more || (s != NULL && statement_kind(s) == STATEMENT_MAINTENANCE))
		check_error(
		    silence_take_windows(&w->silence, &w->chains, windows, count, true), reason);
	if (s != NULL && statement_kind(s) == STATEMENT_RETIRE)
		retire(w, s, reason);
}

static void
retire(struct walk *w, const struct statement *s, struct reason *reason)
{
	struct chain *c = chains_find(
	    &w->chains, statement_value(s, "collector"), statement_value(s, "workload"));

	if (c != NULL)
		check_error(silence_retire(&w->silence, c), reason);
}

static void
begin_term(struct walk *w, const struct notice *n, enum outcome o)
{
	struct reason added;
	bool is_new = true;

	for (size_t i = 0; i < w->manifests.count; i++)
		is_new = is_new && !digest_equal(&w->manifests.term[i].manifest, &n->sha256);
	w->term = o;
	w->about = WALK_ABOUT_POLICY;
	reason_begin(&added);
	add_term(w, n, &added);
	if (added.outcome != OUTCOME_GOOD) {
		walk_tell(w, OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
		walk_doubt(w, "memory was short");
	} else if (is_new && !manifests_expects(&w->wanted.manifests, &n->sha256)) {
		char hex[DIGEST_HEX_SIZE + 1];

		digest_to_hex(&n->sha256, hex);
		walk_tell(w, OUTCOME_BAD,
		    "the manifest %s comes into force, which is none of those expected", hex);
		w->counts.unexpected++;
	}
}

/* The same without a word. */
static void
add_term(struct walk *w, const struct notice *n, struct reason *reason)
{
	struct manifest_term term = {.manifest = n->sha256,
	    .index = w->index,
	    .from_s = n->issued_s,
	    .approvals = n->approval_count};

	term.need_is_known = notices_needed(w->notices, &term.needed);
	check_error(manifests_add(&w->manifests, &term), reason);
}

/* What a later version has decided may be what makes the difference, here and behind it. */
static void
doubt_notice(struct walk *w, const struct notice *n)
{
	const struct view kind = n->kind == NOTICE_OTHER ? n->kind_name : n->statement_kind;

	if (n->kind == NOTICE_START && n->cause == NOTICE_CAUSE_OTHER)
		unknowns_add(
		    &w->unknowns, w->defects, w->index, "a start notice's cause", n->cause_name);
	if (n->kind == NOTICE_OTHER) {
		w->counts.unknown++;
		unknowns_add(&w->unknowns, w->defects, w->index, "the kind of notice", kind);
		walk_tell(w, OUTCOME_UNKNOWN,
		    "a notice of kind %.*s, which this version does not know", view_precision(kind),
		    (const char *)kind.data);
	} else if (n->kind == NOTICE_STATEMENT &&
		   !statement_kind_is_acted_on(statement_kind_from_name(kind))) {
		unknowns_add(&w->unknowns, w->defects, w->index, "the kind of statement", kind);
	} else {
		return;
	}
	(void)snprintf(w->own_doubt, sizeof(w->own_doubt),
	    "%.*s is nothing that this version knows", view_precision(kind),
	    (const char *)kind.data);
	walk_doubt(w, "entry %" PRIu64 " (%.*s) is nothing that this version knows", w->index,
	    view_precision(kind), (const char *)kind.data);
}
