#include "policy/images/disk_image.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/sources/source_options.h"

#define CHUNK_SIZE   (1024 * 1024)
#define SECTOR_SIZE  512
#define BOOT_AT      510 /* 55 aa: a boot record (MBR), or what protects a GPT */
#define VERSION_AT   4   /* docs/interop/qcow2: all big-endian */
#define BACKING_AT   8
#define FEATURES_AT  72 /* incompatible ones, from version 3 on */
#define DATA_FILE    4  /* its data lies in another file */
#define QCOW2_MARK   "QFI\xfb"
#define HEADER_LEAST 72

static ssize_t read_begin(const char *file, uint8_t begin[SECTOR_SIZE]);
static bool is_qcow2(const uint8_t *begin, ssize_t size);
static bool is_raw(const uint8_t *begin, ssize_t size);
static const char *check_qcow2(const uint8_t *begin);
static enum err hash_file(int fd, struct disk_image *out);
static enum err keep(
    const char *file, struct faults *faults, struct set_draft *to, const struct disk_image *is);

bool
disk_image_is(const char *file)
{
	uint8_t begin[SECTOR_SIZE] = {0};
	const ssize_t got = read_begin(file, begin);

	return is_qcow2(begin, got) || is_raw(begin, got);
}

enum err
disk_image_read(
    const char *file, struct faults *faults, struct set_draft *to, struct disk_image *out)
{
	const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t begin[SECTOR_SIZE] = {0};
	const ssize_t got = fd >= 0 ? pread(fd, begin, sizeof(begin), 0) : -1;
	const char *wrong = NULL;
	enum err e = ERR_OK;

	memset(out, 0, sizeof(*out));
	out->form = is_qcow2(begin, got) ? "qcow2" : "raw";
	if (is_qcow2(begin, got))
		wrong = check_qcow2(begin);
	else if (!is_raw(begin, got))
		wrong = "is another file than a moment ago";
	if (wrong == NULL && (e = hash_file(fd, out)) != ERR_OK)
		wrong = e == ERR_CHANGED ? "was written to while it was read" : strerror(errno);
	if (fd >= 0)
		(void)close(fd);
	return wrong == NULL ? keep(file, faults, to, out)
			     : source_fail(file, faults, wrong, (struct view){NULL, 0});
}

static ssize_t
read_begin(const char *file, uint8_t begin[SECTOR_SIZE])
{
	const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t got = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		got = pread(fd, begin, SECTOR_SIZE, 0);
	if (fd >= 0)
		(void)close(fd);
	return got;
}

static bool
is_qcow2(const uint8_t *begin, ssize_t size)
{
	return size >= HEADER_LEAST && memcmp(begin, QCOW2_MARK, sizeof(QCOW2_MARK) - 1) == 0;
}

/* A tar has its own mark before that, at 257. */
static bool
is_raw(const uint8_t *begin, ssize_t size)
{
	return size == SECTOR_SIZE && begin[BOOT_AT] == 0x55 && begin[BOOT_AT + 1] == 0xaa &&
	       memcmp(begin + 257, "ustar", 5) != 0;
}

static const char *
check_qcow2(const uint8_t *begin)
{
	const uint32_t version = be32_get(begin + VERSION_AT);

	if (version != 2 && version != 3)
		return "is qcow2 of another version than 2 or 3";
	if (be64_get(begin + BACKING_AT) != 0)
		return "has a backing file, which its own digest does not cover: commit or convert "
		       "it first";
	if (version == 3 && (be64_get(begin + FEATURES_AT) & DATA_FILE) != 0)
		return "has its data in another file, which its own digest does not cover";
	return NULL;
}

/* ERR_IO with errno, ERR_CHANGED. */
static enum err
hash_file(int fd, struct disk_image *out)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint8_t *chunk = malloc(CHUNK_SIZE);
	struct stat before, after;
	ssize_t got = -1;

	if (hash == NULL || chunk == NULL || EVP_DigestInit_ex2(hash, EVP_sha256(), NULL) != 1)
		abort();
	if (fstat(fd, &before) == 0)
		while ((got = pread(fd, chunk, CHUNK_SIZE, (off_t)out->size)) > 0) {
			if (EVP_DigestUpdate(hash, chunk, (size_t)got) != 1)
				abort();
			out->size += (uint64_t)got;
		}
	if (EVP_DigestFinal_ex(hash, out->digest.bytes, NULL) != 1)
		abort();
	EVP_MD_CTX_free(hash);
	free(chunk);
	if (got != 0 || fstat(fd, &after) != 0)
		return ERR_IO;
	return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
		       before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
		       (uint64_t)after.st_size == out->size
		   ? ERR_OK
		   : ERR_CHANGED;
}

static enum err
keep(const char *file, struct faults *faults, struct set_draft *to, const struct disk_image *is)
{
	char *path = realpath(file, NULL);
	struct reference_entry r = {.kind = REFERENCE_FILE, .digest = is->digest};
	enum err e;

	if (path == NULL)
		return source_fail(file, faults, strerror(errno), (struct view){NULL, 0});
	r.path = view_of_string(path);
	e = set_draft_add(to, &r, file, faults);
	free(path);
	return e;
}
