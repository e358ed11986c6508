#include "pkcs11/serve/watch_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/guard_file.h"
#include "proto/encoding.h"

#define HEADING     "hallmark token seen v2"
#define NAME_DIGITS 16   /* of SHA-256(module || 0A || token), in hex */
#define RECORD_MAX  2048 /* bytes; nine changes have 1,000 */

#define WATCH_NAME(identifier, name) [identifier] = name,
static const char *const names[WATCH_KINDS] = {WATCH_KIND_MAP(WATCH_NAME)};
#undef WATCH_NAME

static char *record_path(const struct hsm_config *c);
static bool parse(struct view text, struct watch_record *r);
static bool parse_changes(struct view text, struct watch_record *r);
static bool take_line(struct view *rest, const char *name, struct view *out);
static bool take_text(struct view *rest, const char *name, char *to, size_t size);
static bool take_number(struct view *rest, const char *name, uint64_t *out);
static bool take_word(struct view *line, char *to, size_t size);
static void append_change(struct token_seen *s, const struct watch_change *c, enum watch_kind kind);
static void append(const struct watch_record *r, struct buf *to);

const char *
watch_kind_name(enum watch_kind kind)
{
	return names[kind];
}

bool
watch_record_read(const struct hsm_config *config, struct watch_record *out)
{
	char *path = record_path(config), text[RECORD_MAX];
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const bool absent = fd < 0 && errno == ENOENT;
	ssize_t got = -1;
	bool good;

	if (fd >= 0) {
		got = read(fd, text, sizeof(text));
		close(fd);
	}
	*out = (struct watch_record){.changes = 0};
	good = got > 0 && parse((struct view){(uint8_t *)text, (size_t)got}, out);
	if (!good) {
		*out = (struct watch_record){.changes = 0};
		watch_record_rename(out);
	}
	if (!good && !absent)
		complain(
		    "%s: cannot be read: what changed of the token before this is not known", path);
	free(path);
	return good;
}

void
watch_record_rename(struct watch_record *r)
{
	if (RAND_bytes(r->name.bytes, sizeof(r->name.bytes)) != 1)
		abort();
}

bool
watch_record_write(const struct hsm_config *config, const struct watch_record *r)
{
	char *path = record_path(config), *temporary;
	struct buf text = BUF_INIT;
	bool good = false;
	int fd;

	append(r, &text);
	if (buf_status(&text) != ERR_OK || asprintf(&temporary, "%s.new", path) < 0)
		abort();
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		good = write(fd, text.data, text.size) == (ssize_t)text.size && fdatasync(fd) == 0;
		good = close(fd) == 0 && good && rename(temporary, path) == 0 &&
		       guard_file_sync_directory(config->guard_directory) == ERR_OK;
	}
	if (!good)
		complain("%s: cannot keep what was seen of the token: %s; it is said again after "
			 "the next start",
		    path, strerror(errno));
	buf_free(&text);
	free(temporary);
	free(path);
	return good;
}

void
watch_record_seen(const struct watch_record *r, struct token_seen *out)
{
	*out = (struct token_seen){.record = r->name,
	    .label = view_of_string(r->last.label),
	    .manufacturer = view_of_string(r->last.manufacturer),
	    .model = view_of_string(r->last.model),
	    .serial = view_of_string(r->last.serial),
	    .firmware = view_of_string(r->last.firmware),
	    .number = r->changes};
	for (unsigned k = 0; k < WATCH_KINDS; k++)
		if (r->change[k].number != 0)
			append_change(out, &r->change[k], (enum watch_kind)k);
}

/* By their numbers. */
static void
append_change(struct token_seen *s, const struct watch_change *c, enum watch_kind kind)
{
	size_t at = s->change_count++;

	for (; at > 0 && s->change[at - 1].number > c->number; at--)
		s->change[at] = s->change[at - 1];
	s->change[at] = (struct token_change){c->number, view_of_string(watch_kind_name(kind)),
	    view_of_string(c->before), view_of_string(c->after)};
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

/* What could not be told as it stands there is damaged. */
static bool
parse(struct view text, struct watch_record *r)
{
	struct token_sight *last = &r->last;
	struct token_seen seen;
	struct view line;
	bool good;

	good = take_line(&text, HEADING, &line) && line.size == 0 &&
	       take_line(&text, "record ", &line) && digest_from_hex(line, &r->name) == ERR_OK &&
	       take_text(&text, "serial ", last->serial, sizeof(last->serial)) &&
	       take_text(&text, "firmware ", last->firmware, sizeof(last->firmware)) &&
	       take_number(&text, "flags ", &last->signs) &&
	       take_number(&text, "objects ", &last->objects) &&
	       take_number(&text, "changes ", &r->changes) && parse_changes(text, r);
	if (good)
		watch_record_seen(r, &seen);
	return good && token_seen_is_good(&seen);
}

static bool
parse_changes(struct view text, struct watch_record *r)
{
	char kind[WATCH_TEXT_SIZE], number[WATCH_TEXT_SIZE];
	struct watch_change c;
	struct view line;
	unsigned k;

	while (text.size > 0) {
		if (!take_line(&text, "change ", &line) || !take_word(&line, kind, sizeof(kind)) ||
		    !take_word(&line, number, sizeof(number)) ||
		    decimal_decode(view_of_string(number), &c.number) != ERR_OK ||
		    !take_word(&line, c.before, sizeof(c.before)) ||
		    !take_word(&line, c.after, sizeof(c.after)) || line.size > 0 || c.number == 0)
			return false;
		for (k = 0; k < WATCH_KINDS && strcmp(kind, names[k]) != 0;)
			k++;
		if (k == WATCH_KINDS)
			return false;
		r->change[k] = c;
	}
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
take_text(struct view *rest, const char *name, char *to, size_t size)
{
	struct view line;

	return take_line(rest, name, &line) && take_word(&line, to, size) && line.size == 0;
}

static bool
take_number(struct view *rest, const char *name, uint64_t *out)
{
	struct view number;

	return take_line(rest, name, &number) && decimal_decode(number, out) == ERR_OK;
}

/* Up to a blank, which it takes too; never empty. */
static bool
take_word(struct view *line, char *to, size_t size)
{
	size_t i = 0;

	while (i < line->size && line->data[i] != ' ')
		i++;
	if (i == 0 || i >= size)
		return false;
	memcpy(to, line->data, i);
	memset(to + i, 0, size - i);
	i += i < line->size ? 1 : 0;
	*line = (struct view){line->data + i, line->size - i};
	return true;
}

static void
append(const struct watch_record *r, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&r->name, hex);
	buf_append_format(to,
	    HEADING "\nrecord %s\nserial %s\nfirmware %s\nflags %" PRIu64 "\nobjects %" PRIu64
		    "\nchanges %" PRIu64 "\n",
	    hex, r->last.serial, r->last.firmware, r->last.signs, r->last.objects, r->changes);
	for (unsigned k = 0; k < WATCH_KINDS; k++)
		if (r->change[k].number != 0)
			buf_append_format(to, "change %s %" PRIu64 " %s %s\n", names[k],
			    r->change[k].number, r->change[k].before, r->change[k].after);
}
