/* Details of files: what the kernel says of them, in each of its forms and in none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "collector/files/file_details.h"

#define BYTES(s) (s), sizeof(s) - 1

/* What the next file has. */
static struct {
	const char *names; /* one behind the other, each with its NUL */
	size_t names_size;
	int names_errno;
	const char *name; /* of the attribute with a value */
	const char *value;
	size_t size;
	int value_errno;
	unsigned algorithm, digest_size; /* of verity; 0: none */
	size_t asked;                    /* for values */
} file;

ssize_t
flistxattr(int fd, char *list, size_t size)
{
	(void)fd;
	if (file.names_errno != 0 || file.names_size > size) {
		errno = file.names_errno != 0 ? file.names_errno : ERANGE;
		return -1;
	}
	if (file.names_size > 0)
		memcpy(list, file.names, file.names_size);
	return (ssize_t)file.names_size;
}

ssize_t
fgetxattr(int fd, const char *name, void *value, size_t size)
{
	(void)fd;
	file.asked++;
	if (file.name == NULL || strcmp(name, file.name) != 0 || file.value_errno != 0) {
		errno = file.value_errno != 0 ? file.value_errno : ENODATA;
		return -1;
	}
	assert_true(file.size <= size);
	memcpy(value, file.value, file.size);
	return (ssize_t)file.size;
}

int
ioctl(int fd, unsigned long request, ...)
{
	struct fsverity_digest *out;
	va_list arguments;

	(void)fd;
	assert_int_equal(request, FS_IOC_MEASURE_VERITY);
	va_start(arguments, request);
	out = va_arg(arguments, struct fsverity_digest *);
	va_end(arguments);
	if (file.digest_size == 0 || out->digest_size < file.digest_size) {
		errno = file.digest_size == 0 ? ENODATA : EOVERFLOW;
		return -1;
	}
	out->digest_algorithm = (uint16_t)file.algorithm;
	out->digest_size = (uint16_t)file.digest_size;
	memset(out + 1, 0xab, file.digest_size);
	return 0;
}

/* All details of what the file has now, with a line feed behind each. */
static const char *
details(const struct statx *s)
{
	static char text[COMPONENT_DETAILS_MAX * COMPONENT_DETAIL_MAX];
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	struct component_file item = {.path = VIEW_LITERAL("/f")};
	struct file_details d = {0}, again = {0};
	size_t size = 0;
	bool bare;

	file.asked = 0;
	file_details_read(&d, 3, s, &bare);
	assert_int_equal(file_details_give(&d, &item), ERR_OK);
	/* Attributes are told again by who knows nothing else. */
	if (bare) {
		file_details_clear(&again);
		file_details_recall(&again, s);
		assert_true(view_equal(buf_view(&again.text), buf_view(&d.text)));
	}
	file_details_free(&again);
	/* They are such as an item may have. */
	assert_int_equal(component_add_file(b, &item), ERR_OK);
	component_builder_free(&b);
	text[0] = '\0';
	for (size_t i = 0; i < item.detail_count; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%.*s\n",
		    view_precision(item.details[i]), (const char *)item.details[i].data);
	file_details_free(&d);
	return text;
}

static const char *
with(const char *name, const char *value, size_t size)
{
	const struct statx s = {.stx_mode = S_IFREG};

	file.names = name;
	file.names_size = strlen(name) + 1;
	file.name = name;
	file.value = value;
	file.size = size;
	return details(&s);
}

static void
a_plain_file_has_none_and_costs_one_call(void **state)
{
	const struct statx s = {.stx_mode = S_IFREG};

	(void)state;
	memset(&file, 0, sizeof(file));
	assert_string_equal(details(&s), "");
	file.names = "security.selinux\0user.security.capability\0";
	file.names_size = sizeof("security.selinux\0user.security.capability");
	assert_string_equal(details(&s), "");
	assert_int_equal(file.asked, 0);
	file.names_errno = ENOTSUP;
	assert_string_equal(details(&s), "");
}

static void
capabilities_are_told_in_each_form(void **state)
{
	(void)state;
	memset(&file, 0, sizeof(file));
	assert_string_equal(
	    with("security.capability", BYTES("\x01\0\0\x02\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	    "capability=0000000000200000 0000000000000000 1\n");
	assert_string_equal(
	    with("security.capability", BYTES("\0\0\0\x02\0\0\0\0\x01\0\0\0\x80\0\0\0\x02\0\0\0")),
	    "capability=0000008000000000 0000000200000001 0\n");
	assert_string_equal(
	    with("security.capability",
		BYTES("\x01\0\0\x03\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xa0\x86\x01\0")),
	    "capability=0000000000000400 0000000000000000 1 100000\n");
	/* Of another size or revision. */
	assert_string_equal(with("security.capability", BYTES("\x01\0\0\x02\0\0\x20\0\0\0\0\0")),
	    "capability=hex:010000020000200000000000\n");
	assert_string_equal(
	    with("security.capability", BYTES("\0\0\0\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	    "capability=hex:0000000100040000000000000000000000000000\n");
	assert_string_equal(with("security.capability", BYTES("")), "capability=hex:\n");
	file.value_errno = EACCES;
	assert_string_equal(with("security.capability", BYTES("")), "capability=unreadable\n");
}

static void
access_control_lists_are_told(void **state)
{
	char many[4 + 8 * 200] = "\x02\0\0\0";

	(void)state;
	memset(&file, 0, sizeof(file));
	assert_string_equal(with("system.posix_acl_access", BYTES("\x02\0\0\0"
								  "\x01\0\x06\0\xff\xff\xff\xff"
								  "\x02\0\x04\0\x21\0\0\0"
								  "\x04\0\x04\0\xff\xff\xff\xff"
								  "\x08\0\x07\0\xa0\x86\x01\0"
								  "\x10\0\x05\0\xff\xff\xff\xff"
								  "\x20\0\0\0\xff\xff\xff\xff")),
	    "acl=u::rw-,u:33:r--,g::r--,g:100000:rwx,m::r-x,o::---\n");
	assert_string_equal(
	    with("system.posix_acl_access", BYTES("\x02\0\0\0\x01\0")), "acl=hex:020000000100\n");
	assert_string_equal(
	    with("system.posix_acl_access", BYTES("\x03\0\0\0")), "acl=hex:03000000\n");
	assert_string_equal(
	    with("system.posix_acl_access", BYTES("\x02\0\0\0\x03\0\x04\0\x21\0\0\0")),
	    "acl=hex:020000000300040021000000\n");
	for (unsigned i = 0; i < 200; i++)
		memcpy(many + 4 + 8 * i, "\x02\0\x04\0\xff\xff\xff\x7f", 8);
	assert_int_equal(strlen(with("system.posix_acl_access", many, sizeof(many))),
	    strlen("acl=sha256:\n") + DIGEST_HEX_SIZE);
	/* What new files get belongs to directories. */
	assert_string_equal(with("system.posix_acl_default", BYTES("\x02\0\0\0")), "");
	assert_string_equal(details(&(struct statx){.stx_mode = S_IFDIR}), "acl_default=\n");
}

static void
names_too_many_to_list_are_asked_for(void **state)
{
	(void)state;
	memset(&file, 0, sizeof(file));
	file.names_errno = ERANGE;
	assert_string_equal(
	    with("security.capability", BYTES("\x01\0\0\x02\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	    "capability=0000000000200000 0000000000000000 1\n");
	assert_int_equal(file.asked, 2);
	file.names_errno = EIO;
	assert_string_equal(with("none", BYTES("")), "xattr=unreadable\n");
}

static void
attributes_and_verity_are_told(void **state)
{
	struct statx s = {.stx_mode = S_IFREG, .stx_attributes = STATX_ATTR_IMMUTABLE};
	char expected[256] = "verity=sha256:";

	(void)state;
	memset(&file, 0, sizeof(file));
	assert_string_equal(details(&s), "attributes=immutable\n");
	s.stx_attributes |= STATX_ATTR_APPEND | STATX_ATTR_COMPRESSED;
	assert_string_equal(details(&s), "attributes=append,immutable\n");
	s.stx_attributes = STATX_ATTR_APPEND | STATX_ATTR_VERITY;
	assert_string_equal(details(&s), "attributes=append\nverity=unreadable\n");
	s.stx_attributes = STATX_ATTR_VERITY;
	file.algorithm = FS_VERITY_HASH_ALG_SHA256;
	file.digest_size = 32;
	for (unsigned i = 0; i < 32; i++)
		strcat(expected, "ab");
	strcat(expected, "\n");
	assert_string_equal(details(&s), expected);
	file.algorithm = FS_VERITY_HASH_ALG_SHA512;
	file.digest_size = 64;
	assert_int_equal(strlen(details(&s)), strlen("verity=sha512:\n") + 128);
	file.digest_size = 65;
	assert_string_equal(details(&s), "verity=unreadable\n");
}

static void
paths_are_made_printable(void **state)
{
	struct buf to = BUF_INIT;

	(void)state;
	file_details_append_path(&to, VIEW_LITERAL("/a b%\n\xff\x7f~"), 100);
	assert_true(view_equal(buf_view(&to), VIEW_LITERAL("/a%20b%25%0A%FF%7F~")));
	buf_clear(&to);
	file_details_append_path(&to, VIEW_LITERAL("/a\n"), 5);
	assert_true(view_equal(buf_view(&to), VIEW_LITERAL("/a%0A")));
	file_details_append_path(&to, VIEW_LITERAL("/a\n\n"), 5);
	assert_int_equal(to.size, 5 + strlen("sha256:") + DIGEST_HEX_SIZE);
	buf_free(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_file_has_none_and_costs_one_call),
	    cmocka_unit_test(capabilities_are_told_in_each_form),
	    cmocka_unit_test(access_control_lists_are_told),
	    cmocka_unit_test(names_too_many_to_list_are_asked_for),
	    cmocka_unit_test(attributes_and_verity_are_told),
	    cmocka_unit_test(paths_are_made_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
