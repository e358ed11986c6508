#include "collector/files/file_growth.h"

#include <pthread.h>
#include <sys/stat.h>

static enum err read_as_known(struct filehash *h, int fd, bool bare, struct view path,
    struct component_file *out, struct file_details *details);
static enum err read_known(struct filehash *h, int fd, bool bare, const struct grown *was,
    struct component_file *out, bool *anew);
static bool is_kept(
    const struct grown *was, const struct digest *digest, const struct component_file *found);

/* One file after the other: each looks at what is known of all. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum err
file_growth_read(struct filehash *h, int fd, bool bare, struct view path,
    struct component_file *out, struct file_details *details)
{
	enum err e;

	(void)pthread_mutex_lock(&lock);
	e = read_as_known(h, fd, bare, path, out, details);
	(void)pthread_mutex_unlock(&lock);
	return e;
}

static enum err
read_as_known(struct filehash *h, int fd, bool bare, struct view path, struct component_file *out,
    struct file_details *details)
{
	struct growing *g = filehash_growing(h);
	struct grown was = {.begun = 1};
	const bool known = g != NULL && growing_find(g, path, &was);
	bool anew = false;
	enum err e;

	e = known ? read_known(h, fd, bare, &was, out, &anew)
		  : filehash_beginning(h, fd, bare, UINT64_MAX, NULL, out);
	if (e != ERR_OK || (out->flags & COMPONENT_FILE_UNREADABLE) != 0)
		return e;
	if (g != NULL && (!known || anew || out->size != was.size))
		(void)growing_keep(g, path, out->size, &out->digest, anew, &was);
	if (was.changed)
		out->flags |= COMPONENT_FILE_CHANGED;
	file_details_add(details, "content", "beginning");
	if (was.begun > 1)
		file_details_add(details, "begun", "%u", was.begun);
	return ERR_OK;
}

/*
 * Where more is to be kept, what was the beginning and what will be are digests of one reading:
 * between two of them it could be exchanged.
 */
static enum err
read_known(struct filehash *h, int fd, bool bare, const struct grown *was,
    struct component_file *out, bool *anew)
{
	struct filehash_mark mark = {.size = was->size};
	const uint32_t flags = out->flags;
	struct stat s;
	bool kept;
	enum err e;

	e = filehash_beginning(h, fd, bare, was->size, NULL, out);
	if (e != ERR_OK || (out->flags & COMPONENT_FILE_UNREADABLE) != 0)
		return e;
	kept = is_kept(was, &out->digest, out);
	if (kept && (fstat(fd, &s) != 0 || (uint64_t)s.st_size == was->size ||
			(uint64_t)s.st_size / 2 < was->size))
		return ERR_OK;
	out->flags = flags;
	e = filehash_beginning(h, fd, bare, UINT64_MAX, &mark, out);
	*anew = !kept || !is_kept(was, &mark.digest, out);
	return e;
}

static bool
is_kept(const struct grown *was, const struct digest *digest, const struct component_file *found)
{
	return found->size >= was->size && digest_equal(digest, &was->content);
}
