#include "pkcs11/serve/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "proto/digest.h"
#include "proto/encoding.h"

#define NAME_DIGITS 16  /* of SHA-256(module || 0A || token), in hex */
#define RECORD_MAX  256 /* bytes */

/* The record: serial number, firmware, then what is counted, and how often a change was said. */
#define RECORD_FORMAT                                                                              \
	"hallmark token seen v1\nserial %s\nfirmware %s\nflags %" PRIu64 "\nobjects %" PRIu64      \
	"\nchanges %" PRIu64 "\n"
/* Bits of enum token_sign_of, and what each means. */
static const struct {
	uint64_t bit;
	const char *what;
} signs[] = {
    {TOKEN_USER_LOW, "a login with a wrong PIN was tried since the last good one"},
    {TOKEN_USER_FINAL, "one more wrong PIN locks it"},
    {TOKEN_USER_LOCKED, "its PIN is locked"},
    {TOKEN_SO_LOW, "a login with a wrong PIN of its security officer was tried"},
    {TOKEN_SO_FINAL, "one more wrong PIN locks its security officer out"},
    {TOKEN_SO_LOCKED, "its security officer is locked out"},
};

static void compare(struct watch *w, const struct token_sight *now);
static void say(struct watch *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *record_path(const struct hsm_config *c);
static bool record_read(struct watch *w);
static bool record_parse(struct view text, struct watch *w);
static bool take_line(struct view *rest, const char *name, struct view *out);
static bool take_number(struct view *rest, const char *name, uint64_t *out);
static void record_write(struct watch *w);

void
watch_begin(struct watch *w, const struct hsm_config *config, const struct token *token)
{
	struct token_sight now;

	*w = (struct watch){.config = config};
	w->known = record_read(w);
	token_sight_before(token, &now);
	now.objects = w->last.objects; /* not counted yet */
	compare(w, &now);
}

void
watch_look(struct watch *w, struct token_signer *signer)
{
	struct token_sight now;

	if (w->blind)
		return;
	if (token_look(signer, &now) == ERR_OK)
		compare(w, &now);
	else
		w->blind = true; /* explained; whether the token still signs, signatures tell */
}

static void
compare(struct watch *w, const struct token_sight *now)
{
	const struct token_sight before = w->last;
	const uint64_t raised = now->signs & ~before.signs, said = w->changes;

	w->last = *now;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if ((raised & signs[i].bit) != 0)
			say(w, "%s", signs[i].what);
	if (w->known && strcmp(before.serial, now->serial) != 0)
		say(w, "its serial number is %s, it was %s", now->serial, before.serial);
	if (w->known && strcmp(before.firmware, now->firmware) != 0)
		say(w, "its firmware is %s, it was %s", now->firmware, before.firmware);
	if (before.objects != 0 && before.objects != now->objects)
		say(w, "it has %" PRIu64 " objects that the key's user sees, it had %" PRIu64,
		    now->objects, before.objects);
	if (!w->known || said != w->changes || before.signs != now->signs ||
	    before.objects != now->objects)
		record_write(w);
	w->known = true;
}

static void
say(struct watch *w, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	w->changes++;
	complain("token '%s' is not as it was: %s (change %" PRIu64 ")", w->config->token_label,
	    text, w->changes);
}

static char *
record_path(const struct hsm_config *c)
{
	struct view parts[] = {
	    view_of_string(c->module), VIEW_LITERAL("\n"), view_of_string(c->token_label)};
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;
	char *path;

	digest_of_parts(parts, sizeof(parts) / sizeof(parts[0]), &digest);
	digest_to_hex(&digest, hex);
	if (asprintf(&path, "%s/token-seen-%.*s", c->guard_directory, NAME_DIGITS, hex) < 0)
		abort();
	return path;
}

/* One that is damaged is none: the next is written over it. */
static bool
record_read(struct watch *w)
{
	char *path = record_path(w->config), text[RECORD_MAX];
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = -1;
	bool good;

	if (fd < 0 && errno == ENOENT) {
		free(path);
		return false;
	}
	if (fd >= 0) {
		got = read(fd, text, sizeof(text));
		close(fd);
	}
	good = got > 0 && record_parse((struct view){(uint8_t *)text, (size_t)got}, w);
	if (!good)
		complain(
		    "%s: cannot be read: what changed of the token before this is not known", path);
	free(path);
	return good;
}

static bool
record_parse(struct view text, struct watch *w)
{
	struct token_sight last = {0};
	struct view head, serial, firmware;
	uint64_t changes;

	if (!take_line(&text, "hallmark token seen v1", &head) || head.size > 0 ||
	    !take_line(&text, "serial ", &serial) || serial.size >= sizeof(last.serial) ||
	    !take_line(&text, "firmware ", &firmware) || firmware.size >= sizeof(last.firmware) ||
	    !take_number(&text, "flags ", &last.signs) ||
	    !take_number(&text, "objects ", &last.objects) ||
	    !take_number(&text, "changes ", &changes) || serial.size == 0 || firmware.size == 0)
		return false;
	memcpy(last.serial, serial.data, serial.size);
	memcpy(last.firmware, firmware.data, firmware.size);
	w->last = last;
	w->changes = changes;
	return true;
}

/* What stands behind `name` in the next line. */
static bool
take_line(struct view *rest, const char *name, struct view *out)
{
	const size_t size = strlen(name);

	if (line_next(rest, out) != ERR_OK || out->size < size ||
	    memcmp(out->data, name, size) != 0)
		return false;
	*out = (struct view){out->data + size, out->size - size};
	return true;
}

static bool
take_number(struct view *rest, const char *name, uint64_t *out)
{
	struct view number;

	return take_line(rest, name, &number) && decimal_decode(number, out) == ERR_OK;
}

/* By way of another file: whoever reads it has the one or the other. */
static void
record_write(struct watch *w)
{
	char *path = record_path(w->config), *temporary, text[RECORD_MAX];
	const int size = snprintf(text, sizeof(text), RECORD_FORMAT, w->last.serial,
	    w->last.firmware, w->last.signs, w->last.objects, w->changes);
	bool good = false;
	int fd;

	if (asprintf(&temporary, "%s.new", path) < 0)
		abort();
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		good = write(fd, text, (size_t)size) == size;
		good = close(fd) == 0 && good && rename(temporary, path) == 0;
	}
	if (!good)
		complain("%s: cannot keep what was seen of the token: %s; it is said again after "
			 "the next start",
		    path, strerror(errno));
	free(temporary);
	free(path);
}
