#include "policy/images/image_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/images/unpacking.h"
#include "policy/sources/source_options.h"
#include "proto/evidence/component.h"

#define CHUNK_SIZE 65536

struct image_store {
	const char *file;
	struct faults *faults;
	int fd; /* of the directory, or the tar */
	bool is_archive;
	enum image_store_form form;
	char **names; /* of a tar's files, sorted */
	size_t count;
};

struct image_blob {
	int fd; /* -1: a member of the tar */
	struct unpacking *member;
	const char *error;
	uint8_t chunk[CHUNK_SIZE];
};

static enum err list_names(struct image_store *s);
static enum err take_names(struct image_store *s, struct unpacking *u);
static enum err find_form(struct image_store *s);
static bool has(const struct image_store *s, const char *name);
static enum err open_file(struct image_store *s, struct view name, struct image_blob *b);
static enum err open_member(struct image_store *s, struct view name, struct image_blob *b);
static struct view strip(struct view name);
static int compare_names(const void *a, const void *b);
static enum err fail(const struct image_store *s, const char *what, struct view shown);

enum err
image_store_new(const char *file, struct faults *faults, struct image_store **out)
{
	struct image_store *s = *out = calloc(1, sizeof(*s));
	struct stat st;
	enum err e = ERR_OK;

	if (s == NULL)
		abort();
	*s = (struct image_store){.file = file, .faults = faults};
	s->fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st) != 0) {
		faults_add(faults, file, 0, "cannot be read: %s", strerror(errno));
		e = ERR_CONFIG;
	} else if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		e = fail(s, "is neither a directory nor a file", (struct view){NULL, 0});
	} else if (S_ISREG(st.st_mode)) {
		s->is_archive = true;
		e = list_names(s);
	}
	if (e == ERR_OK)
		e = find_form(s);
	if (e != ERR_OK)
		image_store_free(out);
	return e;
}

void
image_store_free(struct image_store **s)
{
	if (*s == NULL)
		return;
	for (size_t i = 0; i < (*s)->count; i++)
		free((*s)->names[i]);
	free((*s)->names);
	if ((*s)->fd >= 0)
		(void)close((*s)->fd);
	free(*s);
	*s = NULL;
}

enum image_store_form
image_store_form(const struct image_store *s)
{
	return s->form;
}

bool
image_store_is_archive(const struct image_store *s)
{
	return s->is_archive;
}

void
image_store_blob_name(const struct image_store *s, const struct digest *d, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	if (s->form == IMAGE_STORE_LAYOUT)
		buf_append_string(to, "blobs/sha256/");
	buf_append_string(to, hex);
	if (buf_status(to) != ERR_OK)
		abort();
}

enum err
image_store_read(struct image_store *s, struct view name, struct buf *to)
{
	struct image_blob *b;
	enum err e = image_store_open(s, name, &b);
	const void *data;
	ssize_t got = 0;

	while (e == ERR_OK && (got = image_blob_read(b, &data)) > 0) {
		buf_append(to, data, (size_t)got);
		if (to->size > IMAGE_DOCUMENT_MAX)
			e = fail(s, "has a document of more than 4 MiB", name);
	}
	if (e == ERR_OK && got < 0)
		e = fail(s, image_blob_error(b), name);
	if (e == ERR_OK && buf_status(to) != ERR_OK)
		abort();
	image_blob_close(&b);
	return e;
}

enum err
image_store_open(struct image_store *s, struct view name, struct image_blob **out)
{
	struct image_blob *b = *out = calloc(1, sizeof(*b));
	enum err e;

	if (b == NULL)
		abort();
	b->fd = -1;
	e = s->is_archive ? open_member(s, name, b) : open_file(s, name, b);
	if (e != ERR_OK)
		image_blob_close(out);
	return e;
}

void
image_blob_close(struct image_blob **b)
{
	if (*b == NULL)
		return;
	unpacking_free(&(*b)->member);
	if ((*b)->fd >= 0)
		(void)close((*b)->fd);
	free(*b);
	*b = NULL;
}

ssize_t
image_blob_read(struct image_blob *b, const void **data)
{
	ssize_t got;

	if (b->member != NULL) {
		if ((got = unpacking_read(b->member, data)) < 0)
			b->error = unpacking_error(b->member);
		return got < 0 ? -1 : got;
	}
	*data = b->chunk;
	do
		got = read(b->fd, b->chunk, sizeof(b->chunk));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		b->error = strerror(errno);
	return got;
}

const char *
image_blob_error(const struct image_blob *b)
{
	return b->error;
}

static enum err
list_names(struct image_store *s)
{
	struct unpacking *u;
	enum err e = unpacking_begin_archive(s->fd, &u);

	e = e == ERR_OK ? take_names(s, u) : e;
	if (e == ERR_FORMAT)
		e = fail(s,
		    "is no image: expected a layout's directory, the tar of one, what docker save "
		    "writes (not packed), a directory of skopeo's, or a disk (qcow2, or raw with a "
		    "boot sector)",
		    view_of_string(unpacking_error(u)));
	unpacking_free(&u);
	return e;
}

static enum err
take_names(struct image_store *s, struct unpacking *u)
{
	struct unpacking_member m;
	enum err e;

	if ((s->names = calloc(IMAGE_STORE_NAMES, sizeof(*s->names))) == NULL)
		abort();
	while ((e = unpacking_next(u, &m)) == ERR_OK) {
		const struct view name = strip(m.name);

		if (m.type != UNPACKING_FILE)
			continue;
		if (s->count == IMAGE_STORE_NAMES)
			return fail(s, "has more than 20,000 files in it", (struct view){NULL, 0});
		s->names[s->count] = view_to_string(name);
		if (s->names[s->count++] == NULL)
			abort();
	}
	if (e != ERR_NOT_FOUND)
		return e;
	qsort(s->names, s->count, sizeof(*s->names), compare_names);
	for (size_t i = 1; i < s->count; i++)
		if (strcmp(s->names[i - 1], s->names[i]) == 0)
			return fail(s, "has a file in it twice", view_of_string(s->names[i]));
	return ERR_OK;
}

static enum err
find_form(struct image_store *s)
{
	if (has(s, "oci-layout") && has(s, "index.json"))
		s->form = IMAGE_STORE_LAYOUT;
	else if (s->is_archive && has(s, "manifest.json"))
		s->form = IMAGE_STORE_DOCKER;
	else if (!s->is_archive && has(s, "version") && has(s, "manifest.json"))
		s->form = IMAGE_STORE_DIR;
	else
		return fail(s,
		    "is no image: expected oci-layout and index.json in it, or manifest.json as "
		    "docker save or skopeo write it",
		    (struct view){NULL, 0});
	return ERR_OK;
}

static bool
has(const struct image_store *s, const char *name)
{
	struct stat st;

	if (!s->is_archive)
		return fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
	return s->count > 0 &&
	       bsearch(&name, s->names, s->count, sizeof(*s->names), compare_names) != NULL;
}

/* `name` is made of digests, or a literal. */
static enum err
open_file(struct image_store *s, struct view name, struct image_blob *b)
{
	char path[COMPONENT_PATH_MAX];
	struct stat st;

	if (name.size >= sizeof(path))
		return fail(s, "names a part by what is no name", name);
	memcpy(path, name.data, name.size);
	path[name.size] = 0;
	b->fd = openat(s->fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	if (b->fd < 0)
		return fail(s,
		    errno == ENOENT ? "lacks a part that it names"
				    : "has a part that cannot be read",
		    name);
	if (fstat(b->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fail(s, "has a part that is no file", name);
	return ERR_OK;
}

static enum err
open_member(struct image_store *s, struct view name, struct image_blob *b)
{
	struct unpacking_member m;
	enum err e = unpacking_begin_archive(s->fd, &b->member);

	while (e == ERR_OK && (e = unpacking_next(b->member, &m)) == ERR_OK)
		if (m.type == UNPACKING_FILE && view_equal(strip(m.name), name))
			return ERR_OK;
	return e == ERR_NOT_FOUND ? fail(s, "lacks a part that it names", name)
				  : fail(s, unpacking_error(b->member), name);
}

static struct view
strip(struct view name)
{
	if (name.size > 2 && name.data[0] == '.' && name.data[1] == '/')
		return (struct view){name.data + 2, name.size - 2};
	return name;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum err
fail(const struct image_store *s, const char *what, struct view shown)
{
	return source_fail(s->file, s->faults, what, shown);
}
