#include "pkcs11/serve/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/trees.h"

/*
 * A slot: "HMG1", 4 zero bytes, sequence u64, size u64, root 32, SHA-256 of all before.
 * Slots lie a page apart: no write of one touches the other.
 */
#define SLOT_SIZE   88   /* bytes */
#define SLOT_STRIDE 4096 /* bytes */
#define SLOT_COUNT  2
#define CHECKSUM_AT (SLOT_SIZE - DIGEST_SIZE)
#define READ_TRIES  3  /* of a reader without the lock, which may meet a write */
#define NAME_DIGITS 16 /* of SHA-256(origin || 0A || SPKI) in hex: names the file */

static const char magic[4] = {'H', 'M', 'G', '1'};

struct guard {
	int fd;
	char *path;
	uint64_t sequence; /* of the slot that counts */
	struct guard_state state;
	struct guard_state next; /* in the other slot, while unsynced */
	bool unsynced;
	uint64_t rested_us;
	struct trees trees;
};

static char *state_path(const char *directory, const char *origin, struct view spki);
static void slot_encode(
    uint64_t sequence, const struct guard_state *state, uint8_t slot[SLOT_SIZE]);
static bool slot_decode(
    const uint8_t slot[SLOT_SIZE], uint64_t *sequence, struct guard_state *state);
static bool slot_read(
    const struct guard *g, unsigned i, struct guard_state *state, uint64_t *sequence);
static enum err slot_put(struct guard *g, uint64_t sequence, const struct guard_state *state);
static enum err slot_sync(struct guard *g);
static enum err slot_write(struct guard *g, uint64_t sequence, const struct guard_state *state);
static enum err write_failed(const struct guard *g);
static enum err refuse_replaced(const struct guard *g);
static uint64_t rested_us(int fd);
static bool state_read(struct guard *g);
static enum err state_open(struct guard *g, int flags);
static enum err state_check_owner(const struct guard *g);
static enum err state_merge(struct guard *g, struct guard_state *state);
static enum err refuse_damaged(const struct guard *g);
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
	if ((e = state_open(g, O_RDWR)) == ERR_OK && flock(g->fd, LOCK_EX | LOCK_NB) != 0) {
		complain("%s: another key process uses this state: %s", g->path, strerror(errno));
		e = ERR_IO;
	}
	if (e == ERR_OK && !state_read(g))
		e = refuse_damaged(g);
	if (e == ERR_OK)
		g->rested_us = rested_us(g->fd);
	/* Where a sync failed, the kernel alone may have it: before it is relied on, once more. */
	if (e == ERR_OK)
		e = slot_write(g, g->sequence, &g->state);
	if (e != ERR_OK) {
		guard_close(&g);
		return e;
	}
	guard_signed(g);
	*out = g;
	return ERR_OK;
}

enum err
guard_read(const char *directory, const char *origin, struct view spki, struct guard_state *out)
{
	struct guard g = {.path = state_path(directory, origin, spki)};
	bool good = false;
	enum err e = state_open(&g, O_RDONLY);

	for (unsigned i = 0; i < READ_TRIES && e == ERR_OK && !good; i++)
		good = state_read(&g);
	if (good)
		*out = g.state;
	else if (e == ERR_OK)
		e = refuse_damaged(&g);
	if (g.fd >= 0)
		close(g.fd);
	free(g.path);
	return e;
}

enum err
guard_adopt(const char *directory, const char *origin, struct view spki, struct guard_state *state)
{
	struct guard g = {.path = state_path(directory, origin, spki)};
	enum err e = ERR_OK;

	g.fd = open(g.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (g.fd < 0 || flock(g.fd, LOCK_EX | LOCK_NB) != 0) {
		complain("%s: cannot take the guard's state: %s%s", g.path, strerror(errno),
		    errno == EWOULDBLOCK ? "; stop the key process first" : "");
		e = ERR_IO;
	}
	if (e == ERR_OK && (e = state_check_owner(&g)) == ERR_OK)
		e = state_merge(&g, state);
	for (unsigned i = 0; i < SLOT_COUNT && e == ERR_OK; i++)
		e = slot_write(&g, g.sequence + 1 + i, state);
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
		close((*g)->fd); /* what was not synced was never relied on */
	free((*g)->path);
	free(*g);
	*g = NULL;
}

const struct guard_state *
guard_state(const struct guard *g)
{
	return &g->state;
}

uint64_t
guard_rested_us(const struct guard *g)
{
	return g->rested_us;
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
guard_write(struct guard *g, uint64_t size, const struct digest *root)
{
	enum err e;

	if (g->unsynced)
		abort(); /* over the slot that counts */
	if (size == g->state.size && digest_equal(root, &g->state.root))
		return ERR_OK;
	if ((e = refuse_replaced(g)) != ERR_OK)
		return e;
	g->next = (struct guard_state){size, *root};
	if ((e = slot_put(g, g->sequence + 1, &g->next)) == ERR_OK)
		g->unsynced = true;
	return e;
}

enum err
guard_sync(struct guard *g)
{
	enum err e;

	if (!g->unsynced)
		return ERR_OK;
	if ((e = slot_sync(g)) != ERR_OK)
		return e;
	g->sequence++;
	g->state = g->next;
	g->unsynced = false;
	return ERR_OK;
}

void
guard_signed(struct guard *g)
{
	if (g->unsynced)
		abort();
	trees_add(&g->trees, g->state.size, &g->state.root);
}

enum err
guard_check_report(const struct guard *g, struct view report, uint64_t index, uint64_t size,
    const struct merkle_proof *inclusion, struct digest *leaf)
{
	const struct digest *root = trees_root(&g->trees, size);

	merkle_leaf(report, leaf);
	if (root == NULL)
		return ERR_GUARD_UNLOGGED;
	return merkle_verify_inclusion(leaf, index, size, root, inclusion) == ERR_OK
		   ? ERR_OK
		   : ERR_GUARD_UNLOGGED;
}

bool
guard_knows_tree(const struct guard *g, uint64_t size)
{
	return trees_root(&g->trees, size) != NULL;
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

static enum err
slot_put(struct guard *g, uint64_t sequence, const struct guard_state *state)
{
	uint8_t slot[SLOT_SIZE];
	off_t at = (off_t)(sequence % SLOT_COUNT) * SLOT_STRIDE;

	slot_encode(sequence, state, slot);
	return pwrite(g->fd, slot, SLOT_SIZE, at) == SLOT_SIZE ? ERR_OK : write_failed(g);
}

static enum err
slot_sync(struct guard *g)
{
	return fdatasync(g->fd) == 0 ? ERR_OK : write_failed(g);
}

static enum err
slot_write(struct guard *g, uint64_t sequence, const struct guard_state *state)
{
	enum err e = slot_put(g, sequence, state);

	return e == ERR_OK ? slot_sync(g) : e;
}

/* Final: nobody can say what the disk holds now. The caller ends. */
static enum err
write_failed(const struct guard *g)
{
	complain("%s: cannot write the guard's state: %s", g->path, strerror(errno));
	return ERR_IO;
}

/*
 * The lock is on the file and not on its name: where the file was taken away, a second process may
 * serve from another one, and what is written here is what nobody will read again.
 */
static enum err
refuse_replaced(const struct guard *g)
{
	struct stat ours, named;

	if (fstat(g->fd, &ours) == 0 && stat(g->path, &named) == 0 && ours.st_ino == named.st_ino &&
	    ours.st_dev == named.st_dev)
		return ERR_OK;
	complain("%s: the guard's state was removed or replaced while it was in use; nothing more "
		 "is signed: put the file back, or see hallmark-hsm adopt",
	    g->path);
	return ERR_IO;
}

static bool
slot_read(const struct guard *g, unsigned i, struct guard_state *state, uint64_t *sequence)
{
	uint8_t slot[SLOT_SIZE];

	return pread(g->fd, slot, SLOT_SIZE, (off_t)i * SLOT_STRIDE) == SLOT_SIZE &&
	       slot_decode(slot, sequence, state) && *sequence % SLOT_COUNT == i;
}

static enum err
state_open(struct guard *g, int flags)
{
	enum err e;

	g->fd = open(g->path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (g->fd >= 0)
		return state_check_owner(g);
	if (errno == ELOOP) {
		complain("%s: the guard's state must be a file, found a symbolic link, which leads "
			 "wherever its maker wants; put the file itself there",
		    g->path);
		return ERR_IO;
	}
	e = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	complain("%s: cannot open the guard's state: %s; init makes it, it is never assumed to be "
		 "empty; if it was lost: hallmark-hsm adopt",
	    g->path, strerror(errno));
	return e;
}

/* Whoever else can write it can let a fork be signed. Of the file that is open, not of a name. */
static enum err
state_check_owner(const struct guard *g)
{
	struct stat st;

	if (fstat(g->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		complain("%s: the guard's state must be a regular file", g->path);
		return ERR_IO;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		complain("%s: the guard's state must belong to this user (%u) or root, found user "
			 "%u; chown it, or run as that user",
		    g->path, (unsigned)geteuid(), (unsigned)st.st_uid);
		return ERR_IO;
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		complain("%s: the guard's state must be closed to writing by group and others, "
			 "found mode %04o; see that the state is the log's newest "
			 "(hallmark-hsm show), then chmod 0600 it",
		    g->path, (unsigned)(st.st_mode & 07777));
		return ERR_IO;
	}
	return ERR_OK;
}

static uint64_t
rested_us(int fd)
{
	struct timespec now;
	struct stat st;
	int64_t us;

	clock_gettime(CLOCK_REALTIME, &now);
	if (fstat(fd, &st) != 0)
		return 0;
	us = (now.tv_sec - st.st_mtim.tv_sec) * 1000000 + (now.tv_nsec - st.st_mtim.tv_nsec) / 1000;
	return us > 0 ? (uint64_t)us : 0;
}

/*
 * Both slots must be whole and follow one another. A slot lies in one sector, which disks write all
 * or not at all: one that is damaged was not torn by a crash, and the other may be older than what
 * was signed.
 */
static bool
state_read(struct guard *g)
{
	struct guard_state state[SLOT_COUNT];
	uint64_t sequence[SLOT_COUNT];
	unsigned newer;

	for (unsigned i = 0; i < SLOT_COUNT; i++)
		if (!slot_read(g, i, &state[i], &sequence[i]))
			return false;
	newer = sequence[1] > sequence[0] ? 1 : 0;
	if (sequence[newer] - sequence[1 - newer] != 1 || state[newer].size < state[1 - newer].size)
		return false;
	g->sequence = sequence[newer];
	g->state = state[newer];
	return true;
}

/* What the slots that are whole have to say to a state that is to be adopted. */
static enum err
state_merge(struct guard *g, struct guard_state *state)
{
	const struct guard_state adopted = *state;
	bool undamaged = state_read(g);
	struct guard_state known;
	uint64_t sequence;

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		if (!slot_read(g, i, &known, &sequence))
			continue;
		if (sequence > g->sequence)
			g->sequence = sequence;
		if (known.size == adopted.size && !digest_equal(&known.root, &adopted.root)) {
			complain("%s: this key has signed another tree of that size", g->path);
			return ERR_GUARD_FORK;
		}
		if (known.size > state->size)
			*state = known;
	}
	if (undamaged && state->size > adopted.size) {
		complain("%s: nothing is damaged, and the guard has signed a larger tree than this "
			 "checkpoint's",
		    g->path);
		return ERR_GUARD_ROLLBACK;
	}
	return ERR_OK;
}

static enum err
refuse_damaged(const struct guard *g)
{
	complain("%s: the guard's state is damaged; check the log with hallmark-audit fsck, then "
		 "use its newest checkpoint: hallmark-hsm adopt CHECKPOINT",
	    g->path);
	return ERR_FORMAT;
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
