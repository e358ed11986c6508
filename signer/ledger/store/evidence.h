/*
 * The evidence store: what reports refer to by digest (components, policies, reference sets,
 * collectors' certificates), in append-only pack files, each content once.
 *
 * An item is added to the batch that is open and becomes durable with it, before the first report
 * that relies on it. Until then its content is held in memory, so it can be read at any time.
 * Items live as long as the store.
 */
#ifndef HALLMARK_SIGNER_LEDGER_STORE_EVIDENCE_H
#define HALLMARK_SIGNER_LEDGER_STORE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/component.h"
#include "signer/ledger/store/index.h"

/* A new pack file is begun at this size: large enough to be few, small enough to copy and prune. */
#define EVIDENCE_PACK_SIZE_MAX (1024ULL * 1024 * 1024) /* bytes */

struct verdict;

struct evidence_item {
	struct index_evidence place;
	bool lost; /* its record could not be read: as if it were not there */
	bool read; /* it could, since the store was opened */
	/* Of whoever judges it; not looked at here. */
	bool unfit;                         /* it proved to be no component */
	enum component_kind component_kind; /* of a component, once it was decoded */
	uint64_t component_count;           /* items in it */
	struct verdict *verdicts;           /* NULL at first */
	struct buf content;                 /* until it is durable */
	struct evidence_item *staged;       /* next in the list of what is not yet durable */
};

struct evidence_store;

/*
 * Opens the directory (made if absent). Items are loaded from the index where it knows them, the
 * rest by reading the packs from there on. A torn or damaged record is said, with file and offset;
 * what stands behind it in its pack counts as lost, and is asked for again when it is needed.
 */
enum err evidence_open(
    const char *directory, struct log_index *index, struct evidence_store **out) MUST_USE;
void evidence_close(struct evidence_store **s);

struct evidence_item *evidence_find(struct evidence_store *s, const struct digest *digest);

/*
 * Adds content whose digest the caller has checked, unless it is there and can be read, which is
 * tried once; the pack record is appended to `batch`, the open batch's evidence. ERR_MEMORY,
 * ERR_FORMAT_SIZE.
 */
enum err evidence_add(struct evidence_store *s, enum pack_kind kind, struct view content,
    const struct digest *digest, struct buf *batch, struct evidence_item **out) MUST_USE;

/*
 * The same in two steps, of which the long one may be another thread's: whether an item at this
 * place can be read, for `read` of that item; and adding what is not there, with its content
 * (moved) and its pack record. ERR_MEMORY.
 */
enum err evidence_try(const struct evidence_store *s, const struct index_evidence *place) MUST_USE;
enum err evidence_add_packed(struct evidence_store *s, enum pack_kind kind, struct buf *content,
    const struct digest *digest, struct view record, struct buf *batch) MUST_USE;

/* Appends an item's content, checked against its digest. */
enum err evidence_read(
    struct evidence_store *s, struct evidence_item *item, struct buf *to) MUST_USE;

/*
 * The same of many, one behind the other; a pack is opened once for all that stand in a row in it,
 * and said to be damaged once. Those that cannot be read are lost, all of them: ERR_NOT_FOUND, and
 * what was appended is of no use. ERR_MEMORY.
 */
enum err evidence_read_all(struct evidence_store *s, struct evidence_item *const *items,
    size_t count, struct buf *to) MUST_USE;

/* Bytes of contents that are held in memory because they are not durable yet. */
size_t evidence_held_bytes(const struct evidence_store *s);

/*
 * The pack file to which the open batch's evidence goes. The string stays until the group commit of
 * that batch is done, though the next batch may begin another pack meanwhile.
 */
const char *evidence_pack_path(const struct evidence_store *s);

/*
 * Brackets a group commit: what is staged now goes with it; once it is durable the contents are
 * let go, and the items are handed over for the index by evidence_take_durable.
 */
void evidence_commit_begin(struct evidence_store *s);
void evidence_commit_done(struct evidence_store *s);

/* The list (by `staged`) of items that became durable since the last call; NULL if none. */
struct evidence_item *evidence_take_durable(struct evidence_store *s);

/* Up to where the packs hold durable records. */
void evidence_durable_end(const struct evidence_store *s, uint32_t *pack, uint64_t *offset);

size_t evidence_count(const struct evidence_store *s);

#endif
