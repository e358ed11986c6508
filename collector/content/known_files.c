#include "collector/content/known_files.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collector/content/settling.h"
#include "proto/bytes.h"

#define KEY_SIZE    16  /* bytes: half of a digest, over a secret */
#define SECRET_SIZE 16  /* bytes */
#define DRAWS       512 /* chances drawn at once */
#define GUESSES     8   /* twice what a table of a million takes; then it is halved */
#define STALE_SHARE 8   /* of the table: when as much is of no use any more it is made tight */

/* Those not in linux/magic.h. */
#define BCACHEFS_MAGIC 0xca451a4e
#define ZFS_MAGIC      0x2fc12fc1

struct entry {
	uint8_t key[KEY_SIZE];
	struct digest digest;
	uint32_t read_s; /* when; 0: the digest is being written */
	uint32_t round;  /* in which it was looked at last */
};

_Static_assert(sizeof(struct entry) == KNOWN_FILES_ENTRY_SIZE, "an entry has no holes");

/* In shared memory. The first ones are sorted, and those are found; the rest is of this round. */
struct table {
	uint8_t secret[SECRET_SIZE]; /* so that nobody can look for names with the same key */
	bool is_begun;
	volatile bool is_moving; /* whoever finds this has nothing but pieces */
	uint32_t round, whole;   /* this one; the last one that came to its end */
	size_t count, sorted;
	struct settling settling;
	struct growing growing;
	struct entry entries[];
};

struct known_files {
	struct table *table;
	size_t size, capacity; /* bytes; entries */
	/*
	 * Of a measuring process. What is held while an entry is read, written or added is no
	 * shared memory: whoever is ended meanwhile leaves nothing locked behind.
	 */
	pthread_mutex_t own, *lock;
	unsigned reread_percent;
	uint16_t draws[DRAWS];
	size_t drawn;
	uint64_t mount; /* the last one that was asked about, and what was said */
	bool has_mount, mount_keeps, mount_is_overlay;
};

static void make_tight(struct known_files *k);
static int compare(const void *a, const void *b);
static struct entry *look_up(struct table *t, const uint8_t key[KEY_SIZE]);
static void make_key(
    const struct table *t, const struct statx *s, uint64_t size, bool bare, uint8_t key[KEY_SIZE]);
static void write_entry(
    struct entry *e, uint32_t round, const struct timespec *read, const struct digest *digest);
static bool has_settled(struct known_files *k, const struct statx *s, const struct timespec *began);
static bool by_chance(struct known_files *k);
static bool keeps_times(struct known_files *k, int fd, uint64_t mount);
static void look_at_mount(struct known_files *k, int fd, uint64_t mount);
static bool lies_on_disk(int fd);

struct known_files *
known_files_new(size_t bytes)
{
	struct known_files *k = calloc(1, sizeof(*k));
	void *table;

	if (k == NULL)
		return NULL;
	k->capacity = bytes / sizeof(struct entry);
	k->size = sizeof(struct table) + k->capacity * sizeof(struct entry);
	table = mmap(NULL, k->size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (table == MAP_FAILED || madvise(table, k->size, MADV_DONTFORK) != 0) {
		if (table != MAP_FAILED)
			(void)munmap(table, k->size);
		free(k);
		return NULL;
	}
	k->table = table;
	return k;
}

void
known_files_free(struct known_files **k)
{
	if (*k == NULL)
		return;
	(void)munmap((*k)->table, (*k)->size);
	free(*k);
	*k = NULL;
}

void
known_files_lend(struct known_files *k, bool lent)
{
	(void)madvise(k->table, k->size, lent ? MADV_DOFORK : MADV_DONTFORK);
}

void
known_files_begin(struct known_files *k, unsigned reread_percent)
{
	struct table *t = k->table;

	(void)pthread_mutex_init(&k->own, NULL);
	k->lock = &k->own;
	k->reread_percent = reread_percent;
	k->drawn = DRAWS;
	if (!t->is_begun || t->is_moving || t->count > k->capacity || t->sorted > t->count) {
		t->count = t->sorted = 0;
		t->round = t->whole = 0;
		t->is_moving = false;
		t->is_begun =
		    getrandom(t->secret, sizeof(t->secret), 0) == (ssize_t)sizeof(t->secret);
	}
	make_tight(k);
	settling_begin(&t->settling);
	t->round++;
}

void
known_files_end(struct known_files *k)
{
	k->table->whole = k->table->round;
}

struct known_files *
known_files_helper(struct known_files *of)
{
	struct known_files *k = malloc(sizeof(*k));

	if (k == NULL)
		return NULL;
	*k = (struct known_files){.table = of->table,
	    .size = of->size,
	    .capacity = of->capacity,
	    .lock = of->lock,
	    .reread_percent = of->reread_percent,
	    .drawn = DRAWS};
	return k;
}

void
known_files_helper_free(struct known_files **helper)
{
	free(*helper);
	*helper = NULL;
}

struct growing *
known_files_growing(struct known_files *k)
{
	return &k->table->growing;
}

bool
known_files_find(struct known_files *k, const struct statx *s, uint64_t size, bool bare,
    struct digest *digest, uint32_t *read_s)
{
	uint8_t key[KEY_SIZE];
	struct entry *e;
	bool whole;

	if (k->table->sorted == 0)
		return false;
	make_key(k->table, s, size, bare, key);
	if ((e = look_up(k->table, key)) == NULL)
		return false;
	(void)pthread_mutex_lock(k->lock);
	whole = e->read_s != 0;
	if (whole) {
		e->round = k->table->round;
		*digest = e->digest;
		*read_s = e->read_s;
	}
	(void)pthread_mutex_unlock(k->lock);
	if (!whole)
		return false;
	return (s->stx_attributes & STATX_ATTR_VERITY) != 0 || !by_chance(k);
}

bool
known_files_ends_there(struct known_files *k, int fd, const struct statx *s)
{
	look_at_mount(k, fd, s->stx_mnt_id);
	return k->mount_keeps && !k->mount_is_overlay;
}

void
known_files_keep(struct known_files *k, int fd, const struct statx *s, uint64_t size, bool bare,
    const struct timespec *began, const struct digest *digest)
{
	struct table *t = k->table;
	uint8_t key[KEY_SIZE];
	struct entry *e;

	if (!t->is_begun || (s->stx_attributes & STATX_ATTR_DAX) != 0 ||
	    !has_settled(k, s, began) || !keeps_times(k, fd, s->stx_mnt_id))
		return;
	make_key(t, s, size, bare, key);
	e = look_up(t, key);
	(void)pthread_mutex_lock(k->lock);
	if (e != NULL) {
		write_entry(e, t->round, began, digest);
	} else if (t->count < k->capacity) {
		e = &t->entries[t->count];
		memcpy(e->key, key, KEY_SIZE);
		write_entry(e, t->round, began, digest);
		t->count++;
	}
	(void)pthread_mutex_unlock(k->lock);
}

static bool
has_settled(struct known_files *k, const struct statx *s, const struct timespec *began)
{
	bool has;

	(void)pthread_mutex_lock(k->lock);
	has = settling_is_over(&k->table->settling, s, began);
	(void)pthread_mutex_unlock(k->lock);
	return has;
}

/* Without what was of no use in the last whole round, sorted, and each but once. */
static void
make_tight(struct known_files *k)
{
	struct table *t = k->table;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t stale = 0, kept = 0, used;

	for (size_t i = 0; i < t->count; i++)
		stale += t->entries[i].round < t->whole;
	if (t->count == t->sorted && stale * STALE_SHARE <= t->count)
		return;
	t->is_moving = true;
	atomic_signal_fence(memory_order_seq_cst);
	for (size_t i = 0; i < t->count; i++)
		if (t->entries[i].round >= t->whole && t->entries[i].read_s != 0)
			t->entries[kept++] = t->entries[i];
	qsort(t->entries, kept, sizeof(t->entries[0]), compare);
	t->count = 0;
	for (size_t i = 0; i < kept; i++)
		if (t->count == 0 || compare(&t->entries[t->count - 1], &t->entries[i]) != 0)
			t->entries[t->count++] = t->entries[i];
	t->sorted = t->count;
	atomic_signal_fence(memory_order_seq_cst);
	t->is_moving = false;
	used = sizeof(*t) + t->count * sizeof(t->entries[0]);
	used = (used + page - 1) / page * page;
	if (used < k->size)
		(void)madvise((uint8_t *)t + used, k->size - used, MADV_REMOVE);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key, KEY_SIZE);
}

/*
 * Keys are spread evenly, so that the beginning of one says where it is, a few places more or less;
 * each one that is met says it again, of those that are left. Nobody can make them otherwise; the
 * steps are counted all the same.
 */
static struct entry *
look_up(struct table *t, const uint8_t key[KEY_SIZE])
{
	const uint64_t wanted = be64_get(key);
	uint64_t least = 0, most = UINT64_MAX;
	size_t low = 0, high = t->sorted;

	for (unsigned step = 0; low < high; step++) {
		const double share =
		    most > least ? (double)(wanted - least) / (double)(most - least) : 0.5;
		const size_t count = high - low;
		const size_t guess = step < GUESSES ? (size_t)(share * (double)count) : count / 2;
		const size_t at = low + (guess < count ? guess : count - 1);
		const int order = memcmp(t->entries[at].key, key, KEY_SIZE);

		if (order == 0)
			return &t->entries[at];
		if (order < 0) {
			least = be64_get(t->entries[at].key);
			low = at + 1;
		} else {
			most = be64_get(t->entries[at].key);
			high = at;
		}
	}
	return NULL;
}

static void
make_key(
    const struct table *t, const struct statx *s, uint64_t size, bool bare, uint8_t key[KEY_SIZE])
{
	const uint64_t said[] = {s->stx_dev_major, s->stx_dev_minor, s->stx_mnt_id, s->stx_ino,
	    s->stx_size, (uint64_t)s->stx_mtime.tv_sec, s->stx_mtime.tv_nsec,
	    (uint64_t)s->stx_ctime.tv_sec, s->stx_ctime.tv_nsec, (uint64_t)s->stx_btime.tv_sec,
	    s->stx_btime.tv_nsec, s->stx_attributes & STATX_ATTR_VERITY, size, bare};
	const struct view parts[] = {
	    {t->secret, SECRET_SIZE}, {(const uint8_t *)said, sizeof(said)}};
	struct digest all;

	digest_of_parts(parts, 2, &all);
	memcpy(key, all.bytes, KEY_SIZE);
}

/* It may be ended in the middle of it. */
static void
write_entry(
    struct entry *e, uint32_t round, const struct timespec *read, const struct digest *digest)
{
	*(volatile uint32_t *)&e->read_s = 0;
	atomic_signal_fence(memory_order_seq_cst);
	e->digest = *digest;
	e->round = round;
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint32_t *)&e->read_s = (uint32_t)read->tv_sec;
}

static bool
by_chance(struct known_files *k)
{
	if (k->drawn == DRAWS) {
		if (getrandom(k->draws, sizeof(k->draws), 0) != (ssize_t)sizeof(k->draws))
			return true;
		k->drawn = 0;
	}
	return k->draws[k->drawn++] < (UINT16_MAX + 1U) * k->reread_percent / 100;
}

/* Of file systems of disks, which write back what is mapped. */
static bool
keeps_times(struct known_files *k, int fd, uint64_t mount)
{
	look_at_mount(k, fd, mount);
	return k->mount_keeps && (!k->mount_is_overlay || lies_on_disk(fd));
}

/* One mount after the other. */
static void
look_at_mount(struct known_files *k, int fd, uint64_t mount)
{
	static const uint32_t keeping[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
	    F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC, EROFS_SUPER_MAGIC_V1,
	    ISOFS_SUPER_MAGIC, ZFS_MAGIC, BCACHEFS_MAGIC};
	struct statfs system;

	if (k->has_mount && k->mount == mount)
		return;
	k->has_mount = fstatfs(fd, &system) == 0;
	k->mount = mount;
	k->mount_keeps = false;
	for (size_t i = 0; k->has_mount && i < sizeof(keeping) / sizeof(keeping[0]); i++)
		if ((uint32_t)system.f_type == keeping[i])
			k->mount_keeps = true;
	k->mount_is_overlay = k->mount_keeps && (uint32_t)system.f_type == OVERLAYFS_SUPER_MAGIC;
}

/*
 * A file of an overlay is one of the file system below, which may be in memory, a user's or a
 * network's, and only that has an answer to where on a disk the file is.
 */
static bool
lies_on_disk(int fd)
{
	struct fiemap where = {.fm_length = 1};

	return ioctl(fd, FS_IOC_FIEMAP, &where) == 0;
}
