#include "register/view/view_schema.h"

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

/*
 * What a power cut takes comes again from the log: NORMAL syncs where the WAL goes into the file,
 * so the file is whole at all times. 16 MiB of cache: what a batch of changes touches.
 */
const char view_schema_settings[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384;"
    " PRAGMA journal_size_limit=67108864;";

const char view_schema_tables[] =
    "BEGIN;"
    "CREATE TABLE log (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL,"
    " taken_to INTEGER NOT NULL, checked_to INTEGER NOT NULL, replayed_to INTEGER NOT NULL,"
    " newest_s INTEGER NOT NULL, unread INTEGER NOT NULL, checkpoint BLOB NOT NULL,"
    " first_leaf BLOB NOT NULL, last_leaf BLOB NOT NULL);"
    "INSERT INTO log VALUES (1, '', 0, 0, 0, 0, 0, x'', x'', x'');"

    "CREATE TABLE host (n INTEGER PRIMARY KEY, collector TEXT NOT NULL UNIQUE);"
    "CREATE TABLE workload (n INTEGER PRIMARY KEY, host INTEGER NOT NULL, name TEXT NOT NULL,"
    " tier INTEGER NOT NULL, state INTEGER NOT NULL, from_entry INTEGER NOT NULL, from_s INTEGER "
    "NOT NULL,"
    " last_entry INTEGER NOT NULL, last_s INTEGER NOT NULL, reports INTEGER NOT NULL,"
    " expires_s INTEGER NOT NULL, due_s INTEGER NOT NULL, gap_entry INTEGER NOT NULL,"
    " has_left INTEGER NOT NULL,"
    " silent_entry INTEGER NOT NULL, silent_s INTEGER NOT NULL, place_entry INTEGER NOT NULL,"
    " place_s INTEGER NOT NULL, places BLOB NOT NULL, sum INTEGER NOT NULL, UNIQUE (host, name));"

    /* Who looks for what is wrong looks for few among many. */
    "CREATE INDEX workload_tier ON workload (tier, n);"

    "CREATE TABLE state (n INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, tier INTEGER NOT NULL,"
    " policy TEXT NOT NULL, body TEXT NOT NULL);"
    "CREATE TABLE interval (workload INTEGER NOT NULL, from_entry INTEGER NOT NULL,"
    " from_s INTEGER NOT NULL, state INTEGER NOT NULL, offline INTEGER NOT NULL,"
    " last_entry INTEGER, last_s INTEGER, reports INTEGER,"
    " PRIMARY KEY (workload, from_entry)) WITHOUT ROWID;"
    "CREATE INDEX interval_state ON interval (state);"
    "CREATE INDEX interval_entry ON interval (from_entry);"
    /* Columns of a key come first: of a table without rowids whose do not, quick_check of SQLite
     * 3.40 says that something is NULL. */
    "CREATE TABLE turn (workload INTEGER NOT NULL, entry INTEGER NOT NULL, boot BLOB NOT NULL,"
    " issued_s INTEGER NOT NULL, PRIMARY KEY (workload, entry, boot)) WITHOUT ROWID;"
    "CREATE INDEX turn_entry ON turn (entry);"

    "CREATE TABLE cause (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, code TEXT NOT NULL,"
    " subject TEXT NOT NULL, UNIQUE (code, subject, kind));"
    "CREATE TABLE finding (cause INTEGER NOT NULL, workload INTEGER NOT NULL,"
    " from_entry INTEGER NOT NULL, from_s INTEGER NOT NULL, to_entry INTEGER, to_s INTEGER,"
    " PRIMARY KEY (cause, workload, from_entry)) WITHOUT ROWID;"
    "CREATE INDEX finding_open ON finding (workload) WHERE to_entry IS NULL;"
    "CREATE INDEX finding_now ON finding (cause, workload, from_entry, from_s)"
    " WHERE to_entry IS NULL;"

    "CREATE TABLE silence (from_entry INTEGER NOT NULL, workload INTEGER NOT NULL,"
    " from_s INTEGER NOT NULL, due_s INTEGER NOT NULL, count INTEGER NOT NULL, to_entry INTEGER,"
    " to_s INTEGER, PRIMARY KEY (from_entry, workload)) WITHOUT ROWID;"
    "CREATE INDEX silence_workload ON silence (workload, from_entry);"

    "CREATE TABLE policy (entry INTEGER PRIMARY KEY, issued_s INTEGER NOT NULL,"
    " manifest BLOB NOT NULL, name TEXT, approvals TEXT NOT NULL);"
    "CREATE TABLE notice (entry INTEGER PRIMARY KEY, issued_s INTEGER NOT NULL,"
    " kind TEXT NOT NULL, bytes BLOB NOT NULL);"

    "CREATE TABLE image (digest BLOB PRIMARY KEY, entry INTEGER NOT NULL,"
    " issued_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, due_s INTEGER NOT NULL,"
    " has_left INTEGER NOT NULL, state INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE place (workload INTEGER NOT NULL, first_entry INTEGER NOT NULL,"
    " first_s INTEGER NOT NULL, places BLOB NOT NULL,"
    " PRIMARY KEY (workload, first_entry)) WITHOUT ROWID;"
    "CREATE TABLE tick (entry INTEGER PRIMARY KEY, issued_s INTEGER NOT NULL);"
    "CREATE INDEX tick_time ON tick (issued_s);"

    "CREATE TABLE component (n INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE,"
    " kind TEXT NOT NULL, count INTEGER NOT NULL, size INTEGER NOT NULL, looked INTEGER NOT NULL);"
    "CREATE INDEX component_new ON component (n) WHERE looked = 0;"
    "CREATE TABLE state_component (component INTEGER NOT NULL, state INTEGER NOT NULL,"
    " PRIMARY KEY (component, state)) WITHOUT ROWID;"
    "CREATE TABLE unit (n INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);"
    "CREATE TABLE component_unit (unit INTEGER NOT NULL, component INTEGER NOT NULL,"
    " PRIMARY KEY (unit, component)) WITHOUT ROWID;"
    "CREATE TABLE artifact (n INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);"
    "CREATE TABLE path (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE item (artifact INTEGER NOT NULL, path INTEGER NOT NULL, unit INTEGER NOT NULL,"
    " PRIMARY KEY (artifact, path, unit)) WITHOUT ROWID;"

    "CREATE TABLE alarm (kind TEXT NOT NULL, entry INTEGER NOT NULL, words TEXT NOT NULL,"
    " first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY (kind, entry)) WITHOUT ROWID;"
    "PRAGMA user_version=" TEXT(VIEW_VERSION) "; COMMIT;";
