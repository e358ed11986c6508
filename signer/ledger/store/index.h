/*
 * The index (SQLite): heads of chains, notices and places of evidence, so that a start need not
 * read the whole log. A cache: deleted or damaged, it is made again from log and packs.
 *
 * It says for which state of the log it holds; recovery adds what came after, or starts from
 * nothing if that state is not one of this log. A transaction is not synced: after a crash it is at
 * worst older. Each row has a checksum: a head that is not what was put here would have a collector
 * refused, or let an old bundle pass for new.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_INDEX_H
#define HALLMARK_SIGNER_LEDGER_STORE_INDEX_H

#include <stdint.h>

#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/pack.h"
#include "signer/ledger/store/chain_head.h"
#include "signer/ledger/store/notice_row.h"

struct log_index;

/* Where a record lies in the packs. */
struct index_evidence {
	struct digest digest;
	enum pack_kind kind;
	uint32_t pack;
	uint64_t offset; /* of the record's header, bytes */
	uint32_t stored; /* bytes behind the header */
	uint32_t size;   /* bytes of content */
};

/*
 * Opens or makes, and checks every row; a file that is not a usable index is logged, removed and
 * made anew. ERR_IO.
 */
enum err index_open(const char *path, struct log_index **out) MUST_USE;
void index_close(struct log_index **x);

/* The state it holds for: log size and root, and up to where the packs were read. */
struct index_state {
	uint64_t log_size;
	struct digest log_root;
	uint32_t pack;
	uint64_t pack_offset;
};
void index_state(struct log_index *x, struct index_state *out);

/* Calls back for every row; an error from the callback ends the walk and is returned. */
enum err index_each_workload(struct log_index *x,
    enum err (*row)(
	void *context, const char *collector, const char *name, const struct chain_head *head),
    void *context) MUST_USE;
enum err index_each_evidence(struct log_index *x,
    enum err (*row)(void *context, const struct index_evidence *e), void *context) MUST_USE;

/* In the order of the log. */
enum err index_each_notice(struct log_index *x,
    enum err (*row)(void *context, const struct notice_row *n), void *context) MUST_USE;

/* Forgets workloads, notices and the log's state. */
enum err index_clear_log(struct log_index *x) MUST_USE;

/* One transaction: begin, any number of puts, commit with the new state. */
enum err index_begin(struct log_index *x) MUST_USE;
enum err index_put_workload(struct log_index *x, const char *collector, const char *name,
    const struct chain_head *head) MUST_USE;
enum err index_put_notice(struct log_index *x, const struct notice_row *n) MUST_USE;
enum err index_put_evidence(struct log_index *x, const struct index_evidence *e) MUST_USE;
enum err index_commit(struct log_index *x, const struct index_state *state) MUST_USE;

#endif
