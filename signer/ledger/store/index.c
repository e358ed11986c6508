#include "signer/ledger/store/index.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/evidence/bundle.h"
#include "signer/ledger/store/diskfile.h"

/* Rises when the tables change; an index of another version is made anew. */
#define INDEX_VERSION 10
/* Somebody's query or backup may hold the file for a moment: that costs no index. */
#define INDEX_BUSY_MS 5000

enum statement {
	SELECT_STATE,
	SELECT_WORKLOADS,
	SELECT_NOTICES,
	SELECT_EVIDENCE,
	PUT_WORKLOAD,
	PUT_NOTICE,
	PUT_EVIDENCE,
	PUT_STATE,
	BEGIN,
	COMMIT,
	ROLLBACK,
	CHECK_FILE,
	CHECK_ROWS,
	STATEMENTS,
};

#define HEAD_COLUMNS                                                                               \
	"seq, time_ms, report_index, last_signed_s, bundle, entry_index, leaf, due_s, grace_s, "   \
	"absences, status, since_s, finding, interval_s, gaps, in_group, falls"
#define HEAD_VALUES    "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19"
#define NOTICE_COLUMNS "entry_index, issued_s, from_s, kind, leaf, in_force, subject"

static const char *const sql[STATEMENTS] = {
    [SELECT_STATE] = "SELECT log_size, log_root, pack, pack_offset FROM state",
    [SELECT_WORKLOADS] = "SELECT collector, name, " HEAD_COLUMNS " FROM workload",
    [SELECT_NOTICES] = "SELECT " NOTICE_COLUMNS " FROM notice ORDER BY entry_index",
    [SELECT_EVIDENCE] = "SELECT digest, kind, pack, offset, stored, size FROM evidence",
    [PUT_WORKLOAD] = "INSERT OR REPLACE INTO workload (collector, name, " HEAD_COLUMNS
		     ", checksum) VALUES (" HEAD_VALUES ", checksum(" HEAD_VALUES "))",
    [PUT_NOTICE] = "INSERT OR REPLACE INTO notice (" NOTICE_COLUMNS ", checksum) VALUES "
		   "(?1,?2,?3,?4,?5,?6,?7, checksum(?1,?2,?3,?4,?5,?6,?7))",
    [PUT_EVIDENCE] = "INSERT OR REPLACE INTO evidence (digest, kind, pack, offset, stored, size, "
		     "checksum) VALUES (?1,?2,?3,?4,?5,?6, checksum(?1,?2,?3,?4,?5,?6))",
    [PUT_STATE] = "INSERT OR REPLACE INTO state (id, log_size, log_root, pack, pack_offset, "
		  "checksum) VALUES (1,?1,?2,?3,?4, checksum(?1,?2,?3,?4))",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [CHECK_FILE] = "PRAGMA quick_check(1)",
    [CHECK_ROWS] =
	"SELECT (SELECT count(*) FROM workload WHERE checksum IS NOT"
	" checksum(collector, name, " HEAD_COLUMNS ")) +"
	" (SELECT count(*) FROM notice WHERE checksum IS NOT checksum(" NOTICE_COLUMNS ")) +"
	" (SELECT count(*) FROM evidence"
	" WHERE checksum IS NOT checksum(digest, kind, pack, offset, stored, size)) +"
	" (SELECT count(*) FROM state WHERE"
	" checksum IS NOT checksum(log_size, log_root, pack, pack_offset))",
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    "CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, log_size INTEGER, log_root BLOB,"
    " pack INTEGER, pack_offset INTEGER, checksum BLOB);"
    "CREATE TABLE IF NOT EXISTS workload (collector TEXT, name TEXT, seq INTEGER, time_ms INTEGER,"
    " report_index INTEGER, last_signed_s INTEGER, bundle BLOB, entry_index INTEGER, leaf BLOB,"
    " due_s INTEGER, grace_s INTEGER, absences INTEGER, status INTEGER, since_s INTEGER,"
    " finding INTEGER, interval_s INTEGER, gaps INTEGER, in_group INTEGER, falls INTEGER,"
    " checksum BLOB,"
    " PRIMARY KEY (collector, name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS notice (entry_index INTEGER PRIMARY KEY, issued_s INTEGER,"
    " from_s INTEGER, kind INTEGER, leaf BLOB, in_force BLOB, subject BLOB, checksum BLOB);"
    "CREATE TABLE IF NOT EXISTS evidence (digest BLOB PRIMARY KEY, kind INTEGER, pack INTEGER,"
    " offset INTEGER, stored INTEGER, size INTEGER, checksum BLOB) WITHOUT ROWID;";

struct log_index {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
};

static enum err open_once(const char *path, struct log_index **out);
static enum err check_version(sqlite3 *db);
static enum err check(struct log_index *x);
static bool says(struct log_index *x, enum statement s, const char *expected);
static void checksum(sqlite3_context *call, int count, sqlite3_value **values);
static enum err run(struct log_index *x, enum statement s);
static enum err ended(struct log_index *x, enum statement s, int status, enum err e);
static void log_failure(struct log_index *x, const char *call);
static void bind_digest(sqlite3_stmt *s, int column, const struct digest *d);
static void column_digest(sqlite3_stmt *s, int column, struct digest *out);
static void remove_files(const char *path);

enum err
index_open(const char *path, struct log_index **out)
{
	enum err e = open_once(path, out);

	if (e == ERR_OK)
		return ERR_OK;
	logger_say(LOGGER_WARNING, "index-rebuild",
	    "%s is not a usable index; it is removed and made anew from the log", path);
	remove_files(path);
	return open_once(path, out);
}

void
index_close(struct log_index **xp)
{
	struct log_index *x = *xp;

	if (x == NULL)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(x->statement[i]);
	sqlite3_close(x->db);
	free(x);
	*xp = NULL;
}

void
index_state(struct log_index *x, struct index_state *out)
{
	sqlite3_stmt *s = x->statement[SELECT_STATE];

	memset(out, 0, sizeof(*out));
	if (sqlite3_step(s) == SQLITE_ROW) {
		out->log_size = (uint64_t)sqlite3_column_int64(s, 0);
		column_digest(s, 1, &out->log_root);
		out->pack = (uint32_t)sqlite3_column_int64(s, 2);
		out->pack_offset = (uint64_t)sqlite3_column_int64(s, 3);
	}
	sqlite3_reset(s);
}

enum err
index_each_workload(struct log_index *x,
    enum err (*row)(
	void *context, const char *collector, const char *name, const struct chain_head *head),
    void *context)
{
	sqlite3_stmt *s = x->statement[SELECT_WORKLOADS];
	struct chain_head head = {0};
	enum err e = ERR_OK;
	int status = SQLITE_DONE;

	while (e == ERR_OK && (status = sqlite3_step(s)) == SQLITE_ROW) {
		head.seq = (uint64_t)sqlite3_column_int64(s, 2);
		head.time_ms = (uint64_t)sqlite3_column_int64(s, 3) & CHAIN_TIME_MASK;
		head.index = (uint64_t)sqlite3_column_int64(s, 4);
		head.last_signed_s = (uint64_t)sqlite3_column_int64(s, 5);
		column_digest(s, 6, &head.bundle_digest);
		head.entry_index = (uint64_t)sqlite3_column_int64(s, 7);
		column_digest(s, 8, &head.entry_leaf);
		head.due.at_s = (uint64_t)sqlite3_column_int64(s, 9);
		head.due.grace_s = (uint32_t)sqlite3_column_int64(s, 10) & DUE_SECONDS_MAX;
		head.due.interval_s = (uint32_t)sqlite3_column_int64(s, 15) & DUE_SECONDS_MAX;
		head.due = due_with_count(head.due, (uint64_t)sqlite3_column_int64(s, 11));
		head.verdict.status = (uint8_t)sqlite3_column_int(s, 12);
		head.verdict.since_s = (uint32_t)sqlite3_column_int64(s, 13);
		head.verdict.finding = (uint8_t)sqlite3_column_int(s, 14);
		head.gaps = (uint64_t)sqlite3_column_int64(s, 16) & BUNDLE_GAPS_MAX;
		head.verdict.group = (uint8_t)sqlite3_column_int(s, 17);
		head.verdict.falls = sqlite3_column_int(s, 18) != 0;
		e = row(context, (const char *)sqlite3_column_text(s, 0),
		    (const char *)sqlite3_column_text(s, 1), &head);
	}
	return ended(x, SELECT_WORKLOADS, status, e);
}

enum err
index_each_notice(
    struct log_index *x, enum err (*row)(void *context, const struct notice_row *n), void *context)
{
	sqlite3_stmt *s = x->statement[SELECT_NOTICES];
	struct notice_row found;
	enum err e = ERR_OK;
	int status = SQLITE_DONE;

	while (e == ERR_OK && (status = sqlite3_step(s)) == SQLITE_ROW) {
		found.index = (uint64_t)sqlite3_column_int64(s, 0);
		found.issued_s = (uint64_t)sqlite3_column_int64(s, 1);
		found.from_s = (uint64_t)sqlite3_column_int64(s, 2);
		found.kind = (enum notice_kind)sqlite3_column_int(s, 3);
		column_digest(s, 4, &found.leaf);
		column_digest(s, 5, &found.in_force);
		column_digest(s, 6, &found.subject);
		e = row(context, &found);
	}
	return ended(x, SELECT_NOTICES, status, e);
}

enum err
index_each_evidence(struct log_index *x,
    enum err (*row)(void *context, const struct index_evidence *e), void *context)
{
	sqlite3_stmt *s = x->statement[SELECT_EVIDENCE];
	struct index_evidence found;
	enum err e = ERR_OK;
	int status = SQLITE_DONE;

	while (e == ERR_OK && (status = sqlite3_step(s)) == SQLITE_ROW) {
		column_digest(s, 0, &found.digest);
		found.kind = (enum pack_kind)sqlite3_column_int(s, 1);
		found.pack = (uint32_t)sqlite3_column_int64(s, 2);
		found.offset = (uint64_t)sqlite3_column_int64(s, 3);
		found.stored = (uint32_t)sqlite3_column_int64(s, 4);
		found.size = (uint32_t)sqlite3_column_int64(s, 5);
		e = row(context, &found);
	}
	return ended(x, SELECT_EVIDENCE, status, e);
}

enum err
index_clear_log(struct log_index *x)
{
	static const char clear[] = "DELETE FROM workload; DELETE FROM notice;"
				    " UPDATE state SET log_size = 0,"
				    " checksum = checksum(0, log_root, pack, pack_offset);";

	if (sqlite3_exec(x->db, clear, NULL, NULL, NULL) != SQLITE_OK) {
		log_failure(x, "clear");
		return ERR_IO;
	}
	return ERR_OK;
}

enum err
index_begin(struct log_index *x)
{
	return run(x, BEGIN);
}

enum err
index_put_workload(
    struct log_index *x, const char *collector, const char *name, const struct chain_head *head)
{
	sqlite3_stmt *s = x->statement[PUT_WORKLOAD];

	sqlite3_bind_text(s, 1, collector, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)head->seq);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)head->time_ms);
	sqlite3_bind_int64(s, 5, (sqlite3_int64)head->index);
	sqlite3_bind_int64(s, 6, (sqlite3_int64)head->last_signed_s);
	bind_digest(s, 7, &head->bundle_digest);
	sqlite3_bind_int64(s, 8, (sqlite3_int64)head->entry_index);
	bind_digest(s, 9, &head->entry_leaf);
	sqlite3_bind_int64(s, 10, (sqlite3_int64)head->due.at_s);
	sqlite3_bind_int64(s, 11, head->due.grace_s);
	sqlite3_bind_int64(s, 12, head->due.count);
	sqlite3_bind_int(s, 13, head->verdict.status);
	sqlite3_bind_int64(s, 14, head->verdict.since_s);
	sqlite3_bind_int(s, 15, head->verdict.finding);
	sqlite3_bind_int64(s, 16, head->due.interval_s);
	sqlite3_bind_int64(s, 17, head->gaps);
	sqlite3_bind_int(s, 18, head->verdict.group);
	sqlite3_bind_int(s, 19, head->verdict.falls);
	return run(x, PUT_WORKLOAD);
}

enum err
index_put_notice(struct log_index *x, const struct notice_row *n)
{
	sqlite3_stmt *s = x->statement[PUT_NOTICE];

	sqlite3_bind_int64(s, 1, (sqlite3_int64)n->index);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)n->issued_s);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)n->from_s);
	sqlite3_bind_int(s, 4, (int)n->kind);
	bind_digest(s, 5, &n->leaf);
	bind_digest(s, 6, &n->in_force);
	bind_digest(s, 7, &n->subject);
	return run(x, PUT_NOTICE);
}

enum err
index_put_evidence(struct log_index *x, const struct index_evidence *e)
{
	sqlite3_stmt *s = x->statement[PUT_EVIDENCE];

	bind_digest(s, 1, &e->digest);
	sqlite3_bind_int(s, 2, (int)e->kind);
	sqlite3_bind_int64(s, 3, e->pack);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)e->offset);
	sqlite3_bind_int64(s, 5, e->stored);
	sqlite3_bind_int64(s, 6, e->size);
	return run(x, PUT_EVIDENCE);
}

enum err
index_commit(struct log_index *x, const struct index_state *state)
{
	sqlite3_stmt *s = x->statement[PUT_STATE];
	enum err e;

	sqlite3_bind_int64(s, 1, (sqlite3_int64)state->log_size);
	bind_digest(s, 2, &state->log_root);
	sqlite3_bind_int64(s, 3, state->pack);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)state->pack_offset);
	if ((e = run(x, PUT_STATE)) != ERR_OK)
		return e;
	return run(x, COMMIT);
}

static enum err
open_once(const char *path, struct log_index **out)
{
	/* Handed from thread to thread, but never two at once: it needs no locks. */
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	struct log_index *x = calloc(1, sizeof(*x));

	*out = NULL;
	if (x == NULL)
		return ERR_MEMORY;
	if (sqlite3_open_v2(path, &x->db, flags, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(x->db, INDEX_BUSY_MS) != SQLITE_OK ||
	    check_version(x->db) != ERR_OK ||
	    sqlite3_create_function(x->db, "checksum", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
		checksum, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(x->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
		log_failure(x, "open");
		index_close(&x);
		return ERR_IO;
	}
	for (unsigned i = 0; i < STATEMENTS; i++) {
		if (sqlite3_prepare_v2(x->db, sql[i], -1, &x->statement[i], NULL) != SQLITE_OK) {
			log_failure(x, sql[i]);
			index_close(&x);
			return ERR_IO;
		}
	}
	if (check(x) != ERR_OK) {
		index_close(&x);
		return ERR_IO;
	}
	*out = x;
	return ERR_OK;
}

/* The file hangs together, can be written, and every row is as it was put. */
static enum err
check(struct log_index *x)
{
	if (run(x, BEGIN) != ERR_OK || run(x, ROLLBACK) != ERR_OK)
		return ERR_IO;
	if (says(x, CHECK_FILE, "ok") && says(x, CHECK_ROWS, "0"))
		return ERR_OK;
	logger_say(LOGGER_WARNING, "index-failed", "the index is damaged");
	return ERR_IO;
}

static bool
says(struct log_index *x, enum statement s, const char *expected)
{
	const char *found;
	bool same = sqlite3_step(x->statement[s]) == SQLITE_ROW &&
		    (found = (const char *)sqlite3_column_text(x->statement[s], 0)) != NULL &&
		    strcmp(found, expected) == 0;

	sqlite3_reset(x->statement[s]);
	return same;
}

/* SHA-256 over the values, each behind its type and size. */
static void
checksum(sqlite3_context *call, int count, sqlite3_value **values)
{
	struct buf bytes = BUF_INIT;
	struct digest sum;

	for (int i = 0; i < count; i++) {
		uint8_t type = (uint8_t)sqlite3_value_type(values[i]);
		const void *data = sqlite3_value_blob(values[i]);
		size_t size = (size_t)sqlite3_value_bytes(values[i]);

		buf_append_byte(&bytes, type);
		buf_append(&bytes, &size, sizeof(size));
		buf_append(&bytes, data, size);
	}
	if (buf_status(&bytes) == ERR_OK) {
		digest_of(bytes.data, bytes.size, &sum);
		sqlite3_result_blob(call, sum.bytes, DIGEST_SIZE, SQLITE_TRANSIENT);
	} else {
		sqlite3_result_error_nomem(call);
	}
	buf_free(&bytes);
}

/* A new file has version 0 and gets ours. */
static enum err
check_version(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	int version = -1;
	char *set;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	if (version == INDEX_VERSION)
		return ERR_OK;
	if (version != 0 ||
	    (set = sqlite3_mprintf("PRAGMA user_version=%d", INDEX_VERSION)) == NULL)
		return ERR_UNSUPPORTED;
	version = sqlite3_exec(db, set, NULL, NULL, NULL);
	sqlite3_free(set);
	return version == SQLITE_OK ? ERR_OK : ERR_IO;
}

static enum err
run(struct log_index *x, enum statement s)
{
	int status = sqlite3_step(x->statement[s]);

	sqlite3_reset(x->statement[s]);
	if (status == SQLITE_DONE)
		return ERR_OK;
	log_failure(x, sql[s]);
	return ERR_IO;
}

/* A walk over rows is over, by its last step or by an error of whoever looked at them. */
static enum err
ended(struct log_index *x, enum statement s, int status, enum err e)
{
	sqlite3_reset(x->statement[s]);
	if (e != ERR_OK || status == SQLITE_DONE)
		return e;
	log_failure(x, sql[s]);
	return ERR_IO;
}

static void
log_failure(struct log_index *x, const char *call)
{
	struct logline l;

	logline_begin(&l, LOGGER_WARNING, "index-failed");
	logline_string(&l, "call", call);
	logline_string(&l, "error", x->db != NULL ? sqlite3_errmsg(x->db) : "no memory");
	logline_end(&l);
}

static void
bind_digest(sqlite3_stmt *s, int column, const struct digest *d)
{
	sqlite3_bind_blob(s, column, d->bytes, DIGEST_SIZE, SQLITE_STATIC);
}

static void
column_digest(sqlite3_stmt *s, int column, struct digest *out)
{
	const void *bytes = sqlite3_column_blob(s, column);

	*out = DIGEST_ZERO;
	if (bytes != NULL && sqlite3_column_bytes(s, column) == DIGEST_SIZE)
		memcpy(out->bytes, bytes, DIGEST_SIZE);
}

static void
remove_files(const char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct buf name = BUF_INIT;

	for (unsigned i = 0; i < 3; i++) {
		buf_clear(&name);
		buf_append_format(&name, "%s%s", path, suffixes[i]);
		buf_append_byte(&name, 0);
		if (buf_status(&name) == ERR_OK && diskfile_remove((char *)name.data) != ERR_OK)
			break; /* said there; opening will fail */
	}
	buf_free(&name);
}
