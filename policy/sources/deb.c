#include "policy/sources/deb.h"

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define CHUNK_SIZE    65536
#define VERSION_MARK  "2." /* of the format: another one may mean anything */
#define STATIC_ID_END 100  /* numbers below it are the same on every host (Debian policy, 9.2.2) */

static const char directories[] = "directories, which no set lists";
static const char specials[] = "devices, pipes and sockets, which no set lists";
static const char owners[] =
    "owners and groups that have another number on each host: their files without it";

/* A regular file of the package, for hard links to it. */
struct member {
	UT_hash_handle hh;
	struct reference_entry entry; /* without its path */
	size_t size;
	char path[];
};

struct deb {
	const char *file;
	const struct source_options *options;
	struct faults *faults;
	struct set_draft *to;
	struct archive *outer; /* ar */
	struct archive *inner; /* tar */
	struct member *members;
	EVP_MD_CTX *hash;
	struct buf path, other;
	uint64_t unpacked; /* bytes */
	size_t count;
	uint8_t outer_chunk[CHUNK_SIZE], inner_chunk[CHUNK_SIZE];
};

static enum err read_members(struct deb *d, int fd);
static enum err check_version(struct deb *d);
static enum err read_tar(struct deb *d);
static struct archive *tar_new(void);
static la_ssize_t give_tar(struct archive *a, void *context, const void **data);
static enum err take_entry(struct deb *d, struct archive_entry *e);
static enum err take_file(struct deb *d, struct archive_entry *e, struct reference_entry *r);
static enum err take_hard_link(struct deb *d, const char *target, struct reference_entry *r);
static enum err take_link(struct deb *d, struct archive_entry *e, struct reference_entry *r);
static enum err hash_content(struct deb *d, struct digest *out);
static void take_rights(struct deb *d, struct archive_entry *e, struct reference_entry *r);
static bool take_id(const char *name, int64_t number, uint32_t *out);
static enum err append_path(struct deb *d, const char *name, struct buf *to);
static bool is_moved(const char *name, size_t size);
static void keep_member(struct deb *d, const struct reference_entry *r);
static void free_members(struct deb *d);
static enum err fail(struct deb *d, const char *what);
static enum err fail_archive(struct deb *d, struct archive *a);

enum err
deb_read(const char *file, int fd, const struct source_options *o, struct faults *faults,
    struct set_draft *to)
{
	struct deb *d = calloc(1, sizeof(*d));
	const size_t from = set_draft_count(to);
	enum err e;

	if (d == NULL || (d->hash = EVP_MD_CTX_new()) == NULL)
		abort();
	d->file = file;
	d->options = o;
	d->faults = faults;
	d->to = to;
	d->path = d->other = BUF_INIT;
	if ((d->outer = archive_read_new()) == NULL)
		abort();
	if ((e = read_members(d, fd)) == ERR_OK)
		e = set_draft_settle(to, from, file, faults);
	if (e == ERR_OK && set_draft_count(to) == from)
		e = fail(d, "the package has no file");
	(void)archive_read_free(d->outer);
	free_members(d);
	EVP_MD_CTX_free(d->hash);
	buf_free(&d->path);
	buf_free(&d->other);
	free(d);
	return e;
}

/* debian-binary, control.tar, data.tar, in this order; "_..." are others' own. */
static enum err
read_members(struct deb *d, int fd)
{
	static const char *const order[] = {"debian-binary", "control.tar", "data.tar"};
	struct archive_entry *entry;
	size_t at = 0;
	enum err e = ERR_OK;
	int got;

	if (archive_read_support_format_ar(d->outer) != ARCHIVE_OK ||
	    archive_read_open_fd(d->outer, fd, CHUNK_SIZE) != ARCHIVE_OK)
		return fail_archive(d, d->outer);
	while (e == ERR_OK && (got = archive_read_next_header(d->outer, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		if (name != NULL && name[0] == '_' && at > 0)
			continue;
		if (name == NULL || at == sizeof(order) / sizeof(order[0]) ||
		    strncmp(name, order[at], strlen(order[at])) != 0)
			return fail(d,
			    "is no binary package: expected debian-binary, control.tar and "
			    "data.tar in it, in this order");
		if (at == 0)
			e = check_version(d);
		else if (at == 2)
			e = read_tar(d);
		at++;
	}
	if (e == ERR_OK && got != ARCHIVE_EOF)
		e = fail_archive(d, d->outer);
	if (e == ERR_OK && at < sizeof(order) / sizeof(order[0]))
		e = fail(d, "is no whole binary package: there is no data.tar in it");
	return e;
}

static enum err
check_version(struct deb *d)
{
	const struct view mark = VIEW_LITERAL(VERSION_MARK);
	const la_ssize_t got = archive_read_data(d->outer, d->outer_chunk, mark.size);

	if (got < 0)
		return fail_archive(d, d->outer);
	if ((size_t)got != mark.size || memcmp(d->outer_chunk, mark.data, mark.size) != 0)
		return fail(d, "is a package of an unknown format: expected version 2");
	return ERR_OK;
}

static enum err
read_tar(struct deb *d)
{
	struct archive_entry *entry;
	enum err e = ERR_OK;
	int got = ARCHIVE_FATAL;

	d->inner = tar_new();
	if (archive_read_open(d->inner, d, NULL, give_tar, NULL) == ARCHIVE_OK) {
		while (
		    e == ERR_OK && (got = archive_read_next_header(d->inner, &entry)) == ARCHIVE_OK)
			e = ++d->count <= DEB_MEMBERS_MAX
				? take_entry(d, entry)
				: fail(d, "has more than 1,000,000 files and directories");
	}
	if (e == ERR_OK && got != ARCHIVE_EOF)
		e = fail_archive(d, d->inner);
	(void)archive_read_free(d->inner);
	d->inner = NULL;
	return e;
}

/* What dpkg-deb writes; no filter that runs another program. */
static struct archive *
tar_new(void)
{
	struct archive *a = archive_read_new();

	if (a == NULL || archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_format_tar(a) != ARCHIVE_OK)
		abort();
	return a;
}

static la_ssize_t
give_tar(struct archive *a, void *context, const void **data)
{
	struct deb *d = context;
	const la_ssize_t got = archive_read_data(d->outer, d->outer_chunk, CHUNK_SIZE);

	*data = d->outer_chunk;
	if (got < 0)
		archive_set_error(a, archive_errno(d->outer), "%s", archive_error_string(d->outer));
	return got < 0 ? ARCHIVE_FATAL : got;
}

static enum err
take_entry(struct deb *d, struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e), *target = archive_entry_hardlink(e);
	struct reference_entry r = {.kind = REFERENCE_FILE};
	const __LA_MODE_T type = archive_entry_filetype(e);
	enum err result;

	buf_clear(&d->path);
	if (name == NULL || append_path(d, name, &d->path) != ERR_OK)
		return ERR_CONFIG;
	if (target == NULL && type != AE_IFREG && type != AE_IFLNK) {
		set_draft_leave_out(d->to,
		    type == AE_IFDIR ? (struct view){NULL, 0} : buf_view(&d->path),
		    type == AE_IFDIR ? directories : specials);
		return ERR_OK;
	}
	r.path = buf_view(&d->path);
	if (target != NULL)
		result = take_hard_link(d, target, &r);
	else if (type == AE_IFLNK)
		result = take_link(d, e, &r);
	else
		result = take_file(d, e, &r);
	return result == ERR_OK ? set_draft_add(d->to, &r, d->file, d->faults) : result;
}

static enum err
take_file(struct deb *d, struct archive_entry *e, struct reference_entry *r)
{
	const int64_t size = archive_entry_size(e);
	enum err result;

	/* Not one byte more than that is read of it. */
	if (size < 0 || (uint64_t)size > DEB_UNPACKED_MAX - d->unpacked)
		return fail(d, "unpacks to more than 16 GiB");
	d->unpacked += (uint64_t)size;
	if ((result = hash_content(d, &r->digest)) != ERR_OK)
		return result;
	take_rights(d, e, r);
	keep_member(d, r);
	return ERR_OK;
}

/* The same file under another name: one that came before. */
static enum err
take_hard_link(struct deb *d, const char *target, struct reference_entry *r)
{
	const struct view path = r->path;
	struct member *m = NULL;
	enum err e;

	buf_clear(&d->other);
	if ((e = append_path(d, target, &d->other)) != ERR_OK)
		return e;
	if (d->other.size > 0)
		HASH_FIND(hh, d->members, d->other.data, d->other.size, m);
	if (m == NULL)
		return fail(d, "has a hard link to what is no file before it");
	*r = m->entry;
	r->path = path;
	return ERR_OK;
}

static enum err
take_link(struct deb *d, struct archive_entry *e, struct reference_entry *r)
{
	const char *target = archive_entry_symlink(e);

	if (target == NULL || target[0] == 0 || strlen(target) > REFERENCE_TARGET_MAX)
		return fail(d, "has a symbolic link whose target is empty or too long");
	r->kind = REFERENCE_LINK;
	r->target = view_of_string(target);
	digest_of(r->target.data, r->target.size, &r->digest);
	take_rights(d, e, r);
	return ERR_OK;
}

static enum err
hash_content(struct deb *d, struct digest *out)
{
	la_ssize_t got;

	if (EVP_DigestInit_ex2(d->hash, EVP_sha256(), NULL) != 1)
		abort();
	while ((got = archive_read_data(d->inner, d->inner_chunk, CHUNK_SIZE)) > 0) {
		if (EVP_DigestUpdate(d->hash, d->inner_chunk, (size_t)got) != 1)
			abort();
	}
	if (got < 0)
		return fail_archive(d, d->inner);
	if (EVP_DigestFinal_ex(d->hash, out->bytes, NULL) != 1)
		abort();
	return ERR_OK;
}

/* dpkg goes by names, which have one number everywhere only where that is small. */
static void
take_rights(struct deb *d, struct archive_entry *e, struct reference_entry *r)
{
	const bool uid = take_id(archive_entry_uname(e), archive_entry_uid(e), &r->uid);
	const bool gid = take_id(archive_entry_gname(e), archive_entry_gid(e), &r->gid);

	if (d->options->content_only) {
		r->uid = r->gid = 0;
		return;
	}
	if (!uid || !gid)
		set_draft_leave_out(d->to, r->path, owners);
	r->given = (uint8_t)((uid ? REFERENCE_UID : 0) | (gid ? REFERENCE_GID : 0));
	if (r->kind == REFERENCE_FILE) {
		r->given |= REFERENCE_MODE;
		r->mode = (uint16_t)(archive_entry_perm(e) & REFERENCE_MODE_MASK);
	}
}

static bool
take_id(const char *name, int64_t number, uint32_t *out)
{
	*out = 0;
	if (name != NULL && strcmp(name, "root") == 0)
		return true;
	if (number < 0 || number >= STATIC_ID_END)
		return false;
	*out = (uint32_t)number;
	return true;
}

/* "./usr/bin/x" is /usr/bin/x, and so is "./bin/x": a directory of the root that is a link now. */
static enum err
append_path(struct deb *d, const char *name, struct buf *to)
{
	const char *slash;
	size_t size;

	if (name[0] == '/')
		return fail(d, "has an absolute name: expected \"./\" before each");
	if (name[0] == '.' && (name[1] == '/' || name[1] == 0))
		name += name[1] == '/' ? 2 : 1;
	slash = strchr(name, '/');
	if (slash != NULL && slash[1] != 0 && is_moved(name, (size_t)(slash - name)))
		buf_append_string(to, "/usr");
	buf_append_byte(to, '/');
	size = strlen(name);
	buf_append(to, name, size > 0 && name[size - 1] == '/' ? size - 1 : size);
	if (buf_status(to) != ERR_OK)
		abort();
	return ERR_OK;
}

static bool
is_moved(const char *name, size_t size)
{
	static const char *const moved[] = {
	    "bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"};

	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
		if (strlen(moved[i]) == size && memcmp(moved[i], name, size) == 0)
			return true;
	return false;
}

static void
keep_member(struct deb *d, const struct reference_entry *r)
{
	struct member *m = NULL;

	HASH_FIND(hh, d->members, r->path.data, r->path.size, m);
	/* A path that is there already is a fault when all is known. */
	if (m != NULL)
		return;
	if ((m = malloc(sizeof(*m) + r->path.size)) == NULL)
		abort();
	m->entry = *r;
	m->size = r->path.size;
	memcpy(m->path, r->path.data, m->size);
	HASH_ADD_KEYPTR(hh, d->members, m->path, m->size, m);
}

static void
free_members(struct deb *d)
{
	struct member *m, *next;

	HASH_ITER (hh, d->members, m, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(d->members, m);
		free(m);
	}
}

static enum err
fail(struct deb *d, const char *what)
{
	return source_fail(d->file, d->faults, what, (struct view){NULL, 0});
}

static enum err
fail_archive(struct deb *d, struct archive *a)
{
	const char *said = archive_error_string(a);

	return source_fail(d->file, d->faults, "cannot be unpacked",
	    view_of_string(said != NULL ? said : "no reason given"));
}
