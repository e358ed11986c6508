#include "collector/files/file_reading.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/files/file_growth.h"
#include "collector/watch/lay.h"

static enum err read_once(
    struct file_reader *r, int dir, const char *name, struct statx *s, struct component_file *out);
static enum err read_regular(
    struct file_reader *r, int dir, const char *name, struct statx *s, struct component_file *out);
static int open_regular(int dir, const char *name);
static enum err read_content(
    struct file_reader *r, struct filehash_open *f, struct component_file *out);
static void read_symlink(int dir, const char *name, struct component_file *out);
static bool is_same_content(const struct component_file *a, const struct component_file *b);

bool
file_look(int dir, const char *name, struct statx *s)
{
	return statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, KNOWN_FILES_MASK, s) == 0;
}

enum err
file_read(struct file_reader *r, int dir, const char *name, const struct statx *seen,
    struct component_file *out)
{
	struct statx now = *seen;
	struct component_file one;
	bool differs = false;
	enum err e;

	for (unsigned i = 0; i < FILE_READINGS; i++) {
		e = read_once(r, dir, name, &now, &one);
		if (i > 0 && (e == ERR_NOT_FOUND || e == ERR_BUDGET)) {
			out->flags |= COMPONENT_FILE_CHANGED;
			return ERR_OK;
		}
		if (e != ERR_OK)
			return e;
		differs = differs || (i > 0 && !is_same_content(out, &one));
		*out = one;
		if ((!r->has_behind && !file_look(dir, name, &r->behind)) ||
		    S_ISDIR(r->behind.stx_mode)) {
			out->flags |= COMPONENT_FILE_CHANGED;
			return ERR_OK;
		}
		if (filehash_is_same_file(&now, &r->behind)) {
			if (differs)
				out->flags |= COMPONENT_FILE_CHANGED;
			return ERR_OK;
		}
		now = r->behind;
	}
	/* Losing its name is a change of the file, too, which its status tells. */
	out->flags &= ~(uint32_t)COMPONENT_FILE_CHANGED;
	if (differs)
		out->flags |= COMPONENT_FILE_CHANGED;
	return ERR_OK;
}

/* `s` becomes the status of what was opened. */
static enum err
read_once(
    struct file_reader *r, int dir, const char *name, struct statx *s, struct component_file *out)
{
	memset(out, 0, sizeof(*out));
	filehash_set_statx(out, s);
	file_details_clear(&r->details);
	r->has_behind = false;
	if (S_ISREG(s->stx_mode))
		return read_regular(r, dir, name, s, out);
	if (S_ISLNK(s->stx_mode))
		read_symlink(dir, name, out);
	else
		out->flags |= COMPONENT_FILE_SPECIAL;
	return ERR_OK;
}

/*
 * It was a regular file a moment ago. Should it be a FIFO now, O_NONBLOCK keeps us from waiting for
 * a writer; whatever it is, it is read only if the open file is a regular one.
 */
static enum err
read_regular(
    struct file_reader *r, int dir, const char *name, struct statx *s, struct component_file *out)
{
	const bool watched = r->watches && r->term == FILE_TERM_WHOLE && watch_is_wanted();
	struct filehash_open f = {.dir = dir, .name = name};
	const bool asked =
	    r->term == FILE_TERM_WHOLE && !watched && (s->stx_attributes & STATX_ATTR_VERITY) == 0;
	enum err e = ERR_OK;

	/* What is not opened cannot be watched, nor asked for a digest of the kernel's. */
	if (asked && filehash_recall(r->hash, s, out)) {
		file_details_recall(&r->details, s);
		return ERR_OK;
	}
	if ((f.fd = open_regular(dir, name)) < 0 && errno == ENOENT)
		return ERR_NOT_FOUND;
	(void)clock_gettime(CLOCK_REALTIME, &f.began);
	if (f.fd < 0 || statx(f.fd, "", AT_EMPTY_PATH, KNOWN_FILES_MASK, &f.before) != 0) {
		out->flags |= COMPONENT_FILE_UNREADABLE;
	} else if (!S_ISREG(f.before.stx_mode)) {
		*s = f.before;
		filehash_set_statx(out, s);
		out->flags |= COMPONENT_FILE_SPECIAL | COMPONENT_FILE_CHANGED;
	} else {
		if (watched)
			watch_file(f.fd);
		*s = f.before;
		filehash_set_statx(out, s);
		file_details_read(&r->details, f.fd, &f.before, &f.bare);
		/* It was not to be recalled a moment ago: chance is asked but once. */
		f.anew = asked && f.bare;
		e = read_content(r, &f, out);
	}
	if (f.fd >= 0)
		(void)close(f.fd);
	return e;
}

static int
open_regular(int dir, const char *name)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	const int fd = openat(dir, name, flags | O_NOATIME);

	/* O_NOATIME is for the owner only. */
	return fd < 0 && errno == EPERM ? openat(dir, name, flags) : fd;
}

static enum err
read_content(struct file_reader *r, struct filehash_open *f, struct component_file *out)
{
	enum err e;

	if (r->term != FILE_TERM_WHOLE)
		return file_reading_content(
		    r->hash, f->fd, f->bare, r->term, r->path, out, &r->details);
	e = filehash_describe_open(r->hash, f, out);
	r->has_behind = f->has_behind;
	r->behind = f->behind;
	return e;
}

enum err
file_reading_content(struct filehash *h, int fd, bool bare, enum file_term term, struct view path,
    struct component_file *out, struct file_details *details)
{
	if (term == FILE_TERM_GROWS)
		return file_growth_read(h, fd, bare, path, out, details);
	if (term != FILE_TERM_CHANGES)
		return filehash_describe(h, fd, bare, out);
	out->size = 0;
	file_details_add(details, "content", "not-measured");
	return ERR_OK;
}

static void
read_symlink(int dir, const char *name, struct component_file *out)
{
	char text[PATH_MAX];
	ssize_t size = readlinkat(dir, name, text, sizeof(text));

	out->flags |= COMPONENT_FILE_SYMLINK;
	if (size < 0) {
		out->flags |= COMPONENT_FILE_UNREADABLE;
		return;
	}
	digest_of(text, (size_t)size, &out->digest);
	out->size = (uint64_t)size;
}

static bool
is_same_content(const struct component_file *a, const struct component_file *b)
{
	return digest_equal(&a->digest, &b->digest) && a->size == b->size && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid &&
	       ((a->flags ^ b->flags) & ~(uint32_t)COMPONENT_FILE_CHANGED) == 0;
}
