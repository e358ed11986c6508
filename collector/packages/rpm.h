/*
 * What rpm keeps below a root directory: rpmdb.sqlite in /var/lib/rpm, or in /usr/lib/sysimage/rpm;
 * its table Packages has the header of each installed package (rpm_header.h).
 *
 * The database is a stranger's: it is read into memory and opened there, read only, with what
 * SQLite has against hostile ones, and ends after so many steps. It is never written, and no lock
 * is taken; while rpm itself has something in its write-ahead log that the database lacks, it is
 * not read. Databases of Berkeley DB (`Packages`) and ndb (`Packages.db`), which rpm had before,
 * are not read either: then rpm is an error, unless the other one is there too.
 */
#ifndef HALLMARK_COLLECTOR_PACKAGES_RPM_H
#define HALLMARK_COLLECTOR_PACKAGES_RPM_H

#include <stdbool.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define RPM_SIZE_MAX   (512 * 1024 * 1024) /* bytes: 100 KB for each of 5,000 packages */
#define RPM_HEADER_MAX (64 * 1024 * 1024)  /* bytes; the largest packages have some 10 MB */
#define RPM_STEPS_MAX                                                                              \
	50000000 /* of SQLite's machine: a million for each 4,000 packages, and more */

/*
 * Adds the fact `rpm`; *found is false, and nothing added, where there is no database. ERR_IO,
 * ERR_FORMAT, ERR_FORMAT_SIZE, ERR_MEMORY, with the trouble.
 */
enum err rpm_add(int root, struct component_builder *to, bool *found, struct trouble *t) MUST_USE;

/* The fact from the bytes of a database, which are altered. ERR_NOT_FOUND without SQLite,
 * ERR_FORMAT, ERR_FORMAT_SIZE, ERR_MEMORY. */
enum err rpm_add_read(struct buf *database, struct component_builder *to) MUST_USE;

#endif
