#include "log/walk/walk.h"

#include <inttypes.h>
#include <stdlib.h>

#include "log/walk/walk_entry.h"

static void take_entry(
    struct walk *w, uint64_t index, struct view entry, const struct digest *leaf);
static void judge_entry(struct walk *w, enum entry_kind kind);
static void visit_entry(struct walk *w, enum entry_kind kind, uint64_t missed_before);

enum err
walk_new(const struct walk_wanted *wanted, struct defects *defects, struct walk **out)
{
	struct walk *w = calloc(1, sizeof(*w));
	bool good = w != NULL;

	*out = NULL;
	if (good) {
		w->wanted = *wanted;
		w->defects = defects;
		w->manifests.expected = wanted->manifests;
		w->notices = notices_new(
		    wanted->origin, wanted->evidence, wanted->approvers, wanted->approver_count);
		good = w->notices != NULL && chains_init(&w->chains) == ERR_OK;
	}
	if (good && wanted->evidence != NULL) {
		w->policies = policy_cache_new(wanted->evidence, defects->findings);
		w->rederive =
		    wanted->verdicts ? rederive_new(wanted->evidence, wanted->trust) : NULL;
		good = w->policies != NULL && (w->rederive != NULL || !wanted->verdicts);
	}
	if (!good) {
		walk_free(&w);
		return ERR_MEMORY;
	}
	*out = w;
	return ERR_OK;
}

void
walk_free(struct walk **wp)
{
	struct walk *w = *wp;

	if (w == NULL)
		return;
	silence_free(&w->silence);
	chains_free(&w->chains);
	vouchers_free(&w->vouchers);
	notices_free(&w->notices);
	policy_cache_free(&w->policies);
	rederive_free(&w->rederive);
	manifests_free(&w->manifests);
	revocations_free(&w->revocations);
	report_document_free(&w->report);
	absence_document_free(&w->absence);
	notice_document_free(&w->notice);
	free(w);
	*wp = NULL;
}

void
walk_take(struct walk *w, const struct tree_check_entries *entries)
{
	for (size_t i = 0; i < entries->count && !defects_full(w->defects); i++)
		take_entry(w, entries->first + i, entries->entry[i], &entries->leaf[i]);
}

void
walk_conclude(struct walk *w)
{
	const enum outcome o = notices_first_is_approved(w->notices, w->issued_s);
	char where[WHERE_SIZE];

	if (o == OUTCOME_GOOD || w->concluded || w->manifests.count == 0)
		return;
	w->concluded = true;
	walk_where(w->manifests.term[0].index, where);
	if (o == OUTCOME_BAD && w->doubt[0] == '\0') {
		w->counts.unexpected++;
		defects_add(w->defects, o, where,
		    "the first manifest is approved by none of the keys that were named");
	} else {
		defects_add(w->defects, OUTCOME_UNKNOWN, where,
		    "no approval of the first manifest by the keys that were named "
		    "was found%s%s",
		    w->doubt[0] != '\0' ? ", and not all could be read, because " : "", w->doubt);
	}
}

enum outcome
walk_first_approval(struct walk *w, uint64_t *index)
{
	if (w->manifests.count == 0)
		return OUTCOME_GOOD;
	*index = w->manifests.term[0].index;
	return notices_first_is_approved(w->notices, w->issued_s);
}

void
walk_check_key(struct walk *w, const char *what, const struct digest *key, uint64_t checkpoint_size)
{
	char hex[DIGEST_HEX_SIZE + 1];
	uint64_t least, most;

	digest_to_hex(key, hex);
	switch (log_keys_place(notices_keys(w->notices), key, checkpoint_size, &least, &most)) {
	case LOG_KEY_IN_FORCE:
		break;
	case LOG_KEY_OUTSIDE:
		defects_add(w->defects, w->doubt[0] == '\0' ? OUTCOME_BAD : OUTCOME_UNKNOWN, what,
		    "the key %s signs sizes from %" PRIu64 " to %" PRIu64
		    " of this log, by its key notices, found a checkpoint of %" PRIu64,
		    hex, least, most, checkpoint_size);
		break;
	case LOG_KEY_OTHER:
		defects_remark(w->defects, what,
		    "it is signed by the key %s, which none of the log's key notices names", hex);
		break;
	}
}

const struct walk_counts *
walk_counts(const struct walk *w)
{
	return &w->counts;
}

uint64_t
walk_workloads(const struct walk *w)
{
	return HASH_COUNT(w->chains.all);
}

const struct revocations *
walk_revocations(const struct walk *w)
{
	return &w->revocations;
}

const struct manifests *
walk_manifests(const struct walk *w)
{
	return &w->manifests;
}

const struct retired_keys *
walk_retired(const struct walk *w, uint64_t *unread)
{
	return notices_retired(w->notices, unread);
}

const struct log_keys *
walk_keys(const struct walk *w)
{
	return notices_keys(w->notices);
}

const struct told_token *
walk_token(const struct walk *w)
{
	return &w->token;
}

const struct digest *
walk_transcript(const struct walk *w)
{
	return notices_transcript(w->notices);
}

const struct unknowns *
walk_unknowns(const struct walk *w)
{
	return &w->unknowns;
}

const struct vouchers *
walk_vouchers(const struct walk *w)
{
	return &w->vouchers;
}

const struct chain *
walk_first_chain(const struct walk *w)
{
	return w->chains.all;
}

static void
take_entry(struct walk *w, uint64_t index, struct view entry, const struct digest *leaf)
{
	const enum entry_kind kind = entry_kind(entry);
	const uint64_t missed = w->wanted.visit != NULL && w->wanted.evidence != NULL
				    ? evidence_reader_missed(w->wanted.evidence)
				    : 0;

	if (index != w->next)
		walk_doubt(
		    w, "entries %" PRIu64 " to %" PRIu64 " could not be read", w->next, index - 1);
	w->next = index + 1;
	w->index = index;
	w->bytes = entry;
	w->here = (struct entry_place){index, *leaf};
	walk_state_begin_entry(w);
	judge_entry(w, kind);
	if (w->wanted.visit != NULL)
		visit_entry(w, kind, missed);
}

static void
judge_entry(struct walk *w, enum entry_kind kind)
{
	if (w->index == 0 && kind != ENTRY_NOTICE && kind != ENTRY_UNKNOWN)
		walk_tell(w, OUTCOME_BAD, "expected a start notice as the first entry");
	switch (kind) {
	case ENTRY_REPORT:
		walk_entry_report(w);
		break;
	case ENTRY_ABSENCE:
		walk_entry_absence(w);
		break;
	case ENTRY_NOTICE:
		walk_entry_notice(w);
		break;
	case ENTRY_UNKNOWN:
		w->counts.unknown++;
		walk_tell(w, OUTCOME_UNKNOWN, "it is of a kind that this version does not know");
		walk_doubt(
		    w, "entry %" PRIu64 " is of a kind that this version does not know", w->index);
		break;
	case ENTRY_NONE:
		walk_tell(w, OUTCOME_BAD,
		    "expected a report, an absence or a notice, found none of them");
		break;
	}
}

static void
visit_entry(struct walk *w, enum entry_kind kind, uint64_t missed_before)
{
	struct walk_visited *v = &w->now;

	v->index = w->index;
	v->leaf = w->here.leaf;
	v->kind = kind;
	v->bytes = w->bytes;
	v->lacks_evidence = w->wanted.evidence != NULL &&
			    evidence_reader_missed(w->wanted.evidence) != missed_before;
	w->wanted.visit(w->wanted.visit_context, v);
}
