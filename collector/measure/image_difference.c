#include "collector/measure/image_difference.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ground/values.h"

enum difference { ADDED, CHANGED, DELETED, MOUNTED, DIFFERENCES };

/* One of the facts. */
struct told {
	struct values values;
	size_t more;      /* what is told by the digest alone */
	EVP_MD_CTX *rest; /* NULL: there is none */
};

struct comparing {
	const struct component *files;
	const struct reference_set *set;
	struct buf mounts; /* a struct view each: what something is mounted on, by path */
	struct told told[DIFFERENCES];
	struct buf line;
};

static void compare(struct comparing *c);
static void find_mounts(struct comparing *c);
static bool is_mount(const struct component_file *f);
static bool is_runtimes_mount(struct view path);
static bool is_runtimes_own(const struct component_file *f);
static bool has_line(const struct reference_set *set, size_t at, const struct component_file *f);
static bool is_line_of(const struct reference_entry *r, const struct component_file *f);
static bool is_covered(const struct comparing *c, struct view path);
static void tell_file(struct comparing *c, enum difference d, const struct component_file *f);
static void append_path(struct buf *to, struct view path);
static void tell(struct comparing *c, enum difference d);
static void end(struct told *t);
static enum err add_fact(const struct told *t, const char *name, struct component_builder *to);

enum err
image_difference_add(
    const struct component *files, const struct reference_set *set, struct component_builder *to)
{
	static const char *const names[DIFFERENCES] = {"added", "changed", "deleted", "mounted"};
	struct comparing c = {.files = files, .set = set, .mounts = BUF_INIT, .line = BUF_INIT};
	enum err e = ERR_OK;

	for (size_t i = 0; i < DIFFERENCES; i++)
		c.told[i].values = VALUES_INIT;
	find_mounts(&c);
	compare(&c);
	if (c.line.failed || c.mounts.failed)
		e = ERR_MEMORY;
	for (size_t i = 0; i < DIFFERENCES; i++) {
		end(&c.told[i]);
		if (e == ERR_OK)
			e = add_fact(&c.told[i], names[i], to);
		values_free(&c.told[i].values);
	}
	buf_free(&c.mounts);
	buf_free(&c.line);
	return e;
}

static void
find_mounts(struct comparing *c)
{
	for (size_t i = 0; i < c->files->item_count; i++)
		if (is_mount(&c->files->items.files[i]))
			buf_append(&c->mounts, &c->files->items.files[i].path, sizeof(struct view));
}

/* Both are sorted by path. */
static void
compare(struct comparing *c)
{
	size_t at = 0, item = 0;

	for (;;) {
		const struct component_file *f =
		    item < c->files->item_count ? &c->files->items.files[item] : NULL;
		const struct reference_entry *r =
		    at < reference_count(c->set) ? reference_at(c->set, at) : NULL;
		int order;

		if (f == NULL && r == NULL)
			return;
		order = f == NULL ? 1 : r == NULL ? -1 : view_compare(f->path, r->path);
		if (order > 0) {
			at++;
			buf_clear(&c->line);
			append_path(&c->line, r->path);
			if (!is_covered(c, r->path))
				tell(c, DELETED);
			continue;
		}
		if (is_mount(f)) {
			buf_clear(&c->line);
			append_path(&c->line, f->path);
			if (!is_runtimes_mount(f->path))
				tell(c, MOUNTED);
		} else if (order < 0 && !is_runtimes_own(f)) {
			tell_file(c, ADDED, f);
		} else if (order == 0 && !has_line(c->set, at, f)) {
			tell_file(c, CHANGED, f);
		}
		item++;
		while (at < reference_count(c->set) &&
		       view_equal(reference_at(c->set, at)->path, f->path))
			at++;
	}
}

/* As the walk says it: nothing behind it was looked at. */
static bool
is_mount(const struct component_file *f)
{
	struct view value;

	return (f->flags & COMPONENT_FILE_UNREADABLE) != 0 &&
	       component_detail(f, VIEW_LITERAL("mount"), &value);
}

static bool
is_runtimes_mount(struct view path)
{
	static const char *const mounts[] = {"/dev", "/etc/hostname", "/etc/hosts",
	    "/etc/resolv.conf", "/proc", "/run/.containerenv", "/sys"};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (view_equal(path, view_of_string(mounts[i])))
			return true;
	return false;
}

/* What they write into the topmost layer before the container begins. */
static bool
is_runtimes_own(const struct component_file *f)
{
	static const char mounts[] = "/proc/mounts";
	struct digest expected;

	if (view_equal(f->path, VIEW_LITERAL("/.dockerenv"))) {
		digest_of("", 0, &expected);
		return f->flags == 0 && digest_equal(&f->digest, &expected);
	}
	digest_of(mounts, sizeof(mounts) - 1, &expected);
	return view_equal(f->path, VIEW_LITERAL("/etc/mtab")) &&
	       (f->flags & COMPONENT_FILE_SYMLINK) != 0 && digest_equal(&f->digest, &expected);
}

/* Of several lines of a path one is enough. */
static bool
has_line(const struct reference_set *set, size_t at, const struct component_file *f)
{
	for (; at < reference_count(set) && view_equal(reference_at(set, at)->path, f->path); at++)
		if (is_line_of(reference_at(set, at), f))
			return true;
	return false;
}

static bool
is_line_of(const struct reference_entry *r, const struct component_file *f)
{
	const bool is_link = (f->flags & COMPONENT_FILE_SYMLINK) != 0;
	const uint32_t bad =
	    COMPONENT_FILE_UNREADABLE | COMPONENT_FILE_SPECIAL | COMPONENT_FILE_CHANGED;

	return (f->flags & bad) == 0 && is_link == (r->kind == REFERENCE_LINK) &&
	       digest_equal(&r->digest, &f->digest) &&
	       ((r->given & REFERENCE_UID) == 0 || r->uid == f->uid) &&
	       ((r->given & REFERENCE_GID) == 0 || r->gid == f->gid) &&
	       ((r->given & REFERENCE_MODE) == 0 || r->mode == (f->mode & REFERENCE_MODE_MASK));
}

/* It lies below what something is mounted on. */
static bool
is_covered(const struct comparing *c, struct view path)
{
	for (size_t at = 0; at < c->mounts.size; at += sizeof(struct view)) {
		struct view mount;

		memcpy(&mount, c->mounts.data + at, sizeof(mount));
		if (path.size > mount.size && path.data[mount.size] == '/' &&
		    memcmp(path.data, mount.data, mount.size) == 0)
			return true;
	}
	return false;
}

static void
tell_file(struct comparing *c, enum difference d, const struct component_file *f)
{
	char hex[DIGEST_HEX_SIZE + 1];

	buf_clear(&c->line);
	append_path(&c->line, f->path);
	digest_to_hex(&f->digest, hex);
	if ((f->flags & (COMPONENT_FILE_UNREADABLE | COMPONENT_FILE_CHANGED)) != 0)
		buf_append_string(&c->line, " unreadable");
	else if ((f->flags & COMPONENT_FILE_SPECIAL) != 0)
		buf_append_string(&c->line, " special");
	else if ((f->flags & COMPONENT_FILE_SYMLINK) != 0)
		buf_append_format(&c->line, " link %s", hex);
	else
		buf_append_format(&c->line, " file %s", hex);
	buf_append_format(&c->line, " uid=%u gid=%u", f->uid, f->gid);
	if ((f->flags & COMPONENT_FILE_SYMLINK) == 0)
		buf_append_format(&c->line, " mode=%04o", f->mode & REFERENCE_MODE_MASK);
	tell(c, d);
}

static void
append_path(struct buf *to, struct view path)
{
	for (size_t i = 0; i < path.size; i++) {
		const uint8_t b = path.data[i];

		if (b == '\\' || b == '\n' || b == '\r' || b == ' ')
			buf_append_byte(to, '\\');
		buf_append_byte(to, b == '\n' ? 'n' : b == '\r' ? 'r' : b == ' ' ? 's' : b);
	}
}

/* The line at hand. */
static void
tell(struct comparing *c, enum difference d)
{
	struct told *t = &c->told[d];

	if (t->rest == NULL && t->values.count < IMAGE_DIFFERENCE_VALUES_MAX &&
	    t->values.text.size + c->line.size <= IMAGE_DIFFERENCE_BYTES_MAX) {
		buf_append_view(&t->values.text, buf_view(&c->line));
		values_end(&t->values);
		return;
	}
	if (t->rest == NULL && ((t->rest = EVP_MD_CTX_new()) == NULL ||
				   EVP_DigestInit_ex2(t->rest, EVP_sha256(), NULL) != 1))
		abort();
	buf_append_byte(&c->line, '\n');
	if (EVP_DigestUpdate(t->rest, c->line.data, c->line.size) != 1)
		abort();
	t->more++;
}

/* What is not told one by one. */
static void
end(struct told *t)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;

	if (t->rest == NULL)
		return;
	if (EVP_DigestFinal_ex(t->rest, digest.bytes, NULL) != 1)
		abort();
	EVP_MD_CTX_free(t->rest);
	t->rest = NULL;
	digest_to_hex(&digest, hex);
	buf_append_format(&t->values.text, "... %zu sha256:%s", t->more, hex);
	values_end(&t->values);
}

static enum err
add_fact(const struct told *t, const char *name, struct component_builder *to)
{
	struct view *views = values_views(&t->values);
	const struct component_fact fact = {view_of_string(name), t->values.count, views};
	enum err e = views != NULL ? component_add_fact(to, &fact) : ERR_MEMORY;

	free(views);
	return e;
}
