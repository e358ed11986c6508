#include "pkcs11/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkcs11/complain.h"

/*
 * A slot: "HMG1", 4 zero bytes, sequence u64, size u64, root 32, SHA-256 of all before.
 * Slots lie a page apart: no write of one touches the other.
 */
#define SLOT_SIZE   88   /* bytes */
#define SLOT_STRIDE 4096 /* bytes */
#define SLOT_COUNT  2
#define CHECKSUM_AT (SLOT_SIZE - DIGEST_SIZE)
#define NAME_DIGITS 16 /* of SHA-256(origin || 0A || SPKI) in hex: names the file */

static const char magic[4] = {'H', 'M', 'G', '1'};

struct guard {
	int fd;
	char *path;
	uint64_t sequence; /* of the newest slot */
	struct guard_state state;
};

static char *state_path(const char *directory, const char *origin, struct view spki);
static void slot_encode(
    uint64_t sequence, const struct guard_state *state, uint8_t slot[SLOT_SIZE]);
static bool slot_decode(
    const uint8_t slot[SLOT_SIZE], uint64_t *sequence, struct guard_state *state);
static enum err slot_write(struct guard *g, uint64_t sequence, const struct guard_state *state);
static enum err state_read(struct guard *g);
static enum err sync_directory(const char *directory);

enum err
guard_create(const char *directory, const char *origin, struct view spki)
{
	struct guard_state empty = {.size = 0};
	struct guard g = {.path = state_path(directory, origin, spki)};
	enum err e;

	merkle_empty_root(&empty.root);
	g.fd = open(g.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (g.fd < 0) {
		e = errno == EEXIST ? ERR_MISMATCH : ERR_IO;
		complain("%s: cannot make the guard's state: %s%s", g.path, strerror(errno),
		    errno == EEXIST ? "; this key has a log already" : "");
		free(g.path);
		return e;
	}
	e = slot_write(&g, 0, &empty);
	if (e == ERR_OK)
		e = slot_write(&g, 1, &empty);
	if (close(g.fd) != 0 && e == ERR_OK)
		e = ERR_IO;
	if (e == ERR_OK)
		e = sync_directory(directory);
	free(g.path);
	return e;
}

enum err
guard_open(const char *directory, const char *origin, struct view spki, struct guard **out)
{
	struct guard *g = calloc(1, sizeof(*g));
	enum err e = ERR_OK;

	*out = NULL;
	if (g == NULL)
		return ERR_MEMORY;
	g->path = state_path(directory, origin, spki);
	g->fd = open(g->path, O_RDWR | O_CLOEXEC);
	if (g->fd < 0) {
		e = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		complain("%s: cannot open the guard's state: %s; it is made by init, and is never "
			 "assumed to be empty",
		    g->path, strerror(errno));
	} else if (flock(g->fd, LOCK_EX | LOCK_NB) != 0) {
		complain("%s: another key process uses this state: %s", g->path, strerror(errno));
		e = ERR_IO;
	} else {
		e = state_read(g);
	}
	if (e != ERR_OK) {
		guard_close(&g);
		return e;
	}
	*out = g;
	return ERR_OK;
}

enum err
guard_adopt(
    const char *directory, const char *origin, struct view spki, const struct guard_state *state)
{
	struct guard g = {.path = state_path(directory, origin, spki)};
	struct guard_state known;
	uint8_t slot[SLOT_SIZE];
	uint64_t sequence, next = 0;
	enum err e = ERR_OK;

	g.fd = open(g.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (g.fd < 0 || flock(g.fd, LOCK_EX | LOCK_NB) != 0) {
		complain("%s: cannot open the guard's state: %s", g.path, strerror(errno));
		e = ERR_IO;
	}
	for (unsigned i = 0; i < SLOT_COUNT && e == ERR_OK; i++) {
		if (pread(g.fd, slot, SLOT_SIZE, (off_t)i * SLOT_STRIDE) != SLOT_SIZE ||
		    !slot_decode(slot, &sequence, &known))
			continue;
		next = sequence + 1 > next ? sequence + 1 : next;
		if (known.size > state->size) {
			complain("%s: the guard has signed a larger tree than this checkpoint's",
			    g.path);
			e = ERR_GUARD_ROLLBACK;
		}
	}
	for (unsigned i = 0; i < SLOT_COUNT && e == ERR_OK; i++)
		e = slot_write(&g, next + i, state);
	if (g.fd >= 0 && close(g.fd) != 0 && e == ERR_OK)
		e = ERR_IO;
	if (e == ERR_OK)
		e = sync_directory(directory);
	free(g.path);
	return e;
}

void
guard_close(struct guard **g)
{
	if (*g == NULL)
		return;
	if ((*g)->fd >= 0)
		close((*g)->fd); /* everything in it was synced */
	free((*g)->path);
	free(*g);
	*g = NULL;
}

const struct guard_state *
guard_state(const struct guard *g)
{
	return &g->state;
}

enum err
guard_check(const struct guard *g, uint64_t size, const struct digest *root,
    const struct merkle_proof *consistency)
{
	if (size < g->state.size)
		return ERR_GUARD_ROLLBACK;
	if (merkle_verify_consistency(g->state.size, &g->state.root, size, root, consistency) !=
	    ERR_OK)
		return ERR_GUARD_FORK;
	return ERR_OK;
}

enum err
guard_advance(struct guard *g, uint64_t size, const struct digest *root)
{
	struct guard_state next = {size, *root};
	enum err e;

	if (size == g->state.size && digest_equal(root, &g->state.root))
		return ERR_OK;
	if ((e = slot_write(g, g->sequence + 1, &next)) != ERR_OK)
		return e;
	g->sequence++;
	g->state = next;
	return ERR_OK;
}

enum err
guard_check_report(
    const struct guard *g, struct view report, uint64_t index, const struct merkle_proof *inclusion)
{
	struct digest leaf;

	merkle_leaf(report, &leaf);
	return merkle_verify_inclusion(&leaf, index, g->state.size, &g->state.root, inclusion) ==
		       ERR_OK
		   ? ERR_OK
		   : ERR_GUARD_UNLOGGED;
}

static char *
state_path(const char *directory, const char *origin, struct view spki)
{
	struct view parts[] = {view_of_string(origin), VIEW_LITERAL("\n"), spki};
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;
	char *path;

	digest_of_parts(parts, 3, &digest);
	digest_to_hex(&digest, hex);
	if (asprintf(&path, "%s/%.*s", directory, NAME_DIGITS, hex) < 0)
		abort();
	return path;
}

static void
slot_encode(uint64_t sequence, const struct guard_state *state, uint8_t slot[SLOT_SIZE])
{
	struct digest checksum;

	memset(slot, 0, SLOT_SIZE);
	memcpy(slot, magic, sizeof(magic));
	be64_put(slot + 8, sequence);
	be64_put(slot + 16, state->size);
	memcpy(slot + 24, state->root.bytes, DIGEST_SIZE);
	digest_of(slot, CHECKSUM_AT, &checksum);
	memcpy(slot + CHECKSUM_AT, checksum.bytes, DIGEST_SIZE);
}

static bool
slot_decode(const uint8_t slot[SLOT_SIZE], uint64_t *sequence, struct guard_state *state)
{
	uint8_t again[SLOT_SIZE];

	*sequence = be64_get(slot + 8);
	state->size = be64_get(slot + 16);
	memcpy(state->root.bytes, slot + 24, DIGEST_SIZE);
	slot_encode(*sequence, state, again);
	return memcmp(slot, again, SLOT_SIZE) == 0;
}

/* A failed write is final: nobody can say what the disk holds now. The caller ends. */
static enum err
slot_write(struct guard *g, uint64_t sequence, const struct guard_state *state)
{
	uint8_t slot[SLOT_SIZE];
	off_t at = (off_t)(sequence % SLOT_COUNT) * SLOT_STRIDE;

	slot_encode(sequence, state, slot);
	if (pwrite(g->fd, slot, SLOT_SIZE, at) == SLOT_SIZE && fdatasync(g->fd) == 0)
		return ERR_OK;
	complain("%s: cannot write the guard's state: %s", g->path, strerror(errno));
	return ERR_IO;
}

/*
 * Both slots must be whole. A slot lies in one sector, which disks write all or not at all: one
 * that is damaged was not torn by a crash, and the other may be older than what was signed.
 */
static enum err
state_read(struct guard *g)
{
	uint8_t slot[SLOT_SIZE];
	struct guard_state state;
	uint64_t sequence;

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		if (pread(g->fd, slot, SLOT_SIZE, (off_t)i * SLOT_STRIDE) != SLOT_SIZE ||
		    !slot_decode(slot, &sequence, &state) || sequence % SLOT_COUNT != i) {
			complain("%s: copy %u of the guard's state is damaged; check the log with "
				 "hallmark-audit fsck, then use: hallmark-hsm adopt CHECKPOINT",
			    g->path, i);
			return ERR_FORMAT;
		}
		if (i == 0 || sequence > g->sequence) {
			g->sequence = sequence;
			g->state = state;
		}
	}
	return ERR_OK;
}

static enum err
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? ERR_OK : ERR_IO;

	if (e != ERR_OK)
		complain("%s: cannot sync the directory: %s", directory, strerror(errno));
	if (fd >= 0)
		close(fd);
	return e;
}
