#include "register/follow/mirror.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/settings.h"
#include "journal/logger.h"
#include "log/inputfile.h"
#include "log/log_reader.h"
#include "register/follow/mirror_files.h"
#include "register/ground/http_client.h"

#define ASK_MS        120000            /* of one file: the largest is some megabytes */
#define PACK_PART     ((size_t)4 << 20) /* bytes of a pack that are asked for at once */
#define KEEP_BUNDLES  512               /* between two that are written down: a million entries */
#define DOUBT_LEAST_S 60 /* between two fetches of all; ten times what one took, if more */
#define WORDS_MAX     ((size_t)64 << 10) /* of an answer that says that there is nothing */
#define PACK_SIZE_MAX                                                                              \
	((uint64_t)2 << 30) /* they are ended at half of it, behind a whole record                 \
			     */
#define PARTIALS_MAX 16     /* tiles of a tree that are partial: one a level, and a bundle */

/* Partial tiles of a tree, which another one has wider. */
struct partials {
	size_t count;
	char path[PARTIALS_MAX][TILE_PATH_SIZE];
};

struct mirror {
	struct mirror_wanted wanted;
	struct http_client *client;
	struct mirror_files files;
	struct buf note, body;
	uint64_t size; /* of the tree whose tiles are here */
	bool doubted;
	uint64_t doubt_after_s; /* CLOCK_BOOTTIME */
	struct partials taking, now,
	    before; /* of the tree that is fetched, and of the two before */
	char *why;  /* of the taking that is under way */
};

static enum mirror_outcome take_sealed(struct mirror *m, struct view note);
static bool take_tree(struct mirror *m, struct view note, uint64_t size);
static bool take_evidence(struct mirror *m);
static bool is_there(struct mirror *m, unsigned pack, bool *there);
static bool take_tail(struct mirror *m);
static bool take_entries(struct mirror *m, uint64_t from, uint64_t to, uint64_t size);
static bool take_level(struct mirror *m, unsigned level, uint64_t from, uint64_t to, uint64_t size);
static bool take_tile(struct mirror *m, unsigned level, uint64_t index, uint64_t size);
static bool take_bundle(struct mirror *m, uint64_t index, uint64_t size);
static bool take_file(struct mirror *m, const char *path, const char *full, size_t most);
static bool ask_for(struct mirror *m, const char *base, const char *path, size_t most,
    const uint64_t *from, unsigned *status);
static bool partials_have(const struct partials *p, const char *path);
static void partials_add(struct partials *p, const char *path);
static void drop_partials(struct mirror *m);
static bool fail(struct mirror *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool unwritable(struct mirror *m);
static uint64_t now_s(void);

enum err
mirror_new(const struct mirror_wanted *wanted, struct mirror **out)
{
	struct mirror *m = calloc(1, sizeof(*m));
	enum err e;

	*out = NULL;
	if (m == NULL)
		return ERR_MEMORY;
	m->wanted = *wanted;
	e = http_client_new(wanted->log->ca, wanted->cancelled, wanted->context, &m->client);
	if (e == ERR_OK && (e = mirror_files_open(wanted->log->directory, &m->files)) == ERR_IO)
		logger_say(LOGGER_ERROR, "log-unusable", "%s: its mirror %s: %s", wanted->log->name,
		    wanted->log->directory, strerror(errno));
	if (e != ERR_OK) {
		mirror_free(&m);
		return e;
	}
	m->size = m->files.entries;
	if (inputfile_read(m->files.log, "checkpoint", NOTE_SIZE_MAX, &m->note) != ERR_OK)
		buf_clear(&m->note); /* then it comes from there */
	*out = m;
	return ERR_OK;
}

void
mirror_free(struct mirror **mp)
{
	struct mirror *m = *mp;

	if (m == NULL)
		return;
	http_client_free(&m->client);
	mirror_files_close(&m->files);
	buf_free(&m->note);
	buf_free(&m->body);
	free(m);
	*mp = NULL;
}

void
mirror_doubt(struct mirror *m)
{
	if (now_s() >= m->doubt_after_s)
		m->doubted = true;
}

void
mirror_take_evidence(struct mirror *m)
{
	char why[MIRROR_WHY_SIZE];

	m->why = why;
	(void)take_evidence(m);
	m->why = NULL;
}

enum mirror_outcome
mirror_take(struct mirror *m, char why[MIRROR_WHY_SIZE])
{
	struct buf note = BUF_INIT;
	enum mirror_outcome outcome = MIRROR_LACKS;
	unsigned status;

	m->why = why;
	why[0] = '\0';
	if (ask_for(m, m->wanted.log->url, "checkpoint", NOTE_SIZE_MAX, NULL, &status)) {
		buf_append_view(&note, buf_view(&m->body));
		if (status != 200)
			(void)fail(
			    m, "%s/checkpoint: expected 200, found %u", m->wanted.log->url, status);
		else if (!m->doubted && view_equal(buf_view(&note), buf_view(&m->note)))
			outcome = MIRROR_TAKEN;
		else
			outcome = take_sealed(m, buf_view(&note));
	}
	buf_free(&note);
	return outcome;
}

static enum mirror_outcome
take_sealed(struct mirror *m, struct view note)
{
	const struct findings quiet = {.tell = NULL};
	const uint64_t began_s = now_s();
	const bool doubted = m->doubted;
	struct seal seal;
	uint64_t size, took_s;

	if (seal_check(m->wanted.seal, note, &quiet, &seal) != OUTCOME_GOOD) {
		(void)fail(m, "%s/checkpoint is signed by none of its keys", m->wanted.log->url);
		return MIRROR_UNSEALED;
	}
	size = seal.checkpoint.size;
	seal_free(&seal);
	if (doubted) {
		if (mirror_files_forget(&m->files) != ERR_OK) {
			(void)unwritable(m);
			return MIRROR_LACKS;
		}
		m->size = 0;
	}
	if (!take_tree(m, note, size))
		return MIRROR_LACKS;
	if (doubted) {
		took_s = 10 * (now_s() - began_s);
		m->doubted = false;
		m->doubt_after_s = now_s() + (took_s > DOUBT_LEAST_S ? took_s : DOUBT_LEAST_S);
	}
	return MIRROR_TAKEN;
}

/* What a smaller one refers to is here. */
static bool
take_tree(struct mirror *m, struct view note, uint64_t size)
{
	const uint64_t step = (uint64_t)KEEP_BUNDLES * TILE_WIDTH;

	const bool grows = m->size < size;

	if (!take_evidence(m))
		return false;
	m->taking.count = 0;
	while (m->size < size) {
		const uint64_t end = (m->size / step + 1) * step;
		const uint64_t to = end < size ? end : size;

		if (!take_entries(m, m->size, to, size))
			return false;
		if (mirror_files_keep(&m->files, to) != ERR_OK)
			return unwritable(m);
		m->size = to;
	}
	if (mirror_files_put_checkpoint(&m->files, note) != ERR_OK)
		return unwritable(m);
	if (grows)
		drop_partials(m);
	buf_clear(&m->note);
	buf_append_view(&m->note, note);
	return buf_status(&m->note) == ERR_OK ? true : fail(m, "%s", err_text(ERR_MEMORY));
}

/*
 * Packs grow at the end, and only the newest does. It may have grown and given way to a next one
 * between two requests: it is looked at once more when there is one.
 */
static bool
take_evidence(struct mirror *m)
{
	bool there = true;

	while (there) {
		if (m->files.packs > 0 && !take_tail(m))
			return false;
		if (!is_there(m, m->files.packs + 1, &there))
			return false;
		if (there && m->files.packs > 0 && !take_tail(m))
			return false;
		if (there && mirror_files_begin_pack(&m->files) != ERR_OK)
			return unwritable(m);
	}
	return true;
}

static bool
is_there(struct mirror *m, unsigned pack, bool *there)
{
	const uint64_t from = 0;
	char name[MIRROR_NAME_SIZE];
	unsigned status;

	(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, pack);
	if (!ask_for(m, m->wanted.log->evidence_url, name, 1, &from, &status))
		return false;
	*there = status != 404;
	if (status == 404 || status == 206 || status == 416)
		return true;
	return fail(
	    m, "%s/%s: expected 206 or 404, found %u", m->wanted.log->evidence_url, name, status);
}

/* What the newest pack has more there. */
static bool
take_tail(struct mirror *m)
{
	char name[MIRROR_NAME_SIZE];
	unsigned status;

	(void)snprintf(name, sizeof(name), MIRROR_PACK_NAME, m->files.packs);
	do {
		const uint64_t from = m->files.pack_size;

		if (!ask_for(m, m->wanted.log->evidence_url, name, PACK_PART, &from, &status))
			return false;
		if (status == 416) /* it ends there */
			return true;
		if (m->files.pack_size >= PACK_SIZE_MAX)
			return fail(m, "%s/%s: expected a pack of at most %" PRIu64 " bytes",
			    m->wanted.log->evidence_url, name, PACK_SIZE_MAX);
		if (status != 206)
			return fail(m,
			    "%s/%s: expected 206 of its bytes from %" PRIu64 " on, found %u",
			    m->wanted.log->evidence_url, name, from, status);
		if (mirror_files_append(&m->files, buf_view(&m->body)) != ERR_OK)
			return unwritable(m);
	} while (m->body.size == PACK_PART);
	return true;
}

/* Entries `from` to before `to`, and all above them, of a tree of `size`. */
static bool
take_entries(struct mirror *m, uint64_t from, uint64_t to, uint64_t size)
{
	for (uint64_t i = from / TILE_WIDTH; i <= (to - 1) / TILE_WIDTH; i++)
		if (!take_tile(m, 0, i, size) || !take_bundle(m, i, size))
			return false;
	for (unsigned level = 1; level <= TILE_LEVEL_MAX && tile_count(level, size) > 0; level++)
		if (!take_level(m, level, from, to, size))
			return false;
	return true;
}

static bool
take_level(struct mirror *m, unsigned level, uint64_t from, uint64_t to, uint64_t size)
{
	const unsigned below = TILE_HEIGHT * level; /* levels of the tree below a hash of it */
	const uint64_t last = ((to - 1) >> below) / TILE_WIDTH;

	for (uint64_t i = (from >> below) / TILE_WIDTH; i <= last; i++)
		if (tile_width(level, i, size) > 0 && !take_tile(m, level, i, size))
			return false;
	return true;
}

static bool
take_tile(struct mirror *m, unsigned level, uint64_t index, uint64_t size)
{
	const unsigned width = tile_width(level, index, size);
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];

	tile_path(level, index, width, path);
	tile_path(level, index, TILE_WIDTH, full);
	return take_file(m, path, full, (size_t)TILE_WIDTH * DIGEST_SIZE);
}

static bool
take_bundle(struct mirror *m, uint64_t index, uint64_t size)
{
	const unsigned width = tile_width(0, index, size);
	char path[TILE_PATH_SIZE], full[TILE_PATH_SIZE];

	tile_entries_path(index, width, path);
	tile_entries_path(index, TILE_WIDTH, full);
	return take_file(m, path, full, LOG_BUNDLE_SIZE_MAX);
}

/* A partial one that is gone may have become full: its beginning is what is asked for. */
static bool
take_file(struct mirror *m, const char *path, const char *full, size_t most)
{
	const bool partial = strcmp(path, full) != 0;
	unsigned status;

	if (!ask_for(m, m->wanted.log->url, path, most, NULL, &status))
		return false;
	if (status == 404 && partial) {
		path = full;
		if (!ask_for(m, m->wanted.log->url, path, most, NULL, &status))
			return false;
	}
	if (status != 200)
		return fail(m, "%s/%s: expected 200, found %u", m->wanted.log->url, path, status);
	if (mirror_files_put(&m->files, path, buf_view(&m->body)) != ERR_OK)
		return unwritable(m);
	if (partial && path != full)
		partials_add(&m->taking, path);
	return true;
}

static bool
partials_have(const struct partials *p, const char *path)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->path[i], path) == 0)
			return true;
	return false;
}

static void
partials_add(struct partials *p, const char *path)
{
	if (p->count < PARTIALS_MAX && !partials_have(p, path))
		(void)snprintf(p->path[p->count++], TILE_PATH_SIZE, "%s", path);
}

/* `from`: `most` bytes from there on. The answer is in m->body; false: there was none. */
static bool
ask_for(struct mirror *m, const char *base, const char *path, size_t most, const uint64_t *from,
    unsigned *status)
{
	char url[SETTINGS_PATH_MAX + TILE_PATH_SIZE + 2], why[HTTP_CLIENT_WHY_SIZE];
	const struct http_wanted wanted = {.url = url,
	    .timeout_ms = ASK_MS,
	    .size_max = from != NULL && most < WORDS_MAX ? WORDS_MAX : most,
	    .ranged = from != NULL,
	    .from = from != NULL ? *from : 0,
	    .length = most};

	(void)snprintf(url, sizeof(url), "%s/%s", base, path);
	buf_clear(&m->body);
	if (http_client_ask(m->client, &wanted, status, &m->body, why) != ERR_OK)
		return fail(m, "%s: %s", url, why);
	if (*status / 100 == 2 && m->body.size > most)
		return fail(
		    m, "%s: expected %zu bytes at most, found %zu", url, most, m->body.size);
	return true;
}

/* Those of two trees before: by the last one's checkpoint somebody may still be reading. */
static void
drop_partials(struct mirror *m)
{
	for (size_t i = 0; i < m->before.count; i++)
		if (!partials_have(&m->now, m->before.path[i]) &&
		    !partials_have(&m->taking, m->before.path[i]))
			mirror_files_drop(&m->files, m->before.path[i]);
	m->before = m->now;
	m->now = m->taking;
}

static bool
fail(struct mirror *m, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	(void)vsnprintf(m->why, MIRROR_WHY_SIZE, format, words);
	va_end(words);
	return false;
}

static bool
unwritable(struct mirror *m)
{
	return fail(
	    m, "its mirror %s cannot be written: %s", m->wanted.log->directory, strerror(errno));
}

static uint64_t
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec;
}
