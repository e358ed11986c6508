/*
 * Reading what the kernel tells in files, and making facts of it.
 *
 * What does not exist here is a fact without values; what may not be read is no fact. All is read
 * below a root directory: that of the collector, or one made by a test.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_READING_H
#define HALLMARK_COLLECTOR_MACHINE_READING_H

#include "collector/ground/values.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

#define MACHINE_TEXT_MAX 65536 /* bytes of one file that is a value: what a value can have */

struct machine {
	int root; /* O_PATH */
	struct component_builder *to;
	/* What is below this directory is read from there: so the way to it is gone once. NULL:
	 * none. */
	const char *directory;
	int place;
};

/*
 * The same, of which much is below `directory`, which outlives it; to be left. Where there is no
 * such directory it is the same.
 */
struct machine machine_enter(const struct machine *m, const char *directory);
void machine_leave(struct machine *inner, const struct machine *m);

/*
 * The text of a file, without line feeds and NULs at its end, appended. ERR_NOT_FOUND, ERR_IO (it
 * may not be read), ERR_FORMAT_SIZE, ERR_MEMORY.
 */
enum err machine_read(const struct machine *m, const char *path, struct buf *to) MUST_USE;

/* The same of a file in a directory, with `before` before it, as a value; nothing if it cannot be
 * read. */
enum err machine_read_value(const struct machine *m, const char *directory, const char *file,
    const char *before, struct values *to) MUST_USE;

/* Calls for each name in a directory, in no order; none that begins with a dot. As machine_read. */
typedef enum err machine_name(const struct machine *m, const char *name, void *context);
enum err machine_each(
    const struct machine *m, const char *directory, machine_name *each, void *context) MUST_USE;

/*
 * Adds a fact of what was gathered, if `e` is what gathering it ended with: none where that was
 * ERR_IO, no values where it was ERR_NOT_FOUND. Frees the values. ERR_MEMORY, ERR_FORMAT_SIZE.
 */
enum err machine_finish(const struct machine *m, enum err e, struct values *values,
    enum values_order order, const char *name) MUST_USE;

#endif
