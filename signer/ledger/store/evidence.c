#include "signer/ledger/store/evidence.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/pack.h"
#include "proto/siphash.h"
#include "signer/ledger/store/diskfile.h"
#include "signer/ledger/store/pack_files.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

struct slot {
	struct evidence_item item;
	UT_hash_handle hh;
};

struct evidence_store {
	struct siphash_key key; /* of the table: lists name what digests they like */
	char *directory;
	char *pack_path;
	char *left_path;   /* of the pack before: the group commit under way may go there */
	uint32_t pack;     /* number of the file that grows; 1 is the first */
	uint64_t offset;   /* its size with all that is staged */
	size_t held_bytes; /* of contents that are staged or being written */
	struct slot *slots;
	struct evidence_item *staged;  /* in the open batch */
	struct evidence_item *writing; /* in the group commit under way */
	struct evidence_item *durable; /* since the last evidence_take_durable */
	uint32_t writing_pack, durable_pack;
	uint64_t writing_offset, durable_offset;
};

static void begin_record(struct evidence_store *s, const struct buf *batch);
static struct evidence_item *stage(struct evidence_store *s, enum pack_kind kind,
    struct buf *content, const struct digest *digest, size_t record);
static uint32_t hash_of(const struct evidence_store *s, const struct digest *digest);
static enum err add_known(void *context, const struct index_evidence *place);
static void add_scanned(void *context, const struct index_evidence *place);
static struct evidence_item *add_slot(struct evidence_store *s, const struct index_evidence *place);
static enum err read_item(
    struct evidence_store *s, struct evidence_item *item, struct pack_reading *r, struct buf *to);
static bool is_readable(struct evidence_store *s, struct evidence_item *item);
static void lose(struct evidence_store *s, struct evidence_item *item);

enum err
evidence_open(const char *directory, struct log_index *index, struct evidence_store **out)
{
	struct evidence_store *s = calloc(1, sizeof(*s));
	const struct pack_files_listener scanned = {add_scanned, s};
	struct index_state state;
	enum err e;

	*out = NULL;
	if (s == NULL || RAND_priv_bytes((uint8_t *)&s->key, sizeof(s->key)) != 1 ||
	    (s->directory = strdup(directory)) == NULL) {
		free(s);
		return ERR_MEMORY;
	}
	index_state(index, &state);
	if ((e = diskfile_make_directory(directory)) == ERR_OK &&
	    (e = index_each_evidence(index, add_known, s)) == ERR_OK)
		e = pack_files_scan(directory, state.pack == 0 ? 1 : state.pack, state.pack_offset,
		    &scanned, &s->pack);
	if (e != ERR_OK) {
		evidence_close(&s);
		return e;
	}
	s->pack++; /* the file that was the last stays as it is */
	s->pack_path = pack_files_path(directory, s->pack);
	s->durable_pack = s->pack;
	s->durable_offset = s->offset;
	*out = s;
	return ERR_OK;
}

void
evidence_close(struct evidence_store **sp)
{
	struct evidence_store *s = *sp;
	struct slot *slot, *next;

	if (s == NULL)
		return;
	HASH_ITER (hh, s->slots, slot, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(s->slots, slot);
		buf_free(&slot->item.content);
		free(slot);
	}
	free(s->directory);
	free(s->pack_path);
	free(s->left_path);
	free(s);
	*sp = NULL;
}

struct evidence_item *
evidence_find(struct evidence_store *s, const struct digest *digest)
{
	struct slot *slot;

	HASH_FIND_BYHASHVALUE(hh, s->slots, digest->bytes, DIGEST_SIZE, hash_of(s, digest), slot);
	return slot != NULL && !slot->item.lost ? &slot->item : NULL;
}

enum err
evidence_add(struct evidence_store *s, enum pack_kind kind, struct view content,
    const struct digest *digest, struct buf *batch, struct evidence_item **out)
{
	const size_t before = batch->size;
	struct buf copy = BUF_INIT;
	enum err e;

	*out = evidence_find(s, digest);
	if (*out != NULL && is_readable(s, *out))
		return ERR_OK;
	begin_record(s, batch);
	buf_append_view(&copy, content);
	if ((e = buf_status(&copy)) == ERR_OK)
		e = pack_append(kind, content, digest, batch);
	if (e != ERR_OK) {
		batch->size = before;
		batch->failed = false;
		buf_free(&copy);
		return e;
	}
	*out = stage(s, kind, &copy, digest, batch->size - before);
	return ERR_OK;
}

enum err
evidence_try(const struct evidence_store *s, const struct index_evidence *place)
{
	struct pack_reading r = PACK_READING_INIT;
	struct buf content = BUF_INIT;
	enum err e = pack_reading_record(&r, s->directory, place, &content);

	pack_reading_end(&r);
	buf_free(&content);
	return e;
}

enum err
evidence_add_packed(struct evidence_store *s, enum pack_kind kind, struct buf *content,
    const struct digest *digest, struct view record, struct buf *batch)
{
	const size_t before = batch->size;
	enum err e;

	begin_record(s, batch);
	buf_append_view(batch, record);
	if ((e = buf_status(batch)) != ERR_OK) {
		batch->size = before;
		batch->failed = false;
		return e;
	}
	(void)stage(s, kind, content, digest, record.size);
	return ERR_OK;
}

enum err
evidence_read(struct evidence_store *s, struct evidence_item *item, struct buf *to)
{
	struct pack_reading r = PACK_READING_INIT;
	enum err e = read_item(s, item, &r, to);

	pack_reading_end(&r);
	return e;
}

enum err
evidence_read_all(
    struct evidence_store *s, struct evidence_item *const *items, size_t count, struct buf *to)
{
	struct pack_reading r = PACK_READING_INIT;
	bool lost = false;
	enum err e = ERR_OK;

	for (size_t i = 0; i < count && (e == ERR_OK || lost); i++) {
		e = read_item(s, items[i], &r, to);
		lost = lost || items[i]->lost;
	}
	pack_reading_end(&r);
	return lost ? ERR_NOT_FOUND : e;
}

const char *
evidence_pack_path(const struct evidence_store *s)
{
	return s->pack_path;
}

void
evidence_commit_begin(struct evidence_store *s)
{
	if (s->writing != NULL)
		abort();        /* one group commit at a time */
	s->writing = s->staged; /* moved */
	s->staged = NULL;
	s->writing_pack = s->pack;
	s->writing_offset = s->offset;
}

void
evidence_commit_done(struct evidence_store *s)
{
	struct evidence_item *item, *next;

	for (item = s->writing; item != NULL; item = next) {
		next = item->staged;
		s->held_bytes -= item->content.size;
		buf_free(&item->content);
		item->staged = s->durable;
		s->durable = item;
	}
	s->writing = NULL;
	s->durable_pack = s->writing_pack;
	s->durable_offset = s->writing_offset;
}

struct evidence_item *
evidence_take_durable(struct evidence_store *s)
{
	struct evidence_item *list = s->durable;

	s->durable = NULL;
	return list;
}

void
evidence_durable_end(const struct evidence_store *s, uint32_t *pack, uint64_t *offset)
{
	*pack = s->durable_pack;
	*offset = s->durable_offset;
}

size_t
evidence_held_bytes(const struct evidence_store *s)
{
	return s->held_bytes;
}

size_t
evidence_count(const struct evidence_store *s)
{
	return HASH_COUNT(s->slots);
}

/* A pack that is full is left, between batches. */
static void
begin_record(struct evidence_store *s, const struct buf *batch)
{
	if (batch->size > 0 || s->offset < EVIDENCE_PACK_SIZE_MAX)
		return;
	s->pack++;
	s->offset = 0;
	free(s->left_path);
	s->left_path = s->pack_path; /* moved */
	s->pack_path = pack_files_path(s->directory, s->pack);
}

/* What has just been appended to the batch, a record of so many bytes; takes the content over. */
static struct evidence_item *
stage(struct evidence_store *s, enum pack_kind kind, struct buf *content,
    const struct digest *digest, size_t record)
{
	const struct index_evidence place = {.digest = *digest,
	    .kind = kind,
	    .pack = s->pack,
	    .offset = s->offset,
	    .stored = (uint32_t)(record - PACK_HEADER_SIZE),
	    .size = (uint32_t)content->size};
	struct evidence_item *item = add_slot(s, &place);

	s->offset += record;
	s->held_bytes += content->size;
	item->content = *content;
	*content = BUF_INIT; /* moved */
	item->staged = s->staged;
	s->staged = item;
	return item;
}

static uint32_t
hash_of(const struct evidence_store *s, const struct digest *digest)
{
	return (uint32_t)siphash(&s->key, (struct view){digest->bytes, DIGEST_SIZE});
}

static enum err
add_known(void *context, const struct index_evidence *place)
{
	return add_slot(context, place) != NULL ? ERR_OK : ERR_MEMORY;
}

/* What the index does not know yet. */
static void
add_scanned(void *context, const struct index_evidence *place)
{
	struct evidence_store *s = context;
	struct evidence_item *item;

	if (evidence_find(s, &place->digest) != NULL)
		return;
	item = add_slot(s, place);
	item->staged = s->durable; /* for the index */
	s->durable = item;
}

/* An item that was lost is found again here, and gets its new place. */
static struct evidence_item *
add_slot(struct evidence_store *s, const struct index_evidence *place)
{
	const uint32_t hash = hash_of(s, &place->digest);
	struct slot *slot;

	HASH_FIND_BYHASHVALUE(hh, s->slots, place->digest.bytes, DIGEST_SIZE, hash, slot);
	if (slot != NULL) {
		slot->item.place = *place;
		slot->item.lost = false;
		return &slot->item;
	}
	slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		abort(); /* as uthash does: an item that was staged cannot be taken back */
	slot->item.place = *place;
	slot->item.content = BUF_INIT;
	HASH_ADD_BYHASHVALUE(hh, s->slots, item.place.digest, DIGEST_SIZE, hash, slot);
	return &slot->item;
}

static enum err
read_item(
    struct evidence_store *s, struct evidence_item *item, struct pack_reading *r, struct buf *to)
{
	enum err e;

	if (item->content.size > 0) {
		buf_append_view(to, buf_view(&item->content));
		return buf_status(to);
	}
	e = pack_reading_record(r, s->directory, &item->place, to);
	if (e != ERR_OK) {
		pack_reading_say_damaged(r, item->place.offset, e);
		lose(s, item);
	}
	return e;
}

/* The index alone is no proof: it outlives packs that were damaged or taken away. */
static bool
is_readable(struct evidence_store *s, struct evidence_item *item)
{
	struct buf content = BUF_INIT;

	if (!item->read)
		item->read = evidence_read(s, item, &content) == ERR_OK;
	buf_free(&content);
	return item->read;
}

/* As if it were not there: it may be added anew at once, so it has to be in no list any more. */
static void
lose(struct evidence_store *s, struct evidence_item *item)
{
	struct evidence_item **at = &s->durable;

	item->lost = true;
	while (*at != NULL && *at != item)
		at = &(*at)->staged;
	if (*at != NULL)
		*at = item->staged;
}
