#include "collector/files/file_details.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/fsverity.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "collector/keys/keyed.h"
#include "proto/digest.h"
#include "proto/encoding.h"

#define NAMES_SIZE 1024  /* bytes; a longer list of names may have any of them */
#define VALUE_SIZE 65536 /* bytes: XATTR_SIZE_MAX */
#define LIST_MAX   1000  /* bytes of a list as a detail has it: leaves room for the name */
#define RAW_MAX    64    /* bytes that are told as they are */

/* linux/posix_acl_xattr.h, as the kernel gives it to everybody: little endian. */
#define ACL_VERSION     2
#define ACL_HEADER_SIZE 4
#define ACL_ENTRY_SIZE  8

#define VERITY_DIGEST_MAX 64 /* bytes: SHA-512 */

static void read_extended(struct file_details *d, int fd, bool directory);
static void add_capability(struct file_details *d, const uint8_t *value, size_t size);
static void add_list(struct file_details *d, const char *name, const uint8_t *value, size_t size);
static bool append_list(struct buf *to, const uint8_t *value, size_t size);
static void add_raw(struct file_details *d, const char *name, const uint8_t *value, size_t size);
static void read_verity(struct file_details *d, int fd);
static void add_hex(
    struct file_details *d, const char *name, const char *before, struct view bytes);
static uint32_t le32(const uint8_t *p);
static int compare(const void *a, const void *b);

void
file_details_free(struct file_details *d)
{
	buf_free(&d->text);
}

void
file_details_clear(struct file_details *d)
{
	buf_clear(&d->text);
	d->count = 0;
}

void
file_details_read(struct file_details *d, int fd, const struct statx *s, bool *bare)
{
	size_t count;

	file_details_recall(d, s);
	count = d->count;
	read_extended(d, fd, S_ISDIR(s->stx_mode));
	if ((s->stx_attributes & STATX_ATTR_VERITY) != 0)
		read_verity(d, fd);
	*bare = d->count == count;
}

void
file_details_recall(struct file_details *d, const struct statx *s)
{
	const bool append = (s->stx_attributes & STATX_ATTR_APPEND) != 0;
	const bool immutable = (s->stx_attributes & STATX_ATTR_IMMUTABLE) != 0;

	if (append || immutable)
		file_details_add(d, "attributes", "%s%s%s", append ? "append" : "",
		    append && immutable ? "," : "", immutable ? "immutable" : "");
}

void
file_details_add(struct file_details *d, const char *name, const char *format, ...)
{
	char text[COMPONENT_DETAIL_MAX + 1];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (d->count == COMPONENT_DETAILS_MAX || size < 0 || size >= (int)sizeof(text)) {
		d->text.failed = true;
		return;
	}
	buf_append_format(&d->text, "%s=%s", name, text);
	d->end[d->count++] = d->text.size;
}

void
file_details_append_path(struct buf *to, struct view path, size_t size_max)
{
	const size_t begun = to->size;
	struct digest digest;

	for (size_t i = 0; i < path.size; i++)
		keyed_append(to, path.data[i]);
	if (to->failed || to->size - begun <= size_max)
		return;
	to->size = begun;
	digest_of(path.data, path.size, &digest);
	buf_append_string(to, "sha256:");
	hex_append(to, (struct view){digest.bytes, DIGEST_SIZE});
}

enum err
file_details_give(struct file_details *d, struct component_file *item)
{
	size_t begin = 0;
	enum err e;

	item->detail_count = 0;
	item->details = NULL;
	if ((e = buf_status(&d->text)) != ERR_OK)
		return e;
	for (size_t i = 0; i < d->count; begin = d->end[i++])
		d->list[i] = (struct view){d->text.data + begin, d->end[i] - begin};
	if (d->count > 1)
		qsort(d->list, d->count, sizeof(d->list[0]), compare);
	item->detail_count = d->count;
	item->details = d->list;
	return ERR_OK;
}

/* One call for most files: they have none of these. */
static void
read_extended(struct file_details *d, int fd, bool directory)
{
	static const struct {
		const char *xattr, *name;
		bool directories; /* only they have it */
	} wanted[] = {
	    {"security.capability", "capability", false},
	    {"system.posix_acl_access", "acl", false},
	    {"system.posix_acl_default", "acl_default", true},
	};
	char names[NAMES_SIZE];
	uint8_t value[VALUE_SIZE];
	ssize_t size = flistxattr(fd, names, sizeof(names)), got;
	const bool any = size < 0 && errno == ERANGE;

	if (size < 0 && !any) {
		if (errno != ENOTSUP && errno != EBADF)
			file_details_add(d, "xattr", "unreadable");
		return;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *found = any ? wanted[i].xattr : NULL;

		for (ssize_t at = 0; !any && at < size; at += (ssize_t)strlen(names + at) + 1)
			if (strcmp(names + at, wanted[i].xattr) == 0)
				found = names + at;
		if (found == NULL || (wanted[i].directories && !directory))
			continue;
		got = fgetxattr(fd, wanted[i].xattr, value, sizeof(value));
		if (got < 0 && errno == ENODATA)
			continue;
		if (got < 0)
			file_details_add(d, wanted[i].name, "unreadable");
		else if (i == 0)
			add_capability(d, value, (size_t)got);
		else
			add_list(d, wanted[i].name, value, (size_t)got);
	}
}

/* What is in no form of linux/capability.h is told as it stands. */
static void
add_capability(struct file_details *d, const uint8_t *value, size_t size)
{
	const uint32_t magic = size >= 4 ? le32(value) : 0;
	const uint32_t revision = magic & VFS_CAP_REVISION_MASK;
	const unsigned effective = (magic & VFS_CAP_FLAGS_EFFECTIVE) != 0;
	uint64_t permitted, inheritable;

	if ((revision != VFS_CAP_REVISION_2 || size != XATTR_CAPS_SZ_2) &&
	    (revision != VFS_CAP_REVISION_3 || size != XATTR_CAPS_SZ_3)) {
		add_raw(d, "capability", value, size);
		return;
	}
	permitted = le32(value + 4) | (uint64_t)le32(value + 12) << 32;
	inheritable = le32(value + 8) | (uint64_t)le32(value + 16) << 32;
	if (revision == VFS_CAP_REVISION_3)
		file_details_add(d, "capability", "%016llx %016llx %u %u",
		    (unsigned long long)permitted, (unsigned long long)inheritable, effective,
		    le32(value + 20));
	else
		file_details_add(d, "capability", "%016llx %016llx %u",
		    (unsigned long long)permitted, (unsigned long long)inheritable, effective);
}

static void
add_list(struct file_details *d, const char *name, const uint8_t *value, size_t size)
{
	struct buf text = BUF_INIT;

	if (append_list(&text, value, size))
		file_details_add(d, name, "%.*s", (int)text.size, (const char *)text.data);
	else
		add_raw(d, name, value, size);
	d->text.failed = d->text.failed || text.failed;
	buf_free(&text);
}

/* False where it is too long, or none that is known. */
static bool
append_list(struct buf *to, const uint8_t *value, size_t size)
{
	static const struct {
		uint16_t tag;
		char letter;
		bool named;
	} tags[] = {{0x01, 'u', false}, {0x02, 'u', true}, {0x04, 'g', false}, {0x08, 'g', true},
	    {0x10, 'm', false}, {0x20, 'o', false}};

	if (size < ACL_HEADER_SIZE || le32(value) != ACL_VERSION ||
	    (size - ACL_HEADER_SIZE) % ACL_ENTRY_SIZE != 0)
		return false;
	for (const uint8_t *p = value + ACL_HEADER_SIZE; p < value + size; p += ACL_ENTRY_SIZE) {
		const unsigned tag = p[0] | (unsigned)p[1] << 8,
			       rights = p[2] | (unsigned)p[3] << 8;
		size_t t = 0;

		while (t < sizeof(tags) / sizeof(tags[0]) && tags[t].tag != tag)
			t++;
		if (t == sizeof(tags) / sizeof(tags[0]) || rights > 7)
			return false;
		buf_append_format(
		    to, "%s%c:", p == value + ACL_HEADER_SIZE ? "" : ",", tags[t].letter);
		if (tags[t].named)
			buf_append_format(to, "%u", le32(p + 4));
		buf_append_format(to, ":%c%c%c", (rights & 4) != 0 ? 'r' : '-',
		    (rights & 2) != 0 ? 'w' : '-', (rights & 1) != 0 ? 'x' : '-');
		if (to->size > LIST_MAX)
			return false;
	}
	return true;
}

static void
read_verity(struct file_details *d, int fd)
{
	union {
		struct fsverity_digest head;
		uint8_t room[sizeof(struct fsverity_digest) + VERITY_DIGEST_MAX];
	} found;
	const char *before;

	memset(&found, 0, sizeof(found));
	found.head.digest_size = VERITY_DIGEST_MAX;
	if (ioctl(fd, FS_IOC_MEASURE_VERITY, &found) != 0 ||
	    found.head.digest_size > VERITY_DIGEST_MAX) {
		file_details_add(d, "verity", "unreadable");
		return;
	}
	before = found.head.digest_algorithm == FS_VERITY_HASH_ALG_SHA256   ? "sha256:"
		 : found.head.digest_algorithm == FS_VERITY_HASH_ALG_SHA512 ? "sha512:"
									    : "other:";
	add_hex(d, "verity", before,
	    (struct view){found.room + sizeof(found.head), found.head.digest_size});
}

/* What is not understood. */
static void
add_raw(struct file_details *d, const char *name, const uint8_t *value, size_t size)
{
	struct digest digest;

	if (size <= RAW_MAX) {
		add_hex(d, name, "hex:", (struct view){value, size});
		return;
	}
	digest_of(value, size, &digest);
	add_hex(d, name, "sha256:", (struct view){digest.bytes, DIGEST_SIZE});
}

static void
add_hex(struct file_details *d, const char *name, const char *before, struct view bytes)
{
	struct buf text = BUF_INIT;

	hex_append(&text, bytes);
	file_details_add(d, name, "%s%.*s", before, (int)text.size, (const char *)text.data);
	d->text.failed = d->text.failed || text.failed;
	buf_free(&text);
}

static uint32_t
le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int
compare(const void *a, const void *b)
{
	const struct view *x = a, *y = b;

	return view_compare(*x, *y);
}
