#include "signer/policies/told_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "log/inputfile.h"
#include "log/log_reader.h"
#include "policy/policy_rollout.h"
#include "proto/encoding.h"
#include "proto/report/entry.h"
#include "signer/policies/told.h"

#define PUBLICATION_MS 2000 /* twice as long as a signer takes that has much to do */
#define LOOK_MS        50

static const struct findings quiet = {.tell = NULL};

static enum err open_with_entry(const char *log, uint64_t index, struct log_reader *l);
static bool read_entry(const char *log, struct told_report *r);
static bool parse_entry(struct told_report *r);
static bool find_policy(struct told_report *r);
static bool find_in_force(struct told_report *r, const char *log);
static bool fetch_measured(struct told_report *r);
static bool fail(const struct told_report *r, const char *why);

bool
told_report_read(const char *number, const char *log, const char *evidence, struct told_report *out)
{
	if (!told_report_entry(number, log, out))
		return false;
	if (evidence_reader_open(evidence, &quiet, &out->evidence) != OUTCOME_GOOD)
		return told_failure(
		    evidence, "expected the signer's evidence, found none that can be read");
	return find_policy(out) && find_in_force(out, log) && fetch_measured(out);
}

bool
told_report_entry(const char *number, const char *log, struct told_report *out)
{
	*out = (struct told_report){.entry = BUF_INIT, .document = REPORT_DOCUMENT_INIT};
	if (decimal_decode(view_of_string(number), &out->index) != ERR_OK)
		return told_failure(number, "expected the number of an entry");
	return read_entry(log, out) && parse_entry(out);
}

void
told_report_free(struct told_report *r)
{
	measured_free(&r->measured);
	standing_free(&r->in_force);
	policy_cache_free(&r->policies);
	evidence_reader_close(&r->evidence);
	report_document_free(&r->document);
	buf_free(&r->entry);
}

/* A receipt is there a moment before the log is published: that is waited for. */
static enum err
open_with_entry(const char *log, uint64_t index, struct log_reader *l)
{
	const struct timespec pause = {0, LOOK_MS * 1000000L};

	for (unsigned waited_ms = 0;; waited_ms += LOOK_MS) {
		const enum err e = log_open_unproved(l, log);
		const bool there = e == ERR_OK && index < l->checkpoint.size;

		if (there || (e != ERR_OK && e != ERR_NOT_FOUND) || waited_ms >= PUBLICATION_MS)
			return e;
		log_close(l);
		(void)nanosleep(&pause, NULL);
	}
}

static bool
read_entry(const char *log, struct told_report *r)
{
	struct log_reader l = {.dir = -1};
	enum err e = open_with_entry(log, r->index, &l);
	bool good = false;

	if (e != ERR_OK)
		(void)told_failure(log, inputfile_reason(e));
	else if (r->index >= l.checkpoint.size)
		(void)fail(r, "the log has no such entry yet");
	else if ((e = log_prove_entry(&l, r->index, &r->entry)) != ERR_OK)
		(void)fail(r, err_text(e));
	else
		good = true;
	log_close(&l);
	return good;
}

static bool
parse_entry(struct told_report *r)
{
	const struct view entry = buf_view(&r->entry);
	enum err e;

	if (entry_kind(entry) != ENTRY_REPORT)
		return fail(r, "it is no report: hallmark-audit show");
	if ((e = report_parse(entry, &r->document)) != ERR_OK)
		return fail(r, err_text(e));
	return true;
}

static bool
find_policy(struct told_report *r)
{
	const struct report *report = &r->document.report;
	uint64_t serial;
	enum err e = ERR_MEMORY;

	if ((r->policies = policy_cache_new(r->evidence, &quiet)) == NULL ||
	    (e = policy_cache_get(r->policies, report->policy_id, &r->policy, &serial)) != ERR_OK) {
		fprintf(stderr, "hallmark-signer: the policy %.*s: %s\n",
		    view_precision(report->policy_id), (const char *)report->policy_id.data,
		    err_text(e));
		return false;
	}
	r->decided =
	    report->rollout.enforce != REPORT_ENFORCE_ON ? policy_older(r->policy) : r->policy;
	if (r->decided != NULL)
		r->rule = policy_find(r->decided, report->bundle.workload, report->collector);
	return r->rule != NULL ||
	       fail(
		   r, "its policy does not let this collector speak for it: hallmark-audit replay");
}

static bool
find_in_force(struct told_report *r, const char *log)
{
	struct buf notice = BUF_INIT;
	enum err e = noticed_entry_in(log, &r->document.report, &notice);

	if (e == ERR_OK)
		e = noticed_standing(buf_view(&notice), r->evidence, &r->in_force);
	buf_free(&notice);
	return e == ERR_OK || fail(r, "what was in force at its notice cannot be read");
}

static bool
fetch_measured(struct told_report *r)
{
	struct reason reason;

	reason_begin(&reason);
	measured_read(r->evidence, &r->document.report, &r->measured, &reason);
	return reason.outcome == OUTCOME_GOOD || fail(r, reason.text);
}

static bool
fail(const struct told_report *r, const char *why)
{
	char what[32];

	(void)snprintf(what, sizeof(what), "entry %" PRIu64, r->index);
	return told_failure(what, why);
}
