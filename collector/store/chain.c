#include "collector/store/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/store/chain_file.h"
#include "collector/store/chain_queue.h"
#include "collector/store/chain_rewrite.h"
#include "collector/store/savefile.h"

#define FILE_NAME_SIZE 256 /* bytes with NUL: NAME_MAX of Linux */

struct chain {
	int log; /* borrowed */
	char file_name[FILE_NAME_SIZE];
	char queue_name[FILE_NAME_SIZE];
	struct chain_last last; /* acknowledged */
	/* waiting */
	int queue;
	uint64_t begin; /* offset of the head */
	uint64_t end;   /* offset behind the last record */
	size_t waiting;
	uint64_t head_ms;   /* when it was measured */
	bool may_go;        /* the head */
	bool in_doubt;      /* somebody else may have it */
	bool unsaved;       /* `last` has been told more than its file */
	struct digest tail; /* digest of the last bundle, waiting or acknowledged */
	struct buf storage; /* of the head */
};

static enum err drop(struct chain *c, const struct chain_change *change,
    const struct bundle_dropped *before, struct trouble *t);
static enum err note_dropped(struct chain *c, size_t count, uint64_t first_ms, struct trouble *t);
static enum err save_last(struct chain *c, struct trouble *t);
static enum err save_if_told(struct chain *c, struct trouble *t);
static void has_said(struct bundle_dropped *d, const struct bundle_dropped *said);
static enum err load_queue(struct chain *c, struct trouble *t);
static void go_on_behind(struct chain *c, const struct bundle *head);
static enum err damaged(const struct chain *c, const char *what, struct trouble *t);
static enum err add_last(
    struct chain *c, struct view bundle, struct view signature, struct trouble *t);
static enum err cut_off(struct chain *c, int reason, struct trouble *t);
static bool follows(struct view bundle, const struct bundle *next);
static void take_head(struct chain *c, const struct bundle *b);
static enum err rewrite_queue(
    struct chain *c, const struct chain_change *change, struct trouble *t);
static enum err set_back(struct chain *c, struct trouble *t);
static enum err note_head(struct chain *c, struct trouble *t);
static enum err empty_queue(struct chain *c, struct trouble *t);

enum err
chain_open(int log, const char *workload, struct chain **out, struct trouble *t)
{
	struct chain *c = calloc(1, sizeof(*c));
	enum err e;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->log = log;
	c->queue = -1;
	c->storage = BUF_INIT;
	(void)snprintf(c->file_name, sizeof(c->file_name), "%s.chain", workload);
	(void)snprintf(c->queue_name, sizeof(c->queue_name), "%s.queue", workload);
	if ((e = chain_file_load(c->log, c->file_name, &c->last, t)) == ERR_OK &&
	    (e = load_queue(c, t)) == ERR_OK) {
		c->in_doubt = chain_head_may_go(c);
		*out = c;
	} else {
		chain_close(&c);
	}
	return e;
}

void
chain_close(struct chain **c)
{
	if (*c == NULL)
		return;
	if ((*c)->queue >= 0)
		(void)close((*c)->queue);
	buf_free(&(*c)->storage);
	free(*c);
	*c = NULL;
}

bool
chain_is_known(const struct chain *c)
{
	return c->last.seq > 0;
}

uint64_t
chain_acknowledged_seq(const struct chain *c)
{
	return c->last.seq;
}

size_t
chain_waiting(const struct chain *c)
{
	return c->waiting;
}

bool
chain_head_may_go(const struct chain *c)
{
	return c->waiting > 0 && c->may_go;
}

bool
chain_is_in_doubt(const struct chain *c)
{
	return c->waiting > 0 && c->in_doubt;
}

void
chain_settle(struct chain *c)
{
	c->in_doubt = false;
}

uint64_t
chain_bytes(const struct chain *c)
{
	return c->end - c->begin;
}

uint64_t
chain_dropped(const struct chain *c)
{
	return c->last.dropped.bundles;
}

/* While the head is in doubt, what is behind it waits to be known. */
uint64_t
chain_oldest_ms(const struct chain *c)
{
	return c->waiting > 1 && !chain_is_in_doubt(c) ? c->head_ms : UINT64_MAX;
}

uint64_t
chain_last_signed_s(const struct chain *c)
{
	return c->last.signed_s;
}

void
chain_next(const struct chain *c, struct bundle *b)
{
	b->seq = b->offline ? c->last.seq + c->waiting + 1 : c->last.seq + 1;
	b->prev = b->offline ? c->tail : c->last.bundle;
	b->extensions.has_gap = b->offline;
	b->extensions.gap_after = b->offline ? c->last.fresh : 0;
	if (!b->offline)
		b->extensions.dropped = c->last.dropped;
}

enum err
chain_append(struct chain *c, struct view bundle, struct trouble *t)
{
	static const struct view none = {NULL, 0};
	struct bundle next = {.offline = true};

	chain_next(c, &next);
	if (!follows(bundle, &next))
		return trouble_set(
		    t, ERR_INVARIANT, "%s: a bundle that does not follow", c->queue_name);
	return add_last(c, bundle, none, t);
}

enum err
chain_put_first(struct chain *c, struct view bundle, struct view signature, struct trouble *t)
{
	const struct chain_change change = {.first = bundle, .signature = signature};
	struct bundle next = {.offline = false};
	enum err e;

	chain_next(c, &next);
	if (!follows(bundle, &next) || chain_is_in_doubt(c))
		return trouble_set(
		    t, ERR_INVARIANT, "%s: a bundle that does not follow", c->queue_name);
	if (c->waiting == 0)
		return add_last(c, bundle, signature, t);
	if ((e = rewrite_queue(c, &change, t)) == ERR_OK)
		e = save_if_told(c, t);
	return e;
}

static bool
follows(struct view bundle, const struct bundle *next)
{
	struct bundle content;

	return bundle_decode(bundle, &content) == ERR_OK && content.offline == next->offline &&
	       content.seq == next->seq && digest_equal(&content.prev, &next->prev) &&
	       content.extensions.gap_after == next->extensions.gap_after;
}

static enum err
add_last(struct chain *c, struct view bundle, struct view signature, struct trouble *t)
{
	struct buf record = BUF_INIT;
	enum err e;

	chain_record_write(bundle, signature, &record);
	if ((e = buf_status(&record)) == ERR_OK &&
	    (savefile_write_at(c->queue, buf_view(&record), c->end) != ERR_OK ||
		fdatasync(c->queue) != 0))
		e = cut_off(c, errno, t);
	if (e == ERR_OK) {
		c->end += record.size;
		c->waiting++;
		digest_of(bundle.data, bundle.size, &c->tail);
	}
	buf_free(&record);
	if (e == ERR_OK && c->waiting == 1)
		e = note_head(c, t);
	return e == ERR_OK ? save_if_told(c, t) : e;
}

/* What was written of a record that could not be: the next one comes in its place. */
static enum err
cut_off(struct chain *c, int reason, struct trouble *t)
{
	enum err e = savefile_error(reason);

	if (ftruncate(c->queue, (off_t)c->end) != 0)
		e = ERR_IO;
	return trouble_set(t, e, "%s: cannot be written: %s", c->queue_name, strerror(reason));
}

enum err
chain_get_head(struct chain *c, struct chain_head *out, struct trouble *t)
{
	struct chain_record r;
	enum err e;

	if (c->waiting == 0)
		return ERR_NOT_FOUND;
	e = chain_record_read(c->queue, c->begin, &c->storage, &r);
	if (e == ERR_IO || e == ERR_MEMORY)
		return trouble_set(t, e, "%s: cannot be read: %s", c->queue_name, strerror(errno));
	if (e != ERR_OK)
		return damaged(c, "a record was altered", t);
	out->bundle = r.bundle;
	out->signature = r.signature;
	out->content = r.content;
	digest_of(r.bundle.data, r.bundle.size, &out->digest);
	c->in_doubt = true;
	return ERR_OK;
}

/* First the chain moves on, then the record goes: a crash between leaves a record to ignore. */
enum err
chain_acknowledge(struct chain *c, struct trouble *t)
{
	const struct chain_last before = c->last;
	struct chain_record r;
	enum err e;

	if ((e = chain_record_read(c->queue, c->begin, &c->storage, &r)) != ERR_OK)
		return trouble_set(t, e == ERR_NOT_FOUND ? ERR_INVARIANT : e,
		    "%s: the head cannot be read", c->queue_name);
	c->last.seq = r.content.seq;
	if (!r.content.offline)
		c->last.fresh = r.content.seq;
	digest_of(r.bundle.data, r.bundle.size, &c->last.bundle);
	if (r.signature.size > 0)
		c->last.signed_s = r.content.time_ms / 1000;
	has_said(&c->last.dropped, &r.content.extensions.dropped);
	if ((e = save_last(c, t)) != ERR_OK) {
		c->last = before;
		return e;
	}
	c->begin += r.size;
	c->waiting--;
	return c->waiting == 0 ? empty_queue(c, t) : note_head(c, t);
}

enum err
chain_drop_head(struct chain *c, bool says, struct trouble *t)
{
	const struct chain_change change = {.drop_count = 1};
	const struct bundle_dropped before = c->last.dropped;
	enum err e;

	if (c->waiting == 0)
		return trouble_set(t, ERR_INVARIANT, "%s: no head to drop", c->queue_name);
	if (says && (e = note_dropped(c, 1, c->head_ms, t)) != ERR_OK)
		return e;
	return drop(c, &change, &before, t);
}

enum err
chain_drop_oldest(struct chain *c, size_t most, uint64_t before_ms, struct trouble *t)
{
	struct chain_change change = {.drop_from = chain_is_in_doubt(c) ? 1 : 0};
	const struct bundle_dropped before = c->last.dropped;
	uint64_t offset = c->begin, first_ms = 0;
	struct chain_record r;
	enum err e;

	for (size_t i = 0; i + 1 < c->waiting; i++) {
		if ((e = chain_record_read(c->queue, offset, &c->storage, &r)) != ERR_OK)
			return trouble_set(t, e == ERR_NOT_FOUND ? ERR_INVARIANT : e,
			    "%s: a record cannot be read", c->queue_name);
		offset += r.size;
		if (i < change.drop_from)
			continue;
		if (change.drop_count >= most && r.content.time_ms >= before_ms)
			break;
		if (change.drop_count++ == 0)
			first_ms = r.content.time_ms;
	}
	if (change.drop_count == 0)
		return ERR_NOT_FOUND;
	if ((e = note_dropped(c, change.drop_count, first_ms, t)) != ERR_OK)
		return e;
	return drop(c, &change, &before, t);
}

/* What could not be taken out is not said to be missing, or until the next time that it is. */
static enum err
drop(struct chain *c, const struct chain_change *change, const struct bundle_dropped *before,
    struct trouble *t)
{
	const enum err e = rewrite_queue(c, change, t);

	if (e == ERR_NO_ROOM) {
		c->last.dropped = *before;
		c->unsaved = true;
	}
	return e;
}

enum err
chain_note_dropped(struct chain *c, uint64_t time_ms, struct trouble *t)
{
	return note_dropped(c, 1, time_ms, t);
}

/*
 * First it is noted, then it is dropped: a crash between leaves one that is said to be missing, and
 * is not. Where nothing has a receipt yet there is no chain in which it could be missed.
 */
static enum err
note_dropped(struct chain *c, size_t count, uint64_t first_ms, struct trouble *t)
{
	struct bundle_dropped *d = &c->last.dropped;

	if (!chain_is_known(c))
		return ERR_OK;
	if (d->bundles == 0 || first_ms / 1000 < d->since_s)
		d->since_s = first_ms / 1000;
	d->bundles += count;
	c->unsaved = true;
	return save_if_told(c, t);
}

static enum err
save_last(struct chain *c, struct trouble *t)
{
	const enum err e = chain_file_save(c->log, c->file_name, &c->last, t);

	c->unsaved = c->unsaved && e != ERR_OK;
	return e;
}

/* Where there is no room yet it is tried again. */
static enum err
save_if_told(struct chain *c, struct trouble *t)
{
	const enum err e = c->unsaved ? save_last(c, t) : ERR_OK;

	return e == ERR_NO_ROOM ? ERR_OK : e;
}

static void
has_said(struct bundle_dropped *d, const struct bundle_dropped *said)
{
	d->bundles -= said->bundles < d->bundles ? said->bundles : d->bundles;
	if (d->bundles == 0)
		d->since_s = 0;
}

enum err
chain_drop_nonce(struct chain *c, struct trouble *t)
{
	const struct chain_change change = {.delays_head = true};

	if (c->waiting == 0)
		return trouble_set(t, ERR_INVARIANT, "%s: no head to move", c->queue_name);
	return rewrite_queue(c, &change, t);
}

enum err
chain_adopt(struct chain *c, uint64_t seq, const struct digest *bundle, struct trouble *t)
{
	const struct chain_change change = {.places = true};
	const struct chain_last before = c->last;
	enum err e;

	if (c->last.seq != 0)
		return trouble_set(t, ERR_INVARIANT, "%s: is known already", c->file_name);
	c->last.seq = seq;
	c->last.fresh =
	    seq; /* or one before it, which is all the same to what was measured since */
	c->last.bundle = *bundle;
	/* The other way round, a crash between would leave records that seem to be passed already.
	 */
	if ((e = rewrite_queue(c, &change, t)) == ERR_OK)
		e = save_last(c, t);
	if (e == ERR_NO_ROOM) {
		c->last = before;
		e = set_back(c, t);
	}
	return e;
}

enum err
chain_each_queued(int log, const char *name, chain_visit *visit, void *context)
{
	struct buf storage = BUF_INIT;
	struct chain_record r;
	uint64_t offset = 0;
	enum err e = ERR_OK;
	int fd = openat(log, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return ERR_IO;
	while (e == ERR_OK && (e = chain_record_read(fd, offset, &storage, &r)) == ERR_OK) {
		offset += r.size;
		e = visit(context, &r.content);
	}
	buf_free(&storage);
	(void)close(fd);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Walks over all records: those that are acknowledged come first, then a gapless chain. */
static enum err
load_queue(struct chain *c, struct trouble *t)
{
	struct chain_record r;
	enum err e;

	if (c->queue >= 0)
		(void)close(c->queue);
	c->queue = openat(c->log, c->queue_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (c->queue < 0)
		return trouble_set(t, savefile_error(errno), "%s in the state directory: %s",
		    c->queue_name, strerror(errno));
	c->begin = c->end = 0;
	c->waiting = 0;
	c->tail = c->last.bundle;
	while ((e = chain_record_read(c->queue, c->end, &c->storage, &r)) == ERR_OK) {
		c->end += r.size;
		if (!chain_is_known(c) && c->waiting == 0)
			go_on_behind(c, &r.content);
		if (r.content.seq <= c->last.seq && c->waiting == 0) {
			c->begin = c->end;
			continue;
		}
		if (r.content.seq != c->last.seq + c->waiting + 1 ||
		    !digest_equal(&r.content.prev, &c->tail))
			return damaged(c, "a bundle does not follow the one before it", t);
		if (c->waiting++ == 0)
			take_head(c, &r.content);
		digest_of(r.bundle.data, r.bundle.size, &c->tail);
	}
	if (e == ERR_FORMAT)
		return damaged(c, "a record was altered", t);
	if (e != ERR_NOT_FOUND)
		return trouble_set(t, e, "%s in the state directory: cannot be read: %s",
		    c->queue_name, strerror(errno));
	if (ftruncate(c->queue, (off_t)c->end) != 0 || fsync(c->log) != 0)
		return trouble_set(t, ERR_IO, "%s in the state directory: cannot be cut: %s",
		    c->queue_name, strerror(errno));
	return ERR_OK;
}

/* The queue follows what was adopted (chain_adopt), and a crash came before the chain file. */
static void
go_on_behind(struct chain *c, const struct bundle *head)
{
	if (head->seq == 1 || digest_is_zero(&head->prev))
		return;
	c->last.seq = c->last.fresh = head->seq - 1;
	c->last.bundle = c->tail = head->prev;
}

static enum err
damaged(const struct chain *c, const char *what, struct trouble *t)
{
	return trouble_set(t, ERR_FORMAT,
	    "%s in the state directory: %s; move it away to go on without the bundles that wait",
	    c->queue_name, what);
}

/* Makes the queue anew behind what is acknowledged now, and replaces the old one as a whole. */
static enum err
rewrite_queue(struct chain *c, const struct chain_change *change, struct trouble *t)
{
	const struct chain_old old = {c->queue, c->begin, c->waiting};
	struct buf bytes = BUF_INIT;
	enum err e = chain_rewrite(&old, &c->last, change, &bytes);

	if (e != ERR_OK)
		(void)trouble_set(t, e, "%s: cannot be made anew", c->queue_name);
	else
		e = savefile_write(c->log, c->queue_name, buf_view(&bytes), t);
	buf_free(&bytes);
	if (e == ERR_NO_ROOM)
		return set_back(c, t);
	return e == ERR_OK ? load_queue(c, t) : e;
}

/* To what the files say, for there was no room for others. What `t` says of that stays. */
static enum err
set_back(struct chain *c, struct trouble *t)
{
	const bool in_doubt = c->in_doubt;
	struct trouble why = TROUBLE_INIT;
	enum err e = load_queue(c, &why);

	c->in_doubt = in_doubt;
	if (e != ERR_OK)
		*t = why;
	return e == ERR_OK ? ERR_NO_ROOM : e;
}

/* There is another one. */
static void
take_head(struct chain *c, const struct bundle *b)
{
	c->in_doubt = !b->offline;
	c->head_ms = b->time_ms;
	c->may_go = !b->offline || (b->extensions.gap_after < c->last.fresh &&
				       b->seq - c->last.fresh <= BUNDLE_GAPS_MAX);
}

static enum err
note_head(struct chain *c, struct trouble *t)
{
	struct chain_record r;
	enum err e = chain_record_read(c->queue, c->begin, &c->storage, &r);

	if (e != ERR_OK)
		return trouble_set(t, e == ERR_NOT_FOUND ? ERR_INVARIANT : e,
		    "%s: the head cannot be read", c->queue_name);
	take_head(c, &r.content);
	return ERR_OK;
}

/* The records are passed: what stays after a crash is ignored, so that needs no sync. */
static enum err
empty_queue(struct chain *c, struct trouble *t)
{
	if (ftruncate(c->queue, 0) != 0)
		return trouble_set(
		    t, ERR_IO, "%s: cannot be cut: %s", c->queue_name, strerror(errno));
	c->begin = c->end = 0;
	return ERR_OK;
}
