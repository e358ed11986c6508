#include "signer/policies/in_force.h"

#include "log/inputfile.h"
#include "proto/report/absence.h"
#include "proto/report/entry.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"
#include "signer/policies/told.h"

static bool open_both(const char *log, const char *evidence, struct in_force *f);
static enum err find_notice(const struct in_force *f, uint64_t *index);
static enum err notice_of_report(struct view entry, uint64_t *index);
static enum err notice_of_absence(struct view entry, uint64_t *index);
static enum err load_standing(struct in_force *f, uint64_t index);
static enum err load_policy(struct in_force *f);

bool
in_force_read(const char *log, const char *evidence, struct in_force *out)
{
	uint64_t index;
	enum err e;

	*out = (struct in_force){.log = {.dir = -1}};
	if (!open_both(log, evidence, out))
		return false;
	if ((e = find_notice(out, &index)) == ERR_OK && (e = load_standing(out, index)) == ERR_OK &&
	    standing_manifest(out->standing) != NULL)
		e = load_policy(out);
	return e == ERR_OK || told_failure("what is in force in the log", err_text(e));
}

enum err
in_force_stand(const char *log, const char *evidence, struct in_force *out)
{
	const struct findings quiet = {.tell = NULL};
	uint64_t index;
	enum err e;

	*out = (struct in_force){.log = {.dir = -1}};
	if ((e = log_open_unproved(&out->log, log)) != ERR_OK)
		return e;
	if (evidence_reader_open(evidence, &quiet, &out->evidence) != OUTCOME_GOOD)
		return ERR_IO;
	if ((e = find_notice(out, &index)) == ERR_OK)
		e = load_standing(out, index);
	return e;
}

void
in_force_free(struct in_force *f)
{
	policy_free(&f->policy);
	standing_free(&f->standing);
	evidence_reader_close(&f->evidence);
	log_close(&f->log);
}

static bool
open_both(const char *log, const char *evidence, struct in_force *f)
{
	const struct findings quiet = {.tell = NULL};
	enum err e = log_open_unproved(&f->log, log);

	if (e != ERR_OK)
		return told_failure(log, inputfile_reason(e));
	if (evidence_reader_open(evidence, &quiet, &f->evidence) != OUTCOME_GOOD)
		return told_failure(
		    evidence, "expected the signer's evidence, found none that can be read");
	return true;
}

/* Every entry names the newest notice before it, or is one. */
static enum err
find_notice(const struct in_force *f, uint64_t *index)
{
	struct buf entry = BUF_INIT;
	enum err e;

	if (f->log.checkpoint.size == 0)
		return ERR_NOT_FOUND;
	*index = f->log.checkpoint.size - 1;
	if ((e = log_prove_entry(&f->log, *index, &entry)) == ERR_OK) {
		switch (entry_kind(buf_view(&entry))) {
		case ENTRY_NOTICE:
			break;
		case ENTRY_REPORT:
			e = notice_of_report(buf_view(&entry), index);
			break;
		case ENTRY_ABSENCE:
			e = notice_of_absence(buf_view(&entry), index);
			break;
		case ENTRY_UNKNOWN:
		case ENTRY_NONE:
			e = ERR_UNSUPPORTED;
			break;
		}
	}
	buf_free(&entry);
	return e;
}

static enum err
notice_of_report(struct view entry, uint64_t *index)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	const enum err e = report_parse(entry, &d);

	if (e == ERR_OK)
		*index = d.report.notice.index;
	report_document_free(&d);
	return e;
}

static enum err
notice_of_absence(struct view entry, uint64_t *index)
{
	struct absence_document d = ABSENCE_DOCUMENT_INIT;
	const enum err e = absence_parse(entry, &d);

	if (e == ERR_OK)
		*index = d.absence.notice.index;
	absence_document_free(&d);
	return e;
}

static enum err
load_standing(struct in_force *f, uint64_t index)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf entry = BUF_INIT, list = BUF_INIT;
	enum err e = log_prove_entry(&f->log, index, &entry);

	if (e == ERR_OK)
		e = notice_parse(buf_view(&entry), &d);
	if (e == ERR_OK)
		e = evidence_reader_get(f->evidence, PACK_IN_FORCE, &d.notice.in_force, &list);
	if (e == ERR_OK)
		e = standing_load(buf_view(&list), view_of_string(f->log.checkpoint.origin),
		    told_fetch, f->evidence, &f->standing);
	notice_document_free(&d);
	buf_free(&entry);
	buf_free(&list);
	return e;
}

static enum err
load_policy(struct in_force *f)
{
	struct faults faults = FAULTS_INIT;
	struct buf manifest = BUF_INIT;
	enum err e = evidence_reader_get(
	    f->evidence, PACK_MANIFEST, standing_manifest(f->standing), &manifest);

	if (e == ERR_OK)
		e = policy_from_manifest(
		    buf_view(&manifest), told_fetch, f->evidence, &faults, &f->policy);
	faults_print(&faults, stderr);
	faults_free(&faults);
	buf_free(&manifest);
	return e;
}
