#include "collector/subject/account.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/ground/small_file.h"
#include "collector/subject/host_root.h"
#include "collector/subject/procfs.h"
#include "proto/encoding.h"

#define PASSWD_SIZE_MAX (16 * 1024 * 1024) /* bytes: 200,000 users */
#define STATUS_SIZE_MAX (2 * 1024 * 1024)  /* bytes: 65,536 groups and the rest */

static enum err find(const char *host_root, const char *file, const char *what, const char *name,
    uint32_t *out, struct trouble *t);
static bool number_of(struct view line, const char *name, uint64_t *number);
static bool next_field(struct view *rest, struct view *field);

enum err
account_find(const char *host_root, const char *user, uid_t *out, struct trouble *t)
{
	return find(host_root, "/etc/passwd", "user", user, out, t);
}

enum err
account_find_group(const char *host_root, const char *group, gid_t *out, struct trouble *t)
{
	return find(host_root, "/etc/group", "group", group, out, t);
}

/* In `file`, whose lines begin with a name, a password and a number. */
static enum err
find(const char *host_root, const char *file, const char *what, const char *name, uint32_t *out,
    struct trouble *t)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	uint64_t number = UINT64_MAX;
	int root = -1;
	enum err e;

	if (decimal_decode(view_of_string(name), &number) == ERR_OK && number < UINT32_MAX) {
		*out = (uint32_t)number;
		return ERR_OK;
	}
	number = UINT64_MAX;
	if ((e = host_root_open(host_root, &root, t)) != ERR_OK)
		return e;
	if (rooted_read(root, file, PASSWD_SIZE_MAX, &text, NULL) == ERR_OK) {
		rest = buf_view(&text);
		while (number == UINT64_MAX && line_next(&rest, &line) == ERR_OK)
			(void)number_of(line, name, &number);
	}
	buf_free(&text);
	(void)close(root);
	if (number >= UINT32_MAX)
		return trouble_set(t, ERR_NOT_FOUND,
		    "%s %s is not in %s of the host; one that it does not know is named by the "
		    "number",
		    what, name, file);
	*out = (uint32_t)number;
	return ERR_OK;
}

enum err
account_of_process(int dir, struct account_ids *out)
{
	struct buf text = BUF_INIT;
	struct view value, word;
	uint64_t number;
	enum err e = small_file_read_made(dir, "status", STATUS_SIZE_MAX, &text);

	if (e == ERR_OK && !procfs_status_field(buf_view(&text), "Uid", &value))
		e = ERR_FORMAT;
	for (size_t i = 0; e == ERR_OK && i < 4; i++) {
		if (!procfs_next_word(&value, &word) || decimal_decode(word, &number) != ERR_OK ||
		    number > UINT32_MAX)
			e = ERR_FORMAT;
		else
			out->id[i] = (uid_t)number;
	}
	buf_free(&text);
	return e;
}

bool
account_is(const struct account_ids *ids, uid_t user)
{
	for (size_t i = 0; i < 4; i++)
		if (ids->id[i] != user && ids->id[i] != 0)
			return false;
	return ids->id[0] == user || ids->id[1] == user;
}

/* passwd(5), group(5): name, password, number. */
static bool
number_of(struct view line, const char *name, uint64_t *number)
{
	struct view field;
	uint64_t found;

	if (!next_field(&line, &field) || !view_equal(field, view_of_string(name)) ||
	    !next_field(&line, &field) || !next_field(&line, &field) ||
	    decimal_decode(field, &found) != ERR_OK || found >= UINT32_MAX)
		return false;
	*number = found;
	return true;
}

static bool
next_field(struct view *rest, struct view *field)
{
	const uint8_t *end = rest->size > 0 ? memchr(rest->data, ':', rest->size) : NULL;

	*field = *rest;
	if (end == NULL) {
		rest->size = 0;
		return field->size > 0;
	}
	field->size = (size_t)(end - rest->data);
	*rest = (struct view){end + 1, rest->size - field->size - 1};
	return true;
}
