#include "policy/feeds/import/feed_zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#include "policy/sources/source_options.h"

#define CHUNK_SIZE 65536

struct zip {
	const char *file;
	struct faults *faults;
	struct archive *archive;
	struct buf text;
	uint64_t unpacked; /* bytes */
};

static enum err read_text(struct zip *z);
static enum err fail(struct zip *z, const char *what);
static enum err fail_archive(struct zip *z);

enum err
feed_zip_read(
    const char *file, struct view bytes, struct faults *faults, feed_zip_take *take, void *context)
{
	struct zip z = {.file = file, .faults = faults, .archive = archive_read_new()};
	struct archive_entry *entry;
	size_t count = 0;
	enum err e = ERR_OK;
	int got = ARCHIVE_FATAL;

	/* No other format, and no filter. */
	if (z.archive == NULL || archive_read_support_format_zip(z.archive) != ARCHIVE_OK)
		abort();
	if (archive_read_open_memory(z.archive, bytes.data, bytes.size) == ARCHIVE_OK)
		while (e == ERR_OK &&
		       (got = archive_read_next_header(z.archive, &entry)) == ARCHIVE_OK) {
			const char *name = archive_entry_pathname(entry);

			if (++count > FEED_ZIP_MEMBERS_MAX)
				e = fail(&z, "has more than 1,000,000 files");
			else if (archive_entry_filetype(entry) == AE_IFREG &&
				 (e = read_text(&z)) == ERR_OK)
				e = take(context, view_of_string(name != NULL ? name : ""),
				    buf_view(&z.text));
		}
	if (e == ERR_OK && got != ARCHIVE_EOF)
		e = fail_archive(&z);
	(void)archive_read_free(z.archive);
	buf_free(&z.text);
	return e;
}

/* Whatever size the zip says. */
static enum err
read_text(struct zip *z)
{
	la_ssize_t got;

	buf_clear(&z->text);
	do {
		uint8_t *to = buf_reserve(&z->text, CHUNK_SIZE);

		if (to == NULL)
			abort();
		if ((got = archive_read_data(z->archive, to, CHUNK_SIZE)) < 0)
			return fail_archive(z);
		z->text.size += (size_t)got;
		z->unpacked += (uint64_t)got;
		if (z->text.size > FEED_DOCUMENT_MAX)
			return fail(z, "has a file of more than 64 MiB");
		if (z->unpacked > FEED_ZIP_UNPACKED_MAX)
			return fail(z, "unpacks to more than 4 GiB");
	} while (got > 0);
	return ERR_OK;
}

static enum err
fail(struct zip *z, const char *what)
{
	return source_fail(z->file, z->faults, what, (struct view){NULL, 0});
}

static enum err
fail_archive(struct zip *z)
{
	const char *said = archive_error_string(z->archive);

	return source_fail(z->file, z->faults, "cannot be unpacked",
	    view_of_string(said != NULL ? said : "no reason given"));
}
