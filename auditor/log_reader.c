#include "auditor/log_reader.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "auditor/input.h"
#include "proto/tile.h"

static enum err check_note(
    struct log_reader *l, struct view bytes, const char *certificate, const char *origin);
static enum err read_file(const struct log_reader *l, const char *path, const char *full,
    size_t size_max, struct buf *to);

enum err
log_open(struct log_reader *l, const char *directory, const char *certificate, const char *origin)
{
	char path[PATH_MAX];
	struct buf note = BUF_INIT;
	enum err e;

	memset(l, 0, sizeof(*l));
	l->directory = directory;
	if (snprintf(path, sizeof(path), "%s/checkpoint", directory) >= (int)sizeof(path))
		return ERR_NOT_FOUND;
	if ((e = input_read(path, NOTE_SIZE_MAX, &note)) != ERR_OK)
		say_fault("checkpoint", e, "cannot read %s", path);
	else
		e = check_note(l, buf_view(&note), certificate, origin);
	buf_free(&note);
	return e;
}

enum err
log_read_tile(const struct log_reader *l, unsigned level, uint64_t index, struct buf *to)
{
	unsigned width = tile_width(level, index, l->checkpoint.size);
	size_t before = to->size, size = (size_t)width * DIGEST_SIZE;
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];
	enum err e;

	if (width == 0)
		return ERR_NOT_FOUND;
	tile_path(level, index, width, path);
	tile_path(level, index, TILE_WIDTH, full);
	if ((e = read_file(l, path, full, (size_t)TILE_WIDTH * DIGEST_SIZE, to)) != ERR_OK)
		return e;
	if (to->size - before != size && to->size - before != (size_t)TILE_WIDTH * DIGEST_SIZE)
		return ERR_FORMAT_SIZE;
	to->size = before + size;
	return ERR_OK;
}

enum err
log_read_entries(const struct log_reader *l, uint64_t index, struct buf *to)
{
	unsigned width = tile_width(0, index, l->checkpoint.size);
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];

	if (width == 0)
		return ERR_NOT_FOUND;
	tile_entries_path(index, width, path);
	tile_entries_path(index, TILE_WIDTH, full);
	return read_file(l, path, full, (size_t)TILE_WIDTH * (ENTRY_SIZE_MAX + 2), to);
}

enum err
log_read_entry(const struct log_reader *l, uint64_t index, struct buf *to)
{
	struct buf bundle = BUF_INIT;
	struct view rest, entry;
	enum err e = index < l->checkpoint.size ? ERR_OK : ERR_NOT_FOUND;

	if (e == ERR_OK)
		e = log_read_entries(l, index / TILE_WIDTH, &bundle);
	rest = buf_view(&bundle);
	for (uint64_t i = 0; e == ERR_OK && i <= index % TILE_WIDTH; i++)
		e = tile_entry_next(&rest, &entry);
	if (e == ERR_OK) {
		buf_append_view(to, entry);
		e = buf_status(to);
	}
	buf_free(&bundle);
	return e;
}

static enum err
check_note(struct log_reader *l, struct view bytes, const char *certificate, const char *origin)
{
	struct buf claimed = BUF_INIT;
	struct note_verifier *verifier = NULL;
	struct note note;
	char root[DIGEST_HEX_SIZE + 1];
	enum err e = input_claimed_origin(bytes, &claimed);

	if (e == ERR_OK && origin != NULL && strcmp(origin, (char *)claimed.data) != 0)
		e = ERR_MISMATCH;
	if (e == ERR_OK)
		e = input_verifier(certificate, (char *)claimed.data, &verifier);
	if (e == ERR_OK && (e = note_parse(bytes, &note)) == ERR_OK &&
	    (e = note_verify(&note, verifier)) == ERR_OK)
		e = checkpoint_parse(note.text, &l->checkpoint);
	if (e == ERR_OK) {
		digest_to_hex(&l->checkpoint.root, root);
		say("log", "%s", l->checkpoint.origin);
		say("checkpoint", "good: %llu reports, root %s",
		    (unsigned long long)l->checkpoint.size, root);
	} else {
		say_fault("checkpoint", e, "%s/checkpoint", l->directory);
	}
	note_verifier_free(&verifier);
	buf_free(&claimed);
	return e;
}

static enum err
read_file(
    const struct log_reader *l, const char *path, const char *full, size_t size_max, struct buf *to)
{
	char name[PATH_MAX];
	enum err e;

	if (snprintf(name, sizeof(name), "%s/%s", l->directory, path) >= (int)sizeof(name))
		return ERR_NOT_FOUND;
	e = input_read(name, size_max, to);
	if (e != ERR_NOT_FOUND || strcmp(path, full) == 0)
		return e;
	snprintf(name, sizeof(name), "%s/%s", l->directory, full);
	return input_read(name, size_max, to);
}
