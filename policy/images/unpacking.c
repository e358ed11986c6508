#include "policy/images/unpacking.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK_SIZE 65536

struct unpacking {
	struct archive *archive;
	unpacking_source *source;
	void *context;
	locale_t names;
	uint8_t chunk[CHUNK_SIZE];
};

static struct unpacking *unpacking_new(unpacking_source *source, void *context);
static enum err begin(struct unpacking *u);
static la_ssize_t give(struct archive *a, void *context, const void **data);
static enum unpacking_type type_of(struct archive_entry *e);
static struct view view_of(const char *text);

enum err
unpacking_begin_bytes(
    unpacking_source *source, void *context, enum unpacking_form form, struct unpacking **out)
{
	struct unpacking *u = *out = unpacking_new(source, context);
	struct archive_entry *entry;
	enum err e;

	if (archive_read_support_format_raw(u->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(u->archive) != ARCHIVE_OK ||
	    (form == UNPACKING_GZIP &&
		archive_read_support_filter_gzip(u->archive) != ARCHIVE_OK) ||
	    (form == UNPACKING_ZSTD && archive_read_support_filter_zstd(u->archive) != ARCHIVE_OK))
		abort();
	if ((e = begin(u)) != ERR_OK)
		return e;
	/* What is not packed as it is said to be is passed through as it is. */
	if (form != UNPACKING_PLAIN && archive_filter_count(u->archive) < 2) {
		archive_set_error(u->archive, EINVAL, "is not packed as its media type says");
		return ERR_FORMAT;
	}
	return archive_read_next_header(u->archive, &entry) == ARCHIVE_OK ? ERR_OK : ERR_FORMAT;
}

enum err
unpacking_begin_tar(unpacking_source *source, void *context, struct unpacking **out)
{
	struct unpacking *u = *out = unpacking_new(source, context);

	if (archive_read_support_format_tar(u->archive) != ARCHIVE_OK)
		abort();
	return begin(u);
}

enum err
unpacking_begin_archive(int fd, struct unpacking **out)
{
	struct unpacking *u = *out = unpacking_new(NULL, NULL);

	if (archive_read_support_format_tar(u->archive) != ARCHIVE_OK)
		abort();
	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    archive_read_open_fd(u->archive, fd, CHUNK_SIZE) != ARCHIVE_OK)
		return ERR_FORMAT;
	return ERR_OK;
}

void
unpacking_free(struct unpacking **u)
{
	if (*u == NULL)
		return;
	(void)archive_read_free((*u)->archive);
	freelocale((*u)->names);
	free(*u);
	*u = NULL;
}

enum err
unpacking_next(struct unpacking *u, struct unpacking_member *m)
{
	/* Names of a pax header are UTF-8, and elsewhere they would become what this one has. */
	const locale_t before = uselocale(u->names);
	struct archive_entry *e;
	const int got = archive_read_next_header(u->archive, &e);

	if (got == ARCHIVE_OK)
		*m = (struct unpacking_member){.type = type_of(e),
		    .name = view_of(archive_entry_pathname(e)),
		    .target = view_of(archive_entry_hardlink(e) != NULL ? archive_entry_hardlink(e)
									: archive_entry_symlink(e)),
		    .size = archive_entry_size(e),
		    .mode = (uint16_t)(archive_entry_perm(e) & 07777),
		    .uid = archive_entry_uid(e),
		    .gid = archive_entry_gid(e),
		    .is_sparse = archive_entry_sparse_count(e) > 0};
	(void)uselocale(before);
	return got == ARCHIVE_OK ? ERR_OK : got == ARCHIVE_EOF ? ERR_NOT_FOUND : ERR_FORMAT;
}

ssize_t
unpacking_read(struct unpacking *u, const void **data)
{
	*data = u->chunk;
	return archive_read_data(u->archive, u->chunk, sizeof(u->chunk));
}

const char *
unpacking_error(const struct unpacking *u)
{
	const char *said = archive_error_string(u->archive);

	return said != NULL ? said : "no reason given";
}

static struct unpacking *
unpacking_new(unpacking_source *source, void *context)
{
	struct unpacking *u = calloc(1, sizeof(*u));

	if (u == NULL || (u->archive = archive_read_new()) == NULL ||
	    (u->names = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)) == (locale_t)0)
		abort();
	u->source = source;
	u->context = context;
	return u;
}

static enum err
begin(struct unpacking *u)
{
	return archive_read_open(u->archive, u, NULL, give, NULL) == ARCHIVE_OK ? ERR_OK
										: ERR_FORMAT;
}

static la_ssize_t
give(struct archive *a, void *context, const void **data)
{
	struct unpacking *u = context;
	const ssize_t got = u->source(u->context, data);

	if (got < 0)
		archive_set_error(a, EIO, "what is packed cannot be read");
	return got < 0 ? ARCHIVE_FATAL : got;
}

static enum unpacking_type
type_of(struct archive_entry *e)
{
	if (archive_entry_hardlink(e) != NULL)
		return UNPACKING_HARD_LINK;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return UNPACKING_FILE;
	case AE_IFLNK:
		return UNPACKING_LINK;
	case AE_IFDIR:
		return UNPACKING_DIRECTORY;
	case AE_IFIFO:
		return UNPACKING_PIPE;
	case AE_IFCHR:
	case AE_IFBLK:
		return UNPACKING_DEVICE;
	default:
		return UNPACKING_OTHER;
	}
}

static struct view
view_of(const char *text)
{
	return text != NULL ? view_of_string(text) : (struct view){NULL, 0};
}
