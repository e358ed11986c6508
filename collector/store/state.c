#include "collector/store/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/store/chain.h"
#include "collector/store/savefile.h"
#include "collector/store/segment_store.h"
#include "proto/tlog/checkpoint.h"

#define HEAD_SIZE     64 /* bytes: kind and form are among them */
#define LOG_NAME_SIZE 17 /* bytes with NUL: 64 bits tell a handful of logs apart */

struct state {
	int dir;
	int lock;
	int logs;
	int components;
	struct segment_store *segments;
};

/* Digests to keep, sorted, while components are swept. */
struct keep {
	struct digest *list;
	size_t count;
	size_t capacity;
	bool failed;
};

static void name_log(struct view origin, char name[LOG_NAME_SIZE]);
static enum err count_logs(const struct state *s, const char *spared, size_t *count);
static bool remove_silent(int logs, const char *name);
static enum err take_lock(struct state *s, const char *path, struct trouble *t);
static enum err gather_waiting(struct state *s, struct keep *k);
static enum err gather_log(int dir, struct keep *k);
static chain_visit gather_bundle;
static void keep_add(struct keep *k, const struct digest *d);
static void keep_sort(struct keep *k);
static void sweep_segments(struct state *s, const struct keep *k);
static bool is_list(const struct state *s, const struct digest *digest);
static void sweep_files(const struct state *s, const struct keep *k);
static int compare_digests(const void *a, const void *b);

enum err
state_open(const char *path, struct state **out, struct trouble *t)
{
	struct state *s = malloc(sizeof(*s));
	enum err e;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	*s = (struct state){-1, -1, -1, -1, NULL};
	if ((s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		e = trouble_set(t, ERR_IO, "state directory %s: %s", path, strerror(errno));
	else if ((e = take_lock(s, path, t)) == ERR_OK &&
		 (e = savefile_directory(s->dir, "logs", &s->logs, t)) == ERR_OK &&
		 (e = savefile_directory(s->dir, "components", &s->components, t)) == ERR_OK)
		e = segment_store_open(s->components, &s->segments, t);
	if (e == ERR_OK)
		*out = s;
	else
		state_close(&s);
	return e;
}

void
state_close(struct state **s)
{
	if (*s == NULL)
		return;
	segment_store_close(&(*s)->segments);
	if ((*s)->components >= 0)
		(void)close((*s)->components);
	if ((*s)->logs >= 0)
		(void)close((*s)->logs);
	if ((*s)->lock >= 0)
		(void)close((*s)->lock);
	if ((*s)->dir >= 0)
		(void)close((*s)->dir);
	free(*s);
	*s = NULL;
}

enum err
state_last_log(const struct state *s, struct buf *origin, struct trouble *t)
{
	enum err e = savefile_read(s->dir, "last-log", CHECKPOINT_ORIGIN_MAX, origin, t);

	if (e == ERR_FORMAT_SIZE ||
	    (e == ERR_OK && checkpoint_origin_check(buf_view(origin)) != ERR_OK))
		return trouble_set(t, ERR_FORMAT,
		    "last-log in the state directory does not name a log; remove it");
	return e;
}

enum err
state_set_last_log(struct state *s, struct view origin, struct trouble *t)
{
	struct buf last = BUF_INIT;
	enum err e = state_last_log(s, &last, t);

	/* A disk without room is none to start with, either. */
	if (e != ERR_OK || !view_equal(buf_view(&last), origin))
		e = savefile_write(s->dir, "last-log", origin, t);
	buf_free(&last);
	return e;
}

enum err
state_make_room(struct state *s, struct view origin, struct trouble *t)
{
	char name[LOG_NAME_SIZE], spared[LOG_NAME_SIZE] = "";
	struct buf last = BUF_INIT;
	size_t count = 0;
	enum err e;

	name_log(origin, name);
	if (faccessat(s->logs, name, F_OK, 0) == 0)
		return ERR_OK;
	if ((e = count_logs(s, NULL, &count)) == ERR_OK && count >= STATE_LOGS_MAX) {
		if (state_last_log(s, &last, t) == ERR_OK)
			name_log(buf_view(&last), spared);
		buf_free(&last);
		e = count_logs(s, spared, &count);
	}
	if (e != ERR_OK)
		return trouble_set(
		    t, e, "logs in the state directory cannot be read: %s", strerror(errno));
	if (count >= STATE_LOGS_MAX)
		return trouble_set(t, ERR_CONFIG,
		    "the signer names another log, %.*s, and the state directory has %zu; remove "
		    "those below logs that are not needed",
		    view_precision(origin), (const char *)origin.data, count);
	return ERR_OK;
}

enum err
state_open_log(struct state *s, struct view origin, int *dir, struct trouble *t)
{
	char hex[LOG_NAME_SIZE];
	struct buf known = BUF_INIT;
	enum err e;

	name_log(origin, hex);
	if ((e = savefile_directory(s->logs, hex, dir, t)) != ERR_OK)
		return e;
	e = savefile_read(*dir, "origin", CHECKPOINT_ORIGIN_MAX, &known, t);
	if (e == ERR_NOT_FOUND)
		e = savefile_write(*dir, "origin", origin, t);
	else if (e == ERR_OK && !view_equal(buf_view(&known), origin))
		e = trouble_set(
		    t, ERR_MISMATCH, "logs/%s in the state directory is another log's", hex);
	buf_free(&known);
	if (e != ERR_OK) {
		(void)close(*dir);
		*dir = -1;
	}
	return e;
}

enum err
state_put_component(
    struct state *s, const struct digest *digest, struct view bytes, struct trouble *t)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct stat there;
	enum err e = segment_store_commit(s->segments, t);

	if (e != ERR_OK)
		return e;
	digest_to_hex(digest, hex);
	if (fstatat(s->components, hex, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(there.st_mode) && (uint64_t)there.st_size == bytes.size)
		return ERR_OK;
	return savefile_write(s->components, hex, bytes, t);
}

uint64_t
state_segments_lost(const struct state *s)
{
	return segment_store_lost(s->segments);
}

enum err
state_put_segment(
    struct state *s, const struct digest *digest, struct view bytes, struct trouble *t)
{
	return segment_store_put(s->segments, digest, bytes, t);
}

enum err
state_open_component(
    const struct state *s, const struct digest *digest, int *fd, uint64_t *size, struct trouble *t)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct stat file;

	digest_to_hex(digest, hex);
	*fd = openat(s->components, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &file) != 0) {
		const int reason = errno;

		if (*fd >= 0)
			(void)close(*fd);
		return trouble_set(t, reason == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "components/%s in the state directory: %s", hex, strerror(reason));
	}
	*size = (uint64_t)file.st_size;
	return ERR_OK;
}

enum err
state_open_segment(const struct state *s, const struct digest *digest, int *fd, uint64_t *offset,
    uint64_t *size, struct trouble *t)
{
	return segment_store_find(s->segments, digest, fd, offset, size, t);
}

enum err
state_read_list(const struct state *s, const struct digest *digest, struct buf *to,
    struct component_list **out, struct trouble *t)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest found;
	enum err e;

	*out = NULL;
	digest_to_hex(digest, hex);
	e = savefile_read(s->components, hex, COMPONENT_SIZE_MAX, to, t);
	if (e == ERR_NOT_FOUND)
		return trouble_set(t, e, "components/%s in the state directory is not there", hex);
	if (e != ERR_OK)
		return e;
	digest_of(to->data, to->size, &found);
	if (!digest_equal(&found, digest))
		return trouble_set(
		    t, ERR_DIGEST, "components/%s in the state directory was altered", hex);
	if ((e = component_list_decode(buf_view(to), out)) != ERR_OK)
		(void)trouble_set(t, e, "components/%s in the state directory is no list", hex);
	return e;
}

void
state_drop_component(struct state *s, const struct digest *digest)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct trouble t = TROUBLE_INIT;
	struct component_list *l;
	struct buf bytes = BUF_INIT;

	if (state_read_list(s, digest, &bytes, &l, &t) == ERR_OK)
		segment_store_check(s->segments, l);
	component_list_free(&l);
	buf_free(&bytes);
	digest_to_hex(digest, hex);
	(void)unlinkat(s->components, hex, 0);
}

void
state_sweep_components(struct state *s, const struct digest *keep, size_t count)
{
	struct keep k = {NULL, 0, 0, false};

	for (size_t i = 0; i < count; i++)
		keep_add(&k, &keep[i]);
	/* What waits must be known for sure before anything is removed. */
	if (gather_waiting(s, &k) == ERR_OK && !k.failed) {
		keep_sort(&k);
		sweep_segments(s, &k);
		sweep_files(s, &k);
	}
	free(k.list);
}

static void
name_log(struct view origin, char name[LOG_NAME_SIZE])
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;

	digest_of(origin.data, origin.size, &digest);
	digest_to_hex(&digest, hex);
	memcpy(name, hex, LOG_NAME_SIZE - 1);
	name[LOG_NAME_SIZE - 1] = '\0';
}

/* Those that stay. With `spared`, all others go that never gave a receipt. */
static enum err
count_logs(const struct state *s, const char *spared, size_t *count)
{
	struct dirent *entry;
	DIR *logs;
	int fd;

	*count = 0;
	if ((fd = openat(s->logs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	if ((logs = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return ERR_IO;
	}
	while ((entry = readdir(logs)) != NULL)
		if (entry->d_name[0] != '.' &&
		    (spared == NULL || strcmp(entry->d_name, spared) == 0 ||
			!remove_silent(s->logs, entry->d_name)))
			++*count;
	(void)closedir(logs);
	return ERR_OK;
}

/* A chain is written with its first receipt, or when it is taken over. */
static bool
remove_silent(int logs, const char *name)
{
	int fd = openat(logs, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool silent = true;

	if (names == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	while (silent && (entry = readdir(names)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		silent = dot == NULL || strcmp(dot, ".chain") != 0;
	}
	rewinddir(names);
	while (silent && (entry = readdir(names)) != NULL)
		(void)unlinkat(dirfd(names), entry->d_name, 0);
	(void)closedir(names);
	return silent && unlinkat(logs, name, AT_REMOVEDIR) == 0;
}

static enum err
take_lock(struct state *s, const char *path, struct trouble *t)
{
	if ((s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		return trouble_set(
		    t, ERR_IO, "state directory %s: lock: %s", path, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
		return trouble_set(t, errno == EWOULDBLOCK ? ERR_CONFIG : ERR_IO,
		    "state directory %s: %s", path,
		    errno == EWOULDBLOCK
			? "another collector works with it; stop it, or give this one its own"
			: strerror(errno));
	return ERR_OK;
}

static enum err
gather_waiting(struct state *s, struct keep *k)
{
	struct dirent *entry;
	enum err e = ERR_OK;
	DIR *logs;
	int fd, log;

	if ((fd = openat(s->logs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	if ((logs = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return ERR_IO;
	}
	while (e == ERR_OK && (entry = readdir(logs)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		log = openat(s->logs, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		e = log < 0 ? ERR_IO : gather_log(log, k);
	}
	(void)closedir(logs);
	return e;
}

/* Closes `dir`. */
static enum err
gather_log(int dir, struct keep *k)
{
	struct dirent *entry;
	enum err e = ERR_OK;
	DIR *names;

	if ((names = fdopendir(dir)) == NULL) {
		(void)close(dir);
		return ERR_IO;
	}
	while (e == ERR_OK && (entry = readdir(names)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".queue") == 0)
			e = chain_each_queued(dirfd(names), entry->d_name, gather_bundle, k);
	}
	(void)closedir(names);
	return e;
}

static enum err
gather_bundle(void *context, const struct bundle *b)
{
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		if (b->component[kind].present)
			keep_add(context, &b->component[kind].digest);
	return ERR_OK;
}

static void
keep_add(struct keep *k, const struct digest *d)
{
	struct digest *grown;

	if (k->list == NULL || k->count == k->capacity) {
		k->capacity = k->capacity == 0 ? 64 : 2 * k->capacity;
		if ((grown = reallocarray(k->list, k->capacity, sizeof(*grown))) == NULL) {
			k->failed = true;
			return;
		}
		k->list = grown;
	}
	k->list[k->count++] = *d;
}

static int
compare_digests(const void *a, const void *b)
{
	return digest_compare(a, b);
}

static void
keep_sort(struct keep *k)
{
	size_t kept = 0;

	if (k->count == 0)
		return;
	qsort(k->list, k->count, sizeof(*k->list), compare_digests);
	for (size_t i = 1; i < k->count; i++)
		if (!digest_equal(&k->list[kept], &k->list[i]))
			k->list[++kept] = k->list[i];
	k->count = kept + 1;
}

/* A list that cannot be read for want of memory might need any of them: then none goes. */
static void
sweep_segments(struct state *s, const struct keep *k)
{
	struct trouble t = TROUBLE_INIT;
	struct component_list *l;
	struct buf bytes = BUF_INIT;
	enum err e = ERR_OK;

	segment_store_sweep_begin(s->segments);
	for (size_t i = 0; e == ERR_OK && i < k->count; i++) {
		if (!is_list(s, &k->list[i]))
			continue;
		buf_clear(&bytes);
		e = state_read_list(s, &k->list[i], &bytes, &l, &t);
		if (e == ERR_OK)
			segment_store_keep(s->segments, l);
		else if (e == ERR_DIGEST || e == ERR_COMPONENT_FORMAT)
			e = ERR_OK; /* of no use to anybody */
		component_list_free(&l);
	}
	buf_free(&bytes);
	if (e == ERR_OK)
		segment_store_sweep_end(s->segments);
}

/* By its first bytes. */
static bool
is_list(const struct state *s, const struct digest *digest)
{
	struct trouble t = TROUBLE_INIT;
	enum component_kind kind;
	enum component_form form;
	uint8_t head[HEAD_SIZE];
	ssize_t got;
	uint64_t size;
	int fd;

	if (state_open_component(s, digest, &fd, &size, &t) != ERR_OK)
		return false;
	got = pread(fd, head, sizeof(head), 0);
	(void)close(fd);
	return got > 0 &&
	       component_form_of((struct view){head, (size_t)got}, &kind, &form) == ERR_OK &&
	       form == COMPONENT_FORM_LIST;
}

uint64_t
state_component_bytes(const struct state *s)
{
	struct dirent *entry;
	struct stat file;
	uint64_t bytes = 0;
	DIR *names;
	int fd;

	if ((fd = openat(s->components, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return 0;
	if ((names = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return 0;
	}
	while ((entry = readdir(names)) != NULL)
		if (fstatat(s->components, entry->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(file.st_mode))
			bytes += (uint64_t)file.st_size;
	(void)closedir(names);
	return bytes;
}

static void
sweep_files(const struct state *s, const struct keep *k)
{
	struct dirent *entry;
	struct digest name;
	DIR *names;
	int fd;

	if ((fd = openat(s->components, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return;
	if ((names = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return;
	}
	while ((entry = readdir(names)) != NULL)
		if (savefile_is_leftover(entry->d_name) ||
		    (digest_from_hex(view_of_string(entry->d_name), &name) == ERR_OK &&
			(k->count == 0 || bsearch(&name, k->list, k->count, sizeof(name),
					      compare_digests) == NULL)))
			(void)unlinkat(s->components, entry->d_name, 0);
	(void)closedir(names);
}
