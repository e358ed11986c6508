#include "register/view/view_reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "register/view/view_file.h"
#include "register/view/view_sql.h"

/* Of SQLite's machine, between two looks at the clock: some ten microseconds. */
#define PROGRESS_OPERATIONS 1000

#define WORKLOAD_SELECT                                                                            \
	"SELECT w.n, w.host, h.collector, w.name, w.state, w.tier, w.from_entry, w.from_s,"        \
	" w.last_entry, w.last_s, w.reports, w.expires_s, w.due_s, w.silent_entry, w.silent_s,"    \
	" w.place_entry, w.place_s, w.places, w.has_left FROM workload w JOIN host h ON h.n = "    \
	"w.host "
#define SILENCE_SELECT                                                                             \
	"SELECT from_entry, workload, from_s, due_s, count, coalesce(to_entry, 0),"                \
	" coalesce(to_s, 0) FROM silence "
#define USE_COLUMNS                                                                                \
	"i.workload, i.from_entry, i.from_s, coalesce(i.last_entry, 0), coalesce(i.last_s, 0),"    \
	" i.offline "
#define HOLDERS_OF_ARTIFACT "FROM item t JOIN component_unit u ON u.unit = t.unit"
#define ALL_INTERVALS                                                                              \
	" FROM interval i WHERE (i.workload, i.from_entry) > (?2, ?3)"                             \
	" ORDER BY i.workload, i.from_entry"

static const char *const sql[VIEW_QUERIES] = {
    [VIEW_LOG] = "SELECT origin, taken_to, checked_to, replayed_to, newest_s, unread, checkpoint,"
		 " (SELECT coalesce(max(n), 0) FROM host),"
		 " (SELECT coalesce(max(n), 0) FROM workload) FROM log",
    [VIEW_WORKLOADS] = WORKLOAD_SELECT "WHERE w.n > ?1 ORDER BY w.n",
    [VIEW_WORKLOADS_OF_TIER] = WORKLOAD_SELECT "WHERE w.tier = ?2 AND w.n > ?1 ORDER BY w.n",
    [VIEW_WORKLOAD] =
	WORKLOAD_SELECT "WHERE w.host = (SELECT n FROM host WHERE collector = ?1) AND w.name = ?2",
    [VIEW_WORKLOADS_OF_HOST] = WORKLOAD_SELECT "WHERE w.host = ?1 ORDER BY w.name",
    [VIEW_WORKLOAD_BY_N] = WORKLOAD_SELECT "WHERE w.n = ?1",
    [VIEW_INTERVAL_AT] = "SELECT i.from_entry, i.from_s, i.state, s.tier, s.policy, s.body"
			 " FROM interval i JOIN state s ON s.n = i.state WHERE i.workload = ?1"
			 " AND i.from_entry <= ?2 AND i.offline = 0"
			 " ORDER BY i.from_entry DESC LIMIT 1",
    [VIEW_INTERVALS] =
	"SELECT i.from_entry, i.from_s, coalesce(i.last_entry, 0),"
	" coalesce(i.last_s, 0), coalesce(i.reports, 0), i.offline, s.tier, s.policy,"
	" s.body FROM interval i JOIN state s ON s.n = i.state"
	" WHERE i.workload = ?1 AND i.from_entry < ?2 ORDER BY i.from_entry DESC",
    [VIEW_STATE] = "SELECT tier, policy, body FROM state WHERE n = ?1",
    [VIEW_PLACES] = "SELECT first_entry, first_s, places FROM place WHERE workload = ?1"
		    " AND first_entry <= ?2 ORDER BY first_entry DESC",
    [VIEW_IMAGES] = "SELECT digest, entry, issued_s, expires_s, due_s, has_left, state FROM image"
		    " ORDER BY entry DESC",
    [VIEW_HOSTS] = "SELECT n, collector FROM host WHERE n > ?1 ORDER BY n",
    [VIEW_CAUSES] = "SELECT n, kind, code, subject FROM cause"
		    " WHERE n > ?1 ORDER BY n",
    [VIEW_FINDINGS] = "SELECT workload, from_entry, from_s, coalesce(to_entry, 0),"
		      " coalesce(to_s, 0) FROM finding WHERE cause = ?1 AND workload > ?2"
		      " AND from_entry <= ?3 AND (to_entry IS NULL OR to_entry > ?3)"
		      " ORDER BY workload",
    [VIEW_FINDINGS_NOW] = "SELECT workload, from_entry, from_s, 0, 0 FROM finding"
			  " INDEXED BY finding_now WHERE cause = ?1 AND workload > ?2"
			  " AND to_entry IS NULL ORDER BY workload",
    [VIEW_SILENCES] = SILENCE_SELECT "WHERE (from_entry, workload) < (?1, ?2)"
				     " ORDER BY from_entry DESC, workload DESC",
    [VIEW_SILENCE_AT] = SILENCE_SELECT "WHERE workload = ?1 AND from_entry <= ?2"
				       " ORDER BY from_entry DESC LIMIT 1",
    [VIEW_CHANGES] =
	"SELECT from_entry, 0, workload, from_s, state, NULL FROM interval"
	" WHERE from_entry >= ?1 AND offline = 0"
	" UNION ALL SELECT entry, CASE WHEN length(boot) > 0 THEN 1 ELSE 2 END, workload, issued_s,"
	" 0, boot FROM turn WHERE entry >= ?1"
	" UNION ALL SELECT from_entry, 3, workload, from_s, 0, NULL FROM silence"
	" WHERE from_entry >= ?1"
	" UNION ALL SELECT entry, 4, 0, issued_s, 0, bytes FROM notice WHERE entry >= ?1"
	" ORDER BY 1, 2, 3 LIMIT ?2",
    [VIEW_POLICIES] = "SELECT entry, issued_s, manifest, coalesce(name, ''), approvals FROM policy"
		      " WHERE entry < ?1 ORDER BY entry DESC",
    [VIEW_NOTICES] = "SELECT entry, issued_s, kind, bytes FROM notice WHERE entry < ?1"
		     " ORDER BY entry DESC",
    [VIEW_ALARMS] = "SELECT kind, entry, words, first_ms, last_ms, count FROM alarm"
		    " ORDER BY kind, entry",
    [VIEW_TICK] = "SELECT entry, issued_s FROM tick WHERE issued_s <= ?1"
		  " ORDER BY issued_s DESC, entry DESC LIMIT 1",
    [VIEW_ARTIFACT] = "SELECT n FROM artifact WHERE digest = ?1",
    [VIEW_COMPONENT] = "SELECT n, kind, count, size, looked FROM component WHERE digest = ?1",
    [VIEW_PATHS] = "SELECT p.name, count(*) FROM item i JOIN path p ON p.n = i.path"
		   " WHERE i.artifact = ?1 GROUP BY i.path ORDER BY p.name",
    [VIEW_HOLDERS] = "SELECT DISTINCT c.digest, c.kind, c.looked FROM item i"
		     " JOIN component_unit u ON u.unit = i.unit JOIN component c"
		     " ON c.n = u.component WHERE i.artifact = ?1",
    [VIEW_USES] = "SELECT " USE_COLUMNS "FROM interval i INDEXED BY interval_state"
		  " WHERE (i.workload, i.from_entry) > (?2, ?3) AND i.state IN"
		  " (SELECT sc.state FROM item t JOIN component_unit u ON u.unit = t.unit"
		  " JOIN state_component sc ON sc.component = u.component WHERE t.artifact = ?1)"
		  " ORDER BY i.workload, i.from_entry",
    [VIEW_COMPONENT_USES] = "SELECT " USE_COLUMNS "FROM interval i INDEXED BY interval_state"
			    " WHERE (i.workload, i.from_entry) > (?2, ?3) AND i.state IN"
			    " (SELECT state FROM state_component WHERE component = ?1)"
			    " ORDER BY i.workload, i.from_entry",
    [VIEW_USES_COUNT] = "SELECT (SELECT count(*) FROM (SELECT 1 " HOLDERS_OF_ARTIFACT
			" JOIN state_component sc ON sc.component = u.component JOIN interval i"
			" ON i.state = sc.state WHERE t.artifact = ?1 LIMIT ?2)), (SELECT count(*)"
			" FROM (SELECT 1 " HOLDERS_OF_ARTIFACT " WHERE t.artifact = ?1 LIMIT ?2))",
    [VIEW_COMPONENT_USES_COUNT] =
	"SELECT count(*), 1 FROM (SELECT 1 FROM state_component sc JOIN interval i"
	" ON i.state = sc.state WHERE sc.component = ?1 LIMIT ?2)",
    [VIEW_USES_AMONG_ALL] = "SELECT " USE_COLUMNS ", EXISTS (SELECT 1 " HOLDERS_OF_ARTIFACT
			    " JOIN state_component sc ON sc.component = u.component"
			    " AND sc.state = i.state WHERE t.artifact = ?1)" ALL_INTERVALS,
    [VIEW_COMPONENT_USES_AMONG_ALL] =
	"SELECT " USE_COLUMNS ", EXISTS (SELECT 1 FROM state_component sc"
	" WHERE sc.component = ?1 AND sc.state = i.state)" ALL_INTERVALS,
    [VIEW_NOT_LOOKED] =
	"SELECT count(*) FROM (SELECT 1 FROM component WHERE looked = 0 LIMIT 10000)",
};

struct view_reader {
	char *path;
	struct stat file;
	sqlite3 *db;
	uint64_t until_ms;
	sqlite3_stmt *s[VIEW_QUERIES]; /* prepared when they are first asked */
};

static int is_over(void *context);
static uint64_t now_ms(void);

enum err
view_reader_open(const char *path, struct view_reader **out)
{
	struct view_reader *r = calloc(1, sizeof(*r));
	enum err e;

	*out = NULL;
	if (r == NULL || (r->path = strdup(path)) == NULL) {
		free(r);
		return ERR_MEMORY;
	}
	if ((e = view_file_open_to_read(path, &r->db)) == ERR_OK && stat(path, &r->file) != 0)
		e = ERR_NOT_FOUND;
	if (e != ERR_OK) {
		view_reader_close(&r);
		return e;
	}
	*out = r;
	return ERR_OK;
}

void
view_reader_close(struct view_reader **rp)
{
	struct view_reader *r = *rp;

	if (r == NULL)
		return;
	for (unsigned i = 0; i < VIEW_QUERIES; i++)
		sqlite3_finalize(r->s[i]);
	sqlite3_close(r->db);
	free(r->path);
	free(r);
	*rp = NULL;
}

bool
view_reader_is_current(const struct view_reader *r)
{
	struct stat now;

	return stat(r->path, &now) == 0 && now.st_ino == r->file.st_ino &&
	       now.st_dev == r->file.st_dev;
}

enum err
view_reader_begin(struct view_reader *r)
{
	r->until_ms = now_ms() + VIEW_READER_MS;
	sqlite3_progress_handler(r->db, PROGRESS_OPERATIONS, is_over, r);
	return view_sql_execute(r->db, "BEGIN");
}

void
view_reader_end(struct view_reader *r)
{
	for (unsigned i = 0; i < VIEW_QUERIES; i++)
		if (r->s[i] != NULL)
			sqlite3_reset(r->s[i]);
	sqlite3_progress_handler(r->db, 0, NULL, NULL);
	if (view_sql_execute(r->db, "COMMIT") != ERR_OK)
		return; /* said there; it has changed nothing */
}

static int
is_over(void *context)
{
	const struct view_reader *r = context;

	return now_ms() > r->until_ms;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

sqlite3_stmt *
view_reader_ask(struct view_reader *r, enum view_query q)
{
	if (r->s[q] != NULL)
		sqlite3_reset(r->s[q]);
	else if (view_sql_prepare(r->db, sql[q], &r->s[q]) != ERR_OK)
		return NULL;
	return r->s[q];
}
