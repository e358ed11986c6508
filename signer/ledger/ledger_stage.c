#include "signer/ledger/ledger_stage.h"

#include <stdlib.h>
#include <string.h>

#include "signer/ledger/heads/judged.h"
#include "signer/ledger/heads/verdict.h"
#include "signer/ledger/ledger_state.h"

static void staged(struct ledger *l, const struct batch_entry *entry, uint64_t issued_s);
static enum err end(
    struct ledger *l, size_t absent, struct batch_entry **entry, struct batch_changes **changes);

bool
ledger_entry_fits(const struct ledger *l)
{
	return !l->failed && !l->open->ends_key && l->open->count < RECORD_ENTRIES_MAX &&
	       l->open->bytes.size + ENTRY_SIZE_MAX < RECORD_SIZE_MAX &&
	       l->unpublished_bytes < LEDGER_UNPUBLISHED_MAX;
}

uint64_t
ledger_next_index(const struct ledger *l)
{
	return l->open->first + l->open->count;
}

struct buf *
ledger_entry_begin(struct ledger *l)
{
	if (l->open->ends_key)
		abort(); /* nothing stands behind a key notice in its batch */
	return batch_entry_begin(l->open);
}

void
ledger_entry_cancel(struct ledger *l)
{
	batch_entry_cancel(l->open);
}

enum err
ledger_report_end(struct ledger *l, const struct ledger_staged *s)
{
	const uint64_t index = ledger_next_index(l);
	struct batch_entry *entry;
	char *tokens = NULL;
	enum err e;

	if (s->wanted.tokens.size > 0 && (tokens = view_to_string(s->wanted.tokens)) == NULL) {
		batch_entry_cancel(l->open);
		return ERR_MEMORY;
	}
	if ((e = batch_entry_end(l->open, &entry)) != ERR_OK) {
		free(tokens);
		return e;
	}
	batch_entry_own(l->open, entry, tokens, NULL);
	entry->waiter = s->wanted.waiter;
	entry->arrived_us = s->wanted.arrived_us;
	entry->update.workload = s->workload;
	entry->update.head = s->head;
	entry->update.head.index = index;
	entry->update.head.entry_index = index;
	judged_move(l->workloads, s->workload, &entry->update.head);
	s->workload->head = entry->update.head;
	s->workload->has_head = true;
	verdict_settle(l->workloads, s->workload);
	if (tokens != NULL)
		token_turns_staged(&l->tokens.turns, s->workload->collector);
	staged(l, entry, s->issued_s);
	l->in_flight++;
	l->counters->reports++;
	return ERR_OK;
}

enum err
ledger_absence_end(
    struct ledger *l, uint64_t issued_s, struct workload_update *absent, size_t count)
{
	const uint64_t index = ledger_next_index(l);
	struct batch_changes *changes;
	struct batch_entry *entry;
	struct digest leaf;
	enum err e = end(l, count, &entry, &changes);

	if (e != ERR_OK)
		return e;
	merkle_leaf(batch_entry_view(l->open, l->open->count - 1), &leaf);
	for (size_t i = 0; i < count; i++) {
		absent[i].head.entry_index = index;
		absent[i].head.entry_leaf = leaf;
		absent[i].workload->head = absent[i].head;
		changes->absent[i] = absent[i];
		verdict_settle(l->workloads, absent[i].workload);
	}
	staged(l, entry, issued_s);
	l->counters->absences++;
	l->counters->absent_workloads += count;
	return ERR_OK;
}

enum err
ledger_notice_end(
    struct ledger *l, const struct notice_row *row, void *waiter, struct entry_place *place)
{
	const uint64_t index = ledger_next_index(l);
	struct batch_changes *changes;
	struct batch_entry *entry;
	enum err e = end(l, 0, &entry, &changes);

	if (e != ERR_OK)
		return e;
	changes->notice = *row;
	changes->notice.index = index;
	merkle_leaf(batch_entry_view(l->open, l->open->count - 1), &changes->notice.leaf);
	*place = (struct entry_place){index, changes->notice.leaf};
	entry->waiter = waiter;
	staged(l, entry, row->issued_s);
	l->counters->notices++;
	return ERR_OK;
}

/* Ends an entry that is no report; `changes` have room for so many that are absent. */
static enum err
end(struct ledger *l, size_t absent, struct batch_entry **entry, struct batch_changes **changes)
{
	enum err e;

	*changes = calloc(1, sizeof(**changes) + absent * sizeof((*changes)->absent[0]));
	if (*changes == NULL) {
		batch_entry_cancel(l->open);
		return ERR_MEMORY;
	}
	if ((e = batch_entry_end(l->open, entry)) != ERR_OK) {
		free(*changes);
		return e;
	}
	(*changes)->count = absent;
	batch_entry_own(l->open, *entry, NULL, *changes);
	return ERR_OK;
}

static void
staged(struct ledger *l, const struct batch_entry *entry, uint64_t issued_s)
{
	l->last_issued_s = issued_s;
	l->unpublished_bytes += entry->size;
}
