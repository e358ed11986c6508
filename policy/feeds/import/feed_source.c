#include "policy/feeds/import/feed_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/yaml_check.h"
#include "policy/feeds/import/csaf.h"
#include "policy/feeds/import/debian_tracker.h"
#include "policy/feeds/import/feed_zip.h"
#include "policy/feeds/import/osv.h"
#include "policy/sources/json_members.h"
#include "policy/sources/json_text.h"
#include "policy/sources/source_options.h"

static const char others[] = "files and directories whose names do not end in .json";

/* A zip, whose files are of one kind. */
struct zipped {
	const char *file;
	const struct feed_options *options;
	struct faults *faults;
	struct feed_draft *to;
};

static enum err read_directory(
    const char *path, const struct feed_options *o, struct faults *faults, struct feed_draft *to);
static enum err read_file(
    const char *path, const struct feed_options *o, struct faults *faults, struct feed_draft *to);
static enum err read_document(const char *file, struct view text, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to, const char **kind);
static enum err find_kind(
    const char *file, struct view text, struct faults *faults, const char **kind);
static bool is_package(json_t *member);
static enum err take_zipped(void *context, struct view name, struct view text);
static bool is_json(struct view name);

enum err
feed_source_read(
    const char *path, const struct feed_options *o, struct faults *faults, struct feed_draft *to)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? read_directory(path, o, faults, to)
							   : read_file(path, o, faults, to);
}

enum err
feed_source_parse(const char *file, struct view content, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to)
{
	struct zipped zipped = {file, o, faults, to};
	const struct view mark = VIEW_LITERAL(FEED_ZIP_MARK);
	const char *kind = "osv";
	struct digest digest;
	enum err e;

	if (content.size > mark.size && memcmp(content.data, mark.data, mark.size) == 0)
		e = feed_zip_read(file, content, faults, take_zipped, &zipped);
	else
		e = read_document(file, content, o, faults, to, &kind);
	if (e != ERR_OK)
		return e;
	digest_of(content.data, content.size, &digest);
	feed_draft_made(to, kind, &digest);
	return ERR_OK;
}

/* Not what is below its directories. */
static enum err
read_directory(
    const char *path, const struct feed_options *o, struct faults *faults, struct feed_draft *to)
{
	DIR *d = opendir(path);
	struct buf file = BUF_INIT;
	const struct dirent *entry;
	size_t count = 0;
	enum err e = ERR_OK;

	if (d == NULL) {
		faults_add(faults, path, 0, "cannot be read: %s", strerror(errno));
		return ERR_CONFIG;
	}
	while (e == ERR_OK && (entry = readdir(d)) != NULL) {
		const struct view name = view_of_string(entry->d_name);

		if (name.data[0] == '.')
			continue;
		if (!is_json(name)) {
			feed_draft_leave_out(to, name, others);
			continue;
		}
		buf_clear(&file);
		buf_append_format(&file, "%s/%s", path, entry->d_name);
		buf_append_byte(&file, 0);
		if (buf_status(&file) != ERR_OK)
			abort();
		e = ++count > FEED_SOURCE_FILES_MAX
			? source_fail(path, faults, "has more than 1,000,000 files", name)
			: read_file((const char *)file.data, o, faults, to);
	}
	(void)closedir(d);
	buf_free(&file);
	if (e == ERR_OK && count == 0)
		e = source_fail(
		    path, faults, "has no file whose name ends in .json", (struct view){NULL, 0});
	return e;
}

static enum err
read_file(
    const char *path, const struct feed_options *o, struct faults *faults, struct feed_draft *to)
{
	struct buf content = BUF_INIT;
	enum err e = yaml_read_file(path, 0, NULL, path, FEED_SOURCE_SIZE_MAX, faults, &content);

	if (e == ERR_OK)
		e = feed_source_parse(path, buf_view(&content), o, faults, to);
	buf_free(&content);
	return e;
}

static enum err
read_document(const char *file, struct view text, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to, const char **kind)
{
	json_t *document;
	enum err e = find_kind(file, text, faults, kind);

	if (e != ERR_OK || *kind == NULL)
		return e;
	if (strcmp(*kind, "debian") == 0)
		return debian_tracker_read(file, text, o, faults, to);
	if (text.size > FEED_DOCUMENT_MAX)
		return source_fail(file, faults, "has more than 64 MiB", (struct view){NULL, 0});
	if ((e = json_text_parse(file, text, faults, &document)) != ERR_OK)
		return e;
	e = strcmp(*kind, "osv") == 0 ? osv_read(file, document, o, faults, to)
				      : csaf_read(file, document, o, faults, to);
	json_decref(document);
	return e;
}

/* By the names of its first members. */
static enum err
find_kind(const char *file, struct view text, struct faults *faults, const char **kind)
{
	struct json_members members;
	json_t *member;
	enum err e;

	*kind = NULL;
	json_members_begin(&members, file, text);
	while (*kind == NULL) {
		if ((e = json_members_next(&members, faults, &member)) != ERR_OK)
			return e;
		if (member == NULL)
			break;
		if (json_object_get(member, "document") != NULL)
			*kind = "csaf";
		else if (json_is_string(json_object_get(member, "id")))
			*kind = "osv";
		else if (is_package(member))
			*kind = "debian";
		json_decref(member);
	}
	if (*kind != NULL)
		return ERR_OK;
	return source_fail(file, faults,
	    "is none of the JSON that is read: OSV, CSAF 2.0, Debian's security tracker",
	    (struct view){NULL, 0});
}

/* A member that the others have not, of the one package: an object. */
static bool
is_package(json_t *member)
{
	return json_object_get(member, "product_tree") == NULL &&
	       json_object_get(member, "database_specific") == NULL &&
	       json_is_object(json_object_iter_value(json_object_iter(member)));
}

/* OSV alone comes so. */
static enum err
take_zipped(void *context, struct view name, struct view text)
{
	const struct zipped *z = context;
	json_t *document;
	enum err e;

	if (!is_json(name)) {
		feed_draft_leave_out(z->to, name, others);
		return ERR_OK;
	}
	if ((e = json_text_parse(z->file, text, z->faults, &document)) != ERR_OK)
		return e;
	e = osv_read(z->file, document, z->options, z->faults, z->to);
	json_decref(document);
	return e;
}

static bool
is_json(struct view name)
{
	const struct view end = VIEW_LITERAL(".json");

	return name.size > end.size &&
	       memcmp(name.data + name.size - end.size, end.data, end.size) == 0;
}
