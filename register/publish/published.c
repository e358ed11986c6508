#include "register/publish/published.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log/inputfile.h"
#include "log/log_reader.h"
#include "proto/encoding.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"
#include "proto/tlog/tile.h"

/* A full tile never changes. A partial one does not either, but is worth little once it is wider.
 */
#define CACHE_FULL    "public, max-age=31536000, immutable"
#define CACHE_PARTIAL "public, max-age=3600"

static const struct register_log *log_of(
    const struct register_config *config, const struct request *r);
static enum err read_note(
    const struct register_config *config, const struct register_log *log, struct buf *note);
static uint64_t size_of(const struct register_config *config, const struct register_log *log);
static bool take_number(struct view text, uint64_t most, uint64_t *out);
static bool take_index(struct view path, uint64_t *out);
static enum err read_tile(
    const struct register_log *log, const struct published_tile *t, uint64_t size, struct buf *to);
static enum err cut(const struct published_tile *t, struct buf *bytes);
static void tile_file(const struct published_tile *t, unsigned width, char path[TILE_PATH_SIZE]);
static void refuse(struct response *out, enum err e);

void
published_checkpoint(void *context, const struct request *r, struct response *out)
{
	const struct register_config *config = context;
	const struct register_log *log = log_of(config, r);
	enum err e = log != NULL ? read_note(config, log, &out->body) : ERR_NOT_FOUND;

	if (e != ERR_OK) {
		refuse(out, e);
		return;
	}
	out->type = response_text;
	response_cache(out, "no-cache");
}

void
published_tile(void *context, const struct request *r, struct response *out)
{
	const struct register_config *config = context;
	const struct register_log *log = log_of(config, r);
	struct published_tile t;
	enum err e = ERR_NOT_FOUND;
	uint64_t size;

	/* Tiles have all workloads, so a grant for some of them is none. */
	if (log != NULL && !caller_has_role(r->caller, ROLE_AUDITOR, view_of_string(log->name))) {
		response_refuse(out, 403, "you are no auditor of this whole log");
		return;
	}
	if (log != NULL && published_tile_parse(r->rest, &t)) {
		size = size_of(config, log);
		if (t.width <= tile_width(t.level, t.index, size))
			e = read_tile(log, &t, size, &out->body);
	}
	if (e == ERR_OK)
		e = cut(&t, &out->body);
	if (e != ERR_OK) {
		refuse(out, e);
		return;
	}
	out->type = "application/octet-stream";
	response_cache(out, t.width == TILE_WIDTH ? CACHE_FULL : CACHE_PARTIAL);
}

bool
published_tile_parse(struct view path, struct published_tile *out)
{
	struct view kind, rest = path, index;
	char again[TILE_PATH_SIZE];
	const uint8_t *partial;
	uint64_t number = 0;

	*out = (struct published_tile){.width = TILE_WIDTH};
	if (!request_target_segment(&rest, &kind))
		return false;
	out->entries = view_equal(kind, VIEW_LITERAL("entries"));
	if (!out->entries && !take_number(kind, TILE_LEVEL_MAX, &number))
		return false;
	out->level = (unsigned)number;
	index = rest;
	if ((partial = memmem(rest.data, rest.size, ".p/", 3)) != NULL) {
		index.size = (size_t)(partial - rest.data);
		if (!take_number((struct view){partial + 3, rest.size - index.size - 3},
			TILE_WIDTH - 1, &number) ||
		    number == 0)
			return false;
		out->width = (unsigned)number;
	}
	if (!take_index(index, &out->index))
		return false;
	/* One spelling each: what is written again has to be what was asked for. */
	tile_file(out, out->width, again);
	return view_equal((struct view){(const uint8_t *)again + 4, strlen(again) - 4}, path);
}

static const struct register_log *
log_of(const struct register_config *config, const struct request *r)
{
	const struct register_log *log = NULL;

	if (r->parameters == 0 && config->log_count == 1)
		log = &config->logs[0];
	for (size_t i = 0; r->parameters > 0 && i < config->log_count; i++)
		if (view_equal(r->parameter[0], view_of_string(config->logs[i].name)))
			log = &config->logs[i];
	/* One that is nothing of his is none. */
	return log != NULL && caller_may_see_log(r->caller, view_of_string(log->name)) ? log : NULL;
}

static enum err
read_note(const struct register_config *config, const struct register_log *log, struct buf *note)
{
	struct buf path = BUF_INIT;
	enum err e;

	buf_append_format(&path, "%s/%s/verified", config->state_directory, log->name);
	buf_append_byte(&path, '\0');
	if ((e = buf_status(&path)) == ERR_OK)
		e = inputfile_read(AT_FDCWD, (const char *)path.data, NOTE_SIZE_MAX, note);
	buf_free(&path);
	return e;
}

/* Of what was accepted; 0 where nothing was. */
static uint64_t
size_of(const struct register_config *config, const struct register_log *log)
{
	struct buf note = BUF_INIT;
	struct checkpoint c = {.size = 0};
	const uint8_t *end;

	if (read_note(config, log, &note) == ERR_OK &&
	    (end = memmem(note.data, note.size, "\n\n", 2)) != NULL &&
	    checkpoint_parse((struct view){note.data, (size_t)(end + 1 - note.data)}, &c) != ERR_OK)
		c.size = 0;
	buf_free(&note);
	return c.size;
}

static bool
take_number(struct view text, uint64_t most, uint64_t *out)
{
	return decimal_decode(text, out) == ERR_OK && *out <= most;
}

/* "/x001/x234/067": groups of three digits, of which all but the last begin with an x. */
static bool
take_index(struct view path, uint64_t *out)
{
	struct view group;
	size_t groups = 0;

	*out = 0;
	while (request_target_segment(&path, &group)) {
		const bool more = path.size > 0;

		if (++groups > 6 || group.size != (more ? 4U : 3U) ||
		    (more && group.data[0] != 'x'))
			return false;
		for (size_t i = more; i < group.size; i++) {
			if (group.data[i] < '0' || group.data[i] > '9')
				return false;
			*out = *out * 10 + (uint64_t)(group.data[i] - '0');
		}
	}
	return groups > 0;
}

/* As it is asked for; else the full one; else the one that the log has now. */
static enum err
read_tile(
    const struct register_log *log, const struct published_tile *t, uint64_t size, struct buf *to)
{
	const size_t most = t->entries ? LOG_BUNDLE_SIZE_MAX : (size_t)TILE_WIDTH * DIGEST_SIZE;
	const unsigned widths[] = {t->width, TILE_WIDTH, tile_width(t->level, t->index, size)};
	char path[TILE_PATH_SIZE];
	enum err e = ERR_NOT_FOUND;
	const int dir = open(log->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return ERR_IO;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]) && e == ERR_NOT_FOUND; i++) {
		tile_file(t, widths[i], path);
		e = inputfile_read(dir, path, most, to);
	}
	close(dir);
	return e;
}

/* ERR_FORMAT_SIZE: there is less in it than was asked for. */
static enum err
cut(const struct published_tile *t, struct buf *bytes)
{
	struct view rest = buf_view(bytes), entry;
	size_t size = (size_t)t->width * DIGEST_SIZE;

	for (unsigned i = 0; t->entries && i < t->width; i++)
		if (tile_entry_next(&rest, &entry) != ERR_OK)
			return ERR_FORMAT_SIZE;
	if (t->entries)
		size = bytes->size - rest.size;
	if (bytes->size < size)
		return ERR_FORMAT_SIZE;
	bytes->size = size;
	return ERR_OK;
}

static void
tile_file(const struct published_tile *t, unsigned width, char path[TILE_PATH_SIZE])
{
	if (t->entries)
		tile_entries_path(t->index, width, path);
	else
		tile_path(t->level, t->index, width, path);
}

static void
refuse(struct response *out, enum err e)
{
	if (e == ERR_NOT_FOUND)
		response_refuse(
		    out, 404, "no such log, or no such tile of what was accepted of it");
	else
		response_refuse(out, 503, err_text(e));
}
