/*
 * The file of the guard's state: two slots, which are written in turn (guard.h). Only the files of
 * the guard include this.
 */
#ifndef HALLMARK_PKCS11_SERVE_GUARD_FILE_H
#define HALLMARK_PKCS11_SERVE_GUARD_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "pkcs11/serve/guard_state.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define GUARD_FILE_SLOTS 2

struct guard_file {
	int fd;
	char *path;
	uint64_t sequence; /* of the slot that counts */
	struct guard_state state;
};

/* From malloc; key and origin name it. */
char *guard_file_path(const char *directory, const char *origin, struct view spki);

/* What is not the owner's alone to write is refused. ERR_NOT_FOUND, ERR_IO; explained. */
enum err guard_file_open(struct guard_file *g, int flags) MUST_USE;

/* The same for writing, locked and read: also ERR_FORMAT for a damaged one. */
enum err guard_file_take(struct guard_file *g) MUST_USE;
enum err guard_file_check_owner(const struct guard_file *g) MUST_USE;

/* Both slots, whole and the one behind the other; else false. */
bool guard_file_read(struct guard_file *g);
bool guard_file_read_slot(
    const struct guard_file *g, unsigned i, struct guard_state *state, uint64_t *sequence);
enum err guard_file_refuse_damaged(const struct guard_file *g) MUST_USE;

/* For how long it has not been written, by its clock. */
uint64_t guard_file_rested_us(int fd);

/* The slot of that number; ERR_IO, which is final. To write is to put and to sync. */
enum err guard_file_put(
    struct guard_file *g, uint64_t sequence, const struct guard_state *state) MUST_USE;
enum err guard_file_sync(struct guard_file *g) MUST_USE;
enum err guard_file_write(
    struct guard_file *g, uint64_t sequence, const struct guard_state *state) MUST_USE;
enum err guard_file_sync_directory(const char *directory) MUST_USE;

/* ERR_IO, explained, unless it is still the file of its name. */
enum err guard_file_check_named(const struct guard_file *g) MUST_USE;

#endif
