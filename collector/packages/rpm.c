#include "collector/packages/rpm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/packages/package_list.h"
#include "collector/packages/rpm_header.h"
#include "collector/packages/sqlite.h"

#define DATABASE      "/rpmdb.sqlite"
#define DATABASE_WAL  "/rpmdb.sqlite-wal"
#define PATH_SIZE     64   /* bytes of the longest path here, and more */
#define STEPS_AT_ONCE 1000 /* between two looks at how many there were */
#define SQL_VERSIONS_AT                                                                            \
	18 /* the two bytes of a database's header that say whether it has a log                   \
	    */
#define SQL_HEADER_SIZE 100

static const char *const directories[] = {"/var/lib/rpm", "/usr/lib/sysimage/rpm"};

static enum err add_from(
    int root, const char *directory, struct component_builder *to, struct trouble *t);
static enum err read_quiet(int root, const char *directory, struct buf *to, struct trouble *t);
static enum err check_quiet(int root, const char *directory, struct trouble *t);
static enum err check_older(int root, const char *directory, struct trouble *t);
static bool is_there(int root, const char *directory, const char *name, struct stat *s);
static enum err open_image(const struct sqlite *s, struct buf *database, sqlite3 **out);
static int count_steps(void *left);
static enum err read_packages(const struct sqlite *s, sqlite3 *db, struct component_builder *to);
static enum err add_row(const struct sqlite *s, sqlite3_stmt *rows, struct values *to);
static enum err error_of(int result);

enum err
rpm_add(int root, struct component_builder *to, bool *found, struct trouble *t)
{
	enum err e = ERR_NOT_FOUND;

	*found = false;
	for (size_t i = 0; e == ERR_NOT_FOUND && i < sizeof(directories) / sizeof(*directories);
	     i++)
		e = add_from(root, directories[i], to, t);
	*found = e == ERR_OK;
	for (size_t i = 0; e == ERR_NOT_FOUND && i < sizeof(directories) / sizeof(*directories);
	     i++)
		e = check_older(root, directories[i], t);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
rpm_add_read(struct buf *database, struct component_builder *to)
{
	const struct sqlite *s = sqlite_load();
	int64_t left = RPM_STEPS_MAX;
	sqlite3 *db = NULL;
	enum err e;

	if (s == NULL)
		return ERR_NOT_FOUND;
	e = open_image(s, database, &db);
	if (e == ERR_OK) {
		s->progress_handler(db, STEPS_AT_ONCE, count_steps, &left);
		e = read_packages(s, db, to);
	}
	(void)s->close(db);
	return e;
}

static enum err
add_from(int root, const char *directory, struct component_builder *to, struct trouble *t)
{
	struct buf database = BUF_INIT;
	enum err e;

	if ((e = read_quiet(root, directory, &database, t)) == ERR_OK) {
		e = rpm_add_read(&database, to);
		if (e == ERR_NOT_FOUND)
			e = trouble_set(t, ERR_IO,
			    "%s" DATABASE ": is read with " SQLITE_LIBRARY
			    ", which cannot be loaded",
			    directory);
		else if (e != ERR_OK)
			(void)trouble_set(t, e, "%s" DATABASE ": %s", directory, err_text(e));
	}
	buf_free(&database);
	return e;
}

/* The database while nobody writes it. ERR_NOT_FOUND if there is none. */
static enum err
read_quiet(int root, const char *directory, struct buf *to, struct trouble *t)
{
	struct stat before, after;
	char path[PATH_SIZE];
	enum err e;

	snprintf(path, sizeof(path), "%s" DATABASE, directory);
	if ((e = rooted_read(root, path, RPM_SIZE_MAX, to, &before)) == ERR_NOT_FOUND)
		return e;
	if (e != ERR_OK)
		return trouble_set(
		    t, e, "%s: %s", path, e == ERR_IO ? strerror(errno) : err_text(e));
	/* What came into the log while the file was read would have gone into it afterwards. */
	if ((e = check_quiet(root, directory, t)) != ERR_OK)
		return e;
	if (!is_there(root, directory, DATABASE, &after) || before.st_ino != after.st_ino ||
	    before.st_size != after.st_size || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
	    before.st_mtim.tv_nsec != after.st_mtim.tv_nsec)
		return trouble_set(t, ERR_IO, "%s: was written while it was read", path);
	return ERR_OK;
}

static enum err
check_quiet(int root, const char *directory, struct trouble *t)
{
	struct stat s;

	if (!is_there(root, directory, DATABASE_WAL, &s) || s.st_size == 0)
		return ERR_OK;
	return trouble_set(t, ERR_IO,
	    "%s" DATABASE_WAL ": rpm is at work, or was interrupted (`rpm -qa` as root mends that)",
	    directory);
}

/* ERR_NOT_FOUND if there is none. */
static enum err
check_older(int root, const char *directory, struct trouble *t)
{
	static const char *const older[] = {"/Packages", "/Packages.db"};
	struct stat s;

	for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++)
		if (is_there(root, directory, older[i], &s))
			return trouble_set(t, ERR_FORMAT,
			    "%s%s: a database of rpm that is not SQLite is not read; `rpmdb "
			    "--rebuilddb` makes one, or take `packages` out of this workload's "
			    "`measure`",
			    directory, older[i]);
	return ERR_NOT_FOUND;
}

static bool
is_there(int root, const char *directory, const char *name, struct stat *s)
{
	char path[PATH_SIZE];
	bool there;
	int fd;

	snprintf(path, sizeof(path), "%s%s", directory, name);
	if (rooted_open(root, path, 0, &fd) != ERR_OK)
		return false;
	there = fstat(fd, s) == 0;
	(void)close(fd);
	return there;
}

static enum err
open_image(const struct sqlite *s, struct buf *database, sqlite3 **out)
{
	int result, was;

	if (database->size < SQL_HEADER_SIZE)
		return ERR_FORMAT;
	/* A log, which is empty, needs a file; without one the same pages are read. */
	memset(database->data + SQL_VERSIONS_AT, 1, 2);
	if ((result = s->open_v2(":memory:", out, SQLITE_OPEN_READWRITE, NULL)) != SQLITE_OK)
		return error_of(result);
	(void)s->db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, &was);
	(void)s->db_config(*out, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &was);
	(void)s->db_config(*out, SQLITE_DBCONFIG_ENABLE_VIEW, 0, &was);
	(void)s->db_config(*out, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, &was);
	(void)s->limit(*out, SQLITE_LIMIT_LENGTH, RPM_HEADER_MAX);
	result = s->deserialize(*out, "main", database->data, (sqlite3_int64)database->size,
	    (sqlite3_int64)database->size, SQLITE_DESERIALIZE_READONLY);
	if (result == SQLITE_OK)
		result = s->exec(*out, "PRAGMA cell_size_check = 1", NULL, NULL, NULL);
	return error_of(result);
}

static int
count_steps(void *left)
{
	int64_t *steps = left;

	*steps -= STEPS_AT_ONCE;
	return *steps <= 0;
}

static enum err
read_packages(const struct sqlite *s, sqlite3 *db, struct component_builder *to)
{
	struct values list = VALUES_INIT;
	sqlite3_stmt *rows = NULL;
	enum err e;
	int result;

	e = error_of(s->prepare_v2(db, "SELECT blob FROM Packages", -1, &rows, NULL));
	while (e == ERR_OK && (result = s->step(rows)) != SQLITE_DONE)
		e = result == SQLITE_ROW ? add_row(s, rows, &list) : error_of(result);
	(void)s->finalize(rows);
	if (e == ERR_OK)
		e = values_finish(&list, VALUES_SORTED, "rpm", to);
	values_free(&list);
	return e;
}

static enum err
add_row(const struct sqlite *s, sqlite3_stmt *rows, struct values *to)
{
	const void *blob = s->column_blob(rows, 0);
	const int size = s->column_bytes(rows, 0);
	struct buf version = BUF_INIT;
	struct package package;
	enum err e;

	rpm_header_read((struct view){blob, blob != NULL ? (size_t)size : 0}, &version, &package);
	if ((e = buf_status(&version)) == ERR_OK)
		e = package_list_add(to, &package);
	buf_free(&version);
	return e;
}

static enum err
error_of(int result)
{
	switch (result) {
	case SQLITE_OK:
		return ERR_OK;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_INTERRUPT:
	case SQLITE_TOOBIG:
		return ERR_FORMAT_SIZE;
	default:
		return ERR_FORMAT;
	}
}
