#include "signer/chronicle/replay.h"

#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "policy/policy_rollout.h"
#include "signer/chronicle/in_force_again.h"
#include "signer/chronicle/stored_policy.h"

/* Chains whose newest reports lie near each other were judged under few policies. */
#define POLICIES_HELD 4

struct held_policy {
	struct digest manifest;
	struct policy *policy; /* NULL: it cannot be loaded */
	bool used;
};

struct replay {
	struct notice_writer *notices;
	struct workload_table *workloads;
	const struct policy *configured;
	struct notice_row *row; /* all notices, in order */
	size_t row_count;
	struct standing *standing; /* behind `standing_of`, as it was needed last */
	struct digest standing_of;
	struct held_policy held[POLICIES_HELD];
	unsigned next_held;
	struct workload **chain; /* with a due, by their newest entry */
	size_t chain_count;
	uint64_t oldest; /* entry of theirs */
};

static enum err on_notice(void *context, const struct notice_row *row);
static enum err before_gap(void *context, struct workload *w);
static enum err on_report(void *context, const struct report *report, struct workload *w);
static enum err on_absence(void *context, uint64_t issued_s, struct workload *w);
static enum err on_done(void *context);
static enum err stand(struct replay *r, const struct notice_row *row);
static enum err stand_newest(struct replay *r);
static enum err fetch_list(struct replay *r, const struct notice_row *row, struct buf *to);
static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);
static struct due in_windows(const struct replay *r, struct due d, const struct workload *w);
static const struct policy *find_policy(struct replay *r, struct view id);
static enum err move_dues(struct replay *r);
static enum err gather_chain(void *context, struct workload *w);
static enum err apply(struct replay *r, const struct notice_row *row);
static enum err apply_statement(struct replay *r, const struct notice_row *row);
static enum err set_back(void *context, struct workload *w);
static enum err retire(
    struct replay *r, const struct statement *said, const struct notice_row *row);
static enum err unreadable(const struct notice_row *row, enum err e);
static int compare_entries(const void *a, const void *b);

enum err
replay_new(struct notice_writer *notices, struct workload_table *workloads,
    const struct policy *configured, struct replay **out)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_MEMORY;
	(*out)->notices = notices;
	(*out)->workloads = workloads;
	(*out)->configured = configured;
	return ERR_OK;
}

void
replay_free(struct replay **rp)
{
	struct replay *r = *rp;

	if (r == NULL)
		return;
	for (unsigned i = 0; i < POLICIES_HELD; i++)
		policy_free(&r->held[i].policy);
	standing_free(&r->standing);
	free(r->row);
	free(r->chain);
	free(r);
	*rp = NULL;
}

struct ledger_replay
replay_events(struct replay *r)
{
	return (struct ledger_replay){on_notice, before_gap, on_report, on_absence, on_done, r};
}

static enum err
on_notice(void *context, const struct notice_row *row)
{
	struct replay *r = context;
	struct notice_row *grown;

	if (row->kind == NOTICE_MANIFEST)
		r->notices->policy_index = row->index;
	if (row->index == 0)
		r->notices->transcript = row->subject;
	if (row->kind == NOTICE_TOKEN && token_log_note(&r->notices->tokens, row) != ERR_OK)
		return ERR_MEMORY;
	r->notices->has_newest = true;
	r->notices->newest = (struct entry_place){row->index, row->leaf};
	/* Doubled where the count is a power of two. */
	if ((r->row_count & (r->row_count - 1)) == 0) {
		grown = reallocarray(r->row, r->row_count * 2 + 1, sizeof(*grown));
		if (grown == NULL)
			return ERR_MEMORY;
		r->row = grown;
	}
	r->row[r->row_count++] = *row;
	return ERR_OK;
}

/*
 * Its due, and its times, were moved by the notices that lie between the entry before and this one.
 * There is seldom one: what was fresh came just before it.
 */
static enum err
before_gap(void *context, struct workload *w)
{
	struct replay *r = context;
	struct workload *one[] = {w};
	size_t row = r->row_count;
	enum err e = ERR_OK;

	while (row > 0 && r->row[row - 1].index > w->head.index)
		row--;
	r->chain = one;
	r->chain_count = 1;
	for (; row < r->row_count && e == ERR_OK; row++) {
		if (w->head.entry_index < r->row[row].index && w->head.due.at_s != 0)
			e = apply(r, &r->row[row]);
		if (notice_row_sets_back(&r->row[row]))
			e = e == ERR_OK ? set_back(&r->row[row], w) : e;
	}
	r->chain = NULL;
	r->chain_count = 0;
	return e;
}

static enum err
on_report(void *context, const struct report *report, struct workload *w)
{
	struct replay *r = context;
	const struct policy *p = find_policy(r, report->policy_id);
	const struct policy_rule *rule =
	    p != NULL ? policy_find(p, workload_name(w), workload_collector(w)) : NULL;
	enum err e = stand_newest(r);

	/*
	 * A policy that cannot be read any more has been said. Nobody else can read it, so nobody
	 * can say when the workload was due either.
	 */
	if (p != NULL)
		w->head.verdict.group = (uint8_t)policy_group_number(p, report->group);
	if (e == ERR_OK && rule != NULL)
		w->head.due = in_windows(r,
		    due_after_report(report->issued_s, report->bundle.next_s,
			report->bundle.extensions.leaving != BUNDLE_STAYING,
			policy_rule_report_every_s(rule), policy_rule_grace_s(rule)),
		    w);
	return e;
}

static enum err
on_absence(void *context, uint64_t issued_s, struct workload *w)
{
	struct replay *r = context;
	const struct due said = w->head.due;
	enum err e = stand_newest(r);

	if (e == ERR_OK) {
		w->head.due = in_windows(r, due_after_absence(w->head.due, issued_s), w);
		w->head.due.count = said.count; /* as the entry says */
	}
	return e;
}

static enum err
on_done(void *context)
{
	struct replay *r = context;
	enum err e;

	if (!r->notices->has_newest)
		return ERR_OK;
	if ((e = move_dues(r)) != ERR_OK || (e = stand_newest(r)) != ERR_OK)
		return e;
	for (size_t i = 0; i < r->row_count && e == ERR_OK; i++)
		if (notice_row_sets_back(&r->row[i]))
			e = workload_each(r->workloads, set_back, &r->row[i]);
	if (e != ERR_OK)
		return e;
	standing_free(&r->notices->standing);
	r->notices->standing = r->standing; /* moved */
	r->standing = NULL;
	return ERR_OK;
}

/* What stands behind this notice. */
static enum err
stand(struct replay *r, const struct notice_row *row)
{
	struct buf list = BUF_INIT;
	enum err e;

	if (r->standing != NULL && digest_equal(&r->standing_of, &row->in_force))
		return ERR_OK;
	standing_free(&r->standing);
	e = fetch_list(r, row, &list);
	if (e == ERR_OK)
		e = standing_load(buf_view(&list), r->notices->origin, fetch, r, &r->standing);
	buf_free(&list);
	r->standing_of = row->in_force;
	return e == ERR_OK ? e : unreadable(row, e);
}

static enum err
stand_newest(struct replay *r)
{
	/* Else it is an entry before the first notice. */
	return r->row_count > 0 ? stand(r, &r->row[r->row_count - 1]) : ERR_FORMAT;
}

static enum err
fetch_list(struct replay *r, const struct notice_row *row, struct buf *to)
{
	enum err e = stored_fetch(r->notices->evidence, PACK_IN_FORCE, &row->in_force, to);

	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	buf_clear(to);
	return in_force_again(r->row, (size_t)(row - r->row) + 1, fetch, r, to);
}

/* What is configured is there, whatever the store has lost. */
static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	const struct replay *r = context;
	const size_t begun = to->size;
	enum err e = stored_fetch(r->notices->evidence, kind, digest, to);

	for (size_t i = 0; e != ERR_OK && i < policy_object_count(r->configured); i++) {
		const struct policy_object *o = policy_object_at(r->configured, i);

		if (o->kind != kind || !digest_equal(&o->digest, digest))
			continue;
		to->size = begun;
		buf_append_view(to, o->content);
		e = buf_status(to);
	}
	return e;
}

static struct due
in_windows(const struct replay *r, struct due d, const struct workload *w)
{
	size_t count;
	const struct due_window *windows = standing_windows(r->standing, &count);

	return due_in_windows(d, windows, count, workload_collector(w), workload_name(w));
}

static const struct policy *
find_policy(struct replay *r, struct view id)
{
	struct held_policy *h = NULL;
	struct digest manifest;
	enum err e;

	if (policy_id_digest(id, &manifest) != ERR_OK)
		return NULL;
	if (digest_equal(&manifest, policy_manifest_digest(r->configured)))
		return r->configured;
	for (unsigned i = 0; i < POLICIES_HELD; i++)
		if (r->held[i].used && digest_equal(&r->held[i].manifest, &manifest))
			return r->held[i].policy;
	h = &r->held[r->next_held];
	r->next_held = (r->next_held + 1) % POLICIES_HELD;
	policy_free(&h->policy);
	h->manifest = manifest;
	h->used = true;
	if ((e = stored_policy_load(r->notices->evidence, &manifest, &h->policy)) != ERR_OK)
		logger_say(LOGGER_WARNING, "policy-unreadable",
		    "the policy %.*s cannot be read from the evidence store (%s); when the "
		    "workloads that were judged under it are due is not known until they report",
		    view_precision(id), (const char *)id.data, err_text(e));
	return h->policy;
}

/* What each notice did to the dues of chains that had no entry behind it. */
static enum err
move_dues(struct replay *r)
{
	enum err e;

	r->chain = calloc(workload_count(r->workloads) + 1, sizeof(struct workload *));
	if (r->chain == NULL)
		return ERR_MEMORY;
	r->oldest = UINT64_MAX;
	e = workload_each(r->workloads, gather_chain, r);
	if (r->row_count == 0 || r->oldest > r->row[r->row_count - 1].index)
		return e; /* nothing was noted behind any of them */
	qsort(r->chain, r->chain_count, sizeof(struct workload *), compare_entries);
	for (size_t i = 0; i < r->row_count && e == ERR_OK; i++)
		if (r->chain_count > 0 && r->chain[0]->head.entry_index < r->row[i].index)
			e = apply(r, &r->row[i]);
	return e;
}

static enum err
gather_chain(void *context, struct workload *w)
{
	struct replay *r = context;

	if (w->has_head && w->head.due.at_s != 0) {
		r->chain[r->chain_count++] = w;
		r->oldest = w->head.entry_index < r->oldest ? w->head.entry_index : r->oldest;
	}
	return ERR_OK;
}

static enum err
apply(struct replay *r, const struct notice_row *row)
{
	enum err e = row->kind != NOTICE_MANIFEST ? stand(r, row) : ERR_OK;

	if (e == ERR_OK && row->kind == NOTICE_STATEMENT)
		return apply_statement(r, row);
	if (row->kind != NOTICE_START)
		return e;
	for (size_t i = 0; e == ERR_OK && i < r->chain_count; i++) {
		struct workload *w = r->chain[i];

		if (w->head.entry_index > row->index)
			break;
		w->head.due =
		    in_windows(r, due_after_start(w->head.due, row->from_s, row->issued_s), w);
	}
	return e;
}

static enum err
apply_statement(struct replay *r, const struct notice_row *row)
{
	struct statement_document *d = NULL;
	struct buf envelope = BUF_INIT;
	enum err e = stored_fetch(r->notices->evidence, PACK_STATEMENT, &row->subject, &envelope);

	if (e == ERR_OK)
		e = statement_parse(buf_view(&envelope), &d);
	buf_free(&envelope);
	if (e != ERR_OK)
		return unreadable(row, e);
	switch (statement_kind(statement_document_statement(d))) {
	case STATEMENT_MAINTENANCE:
		for (size_t i = 0; i < r->chain_count && r->chain[i]->head.entry_index < row->index;
		     i++)
			r->chain[i]->head.due = in_windows(r, r->chain[i]->head.due, r->chain[i]);
		break;
	case STATEMENT_RETIRE:
		e = retire(r, statement_document_statement(d), row);
		break;
	case STATEMENT_CLOCK:
		for (size_t i = 0; i < r->chain_count && r->chain[i]->head.entry_index < row->index;
		     i++)
			r->chain[i]->head.due = in_windows(
			    r, due_after_clock(r->chain[i]->head.due, row->issued_s), r->chain[i]);
		break;
	default:
		break;
	}
	statement_document_free(&d);
	return e;
}

/* If its newest report is before this notice. */
static enum err
set_back(void *context, struct workload *w)
{
	const struct notice_row *row = context;

	if (w->has_head && w->head.index < row->index)
		chain_head_set_back(&w->head, row->issued_s);
	return ERR_OK;
}

static enum err
retire(struct replay *r, const struct statement *said, const struct notice_row *row)
{
	struct workload *w = workload_find(
	    r->workloads, statement_value(said, "collector"), statement_value(said, "workload"));

	if (w != NULL && w->head.entry_index < row->index)
		w->head.due = due_retired(w->head.due);
	return ERR_OK;
}

static enum err
unreadable(const struct notice_row *row, enum err e)
{
	struct logline l;

	if (e == ERR_MEMORY)
		return e;
	logline_begin(&l, LOGGER_ERROR, "in-force-unreadable");
	logline_number(&l, "index", row->index);
	logline_error(&l, e);
	logline_string(&l, "mend",
	    "what is in force behind this notice is in the evidence store; restore its packs from "
	    "a copy");
	logline_end(&l);
	return ERR_IO;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct workload *const *one = a, *const *other = b;

	return ((*one)->head.entry_index > (*other)->head.entry_index) -
	       ((*one)->head.entry_index < (*other)->head.entry_index);
}
