#include "log/walk/entry_replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/stored/policy_cache.h"
#include "log/walk/notices.h"
#include "log/walk/rederive.h"
#include "log/walk/unknowns.h"
#include "proto/report/absence.h"
#include "proto/report/report.h"

struct replaying {
	const struct log_reader *log;
	struct evidence_reader *evidence;
	const struct walk_wanted *wanted;
	struct defects *defects;
	struct entry_replay *out;
	uint64_t index;
	struct reason reason;
	bool unexpected;     /* nobody expects its policy, or the one that it brings */
	bool has_extensions; /* of which this version does not know all */
	struct unknowns unknowns;
	struct notices *notices; /* as the notice that the entry names leaves them */
};

static void replay(struct replaying *r);
static void replay_report(struct replaying *r);
static void check_manifest(struct replaying *r, struct view policy_id);
static void judge(struct replaying *r, const struct report *logged);
static void replay_absence(struct replaying *r);
static void check_absent(
    struct replaying *r, const struct absence *a, const struct absence_workload *absent);
static void replay_notice(struct replaying *r);
static bool take_notice(struct replaying *r, const struct entry_place *place);
static enum err prove_notice(struct replaying *r, const struct entry_place *place,
    struct buf *entry, struct notice_document *d);
static void take_keys(struct replaying *r, struct entry_place place);
static enum err find_keys(
    struct replaying *r, struct entry_place place, struct entry_place *found, size_t *count);
static void take_key(struct replaying *r, const struct entry_place *place);
static void check_issuer(struct replaying *r, struct view issuer);
static void note_extensions(struct replaying *r, struct view map, struct view known);
static void check_read(struct replaying *r, enum err e, const char *what);
static void tell(struct replaying *r);

void
entry_replay_run(const struct log_reader *l, struct evidence_reader *evidence, uint64_t index,
    const struct walk_wanted *wanted, struct defects *defects, struct entry_replay *out)
{
	struct replaying r = {.log = l,
	    .evidence = evidence,
	    .wanted = wanted,
	    .defects = defects,
	    .out = out,
	    .index = index};
	enum err e;

	*out = (struct entry_replay){.kind = ENTRY_NONE, .policy_id = BUF_INIT, .entry = BUF_INIT};
	reason_begin(&r.reason);
	r.notices = notices_new(l->checkpoint.origin, evidence, NULL, 0);
	if (r.notices == NULL)
		reason_add(&r.reason, OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	else if (index >= l->checkpoint.size)
		reason_add(&r.reason, OUTCOME_UNKNOWN, "expected an index below %" PRIu64,
		    l->checkpoint.size);
	else if ((e = log_prove_entry(l, index, &out->entry)) != ERR_OK)
		reason_add(&r.reason, e == ERR_NOT_FOUND ? OUTCOME_BAD : outcome_of_error(e),
		    "cannot be proved to be in the log: %s", err_text(e));
	else
		replay(&r);
	tell(&r);
	notices_free(&r.notices);
}

void
entry_replay_free(struct entry_replay *r)
{
	buf_free(&r->policy_id);
	buf_free(&r->entry);
}

static void
replay(struct replaying *r)
{
	r->out->kind = entry_kind(buf_view(&r->out->entry));
	switch (r->out->kind) {
	case ENTRY_REPORT:
		replay_report(r);
		break;
	case ENTRY_ABSENCE:
		replay_absence(r);
		break;
	case ENTRY_NOTICE:
		replay_notice(r);
		break;
	case ENTRY_UNKNOWN:
		reason_add(
		    &r->reason, OUTCOME_UNKNOWN, "it is of a kind that this version does not know");
		break;
	case ENTRY_NONE:
		reason_add(&r->reason, OUTCOME_BAD,
		    "expected a report, an absence or a notice, found none of them");
		break;
	}
}

static void
replay_report(struct replaying *r)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	const struct report *logged = &d.report;
	enum err e = report_parse(buf_view(&r->out->entry), &d);

	check_read(r, e, "a report");
	if (e == ERR_OK) {
		note_extensions(r, logged->extensions, (struct view){NULL, 0});
		buf_append_view(&r->out->policy_id, logged->policy_id);
		check_issuer(r, logged->issuer);
		if (take_notice(r, &logged->notice))
			check_manifest(r, logged->policy_id);
		judge(r, logged);
	}
	report_document_free(&d);
}

/* It is the one in force at the notice that the report names. */
static void
check_manifest(struct replaying *r, struct view policy_id)
{
	const struct digest *in_force = notices_manifest(r->notices);
	struct digest manifest;

	if (policy_id_digest(policy_id, &manifest) != ERR_OK)
		reason_add(&r->reason, OUTCOME_BAD, "its policy %.*s names no manifest",
		    view_precision(policy_id), (const char *)policy_id.data);
	else if (in_force == NULL && r->reason.outcome == OUTCOME_GOOD)
		reason_add(
		    &r->reason, OUTCOME_BAD, "no manifest is in force at the notice that it names");
	else if (in_force != NULL && !digest_equal(&manifest, in_force))
		reason_add_digests(
		    &r->reason, "it was not judged by the manifest in force", in_force, &manifest);
	else
		r->unexpected = !manifests_expects(&r->wanted->manifests, &manifest);
}

static void
judge(struct replaying *r, const struct report *logged)
{
	struct policy_cache *policies = policy_cache_new(r->evidence, r->defects->findings);
	struct rederive *rederive = rederive_new(r->evidence, r->wanted->trust);
	struct rederive_by by = {.is_approved = r->wanted->manifests.count > 0 && !r->unexpected};
	enum err e = policies != NULL && rederive != NULL
			 ? policy_cache_get(policies, logged->policy_id, &by.policy, &by.serial)
			 : ERR_MEMORY;

	by.amendments_known = notices_amendments(r->notices, &by.amendments);
	if (e != ERR_OK)
		reason_add(&r->reason, outcome_of_error(e), "the policy %.*s: %s",
		    view_precision(logged->policy_id), (const char *)logged->policy_id.data,
		    err_text(e));
	else if ((by.rules = rederive_find_rules(by.policy, logged)).rule == NULL)
		reason_add(&r->reason, OUTCOME_BAD, "the policy does not let %.*s speak for %.*s",
		    view_precision(logged->collector), (const char *)logged->collector.data,
		    view_precision(logged->bundle.workload),
		    (const char *)logged->bundle.workload.data);
	else
		rederive_check(
		    rederive, logged, buf_view(&r->out->entry), &by, &r->reason, &r->out->vouched);
	rederive_free(&rederive);
	policy_cache_free(&policies);
}

static void
replay_absence(struct replaying *r)
{
	struct absence_document d = ABSENCE_DOCUMENT_INIT;
	const struct absence *a = &d.absence;
	enum err e = absence_parse(buf_view(&r->out->entry), &d);

	check_read(r, e, "an absence");
	if (e == ERR_OK) {
		note_extensions(r, a->extensions, (struct view){NULL, 0});
		check_issuer(r, a->issuer);
		(void)take_notice(r, &a->notice);
		for (size_t i = 0; i < a->count; i++)
			check_absent(r, a, &a->absent[i]);
	}
	absence_document_free(&d);
}

static void
check_absent(struct replaying *r, const struct absence *a, const struct absence_workload *absent)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	struct buf entry = BUF_INIT;
	struct digest leaf;
	enum err e = absent->report < r->index ? log_prove_entry(r->log, absent->report, &entry)
					       : ERR_FORMAT;

	if (e == ERR_OK)
		e = report_parse(buf_view(&entry), &d);
	if (e != ERR_OK) {
		reason_add(&r->reason, outcome_of_error(e),
		    "%.*s: expected its report before this entry at index %" PRIu64 ": %s",
		    view_precision(absent->workload), (const char *)absent->workload.data,
		    absent->report, err_text(e));
	} else if (!view_equal(d.report.collector, a->collector) ||
		   !view_equal(d.report.bundle.workload, absent->workload)) {
		reason_add(&r->reason, OUTCOME_BAD,
		    "%.*s: entry %" PRIu64 " is a report of another workload",
		    view_precision(absent->workload), (const char *)absent->workload.data,
		    absent->report);
	} else if (absent->count == 1) {
		merkle_leaf(buf_view(&entry), &leaf);
		if (!digest_equal(&leaf, &absent->previous))
			reason_add_digests(&r->reason, "previous-report", &leaf, &absent->previous);
	}
	report_document_free(&d);
	buf_free(&entry);
}

static void
replay_notice(struct replaying *r)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	const struct notice *n = &d.notice;
	struct entry_place here = {.index = r->index};
	enum err e = notice_parse(buf_view(&r->out->entry), &d);

	check_read(r, e, "a notice");
	if (e == ERR_OK) {
		note_extensions(r, n->extensions, notice_known_extension(n));
		check_issuer(r, n->issuer);
		merkle_leaf(buf_view(&r->out->entry), &here.leaf);
		if (n->kind == NOTICE_OTHER)
			reason_add(&r->reason, OUTCOME_UNKNOWN,
			    "a notice of kind %.*s, which this version does not know",
			    view_precision(n->kind_name), (const char *)n->kind_name.data);
		if (n->kind == NOTICE_MANIFEST)
			r->unexpected = !manifests_expects(&r->wanted->manifests, &n->sha256);
		if (n->has_previous != (r->index > 0))
			reason_add(&r->reason, OUTCOME_BAD,
			    "it names %s notice before it, and is entry %" PRIu64,
			    n->has_previous ? "a" : "no", r->index);
		else if (!n->has_previous || take_notice(r, &n->previous)) {
			if (n->kind == NOTICE_KEY)
				take_keys(r, n->previous);
			notices_take(r->notices, n, &here, 0, &r->reason);
		}
	}
	notice_document_free(&d);
}

/* Proves the notice that the entry names, and takes what was in force behind it from its list. */
static bool
take_notice(struct replaying *r, const struct entry_place *place)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf entry = BUF_INIT;
	enum err e = prove_notice(r, place, &entry, &d);

	if (e != ERR_OK)
		reason_add(&r->reason, outcome_of_error(e),
		    "the notice that it names, entry %" PRIu64 ": %s", place->index, err_text(e));
	else
		notices_resume(r->notices, &d.notice, place, &r->reason);
	notice_document_free(&d);
	buf_free(&entry);
	return e == ERR_OK;
}

/* What it reads points into `entry`. */
static enum err
prove_notice(struct replaying *r, const struct entry_place *place, struct buf *entry,
    struct notice_document *d)
{
	struct digest leaf;
	enum err e =
	    place->index < r->index ? log_prove_entry(r->log, place->index, entry) : ERR_FORMAT;

	if (e != ERR_OK)
		return e;
	merkle_leaf(buf_view(entry), &leaf);
	if (!digest_equal(&leaf, &place->leaf))
		return ERR_DIGEST;
	if (entry_kind(buf_view(entry)) != ENTRY_NOTICE)
		return ERR_FORMAT;
	return notice_parse(buf_view(entry), d);
}

/*
 * The keys that the log had before, by all key notices up to the one at `place`: a list of what is
 * in force says nothing of them.
 */
static void
take_keys(struct replaying *r, struct entry_place place)
{
	struct entry_place *found = calloc(LOG_KEYS_MAX, sizeof(*found));
	size_t count = 0;
	enum err e = found != NULL ? find_keys(r, place, found, &count) : ERR_MEMORY;

	if (e != ERR_OK)
		reason_add(&r->reason, OUTCOME_UNKNOWN,
		    "which keys the log had before cannot be told from the notices before it: %s",
		    err_text(e));
	while (e == ERR_OK && count > 0)
		take_key(r, &found[--count]);
	free(found);
}

/* The newest first: each notice names the one before. */
static enum err
find_keys(struct replaying *r, struct entry_place place, struct entry_place *found, size_t *count)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf entry = BUF_INIT;
	uint64_t above = r->index;
	enum err e = ERR_OK;

	for (bool more = true; more && e == ERR_OK;) {
		buf_clear(&entry);
		e = place.index < above ? prove_notice(r, &place, &entry, &d) : ERR_FORMAT;
		/* With so many, the next one could not be told anyway. */
		if (e == ERR_OK && d.notice.kind == NOTICE_KEY && *count < LOG_KEYS_MAX)
			found[(*count)++] = place;
		above = place.index;
		more = e == ERR_OK && d.notice.has_previous;
		if (more)
			place = d.notice.previous;
	}
	notice_document_free(&d);
	buf_free(&entry);
	return e;
}

/* One that is wrong moves no log, and is told of its own entry. */
static void
take_key(struct replaying *r, const struct entry_place *place)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf entry = BUF_INIT;
	struct reason own;
	enum err e = prove_notice(r, place, &entry, &d);

	reason_begin(&own);
	if (e == ERR_OK)
		e = notices_recall_key(r->notices, &d.notice, place, &own);
	if (e != ERR_OK || own.outcome == OUTCOME_UNKNOWN)
		reason_add(&r->reason, OUTCOME_UNKNOWN,
		    "the key notice before it, entry %" PRIu64 ": %s", place->index,
		    e != ERR_OK ? err_text(e) : own.text);
	notice_document_free(&d);
	buf_free(&entry);
}

static void
check_issuer(struct replaying *r, struct view issuer)
{
	if (!view_equal(issuer, view_of_string(r->log->checkpoint.origin)))
		reason_add(&r->reason, OUTCOME_BAD, "expected issuer %s, found %.*s",
		    r->log->checkpoint.origin, view_precision(issuer), (const char *)issuer.data);
}

static void
check_read(struct replaying *r, enum err e, const char *what)
{
	if (e != ERR_OK)
		reason_add(&r->reason, outcome_of_error(e), "expected %s in its one valid form: %s",
		    what, err_text(e));
}

static void
note_extensions(struct replaying *r, struct view map, struct view known)
{
	r->has_extensions = unknowns_add_extensions(&r->unknowns, r->defects, r->index, map, known);
}

static void
tell(struct replaying *r)
{
	enum outcome o = r->reason.outcome;
	char where[32];

	(void)snprintf(where, sizeof(where), "entry %" PRIu64, r->index);
	if (o == OUTCOME_BAD && r->has_extensions) {
		o = OUTCOME_UNKNOWN;
		defects_add(r->defects, o, where,
		    "%s; nothing is proved, because it has extensions that this version does not "
		    "know",
		    r->reason.text);
	} else if (o != OUTCOME_GOOD) {
		defects_add(r->defects, o, where, "%s", r->reason.text);
	}
	if (r->unexpected && r->out->kind == ENTRY_NOTICE)
		defects_add(r->defects, OUTCOME_BAD, where,
		    "the manifest that it brings into force is none of those expected");
	else if (r->unexpected)
		defects_add(r->defects, OUTCOME_BAD, where,
		    "judged by a policy that is none of those expected: %.*s",
		    view_precision(buf_view(&r->out->policy_id)),
		    (const char *)r->out->policy_id.data);
	if (r->out->vouched.is_foreign)
		defects_add(r->defects, OUTCOME_BAD, where,
		    "who vouched for it is nobody that was named: the collector's certificate: %s",
		    r->out->vouched.by.reason);
	r->out->only_unexpected = r->unexpected && !r->out->vouched.is_foreign && o == OUTCOME_GOOD;
	r->out->only_foreign = r->out->vouched.is_foreign && o == OUTCOME_GOOD;
	r->out->outcome = o;
}
