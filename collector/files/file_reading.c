#include "collector/files/file_reading.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "collector/files/file_growth.h"
#include "collector/watch/lay.h"

static enum err read_once(
    struct file_reader *r, int dir, const char *name, struct statx *s, struct component_file *out);
static enum err read_regular(
    struct file_reader *r, int dir, const char *name, struct statx *s, struct component_file *out);
static void read_symlink(int dir, const char *name, struct component_file *out);
static bool is_same_file(const struct statx *a, const struct statx *b);
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
	struct statx now = *seen, behind;
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
		if (!file_look(dir, name, &behind) || S_ISDIR(behind.stx_mode)) {
			out->flags |= COMPONENT_FILE_CHANGED;
			return ERR_OK;
		}
		if (is_same_file(&now, &behind)) {
			if (differs)
				out->flags |= COMPONENT_FILE_CHANGED;
			return ERR_OK;
		}
		now = behind;
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
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	const bool watched = r->watches && r->term == FILE_TERM_WHOLE && watch_is_wanted();
	enum err e = ERR_OK;
	bool bare;
	int fd;

	/* What is not opened cannot be watched, nor asked for a digest of the kernel's. */
	if (r->term == FILE_TERM_WHOLE && !watched &&
	    (s->stx_attributes & STATX_ATTR_VERITY) == 0 && filehash_recall(r->hash, s, out)) {
		file_details_recall(&r->details, s);
		return ERR_OK;
	}
	fd = openat(dir, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM) /* O_NOATIME is for the owner only */
		fd = openat(dir, name, flags);
	if (fd < 0 && errno == ENOENT)
		return ERR_NOT_FOUND;
	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, s) != 0) {
		out->flags |= COMPONENT_FILE_UNREADABLE;
	} else if (!S_ISREG(s->stx_mode)) {
		filehash_set_statx(out, s);
		out->flags |= COMPONENT_FILE_SPECIAL | COMPONENT_FILE_CHANGED;
	} else {
		if (watched)
			watch_file(fd);
		filehash_set_statx(out, s);
		file_details_read(&r->details, fd, s, &bare);
		e = file_reading_content(r->hash, fd, bare, r->term, r->path, out, &r->details);
	}
	if (fd >= 0)
		(void)close(fd);
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
is_same_file(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_ino == b->stx_ino;
}

static bool
is_same_content(const struct component_file *a, const struct component_file *b)
{
	return digest_equal(&a->digest, &b->digest) && a->size == b->size && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid &&
	       ((a->flags ^ b->flags) & ~(uint32_t)COMPONENT_FILE_CHANGED) == 0;
}
