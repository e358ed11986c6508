#include "policy/sources/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_SIZE 65536

static const char directories[] = "directories, which no set lists";
static const char specials[] = "devices, pipes and sockets, which no set lists";
static const char mounts[] = "directories of other file systems, with all below them";

struct walk {
	const char *root;
	const struct source_options *options;
	struct faults *faults;
	struct set_draft *to;
	EVP_MD_CTX *hash;
	struct buf path;
	dev_t device;
	uint8_t chunk[CHUNK_SIZE];
};

static enum err read_below(struct walk *w, int dir, unsigned depth);
static enum err take_name(struct walk *w, int dir, const char *name, unsigned depth);
static enum err take_directory(
    struct walk *w, int dir, const char *name, const struct stat *st, unsigned depth);
static enum err take_link(struct walk *w, int dir, const char *name, struct reference_entry *r);
static enum err take_file(
    struct walk *w, int dir, const char *name, const struct stat *st, struct reference_entry *r);
static enum err fail(const struct walk *w, const char *what);

enum err
directory_read(
    const char *root, const struct source_options *o, struct faults *faults, struct set_draft *to)
{
	struct walk *w = calloc(1, sizeof(*w));
	const int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const size_t from = set_draft_count(to);
	struct stat st;
	enum err e;

	if (w == NULL || (w->hash = EVP_MD_CTX_new()) == NULL)
		abort();
	w->root = root;
	w->options = o;
	w->faults = faults;
	w->to = to;
	w->path = BUF_INIT;
	if (dir < 0 || fstat(dir, &st) != 0) {
		e = fail(w, strerror(errno));
		if (dir >= 0)
			(void)close(dir);
	} else {
		w->device = st.st_dev;
		e = read_below(w, dir, 0);
	}
	if (e == ERR_OK && set_draft_count(to) == from)
		e = fail(w, "has no file");
	EVP_MD_CTX_free(w->hash);
	buf_free(&w->path);
	free(w);
	return e;
}

/* Takes `dir`. */
static enum err
read_below(struct walk *w, int dir, unsigned depth)
{
	DIR *names = fdopendir(dir);
	struct dirent *entry;
	enum err e = ERR_OK;

	if (names == NULL) {
		(void)close(dir);
		return fail(w, strerror(errno));
	}
	for (errno = 0; e == ERR_OK && (entry = readdir(names)) != NULL; errno = 0)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			e = take_name(w, dir, entry->d_name, depth);
	if (e == ERR_OK && errno != 0)
		e = fail(w, strerror(errno));
	(void)closedir(names);
	return e;
}

static enum err
take_name(struct walk *w, int dir, const char *name, unsigned depth)
{
	struct reference_entry r = {.kind = REFERENCE_FILE};
	const size_t size = w->path.size;
	enum err e = ERR_OK;
	struct stat st;

	buf_append_byte(&w->path, '/');
	buf_append_string(&w->path, name);
	if (buf_status(&w->path) != ERR_OK)
		abort();
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		e = fail(w, strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		e = take_directory(w, dir, name, &st, depth);
	} else if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
		set_draft_leave_out(w->to, buf_view(&w->path), specials);
	} else {
		r.path = buf_view(&w->path);
		if (!w->options->content_only) {
			r.given = REFERENCE_UID | REFERENCE_GID;
			r.uid = st.st_uid;
			r.gid = st.st_gid;
		}
		e = S_ISLNK(st.st_mode) ? take_link(w, dir, name, &r)
					: take_file(w, dir, name, &st, &r);
	}
	w->path.size = size;
	return e;
}

static enum err
take_directory(struct walk *w, int dir, const char *name, const struct stat *st, unsigned depth)
{
	int fd;

	if (st->st_dev != w->device) {
		set_draft_leave_out(w->to, buf_view(&w->path), mounts);
		return ERR_OK;
	}
	set_draft_leave_out(w->to, (struct view){NULL, 0}, directories);
	if (depth == DIRECTORY_DEPTH_MAX)
		return fail(w, "is more than 256 directories deep");
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? read_below(w, fd, depth + 1) : fail(w, strerror(errno));
}

static enum err
take_link(struct walk *w, int dir, const char *name, struct reference_entry *r)
{
	char target[REFERENCE_TARGET_MAX + 1];
	const ssize_t got = readlinkat(dir, name, target, sizeof(target));

	if (got <= 0 || (size_t)got > REFERENCE_TARGET_MAX)
		return fail(w, got < 0 ? strerror(errno) : "is a link with no target, or too long");
	r->kind = REFERENCE_LINK;
	r->target = (struct view){(const uint8_t *)target, (size_t)got};
	digest_of(target, (size_t)got, &r->digest);
	return set_draft_add(w->to, r, w->root, w->faults);
}

static enum err
take_file(
    struct walk *w, int dir, const char *name, const struct stat *st, struct reference_entry *r)
{
	const int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat after;
	ssize_t got = -1;

	if (EVP_DigestInit_ex2(w->hash, EVP_sha256(), NULL) != 1)
		abort();
	while (fd >= 0 && (got = read(fd, w->chunk, sizeof(w->chunk))) > 0)
		if (EVP_DigestUpdate(w->hash, w->chunk, (size_t)got) != 1)
			abort();
	if (EVP_DigestFinal_ex(w->hash, r->digest.bytes, NULL) != 1)
		abort();
	if (got != 0 || fstat(fd, &after) != 0) {
		const enum err e = fail(w, strerror(errno));

		if (fd >= 0)
			(void)close(fd);
		return e;
	}
	(void)close(fd);
	if (after.st_ino != st->st_ino || after.st_size != st->st_size ||
	    after.st_ctim.tv_sec != st->st_ctim.tv_sec ||
	    after.st_ctim.tv_nsec != st->st_ctim.tv_nsec)
		return fail(w, "changed while it was read");
	if (!w->options->content_only) {
		r->given |= REFERENCE_MODE;
		r->mode = (uint16_t)(st->st_mode & REFERENCE_MODE_MASK);
	}
	return set_draft_add(w->to, r, w->root, w->faults);
}

static enum err
fail(const struct walk *w, const char *what)
{
	return source_fail(w->root, w->faults, what, buf_view(&w->path));
}
