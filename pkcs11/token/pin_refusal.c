#include "pkcs11/token/pin_refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/utc.h"

#define NAME_DIGITS 16  /* of SHA-256(module || 0A || token || 0A || source of the PIN), in hex */
#define RECORD_MAX  512 /* bytes */

/*
 * A record is one line: that a login was begun, or
 *   "refused file " inode " " mtime_ns " " size ": " time ", " why
 *   "refused credential: " time ", " why
 * or the same with "doubted" where it was perhaps not the PIN.
 */
static const char begun[] = "begun\n", refused[] = "refused", doubted[] = "doubted";

/* A refusal that could not be written down: this process at least goes by it. */
static struct {
	bool any;
	struct file_identity pin;
} unkept;

static char *record_path(const struct hsm_config *c);
static enum err record_open(struct pin_refusal *r, bool again);
static bool record_is_named(const struct pin_refusal *r);
static size_t record_read(int fd, char text[RECORD_MAX]);
static enum err record_begin(struct pin_refusal *r);
static enum err refuse_unkept(const struct pin_refusal *r);
static enum err record_write(struct pin_refusal *r, struct view text);
static enum err keep(struct pin_refusal *r, const char *what, const char *why);
static bool stands(const struct hsm_config *c, const struct file_identity *pin, const char *text);
static bool another_file_ends(const struct hsm_config *c, const char *text);
static bool is_of(const struct hsm_config *c, const struct file_identity *pin, const char *what,
    const char *text);
static bool is_doubt(const char *text);
static void append_head(
    struct buf *to, const char *what, const struct hsm_config *c, const struct file_identity *pin);
static const char *way_out(bool another_file);
static enum err refuse(const struct pin_refusal *r, const char *text);
static enum err sync_directory(const char *path);

enum err
pin_refusal_begin(const struct hsm_config *config, bool again, struct pin_refusal *r)
{
	char text[RECORD_MAX];
	enum err e = ERR_OK;
	size_t size;

	*r = (struct pin_refusal){.config = config, .fd = -1, .path = record_path(config)};
	if ((r->pin_fd = open(config->pin_file, O_RDONLY | O_CLOEXEC)) < 0) {
		complain("%s: cannot read the PIN: %s", config->pin_file, strerror(errno));
		e = ERR_IO;
	}
	if (e == ERR_OK && (e = record_open(r, again)) == ERR_OK) {
		file_identity_of_open(r->pin_fd, &r->pin);
		if ((size = record_read(r->fd, text)) == 0) {
			r->made = true;
			e = record_begin(r);
		} else if (stands(config, &r->pin, text)) {
			r->standing = true;
			e = again ? ERR_OK : refuse(r, text);
		} else {
			r->doubted = is_doubt(text) && is_of(config, &r->pin, doubted, text);
		}
		r->over = size > 0 && strcmp(text, begun) != 0;
	}
	if (e != ERR_OK)
		pin_refusal_end(r, false);
	return e;
}

enum err
pin_refusal_keep(struct pin_refusal *r, const char *why)
{
	const struct hsm_config *c = r->config;

	complain("token '%s' refuses the PIN in %s: %s; it is not tried again until %s",
	    c->token_label, c->pin_file, why, way_out(c->pin_credential == NULL));
	(void)keep(r, refused, why); /* it is refused either way */
	return ERR_PIN_REFUSED;
}

enum err
pin_refusal_doubt(struct pin_refusal *r, const char *why)
{
	char twice[RECORD_MAX / 2];

	if (r->standing)
		return ERR_OK; /* that says more */
	if (!r->doubted)
		return keep(r, doubted, why);
	snprintf(twice, sizeof(twice),
	    "for the second time a login failed, perhaps for the PIN: %s", why);
	return pin_refusal_keep(r, twice);
}

/* Under the lock: who waits for it finds that this is not the one of that name any more. */
void
pin_refusal_forget(struct pin_refusal *r)
{
	if (r->made && !r->kept && unlink(r->path) != 0)
		complain("%s: cannot be removed: %s", r->path, strerror(errno));
}

void
pin_refusal_end(struct pin_refusal *r, bool good)
{
	const bool stays = !good && (r->kept || r->standing || r->doubted);

	if (r->fd >= 0 && !stays && r->over && record_write(r, view_of_string(begun)) != ERR_OK)
		complain("%s: cannot be written: %s", r->path, strerror(errno));
	if (r->fd >= 0)
		close(r->fd);
	if (r->pin_fd >= 0)
		close(r->pin_fd);
	free(r->path);
	r->path = NULL;
}

bool
pin_refusal_stands(const struct hsm_config *config)
{
	char *path = record_path(config), text[RECORD_MAX];
	struct file_identity pin;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool standing = fd < 0 && errno != ENOENT;

	file_identity_of(config->pin_file, &pin);
	if (unkept.any)
		standing = file_identity_equal(&pin, &unkept.pin);
	else if (fd >= 0)
		standing = record_read(fd, text) > 0 && stands(config, &pin, text);
	if (fd >= 0)
		close(fd);
	free(path);
	return standing;
}

static char *
record_path(const struct hsm_config *c)
{
	const char *source = c->pin_credential != NULL ? c->pin_credential : c->pin_file;
	struct view parts[] = {view_of_string(c->module), VIEW_LITERAL("\n"),
	    view_of_string(c->token_label), VIEW_LITERAL("\n"), view_of_string(source)};
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;
	char *path;

	digest_of_parts(parts, sizeof(parts) / sizeof(parts[0]), &digest);
	digest_to_hex(&digest, hex);
	if (asprintf(&path, "%s/pin-refused-%.*s", c->guard_directory, NAME_DIGITS, hex) < 0)
		abort();
	return path;
}

/* Locked, and still the one of that name: who had the lock before may have removed it. */
static enum err
record_open(struct pin_refusal *r, bool again)
{
	bool locked = false;

	while (!locked) {
		r->fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		/* The directory is ours, and nobody else's: what it holds may be made anew. */
		if (r->fd < 0 && again && errno == EACCES && unlink(r->path) == 0)
			continue;
		locked = r->fd >= 0 && flock(r->fd, LOCK_EX) == 0;
		if (!locked && (r->fd < 0 || errno != EINTR))
			return refuse_unkept(r);
		if (!(locked = locked && record_is_named(r))) {
			close(r->fd);
			r->fd = -1;
		}
	}
	return ERR_OK;
}

static bool
record_is_named(const struct pin_refusal *r)
{
	struct stat ours, named;

	return fstat(r->fd, &ours) == 0 && lstat(r->path, &named) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* As a string; the size of it. What cannot be read is as good as damaged. */
static size_t
record_read(int fd, char text[RECORD_MAX])
{
	ssize_t got = pread(fd, text, RECORD_MAX - 1, 0);

	if (got < 0)
		return (size_t)snprintf(text, RECORD_MAX, "unreadable: %s", strerror(errno));
	text[got] = '\0';
	return (size_t)got;
}

/* Of nothing, or all of it. */
static enum err
record_begin(struct pin_refusal *r)
{
	enum err e = ERR_OK;

	if (record_write(r, view_of_string(begun)) != ERR_OK) {
		e = refuse_unkept(r);
		unlink(r->path); /* what is cut stands, where it cannot be removed */
	}
	return e;
}

static enum err
refuse_unkept(const struct pin_refusal *r)
{
	complain("%s: cannot keep there whether the token refuses the PIN, so none is tried: %s; "
		 "mend that (hallmark-hsm unlock makes one anew that cannot be read)",
	    r->path, strerror(errno));
	return ERR_IO;
}

/* Over what is there: so much of the disk is had already. */
static enum err
record_write(struct pin_refusal *r, struct view text)
{
	if (lseek(r->fd, 0, SEEK_SET) == 0 &&
	    write(r->fd, text.data, text.size) == (ssize_t)text.size &&
	    ftruncate(r->fd, (off_t)text.size) == 0)
		return ERR_OK;
	return ERR_IO;
}

/* Synced; ERR_PIN_REFUSED, explained, if that cannot be: this process goes by it. */
static enum err
keep(struct pin_refusal *r, const char *what, const char *why)
{
	const struct hsm_config *c = r->config;
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	append_head(&text, what, c, &r->pin);
	utc_append(&text, (uint64_t)time(NULL));
	buf_append_format(&text, ", %s\n", why);
	r->kept = true;
	if (buf_status(&text) != ERR_OK || record_write(r, buf_view(&text)) != ERR_OK ||
	    fsync(r->fd) != 0 || sync_directory(c->guard_directory) != ERR_OK) {
		unkept.any = true;
		unkept.pin = r->pin;
		complain("%s: cannot keep that the PIN is refused: %s; do not start this again "
			 "before it is right",
		    r->path, strerror(errno));
		e = ERR_PIN_REFUSED;
	}
	buf_free(&text);
	return e;
}

static bool
stands(const struct hsm_config *c, const struct file_identity *pin, const char *text)
{
	/* Behind it stands what it was written over, where the process was killed in that. */
	if (strncmp(text, begun, strlen(begun)) == 0)
		return false;
	return !is_doubt(text) && (!another_file_ends(c, text) || is_of(c, pin, refused, text));
}

static bool
is_of(
    const struct hsm_config *c, const struct file_identity *pin, const char *what, const char *text)
{
	struct buf head = BUF_INIT;
	bool is;

	append_head(&head, what, c, pin);
	is = buf_status(&head) != ERR_OK ||
	     (strlen(text) >= head.size && memcmp(text, head.data, head.size) == 0);
	buf_free(&head);
	return is;
}

/* Whole: what is cut stands. */
static bool
is_doubt(const char *text)
{
	return strncmp(text, doubted, strlen(doubted)) == 0 && text[strlen(text) - 1] == '\n';
}

/* Not a credential, and not what is damaged: that does not tell which file was refused. */
static bool
another_file_ends(const struct hsm_config *c, const char *text)
{
	static const char of_file[] = "refused file ";

	return c->pin_credential == NULL && strncmp(text, of_file, strlen(of_file)) == 0 &&
	       text[strlen(text) - 1] == '\n';
}

static void
append_head(
    struct buf *to, const char *what, const struct hsm_config *c, const struct file_identity *pin)
{
	if (c->pin_credential != NULL)
		buf_append_format(to, "%s credential: ", what);
	else
		buf_append_format(to, "%s file %" PRIu64 " %" PRIu64 " %" PRIu64 ": ", what,
		    pin->inode, pin->mtime_ns, pin->size);
}

static const char *
way_out(bool another_file)
{
	return another_file ? "the file is another or written again, or hallmark-hsm unlock is run"
			    : "hallmark-hsm unlock is run, with the right one";
}

static enum err
refuse(const struct pin_refusal *r, const char *text)
{
	const struct hsm_config *c = r->config;
	const char *colon = strstr(text, ": ");
	const char *why = colon != NULL ? colon + 2 : "its record is damaged\n";

	complain("token '%s' has refused the PIN in %s: %.*s; it is not tried again until %s",
	    c->token_label, c->pin_file, (int)strcspn(why, "\n"), why,
	    way_out(another_file_ends(c, text)));
	return ERR_PIN_REFUSED;
}

static enum err
sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? ERR_OK : ERR_IO;

	if (fd >= 0)
		close(fd);
	return e;
}
