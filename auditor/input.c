#include "auditor/input.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditor/outcome.h"
#include "proto/checkpoint.h"
#include "proto/encoding.h"

#define CERTIFICATE_SIZE_MAX (1024 * 1024) /* bytes of PEM, chain and comments included */

static enum err open_regular(const char *path, int *fd, uint64_t *size);
static enum err read_all(int fd, uint64_t offset, size_t size, struct buf *to);

enum err
input_read(const char *path, size_t size_max, struct buf *to)
{
	uint64_t size;
	int fd;
	enum err e = open_regular(path, &fd, &size);

	if (e != ERR_OK)
		return e;
	e = size > size_max ? ERR_FORMAT_SIZE : read_all(fd, 0, (size_t)size, to);
	close(fd);
	return e;
}

enum err
input_read_at(const char *path, uint64_t offset, size_t size, struct buf *to)
{
	uint64_t file_size;
	int fd;
	enum err e = open_regular(path, &fd, &file_size);

	if (e != ERR_OK)
		return e;
	if (offset > file_size || size > file_size - offset)
		e = ERR_FORMAT_SIZE;
	else
		e = read_all(fd, offset, size, to);
	close(fd);
	return e;
}

enum err
input_verifier(const char *path, const char *origin, struct note_verifier **out)
{
	struct buf pem = BUF_INIT;
	X509 *certificate = NULL;
	BIO *bio = NULL;
	enum err e;

	*out = NULL;
	if ((e = input_read(path, CERTIFICATE_SIZE_MAX, &pem)) != ERR_OK) {
		say_fault("certificate", e, "cannot read %s", path);
		/* Too large a certificate says nothing about what it should verify. */
		e = e == ERR_FORMAT_SIZE ? ERR_IO : e;
	} else {
		bio = BIO_new_mem_buf(pem.data, (int)pem.size);
		certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
		if (certificate == NULL || X509_get0_pubkey(certificate) == NULL) {
			say("certificate", "expected a certificate in PEM in %s, found none", path);
			e = ERR_NOT_FOUND;
		}
	}
	if (e == ERR_OK &&
	    (e = note_verifier_new(origin, X509_get0_pubkey(certificate), out)) != ERR_OK) {
		say("certificate", "expected a P-256 or RSA key in %s", path);
		e = ERR_UNSUPPORTED;
	}
	ERR_clear_error();
	BIO_free(bio);
	X509_free(certificate);
	buf_free(&pem);
	return e;
}

enum err
input_claimed_origin(struct view note, struct buf *to)
{
	struct view rest = note, line;
	enum err e = line_next(&rest, &line);

	if (e == ERR_OK && (e = checkpoint_origin_check(line)) == ERR_OK) {
		buf_append_view(to, line);
		buf_append_byte(to, '\0');
		e = buf_status(to);
	}
	return e;
}

/* O_NONBLOCK: opening a FIFO must not wait for its other end. */
static enum err
open_regular(const char *path, int *fd, uint64_t *size)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(*fd);
		return ERR_IO;
	}
	*size = (uint64_t)st.st_size;
	return ERR_OK;
}

static enum err
read_all(int fd, uint64_t offset, size_t size, struct buf *to)
{
	uint8_t *room = buf_reserve(to, size);
	size_t done = 0;

	if (room == NULL)
		return ERR_MEMORY;
	while (done < size) {
		ssize_t got = pread(fd, room + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			return ERR_CHANGED; /* it shrank while it was read */
		done += (size_t)got;
	}
	to->size += size;
	return ERR_OK;
}
