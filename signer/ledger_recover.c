/*
 * Recovery: from what lies on the disk to a ledger that can go on.
 *
 *   1. `checkpoint` names the published size and root; none: the log is new
 *   2. the frontier of that tree is read from the tiles, and must give that root
 *   3. the pending files are read in order. A record is taken if it is whole: its leaves, added to
 *      the tree so far, must give the root in its trailer. What is published already is skipped.
 *      An unfinished record at the end of the last file is where a crash cut a write. Once the
 *      guard has shown that it was never signed it is cut off (ledger_mend_pending): the next
 *      recovery must not take it for damage in the middle. Anything else that does not fit is
 *      damage: it is named, and the signer does not start.
 *   4. heads of chains: from the index, if it speaks of a state of this log; then from every report
 *      after that, out of tiles and pending files. This repairs or replaces a missing index.
 *
 * What was pending becomes one batch in `written`, left open until the key process has told the
 * guard's state (ledger_sign.c); it then goes the way of every other batch.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/checkpoint.h"
#include "proto/report.h"
#include "proto/tile.h"
#include "signer/diskfile.h"
#include "signer/ledger_state.h"
#include "signer/logger.h"
#include "signer/tilestore.h"

#define SEGMENT_PREFIX "pending."
#define SEGMENT_DIGITS 20

/* Larger than all the pending files that a signer leaves: 256 MiB unpublished, and one batch. */
#define SEGMENT_SIZE_MAX (1024UL * 1024 * 1024)

/* Heads of reports from `from` on go to the index. */
struct catch_up {
	struct log_index *index;
	uint64_t from;
};

static enum err read_checkpoint(struct ledger *l, struct checkpoint *c);
static enum err read_frontier(struct ledger *l, const struct checkpoint *c);
static enum err read_segments(struct ledger *l, struct merkle_frontier *tree);
static enum err list_segments(struct ledger *l, uint64_t **firsts, size_t *count);
static int compare_firsts(const void *a, const void *b);
static enum err read_segment(
    struct ledger *l, uint64_t first, bool last, struct merkle_frontier *tree);
static enum err take_record(
    struct ledger *l, const char *path, struct view *rest, bool last, struct merkle_frontier *tree);
static enum err add_entries(struct ledger *l, struct view entries, uint64_t first, uint32_t count,
    const struct digest *root, struct merkle_frontier *tree);
static enum err load_heads(struct ledger *l, struct log_index *index);
static enum err load_head(
    void *context, const char *collector, const char *name, const struct workload_head *head);
static enum err index_catch_up(struct ledger *l, struct log_index *index, uint64_t from);
static enum err put_head(void *context, struct workload *w);
static bool index_is_of_this_log(struct ledger *l, const struct index_state *state);
static enum err replay_tiles(struct ledger *l, uint64_t from);
static enum err read_last_issued(struct ledger *l);
static enum err replay_report(
    struct ledger *l, struct view bytes, uint64_t index, struct batch_entry *entry);
static enum err damaged(const char *path, uint64_t place, const char *text);

enum err
ledger_recover(struct ledger *l, struct log_index *index)
{
	struct checkpoint c = {.size = 0};
	struct merkle_frontier tree;
	struct logline line;
	enum err e;

	if ((e = read_checkpoint(l, &c)) != ERR_OK || (e = read_frontier(l, &c)) != ERR_OK)
		return e;
	l->written = batch_new(c.size);
	if (l->written == NULL)
		return ERR_MEMORY;
	tree = l->signed_head;
	if ((e = read_segments(l, &tree)) != ERR_OK || (e = load_heads(l, index)) != ERR_OK)
		return e;
	if ((e = read_last_issued(l)) != ERR_OK)
		return e;
	l->head = tree;
	l->open = batch_new(tree.size);
	if (l->open == NULL)
		return ERR_MEMORY;
	logline_begin(&line, LOGGER_INFO, "recovered");
	logline_number(&line, "published", l->published_size);
	logline_number(&line, "pending", l->written->count);
	logline_number(&line, "workloads", workload_count(l->workloads));
	logline_number(&line, "evidence", evidence_count(l->evidence));
	logline_end(&line);
	if (l->written->count == 0)
		batch_free(&l->written);
	return ERR_OK;
}

/*
 * A process that failed in the middle of a commit may have left its record where only the kernel's
 * memory has it; older ones were synced before a newer one was begun. A file without a whole record
 * has the name that the next one will get, and must not be removed under it.
 */
enum err
ledger_mend_pending(struct ledger *l)
{
	uint64_t kept = l->found_end;
	enum err e = ERR_OK;

	if (l->segment_last == NULL)
		return ERR_OK;
	if (kept < l->found_size)
		logger_say(LOGGER_WARNING, "pending-mended",
		    "%s is cut to its %" PRIu64 " bytes of whole records; nothing was signed that "
		    "stood behind them",
		    l->segment_path, kept);
	if (kept == 0) {
		ledger_segment_drop(l);
		return diskfile_remove(l->segment_path);
	}
	if (kept < l->found_size)
		e = diskfile_truncate(l->segment_path, kept);
	return e == ERR_OK ? diskfile_write_again(l->segment_path, l->found_record, kept) : e;
}

static enum err
read_checkpoint(struct ledger *l, struct checkpoint *c)
{
	char *path = diskfile_join(l->config->log_directory, "checkpoint");
	struct note n;
	enum err e = diskfile_read(path, NOTE_SIZE_MAX, &l->published_note);

	if (e == ERR_NOT_FOUND) {
		merkle_empty_root(&c->root);
		e = ERR_OK;
	} else if (e == ERR_OK) {
		if (note_parse(buf_view(&l->published_note), &n) != ERR_OK ||
		    checkpoint_parse(n.text, c) != ERR_OK)
			e = damaged(path, 0, "expected a signed checkpoint");
		else if (strcmp(c->origin, l->config->log_origin) != 0)
			e = damaged(path, 0, "its origin is not the configured log.origin");
		l->published_size = c->size;
	}
	free(path);
	return e;
}

static enum err
read_frontier(struct ledger *l, const struct checkpoint *c)
{
	struct tilestore_reader reader = {l->config->log_directory, c->size};
	struct digest root;
	enum err e;

	e = merkle_read_frontier(c->size, tilestore_read_node, &reader, &l->signed_head);
	if (e != ERR_OK)
		return damaged(l->config->log_directory, c->size,
		    "the tiles that the checkpoint relies on cannot be read");
	merkle_frontier_root(&l->signed_head, &root);
	if (!digest_equal(&root, &c->root))
		return damaged(l->config->log_directory, c->size,
		    "the tiles do not give the checkpoint's root");
	return ERR_OK;
}

static enum err
read_segments(struct ledger *l, struct merkle_frontier *tree)
{
	uint64_t *firsts = NULL;
	size_t count = 0;
	enum err e = list_segments(l, &firsts, &count);

	for (size_t i = 0; i < count && e == ERR_OK; i++) {
		ledger_segment_begin(l, firsts[i]);
		e = read_segment(l, firsts[i], i + 1 == count, tree);
	}
	l->segment_rotate = true;
	free(firsts);
	return e;
}

static enum err
list_segments(struct ledger *l, uint64_t **firsts, size_t *count)
{
	DIR *d = opendir(l->config->log_directory);
	struct dirent *entry;
	enum err e = ERR_OK;

	if (d == NULL)
		return damaged(l->config->log_directory, 0, "the directory cannot be read");
	while (e == ERR_OK && (entry = readdir(d)) != NULL) {
		const char *digits = entry->d_name + strlen(SEGMENT_PREFIX);
		uint64_t *grown;

		if (strncmp(entry->d_name, SEGMENT_PREFIX, strlen(SEGMENT_PREFIX)) != 0 ||
		    strlen(digits) != SEGMENT_DIGITS ||
		    strspn(digits, "0123456789") != SEGMENT_DIGITS)
			continue;
		if ((grown = realloc(*firsts, (*count + 1) * sizeof(**firsts))) == NULL) {
			e = ERR_MEMORY;
			break;
		}
		*firsts = grown;
		grown[(*count)++] = strtoull(digits, NULL, 10);
	}
	closedir(d);
	if (*count > 0)
		qsort(*firsts, *count, sizeof(**firsts), compare_firsts);
	return e;
}

static int
compare_firsts(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static enum err
read_segment(struct ledger *l, uint64_t first, bool last, struct merkle_frontier *tree)
{
	char *path = ledger_segment_path(l, first);
	struct buf bytes = BUF_INIT;
	struct view rest;
	enum err e = diskfile_read(path, SEGMENT_SIZE_MAX, &bytes);

	rest = buf_view(&bytes);
	l->found_record = 0;
	l->found_end = 0;
	l->found_size = bytes.size;
	while (e == ERR_OK && rest.size > 0)
		e = take_record(l, path, &rest, last, tree);
	buf_free(&bytes);
	free(path);
	return e;
}

/*
 * Takes one record off `rest`. A record that reaches beyond the end of the last file, or that is
 * the last thing in it and does not prove itself, is a write that a crash cut short.
 */
static enum err
take_record(
    struct ledger *l, const char *path, struct view *rest, bool last, struct merkle_frontier *tree)
{
	uint64_t first, size, whole;
	uint32_t count;
	struct digest root;
	bool torn = rest->size < BATCH_HEADER_SIZE;
	enum err e = ERR_FORMAT;

	if (!torn && (e = batch_header_parse((struct view){rest->data, BATCH_HEADER_SIZE}, &first,
			  &count, &size)) == ERR_OK) {
		whole = BATCH_HEADER_SIZE + size + BATCH_TRAILER_SIZE;
		torn = whole > rest->size;
	}
	if (!torn && e == ERR_OK) {
		struct view entries = {rest->data + BATCH_HEADER_SIZE, (size_t)size};

		memcpy(root.bytes, entries.data + entries.size, DIGEST_SIZE);
		e = add_entries(l, entries, first, count, &root, tree);
		torn = e == ERR_FORMAT && whole == rest->size;
		if (e == ERR_OK) {
			rest->data += whole;
			rest->size -= (size_t)whole;
			l->found_record = l->found_end;
			l->found_end += whole;
			return ERR_OK;
		}
	}
	if (e == ERR_MEMORY)
		return e;
	if (!torn || !last)
		return damaged(
		    path, tree->size, "expected the record of the reports from this index on");
	logger_say(LOGGER_WARNING, "pending-torn",
	    "%s ends in %zu bytes that are no whole record; a crash cut a write there, unless the "
	    "key process has signed more than what stands before them",
	    path, rest->size);
	rest->size = 0;
	return ERR_OK;
}

/* Adds a record's entries to the tree and to the pending batch, if they prove themselves. */
static enum err
add_entries(struct ledger *l, struct view entries, uint64_t first, uint32_t count,
    const struct digest *root, struct merkle_frontier *tree)
{
	struct merkle_frontier grown = *tree;
	struct view rest = entries, entry;
	struct batch_entry *added;
	struct digest leaf, found;
	enum err e = ERR_OK;

	if (first + count <= l->published_size)
		return ERR_OK; /* in the tiles already */
	if (first != tree->size)
		return ERR_MISMATCH;
	for (uint32_t i = 0; i < count && e == ERR_OK; i++) {
		if ((e = tile_entry_next(&rest, &entry)) != ERR_OK)
			break;
		merkle_leaf(entry, &leaf);
		merkle_frontier_append(&grown, &leaf);
	}
	merkle_frontier_root(&grown, &found);
	if (e != ERR_OK || rest.size != 0 || !digest_equal(&found, root))
		return ERR_FORMAT;
	*tree = grown;
	rest = entries;
	for (uint32_t i = 0; i < count && e == ERR_OK; i++) {
		if ((e = tile_entry_next(&rest, &entry)) != ERR_OK)
			break;
		buf_append_view(batch_report_begin(l->written), entry);
		e = batch_report_end(l->written, &added);
	}
	return e;
}

static enum err
load_heads(struct ledger *l, struct log_index *index)
{
	struct index_state state;
	enum err e = ERR_OK;

	index_state(index, &state);
	if (state.log_size > 0 && index_is_of_this_log(l, &state)) {
		e = index_each_workload(index, load_head, l);
	} else {
		if (state.log_size > 0 || l->published_size > 0)
			logger_say(LOGGER_WARNING, "index-rebuild",
			    "the index does not belong to this log; it is made again from %" PRIu64
			    " reports",
			    l->published_size);
		state.log_size = 0;
		e = index_clear_workloads(index);
	}
	if (e == ERR_OK)
		e = replay_tiles(l, state.log_size);
	if (e == ERR_OK && state.log_size < l->published_size)
		e = index_catch_up(l, index, state.log_size);
	for (size_t i = 0; i < l->written->count && e == ERR_OK; i++) {
		e = replay_report(
		    l, batch_report(l->written, i), l->written->first + i, &l->written->entry[i]);
		l->unpublished_bytes += l->written->entry[i].size;
	}
	return e;
}

static enum err
load_head(void *context, const char *collector, const char *name, const struct workload_head *head)
{
	struct ledger *l = context;
	struct workload *w = workload_get(l->workloads, collector, view_of_string(name));

	if (w == NULL)
		return ERR_MEMORY;
	w->head = *head;
	w->has_head = true;
	return ERR_OK;
}

/* Writes what was read from the tiles: the index must hold for the published log. */
static enum err
index_catch_up(struct ledger *l, struct log_index *index, uint64_t from)
{
	struct catch_up c = {index, from};
	struct index_state state = {.log_size = l->published_size};
	struct index_state old;
	enum err e;

	index_state(index, &old);
	state.pack = old.pack;
	state.pack_offset = old.pack_offset;
	merkle_frontier_root(&l->signed_head, &state.log_root);
	if ((e = index_begin(index)) != ERR_OK)
		return e;
	if ((e = workload_each(l->workloads, put_head, &c)) != ERR_OK)
		return e;
	return index_commit(index, &state);
}

static enum err
put_head(void *context, struct workload *w)
{
	const struct catch_up *c = context;
	struct workload_update u = {w, w->head};

	return w->has_head && w->head.index >= c->from ? index_put_workload(c->index, &u) : ERR_OK;
}

static bool
index_is_of_this_log(struct ledger *l, const struct index_state *state)
{
	struct tilestore_reader reader = {l->config->log_directory, l->published_size};
	struct merkle_frontier f;
	struct digest root;

	if (state->log_size > l->published_size ||
	    merkle_read_frontier(state->log_size, tilestore_read_node, &reader, &f) != ERR_OK)
		return false;
	merkle_frontier_root(&f, &root);
	return digest_equal(&root, &state->log_root);
}

static enum err
replay_tiles(struct ledger *l, uint64_t from)
{
	struct tilestore_reader reader = {l->config->log_directory, l->published_size};
	struct buf bundle = BUF_INIT;
	enum err e = ERR_OK;

	for (uint64_t tile = from / TILE_WIDTH;
	     tile < tile_count(0, l->published_size) && e == ERR_OK; tile++) {
		struct view rest, entry;
		uint64_t index = tile * TILE_WIDTH;

		buf_clear(&bundle);
		e = tilestore_read_entries(&reader, tile, &bundle);
		rest = buf_view(&bundle);
		for (; e == ERR_OK && index < (tile + 1) * TILE_WIDTH && index < l->published_size;
		     index++) {
			if ((e = tile_entry_next(&rest, &entry)) == ERR_OK && index >= from)
				e = replay_report(l, entry, index, NULL);
		}
		if (e != ERR_OK && e != ERR_MEMORY)
			e = damaged(l->config->log_directory, index,
			    "expected a readable report at this index of the entry bundles");
	}
	buf_free(&bundle);
	return e;
}

/* Reports that were pending have said it already; else the newest published one is asked. */
static enum err
read_last_issued(struct ledger *l)
{
	struct tilestore_reader reader = {l->config->log_directory, l->published_size};
	struct report_document *document = NULL;
	struct buf bytes = BUF_INIT;
	enum err e = ERR_OK;

	if (l->published_size == 0 || l->last_issued_s > 0)
		return ERR_OK;
	e = tilestore_read_entry(&reader, l->published_size - 1, &bytes);
	if (e == ERR_OK)
		e = report_parse(buf_view(&bytes), &document);
	if (e == ERR_OK)
		l->last_issued_s = report_document_report(document)->issued_s;
	else if (e != ERR_MEMORY)
		e = damaged(l->config->log_directory, l->published_size - 1,
		    "expected a readable report at this index of the entry bundles");
	report_document_free(&document);
	buf_free(&bytes);
	return e;
}

/* Moves the head of the report's workload; `entry`, if any, gets the update for the index. */
static enum err
replay_report(struct ledger *l, struct view bytes, uint64_t index, struct batch_entry *entry)
{
	struct report_document *document;
	const struct report *r;
	struct workload *w;
	char identity[1024];
	enum err e = report_parse(bytes, &document);

	if (e != ERR_OK)
		return e == ERR_MEMORY ? e : ERR_FORMAT;
	r = report_document_report(document);
	if (r->collector.size >= sizeof(identity)) {
		report_document_free(&document);
		return ERR_FORMAT;
	}
	memcpy(identity, r->collector.data, r->collector.size);
	identity[r->collector.size] = '\0';
	if ((w = workload_get(l->workloads, identity, r->bundle.workload)) == NULL) {
		report_document_free(&document);
		return ERR_MEMORY;
	}
	l->last_issued_s = r->issued_s;
	w->has_head = true;
	w->head.seq = r->bundle.seq;
	w->head.time_ms = r->bundle.time_ms;
	w->head.index = index;
	w->head.last_signed_s = r->last_signed_s;
	w->head.bundle_digest = r->bundle_digest;
	digest_of(bytes.data, bytes.size, &w->head.report_digest);
	if (entry != NULL) {
		entry->update.workload = w;
		entry->update.head = w->head;
	}
	report_document_free(&document);
	return ERR_OK;
}

static enum err
damaged(const char *path, uint64_t place, const char *text)
{
	struct logline l;

	logline_begin(&l, LOGGER_ERROR, "log-damaged");
	logline_string(&l, "path", path);
	logline_number(&l, "index", place);
	logline_string(&l, "text", text);
	logline_string(&l, "mend", "compare with a copy of the log; nothing was signed over it");
	logline_end(&l);
	return ERR_FORMAT;
}
