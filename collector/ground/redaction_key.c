#include "collector/ground/redaction_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/encoding.h"

#define LABEL     "hallmark-redaction-1"
#define TEXT_SIZE (2 * REDACTION_KEY_SIZE) /* of its file, and perhaps a line feed */

static enum err check_guarded(const char *path, int fd, struct trouble *t);
static enum err read_key(const char *path, int fd, struct redaction_key *out, struct trouble *t);
static void append_part(struct buf *to, struct view part);

enum err
redaction_key_load(const char *path, struct redaction_key *out, struct trouble *t)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct digest id;
	enum err e;

	if (fd < 0)
		return trouble_set(t, ERR_UNSUPPORTED,
		    "nothing can be hidden: the redaction key %s: %s", path, strerror(errno));
	if ((e = check_guarded(path, fd, t)) == ERR_OK)
		e = read_key(path, fd, out, t);
	(void)close(fd);
	if (e != ERR_OK)
		return e;
	redaction_key_mac(out, "key", (struct view){NULL, 0}, (struct view){NULL, 0}, &id);
	hex_put((uint8_t *)out->id, (struct view){id.bytes, REDACTED_KEY_ID_SIZE / 2});
	out->id[REDACTED_KEY_ID_SIZE] = '\0';
	return ERR_OK;
}

void
redaction_key_end(struct redaction_key *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

void
redaction_key_mac(const struct redaction_key *k, const char *kind, struct view name,
    struct view value, struct digest *out)
{
	struct buf text = BUF_INIT;
	unsigned size = DIGEST_SIZE;

	append_part(&text, VIEW_LITERAL(LABEL));
	append_part(&text, view_of_string(kind));
	append_part(&text, name);
	append_part(&text, value);
	if (buf_status(&text) != ERR_OK || HMAC(EVP_sha256(), k->bytes, REDACTION_KEY_SIZE,
					       text.data, text.size, out->bytes, &size) == NULL)
		abort();
	OPENSSL_cleanse(text.data, text.size);
	buf_free(&text);
}

void
redaction_key_append(const struct redaction_key *k, const char *kind, struct view name,
    struct view value, struct buf *to)
{
	struct digest mac;

	redaction_key_mac(k, kind, name, value, &mac);
	redacted_append(to, view_of_string(k->id), &mac);
}

static enum err
check_guarded(const char *path, int fd, struct trouble *t)
{
	struct stat s;

	if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
		return trouble_set(t, ERR_UNSUPPORTED,
		    "nothing can be hidden: expected a regular file for the redaction key %s",
		    path);
	if (s.st_uid != 0 && s.st_uid != geteuid())
		return trouble_set(t, ERR_UNSUPPORTED,
		    "nothing can be hidden: the redaction key %s must be root's or of user %u; it "
		    "is of user %u",
		    path, (unsigned)geteuid(), (unsigned)s.st_uid);
	if ((s.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return trouble_set(t, ERR_UNSUPPORTED,
		    "nothing can be hidden: the redaction key %s must be closed to group and "
		    "others; "
		    "it has mode %04o: chmod 0600 it",
		    path, (unsigned)(s.st_mode & 07777));
	return ERR_OK;
}

static enum err
read_key(const char *path, int fd, struct redaction_key *out, struct trouble *t)
{
	uint8_t text[TEXT_SIZE + 2];
	const ssize_t size = read(fd, text, sizeof(text));
	const bool whole = size == TEXT_SIZE || (size == TEXT_SIZE + 1 && text[TEXT_SIZE] == '\n');
	enum err e = ERR_OK;

	if (!whole || hex_decode_exact(
			  (struct view){text, TEXT_SIZE}, out->bytes, REDACTION_KEY_SIZE) != ERR_OK)
		e = trouble_set(t, ERR_UNSUPPORTED,
		    "nothing can be hidden: expected 64 hexadecimal digits in lower case for the "
		    "redaction key %s, as `openssl rand -hex 32` writes them",
		    path);
	OPENSSL_cleanse(text, sizeof(text));
	return e;
}

static void
append_part(struct buf *to, struct view part)
{
	uint8_t size[4];

	be32_put(size, (uint32_t)part.size);
	buf_append(to, size, sizeof(size));
	buf_append_view(to, part);
}
