#include "pkcs11/serve/guard_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/token_profile.h"
#include "pkcs11/ground/complain.h"

/*
 * A slot: "HMG2", longest lifetime of a token u24 (seconds), phase u8, sequence u64, size u64, root
 * 32, transition 32, closed at u64 (seconds since 1970), SHA-256 of all before. Slots lie a page
 * apart: no write of one touches the other.
 */
#define SLOT_SIZE   128  /* bytes */
#define SLOT_STRIDE 4096 /* bytes */
#define PHASE_BITS  8
#define CHECKSUM_AT (SLOT_SIZE - DIGEST_SIZE)
#define NAME_DIGITS 16 /* of SHA-256(origin || 0A || SPKI) in hex: names the file */

_Static_assert(KEYCHANNEL_LIFETIME_MAX_S < 1 << 24, "a lifetime has 24 bits in a slot");

static const char magic[4] = {'H', 'M', 'G', '2'};

static void encode(uint64_t sequence, const struct guard_state *state, uint8_t slot[SLOT_SIZE]);
static bool decode(const uint8_t slot[SLOT_SIZE], uint64_t *sequence, struct guard_state *state);
static enum err write_failed(const struct guard_file *g);

char *
guard_file_path(const char *directory, const char *origin, struct view spki)
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
encode(uint64_t sequence, const struct guard_state *state, uint8_t slot[SLOT_SIZE])
{
	struct digest checksum;

	memset(slot, 0, SLOT_SIZE);
	memcpy(slot, magic, sizeof(magic));
	be32_put(slot + 4, state->token_lifetime_s << PHASE_BITS | state->phase);
	be64_put(slot + 8, sequence);
	be64_put(slot + 16, state->size);
	memcpy(slot + 24, state->root.bytes, DIGEST_SIZE);
	memcpy(slot + 56, state->transition.bytes, DIGEST_SIZE);
	be64_put(slot + 88, state->closed_s);
	digest_of(slot, CHECKSUM_AT, &checksum);
	memcpy(slot + CHECKSUM_AT, checksum.bytes, DIGEST_SIZE);
}

static bool
decode(const uint8_t slot[SLOT_SIZE], uint64_t *sequence, struct guard_state *state)
{
	uint8_t again[SLOT_SIZE];

	const uint8_t phase = slot[7];

	if (phase > GUARD_RETIRED)
		return false;
	state->phase = (enum guard_phase)phase;
	state->token_lifetime_s = be32_get(slot + 4) >> PHASE_BITS;
	*sequence = be64_get(slot + 8);
	state->size = be64_get(slot + 16);
	memcpy(state->root.bytes, slot + 24, DIGEST_SIZE);
	memcpy(state->transition.bytes, slot + 56, DIGEST_SIZE);
	state->closed_s = be64_get(slot + 88);
	encode(*sequence, state, again);
	return memcmp(slot, again, SLOT_SIZE) == 0;
}

enum err
guard_file_put(struct guard_file *g, uint64_t sequence, const struct guard_state *state)
{
	uint8_t slot[SLOT_SIZE];
	off_t at = (off_t)(sequence % GUARD_FILE_SLOTS) * SLOT_STRIDE;

	encode(sequence, state, slot);
	return pwrite(g->fd, slot, SLOT_SIZE, at) == SLOT_SIZE ? ERR_OK : write_failed(g);
}

enum err
guard_file_sync(struct guard_file *g)
{
	return fdatasync(g->fd) == 0 ? ERR_OK : write_failed(g);
}

enum err
guard_file_write(struct guard_file *g, uint64_t sequence, const struct guard_state *state)
{
	enum err e = guard_file_put(g, sequence, state);

	return e == ERR_OK ? guard_file_sync(g) : e;
}

/* Final: nobody can say what the disk holds now. The caller ends. */
static enum err
write_failed(const struct guard_file *g)
{
	complain("%s: cannot write the guard's state: %s", g->path, strerror(errno));
	return ERR_IO;
}

/*
 * The lock is on the file and not on its name: where the file was taken away, a second process may
 * serve from another one, and what is written here is what nobody will read again.
 */
enum err
guard_file_check_named(const struct guard_file *g)
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

bool
guard_file_read_slot(
    const struct guard_file *g, unsigned i, struct guard_state *state, uint64_t *sequence)
{
	uint8_t slot[SLOT_SIZE];

	return pread(g->fd, slot, SLOT_SIZE, (off_t)i * SLOT_STRIDE) == SLOT_SIZE &&
	       decode(slot, sequence, state) && *sequence % GUARD_FILE_SLOTS == i;
}

enum err
guard_file_open(struct guard_file *g, int flags)
{
	enum err e;

	g->fd = open(g->path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (g->fd >= 0)
		return guard_file_check_owner(g);
	if (errno == ELOOP) {
		complain("%s: the guard's state must be a file, found a symbolic link, which leads "
			 "wherever its maker wants; put the file itself there",
		    g->path);
		return ERR_IO;
	}
	e = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	complain("%s: cannot open the guard's state of this key and origin: %s%s", g->path,
	    strerror(errno),
	    e == ERR_IO ? "; it is for this process's user alone"
			: "; init makes it, init --existing that of a key which the vendor's tool "
			  "has made; it is never assumed to be empty: if it was lost, hallmark-hsm "
			  "adopt");
	return e;
}

/* Whoever else can write it can let a fork be signed. Of the file that is open, not of a name. */
enum err
guard_file_check_owner(const struct guard_file *g)
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

uint64_t
guard_file_rested_us(int fd)
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
bool
guard_file_read(struct guard_file *g)
{
	struct guard_state state[GUARD_FILE_SLOTS];
	uint64_t sequence[GUARD_FILE_SLOTS];
	unsigned newer;

	for (unsigned i = 0; i < GUARD_FILE_SLOTS; i++)
		if (!guard_file_read_slot(g, i, &state[i], &sequence[i]))
			return false;
	newer = sequence[1] > sequence[0] ? 1 : 0;
	if (sequence[newer] - sequence[1 - newer] != 1 || state[newer].size < state[1 - newer].size)
		return false;
	g->sequence = sequence[newer];
	g->state = state[newer];
	return true;
}

enum err
guard_file_refuse_damaged(const struct guard_file *g)
{
	complain("%s: the guard's state is damaged; check the log with hallmark-audit fsck, then "
		 "use its newest checkpoint: hallmark-hsm adopt CHECKPOINT",
	    g->path);
	return ERR_FORMAT;
}

enum err
guard_file_sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? ERR_OK : ERR_IO;

	if (e != ERR_OK)
		complain("%s: cannot sync the directory: %s", directory, strerror(errno));
	if (fd >= 0)
		close(fd);
	return e;
}

enum err
guard_file_take(struct guard_file *g)
{
	enum err e = guard_file_open(g, O_RDWR);

	if (e == ERR_OK && flock(g->fd, LOCK_EX | LOCK_NB) != 0) {
		complain("%s: another key process uses this state: %s", g->path, strerror(errno));
		e = ERR_IO;
	}
	if (e == ERR_OK && !guard_file_read(g))
		e = guard_file_refuse_damaged(g);
	return e;
}
