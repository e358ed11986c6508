#include "signer/ledger/ledger_state.h"

#include <stdlib.h>

#include "journal/logger.h"

/*
 * Batches are reused with all their memory, so that a report costs no allocation: as many bytes as
 * are unpublished under full load. What a slow token or a burst needed beyond that is given back.
 */
#define SPARE_BYTES_MAX (32UL * 1024 * 1024)

void
ledger_fail(struct ledger *l, const char *event, const char *text)
{
	struct logline line;

	if (l->failed)
		return;
	l->failed = true;
	logline_begin_alarm(&line, LOGGER_ERROR, event);
	logline_string(&line, "text", text);
	logline_end(&line);
	l->events.fatal(l->events.context);
}

struct batch *
ledger_batch_take(struct ledger *l, uint64_t index)
{
	struct batch *b = l->spare;

	if (b == NULL) {
		if ((b = batch_new(index)) == NULL)
			abort(); /* without the next batch nothing can be promised any more */
		return b;
	}
	l->spare = b->next;
	l->spare_bytes -= batch_bytes(b);
	batch_reset(b, index);
	return b;
}

void
ledger_batch_give(struct ledger *l, struct batch *b)
{
	size_t bytes = batch_bytes(b);

	if (l->spare_bytes + bytes > SPARE_BYTES_MAX) {
		batch_free(&b);
		return;
	}
	l->spare_bytes += bytes;
	b->next = l->spare;
	l->spare = b;
}

struct batch *
ledger_batch_find(struct ledger *l, uint64_t index)
{
	struct batch *const single[] = {l->open, l->writing, l->written, l->signing};
	struct batch *const lists[] = {l->sealed_first, l->publishing};

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (single[i] != NULL && index - single[i]->first < single[i]->count)
			return single[i];
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (struct batch *b = lists[i]; b != NULL; b = b->next)
			if (index - b->first < b->count)
				return b;
	return NULL;
}

void
ledger_batch_receipt(
    const struct batch *b, size_t i, struct merkle_proof *proof, struct ledger_receipt *out)
{
	*out = (struct ledger_receipt){.workload = b->entry[i].update.workload,
	    .seq = b->entry[i].update.head.seq,
	    .index = b->first + i,
	    .report = batch_entry_view(b, i),
	    .proof = proof,
	    .note = buf_view(&b->note)};
	merkle_batch_inclusion(b->tree, out->index, proof);
}

size_t
ledger_batch_bytes(const struct ledger *l)
{
	const struct batch *const single[] = {l->open, l->writing, l->written, l->signing};
	const struct batch *const lists[] = {l->sealed_first, l->publishing};
	size_t bytes = l->spare_bytes;

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		bytes += single[i] != NULL ? batch_bytes(single[i]) : 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct batch *b = lists[i]; b != NULL; b = b->next)
			bytes += batch_bytes(b);
	return bytes;
}
