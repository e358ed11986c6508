#include "register/view/rows.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/component.h"
#include "register/view/stated.h"
#include "register/view/view_sql.h"

/* An alarm of no entry, in a table where an entry is a number that SQLite can hold. */
#define NO_ENTRY INT64_MAX

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	PUT_LOG,
	ADD_HOST,
	ADD_WORKLOAD,
	PUT_WORKLOAD,
	PUT_TIER,
	FIND_STATE,
	ADD_STATE,
	ADD_COMPONENT,
	ADD_STATE_COMPONENT,
	BEGIN_INTERVAL,
	END_INTERVAL,
	EXTEND_GAP,
	ADD_CAUSE,
	FIND_CAUSE,
	OPEN_FINDINGS,
	BEGIN_FINDING,
	END_FINDING,
	BEGIN_SILENCE,
	COUNT_SILENCE,
	END_SILENCE,
	PUT_NOTICE,
	PUT_POLICY,
	NAME_POLICY,
	PUT_IMAGE,
	PUT_PLACE,
	PUT_TICK,
	PUT_TURN,
	PUT_ALARM,
	CLEAR_ALARMS,
	STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT_LOG] = "UPDATE log SET origin = ?1, taken_to = ?2, checked_to = ?3, replayed_to = ?4,"
		" newest_s = ?5, unread = ?6, checkpoint = ?7, first_leaf = ?8, last_leaf = ?9",
    [ADD_HOST] = "INSERT INTO host (n, collector) VALUES (?1, ?2)",
    [ADD_WORKLOAD] =
	"INSERT INTO workload (n, state, from_entry, from_s, last_entry, last_s,"
	" reports, expires_s, due_s, gap_entry, silent_entry, silent_s, place_entry,"
	" place_s, places, sum, has_left, host, name, tier) VALUES (?1, ?2, ?3, ?4, ?5,"
	" ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
    [PUT_TIER] = "UPDATE workload SET tier = ?2 WHERE n = ?1",
    [PUT_WORKLOAD] = "UPDATE workload SET state = ?2, from_entry = ?3, from_s = ?4,"
		     " last_entry = ?5, last_s = ?6, reports = ?7, expires_s = ?8, due_s = ?9,"
		     " gap_entry = ?10, silent_entry = ?11, silent_s = ?12, place_entry = ?13,"
		     " place_s = ?14, places = ?15, sum = ?16, has_left = ?17 WHERE n = ?1",
    [FIND_STATE] = "SELECT n FROM state WHERE digest = ?1",
    [ADD_STATE] = "INSERT INTO state (digest, tier, policy, body) VALUES (?1, ?2, ?3, ?4)",
    [ADD_COMPONENT] = "INSERT INTO component (digest, kind, count, size, looked)"
		      " VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (digest) DO NOTHING",
    [ADD_STATE_COMPONENT] = "INSERT OR IGNORE INTO state_component"
			    " SELECT n, ?2 FROM component WHERE digest = ?1",
    [BEGIN_INTERVAL] = "INSERT OR REPLACE INTO interval (workload, from_entry, from_s, state,"
		       " offline) VALUES (?1, ?2, ?3, ?4, ?5)",
    [END_INTERVAL] = "UPDATE interval SET last_entry = ?3, last_s = ?4, reports = ?5"
		     " WHERE workload = ?1 AND from_entry = ?2",
    [EXTEND_GAP] = "UPDATE interval SET last_entry = ?3, last_s = ?4,"
		   " reports = coalesce(reports, 0) + 1 WHERE workload = ?1 AND from_entry = ?2",
    [ADD_CAUSE] = "INSERT INTO cause (kind, code, subject) VALUES (?1, ?2, ?3)"
		  " ON CONFLICT (code, subject, kind) DO NOTHING",
    [FIND_CAUSE] = "SELECT n FROM cause WHERE kind = ?1 AND code = ?2 AND subject = ?3",
    [OPEN_FINDINGS] = "SELECT cause, from_entry FROM finding"
		      " WHERE workload = ?1 AND to_entry IS NULL ORDER BY cause",
    [BEGIN_FINDING] = "INSERT INTO finding (cause, workload, from_entry, from_s)"
		      " VALUES (?1, ?2, ?3, ?4)",
    [END_FINDING] = "UPDATE finding SET to_entry = ?4, to_s = ?5"
		    " WHERE cause = ?1 AND workload = ?2 AND from_entry = ?3",
    [BEGIN_SILENCE] = "INSERT OR REPLACE INTO silence (from_entry, workload, from_s, due_s, count)"
		      " VALUES (?1, ?2, ?3, ?4, ?5)",
    [COUNT_SILENCE] = "UPDATE silence SET count = ?3 WHERE from_entry = ?1 AND workload = ?2",
    [END_SILENCE] = "UPDATE silence SET to_entry = ?3, to_s = ?4"
		    " WHERE from_entry = ?1 AND workload = ?2",
    [PUT_NOTICE] = "INSERT OR REPLACE INTO notice VALUES (?1, ?2, ?3, ?4)",
    [PUT_POLICY] = "INSERT OR REPLACE INTO policy (entry, issued_s, manifest, approvals, name)"
		   " VALUES (?1, ?2, ?3, ?4,"
		   " (SELECT name FROM policy WHERE manifest = ?3 AND name IS NOT NULL))",
    [NAME_POLICY] = "UPDATE policy SET name = ?2 WHERE manifest = ?1 AND name IS NULL",
    [PUT_IMAGE] = "INSERT OR REPLACE INTO image VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [PUT_PLACE] = "INSERT OR REPLACE INTO place VALUES (?1, ?2, ?3, ?4)",
    [PUT_TICK] = "INSERT OR REPLACE INTO tick VALUES (?1, ?2)",
    [PUT_TURN] = "INSERT OR REPLACE INTO turn (workload, entry, issued_s, boot)"
		 " VALUES (?1, ?2, ?3, ?4)",
    [PUT_ALARM] = "INSERT INTO alarm VALUES (?1, ?2, ?3, ?4, ?4, 1) ON CONFLICT (kind, entry)"
		  " DO UPDATE SET words = ?3, last_ms = ?4, count = count + 1",
    [CLEAR_ALARMS] = "DELETE FROM alarm",
};

/* Against what disks do, not against people: who may write the file may compute sums. */
static const struct siphash_key sum_key = {{0x68616c6c6d61726bULL, 0x7265676973746572ULL}};

/* A state that was looked for, and its row: many workloads come to be in the same one. */
struct known_state {
	struct digest digest;
	uint64_t n; /* 0: none */
};

struct rows {
	sqlite3 *db;
	struct buf scratch;
	struct known_state known[256]; /* by the digest's first byte */
	sqlite3_stmt *s[STATEMENTS];
};

static uint64_t sum_of(const uint64_t *numbers, size_t count);
static enum err add_state(struct rows *r, const struct report *report, enum outcome checked,
    const struct digest *digest, uint64_t *n);
static enum err add_components(struct rows *r, const struct report *report, uint64_t state);
static enum err name_policy(struct rows *r, struct view policy_id);
static enum err find_number(sqlite3_stmt *s, uint64_t *n);
static enum err cause_of(struct rows *r, const struct report_finding *f, uint64_t *n);
static enum err put_policy(struct rows *r, uint64_t entry, const struct notice *notice);

enum err
rows_open(sqlite3 *db, struct rows **out)
{
	struct rows *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return ERR_MEMORY;
	r->db = db;
	for (unsigned i = 0; i < STATEMENTS; i++) {
		if (view_sql_prepare(db, sql[i], &r->s[i]) != ERR_OK) {
			rows_close(&r);
			return ERR_IO;
		}
	}
	*out = r;
	return ERR_OK;
}

void
rows_close(struct rows **rp)
{
	struct rows *r = *rp;

	if (r == NULL)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(r->s[i]);
	buf_free(&r->scratch);
	free(r);
	*rp = NULL;
}

enum err
rows_begin(struct rows *r)
{
	return view_sql_run(r->s[BEGIN]);
}

enum err
rows_commit(struct rows *r)
{
	return view_sql_run(r->s[COMMIT]);
}

void
rows_rollback(struct rows *r)
{
	/* After some failures SQLite has done it already, and says so: nothing hangs on it. */
	if (sqlite3_get_autocommit(r->db) == 0 && view_sql_run(r->s[ROLLBACK]) != ERR_OK)
		return;
}

enum err
rows_put_log(struct rows *r, const struct rows_log *log)
{
	view_sql_bind(r->s[PUT_LOG], "tiiiiibdd", buf_view(&log->origin), log->taken_to,
	    log->checked_to, log->replayed_to, log->newest_s, log->unread,
	    buf_view(&log->checkpoint), &log->first_leaf, &log->last_leaf);
	return view_sql_run(r->s[PUT_LOG]);
}

enum err
rows_add_host(struct rows *r, uint64_t n, struct view collector)
{
	view_sql_bind(r->s[ADD_HOST], "it", n, collector);
	return view_sql_run(r->s[ADD_HOST]);
}

enum err
rows_put_workload(struct rows *r, struct head *h)
{
	const enum statement put = h->stored ? PUT_WORKLOAD : ADD_WORKLOAD;
	enum err e;

	/* What changes in both first, so that the shorter statement takes the beginning. */
	view_sql_bind(r->s[put], h->stored ? "iiiiiiiiiiiiiibii" : "iiiiiiiiiiiiiibiiiti", h->n,
	    h->state, h->from_entry, h->from_s, h->last_entry, h->last_s, h->reports, h->expires_s,
	    h->due_s, h->gap_entry, h->silent_entry, h->silent_s, h->places.first_entry,
	    h->places.first_s, (struct view){h->places.bytes, h->places.size}, rows_sum(h),
	    (uint64_t)h->left, h->host, head_name(h), (uint64_t)h->tier);
	e = view_sql_run(r->s[put]);
	/* It is indexed, and seldom another one. */
	if (e == ERR_OK && h->stored && h->stored_tier != h->tier) {
		view_sql_bind(r->s[PUT_TIER], "ii", h->n, (uint64_t)h->tier);
		e = view_sql_run(r->s[PUT_TIER]);
	}
	h->stored = true;
	h->stored_tier = h->tier;
	return e;
}

uint64_t
rows_sum(const struct head *h)
{
	const uint64_t numbers[] = {h->n, h->host, (uint64_t)h->left, (uint64_t)h->tier, h->state,
	    h->from_entry, h->from_s, h->last_entry, h->last_s, h->reports, h->expires_s, h->due_s,
	    h->gap_entry, h->silent_entry, h->silent_s, h->places.first_entry, h->places.first_s,
	    siphash(&sum_key, (struct view){h->places.bytes, h->places.size}),
	    siphash(&sum_key, head_collector(h)), siphash(&sum_key, head_name(h))};

	return sum_of(numbers, sizeof(numbers) / sizeof(numbers[0]));
}

enum err
rows_put_image(struct rows *r, const struct rows_image *image)
{
	view_sql_bind(r->s[PUT_IMAGE], "diiiiiii", &image->digest, image->entry, image->issued_s,
	    image->expires_s, image->due_s, (uint64_t)image->left, image->state,
	    rows_image_sum(image));
	return view_sql_run(r->s[PUT_IMAGE]);
}

uint64_t
rows_image_sum(const struct rows_image *image)
{
	const uint64_t numbers[] = {image->entry, image->issued_s, image->expires_s, image->due_s,
	    (uint64_t)image->left, image->state,
	    siphash(&sum_key, (struct view){image->digest.bytes, DIGEST_SIZE})};

	return sum_of(numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static uint64_t
sum_of(const uint64_t *numbers, size_t count)
{
	const struct view bytes = {(const uint8_t *)numbers, count * sizeof(*numbers)};

	return siphash(&sum_key, bytes) & INT64_MAX; /* SQLite's numbers have a sign */
}

enum err
rows_state(struct rows *r, const struct report *report, enum outcome checked,
    const struct digest *digest, uint64_t *n)
{
	struct known_state *known = &r->known[digest->bytes[0]];
	enum err e = ERR_OK;

	*n = known->n;
	if (known->n != 0 && digest_equal(&known->digest, digest))
		return ERR_OK;
	view_sql_bind(r->s[FIND_STATE], "d", digest);
	if ((e = find_number(r->s[FIND_STATE], n)) == ERR_OK && *n == 0)
		e = add_state(r, report, checked, digest, n);
	if (e == ERR_OK)
		*known = (struct known_state){*digest, *n};
	return e;
}

static enum err
add_state(struct rows *r, const struct report *report, enum outcome checked,
    const struct digest *digest, uint64_t *n)
{
	enum err e;

	buf_clear(&r->scratch);
	if ((e = stated_body(report, checked, &r->scratch)) != ERR_OK)
		return e;
	view_sql_bind(r->s[ADD_STATE], "ditt", digest, (uint64_t)stated_tier(report, checked),
	    report->policy_id, buf_view(&r->scratch));
	if ((e = view_sql_run(r->s[ADD_STATE])) != ERR_OK)
		return e;
	*n = (uint64_t)sqlite3_last_insert_rowid(r->db);
	if ((e = name_policy(r, report->policy_id)) != ERR_OK)
		return e;
	return add_components(r, report, *n);
}

static enum err
add_components(struct rows *r, const struct report *report, uint64_t state)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < COMPONENT_KIND_COUNT; i++) {
		const struct bundle_component *c = &report->bundle.component[i];

		if (!c->present)
			continue;
		view_sql_bind(r->s[ADD_COMPONENT], "dtii", &c->digest,
		    view_of_string(component_kind_name((enum component_kind)i)), c->count, c->size);
		if ((e = view_sql_run(r->s[ADD_COMPONENT])) != ERR_OK)
			break;
		view_sql_bind(r->s[ADD_STATE_COMPONENT], "di", &c->digest, state);
		e = view_sql_run(r->s[ADD_STATE_COMPONENT]);
	}
	return e;
}

/* Reports name the policy that a manifest has: "<name>@sha256:<hex of the manifest>". */
static enum err
name_policy(struct rows *r, struct view policy_id)
{
	static const char mark[] = "@sha256:";
	const uint8_t *at = memmem(policy_id.data, policy_id.size, mark, strlen(mark));
	struct digest manifest;
	struct view hex;

	if (at == NULL)
		return ERR_OK;
	hex.data = at + strlen(mark);
	hex.size = (size_t)(policy_id.data + policy_id.size - hex.data);
	if (digest_from_hex(hex, &manifest) != ERR_OK)
		return ERR_OK;
	view_sql_bind(r->s[NAME_POLICY], "dt", &manifest,
	    (struct view){policy_id.data, (size_t)(at - policy_id.data)});
	return view_sql_run(r->s[NAME_POLICY]);
}

enum err
rows_begin_interval(struct rows *r, uint64_t workload, uint64_t entry, uint64_t issued_s,
    uint64_t state, bool offline)
{
	view_sql_bind(
	    r->s[BEGIN_INTERVAL], "iiiii", workload, entry, issued_s, state, (uint64_t)offline);
	return view_sql_run(r->s[BEGIN_INTERVAL]);
}

enum err
rows_end_interval(struct rows *r, const struct head *h)
{
	view_sql_bind(
	    r->s[END_INTERVAL], "iiiii", h->n, h->from_entry, h->last_entry, h->last_s, h->reports);
	return view_sql_run(r->s[END_INTERVAL]);
}

enum err
rows_extend_gap(struct rows *r, const struct head *h, uint64_t entry, uint64_t issued_s)
{
	view_sql_bind(r->s[EXTEND_GAP], "iiii", h->n, h->gap_entry, entry, issued_s);
	return view_sql_run(r->s[EXTEND_GAP]);
}

enum err
rows_change_findings(struct rows *r, uint64_t workload, const struct report *report, uint64_t entry,
    uint64_t issued_s)
{
	/* More than a report writes out can be open only in a damaged view. */
	struct {
		uint64_t cause, from;
	} open[REPORT_FINDINGS_MAX];
	uint64_t cause[REPORT_FINDINGS_MAX];
	size_t open_count = 0, count = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < report->finding_count; i++) {
		bool twice = false;

		e = cause_of(r, &report->finding[i], &cause[count]);
		for (size_t k = 0; k < count; k++)
			twice = twice || cause[k] == cause[count];
		count += !twice;
	}
	view_sql_bind(r->s[OPEN_FINDINGS], "i", workload);
	while (open_count < REPORT_FINDINGS_MAX && view_sql_next(r->s[OPEN_FINDINGS], &e)) {
		open[open_count].cause = view_sql_number(r->s[OPEN_FINDINGS], 0);
		open[open_count++].from = view_sql_number(r->s[OPEN_FINDINGS], 1);
	}
	sqlite3_reset(r->s[OPEN_FINDINGS]);
	for (size_t i = 0; e == ERR_OK && i < open_count; i++) {
		bool goes_on = false;

		for (size_t k = 0; k < count; k++) {
			if (cause[k] != open[i].cause)
				continue;
			goes_on = true;
			cause[k] = 0;
		}
		if (goes_on)
			continue;
		view_sql_bind(r->s[END_FINDING], "iiiii", open[i].cause, workload, open[i].from,
		    entry, issued_s);
		e = view_sql_run(r->s[END_FINDING]);
	}
	for (size_t k = 0; e == ERR_OK && k < count; k++) {
		if (cause[k] == 0)
			continue;
		view_sql_bind(r->s[BEGIN_FINDING], "iiii", cause[k], workload, entry, issued_s);
		e = view_sql_run(r->s[BEGIN_FINDING]);
	}
	return e;
}

static enum err
cause_of(struct rows *r, const struct report_finding *f, uint64_t *n)
{
	enum err e;

	view_sql_bind(r->s[FIND_CAUSE], "ttt", f->kind, f->code, f->subject);
	if ((e = find_number(r->s[FIND_CAUSE], n)) != ERR_OK || *n != 0)
		return e;
	view_sql_bind(r->s[ADD_CAUSE], "ttt", f->kind, f->code, f->subject);
	if ((e = view_sql_run(r->s[ADD_CAUSE])) == ERR_OK)
		*n = (uint64_t)sqlite3_last_insert_rowid(r->db);
	return e;
}

enum err
rows_begin_silence(struct rows *r, uint64_t workload, uint64_t entry, uint64_t issued_s,
    uint64_t due_s, uint64_t count)
{
	view_sql_bind(r->s[BEGIN_SILENCE], "iiiii", entry, workload, issued_s, due_s, count);
	return view_sql_run(r->s[BEGIN_SILENCE]);
}

enum err
rows_count_silence(struct rows *r, const struct head *h, uint64_t count)
{
	view_sql_bind(r->s[COUNT_SILENCE], "iii", h->silent_entry, h->n, count);
	return view_sql_run(r->s[COUNT_SILENCE]);
}

enum err
rows_end_silence(struct rows *r, const struct head *h, uint64_t entry, uint64_t issued_s)
{
	view_sql_bind(r->s[END_SILENCE], "iiii", h->silent_entry, h->n, entry, issued_s);
	return view_sql_run(r->s[END_SILENCE]);
}

enum err
rows_put_notice(struct rows *r, uint64_t entry, const struct notice *notice, struct view bytes)
{
	enum err e;

	view_sql_bind(
	    r->s[PUT_NOTICE], "iitb", entry, notice->issued_s, notice_kind_name(notice), bytes);
	if ((e = view_sql_run(r->s[PUT_NOTICE])) != ERR_OK || notice->kind != NOTICE_MANIFEST)
		return e;
	return put_policy(r, entry, notice);
}

static enum err
put_policy(struct rows *r, uint64_t entry, const struct notice *notice)
{
	enum err e;

	buf_clear(&r->scratch);
	buf_append_byte(&r->scratch, '[');
	for (size_t i = 0; i < notice->approval_count; i++) {
		buf_append_string(&r->scratch, i == 0 ? "\"" : ",\"");
		hex_append(&r->scratch, (struct view){notice->approval[i].bytes, DIGEST_SIZE});
		buf_append_byte(&r->scratch, '"');
	}
	buf_append_byte(&r->scratch, ']');
	if ((e = buf_status(&r->scratch)) != ERR_OK)
		return e;
	view_sql_bind(r->s[PUT_POLICY], "iidt", entry, notice->issued_s, &notice->sha256,
	    buf_view(&r->scratch));
	return view_sql_run(r->s[PUT_POLICY]);
}

enum err
rows_put_place(struct rows *r, const struct head *h)
{
	view_sql_bind(r->s[PUT_PLACE], "iiib", h->n, h->places.first_entry, h->places.first_s,
	    (struct view){h->places.bytes, h->places.size});
	return view_sql_run(r->s[PUT_PLACE]);
}

enum err
rows_put_tick(struct rows *r, uint64_t entry, uint64_t issued_s)
{
	view_sql_bind(r->s[PUT_TICK], "ii", entry, issued_s);
	return view_sql_run(r->s[PUT_TICK]);
}

enum err
rows_put_turn(
    struct rows *r, uint64_t workload, uint64_t entry, uint64_t issued_s, struct view boot)
{
	view_sql_bind(r->s[PUT_TURN], "iiib", workload, entry, issued_s, boot);
	return view_sql_run(r->s[PUT_TURN]);
}

enum err
rows_put_alarm(struct rows *r, const char *kind, uint64_t entry, const char *words, uint64_t now_ms)
{
	view_sql_bind(r->s[PUT_ALARM], "titi", view_of_string(kind),
	    entry > NO_ENTRY ? (uint64_t)NO_ENTRY : entry, view_of_string(words), now_ms);
	return view_sql_run(r->s[PUT_ALARM]);
}

enum err
rows_clear_alarms(struct rows *r)
{
	return view_sql_run(r->s[CLEAR_ALARMS]);
}

/* 0: there is no such row. */
static enum err
find_number(sqlite3_stmt *s, uint64_t *n)
{
	enum err e = ERR_OK;

	*n = view_sql_next(s, &e) ? view_sql_number(s, 0) : 0;
	sqlite3_reset(s);
	return e;
}
