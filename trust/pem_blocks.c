#include "trust/pem_blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (64 * 1024) /* bytes: most certificates and lists, in one go */

static bool is_der(struct view bytes);
static enum err read_all(int fd, struct buf *to);

enum err
pem_blocks_each(struct view pem, pem_blocks_take *take, void *context)
{
	BIO *bio = pem.size <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL;
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	bool wanted = true, any = false, at_end;
	long size;

	if (bio == NULL)
		return ERR_MEMORY;
	ERR_clear_error();
	while (wanted && PEM_read_bio(bio, &name, &header, &der, &size) == 1) {
		wanted = take(context, name, (struct view){der, (size_t)size});
		any = true;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)size);
	}
	BIO_free(bio);
	/* At its end it finds no line that begins a block; a block that is cut is another error. */
	at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (wanted && !at_end)
		return ERR_CONFIG;
	if (any)
		ERR_clear_error();
	return ERR_OK;
}

enum err
pem_or_der_each(struct view bytes, const char *name, pem_blocks_take *take, void *context)
{
	if (!is_der(bytes))
		return pem_blocks_each(bytes, take, context);
	(void)take(context, name, bytes);
	return ERR_OK;
}

enum err
pem_file_read(const char *path, struct buf *to)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), reason;
	enum err e;

	if (fd < 0)
		return ERR_IO;
	e = read_all(fd, to);
	reason = errno;
	(void)close(fd);
	errno = reason;
	return e;
}

/* A SEQUENCE of 128 bytes or more. The first byte alone is also a "0", with which text may begin.
 */
static bool
is_der(struct view bytes)
{
	return bytes.size >= 2 && bytes.data[0] == 0x30 && bytes.data[1] >= 0x80;
}

static enum err
read_all(int fd, struct buf *to)
{
	const size_t before = to->size;
	struct stat st;
	uint8_t *room;
	ssize_t got = 1;

	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= PEM_FILE_SIZE_MAX)
		(void)buf_reserve(to, (size_t)st.st_size + READ_SIZE);
	while (got != 0) {
		if ((room = buf_reserve(to, READ_SIZE)) == NULL)
			return ERR_MEMORY;
		got = read(fd, room, READ_SIZE);
		if (got < 0 && errno != EINTR)
			return ERR_IO;
		to->size += got > 0 ? (size_t)got : 0;
		if (to->size - before > PEM_FILE_SIZE_MAX)
			return ERR_FORMAT_SIZE;
	}
	return ERR_OK;
}
