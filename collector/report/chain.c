#include "collector/report/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/report/chain_queue.h"
#include "collector/report/savefile.h"
#include "proto/encoding.h"

#define FILE_NAME_SIZE 256 /* bytes with NUL: NAME_MAX of Linux */
#define CHAIN_SIZE_MAX 256 /* bytes of a chain file: it takes 160 */

struct chain {
	int log; /* borrowed */
	char file_name[FILE_NAME_SIZE];
	char queue_name[FILE_NAME_SIZE];
	/* acknowledged */
	uint64_t seq;
	struct digest bundle;
	uint64_t fresh; /* seq of the last one with a nonce */
	uint64_t signed_s;
	/* waiting */
	int queue;
	uint64_t begin; /* offset of the head */
	uint64_t end;   /* offset behind the last record */
	size_t waiting;
	bool may_go;        /* the head */
	bool in_doubt;      /* somebody else may have it */
	struct digest tail; /* digest of the last bundle, waiting or acknowledged */
	struct buf storage; /* of the head */
};

/* What becomes of the queue when it is made anew, beside that all are renumbered. */
struct change {
	struct view first, signature; /* put before the others; size 0: none */
	bool drops_head;
	bool delays_head; /* it becomes a gap record, in the order of times */
	bool places;      /* all gap records are of the present place */
};

/* A queue that is being made anew; seq and tail of the chain walk along. */
struct rewriting {
	const struct change *change;
	struct buf bytes;
};

static enum err load_chain(struct chain *c, struct trouble *t);
static bool parse_chain(struct chain *c, struct view text);
static bool parse_line(struct view *rest, const char *key, struct view *value);
static enum err save_chain(struct chain *c, struct trouble *t);
static enum err load_queue(struct chain *c, struct trouble *t);
static enum err damaged(const struct chain *c, const char *what, struct trouble *t);
static enum err add_last(
    struct chain *c, struct view bundle, struct view signature, struct trouble *t);
static bool follows(struct view bundle, const struct bundle *next);
static void take_head(struct chain *c, const struct bundle *b);
static enum err rewrite_queue(struct chain *c, const struct change *change, struct trouble *t);
static enum err rewrite_all(struct chain *c, struct rewriting *w);
static enum err rewrite_record(
    struct chain *c, struct rewriting *w, struct chain_record *r, bool moves);
static void put_record(
    struct chain *c, struct rewriting *w, struct view bundle, struct view signature);
static void move_into_gap(const struct chain *c, struct bundle *b, struct buf *storage);
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
	if ((e = load_chain(c, t)) == ERR_OK && (e = load_queue(c, t)) == ERR_OK) {
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
	return c->seq > 0;
}

uint64_t
chain_acknowledged_seq(const struct chain *c)
{
	return c->seq;
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
chain_last_signed_s(const struct chain *c)
{
	return c->signed_s;
}

void
chain_next(const struct chain *c, struct bundle *b)
{
	b->seq = b->offline ? c->seq + c->waiting + 1 : c->seq + 1;
	b->prev = b->offline ? c->tail : c->bundle;
	b->extensions.has_gap = b->offline;
	b->extensions.gap_after = b->offline ? c->fresh : 0;
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
	const struct change change = {.first = bundle, .signature = signature};
	struct bundle next = {.offline = false};

	chain_next(c, &next);
	if (!follows(bundle, &next) || chain_is_in_doubt(c))
		return trouble_set(
		    t, ERR_INVARIANT, "%s: a bundle that does not follow", c->queue_name);
	return c->waiting == 0 ? add_last(c, bundle, signature, t) : rewrite_queue(c, &change, t);
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
		e = trouble_set(
		    t, ERR_IO, "%s: cannot be written: %s", c->queue_name, strerror(errno));
	if (e == ERR_OK) {
		c->end += record.size;
		c->waiting++;
		digest_of(bundle.data, bundle.size, &c->tail);
	}
	buf_free(&record);
	return e == ERR_OK && c->waiting == 1 ? note_head(c, t) : e;
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
	struct chain_record r;
	enum err e;

	if ((e = chain_record_read(c->queue, c->begin, &c->storage, &r)) != ERR_OK)
		return trouble_set(t, e == ERR_NOT_FOUND ? ERR_INVARIANT : e,
		    "%s: the head cannot be read", c->queue_name);
	c->seq = r.content.seq;
	if (!r.content.offline)
		c->fresh = r.content.seq;
	digest_of(r.bundle.data, r.bundle.size, &c->bundle);
	if (r.signature.size > 0)
		c->signed_s = r.content.time_ms / 1000;
	if ((e = save_chain(c, t)) != ERR_OK)
		return e;
	c->begin += r.size;
	c->waiting--;
	return c->waiting == 0 ? empty_queue(c, t) : note_head(c, t);
}

enum err
chain_drop_head(struct chain *c, struct trouble *t)
{
	const struct change change = {.drops_head = true};

	if (c->waiting == 0)
		return trouble_set(t, ERR_INVARIANT, "%s: no head to drop", c->queue_name);
	return rewrite_queue(c, &change, t);
}

enum err
chain_drop_nonce(struct chain *c, struct trouble *t)
{
	const struct change change = {.delays_head = true};

	if (c->waiting == 0)
		return trouble_set(t, ERR_INVARIANT, "%s: no head to move", c->queue_name);
	return rewrite_queue(c, &change, t);
}

enum err
chain_adopt(struct chain *c, uint64_t seq, const struct digest *bundle, struct trouble *t)
{
	const struct change change = {.places = true};
	enum err e;

	if (c->seq != 0)
		return trouble_set(t, ERR_INVARIANT, "%s: is known already", c->file_name);
	c->seq = seq;
	c->fresh = seq; /* or one before it, which is all the same to what was measured since */
	c->bundle = *bundle;
	if ((e = save_chain(c, t)) != ERR_OK)
		return e;
	return rewrite_queue(c, &change, t);
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

static enum err
load_chain(struct chain *c, struct trouble *t)
{
	struct buf text = BUF_INIT;
	enum err e = savefile_read(c->log, c->file_name, CHAIN_SIZE_MAX, &text, t);

	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	else if (e == ERR_FORMAT_SIZE || (e == ERR_OK && !parse_chain(c, buf_view(&text))))
		e = trouble_set(t, ERR_FORMAT,
		    "%s in the state directory is not a chain file; move it and the .queue beside "
		    "it away to take over what the signer remembers",
		    c->file_name);
	buf_free(&text);
	return e;
}

static bool
parse_chain(struct chain *c, struct view text)
{
	struct view rest = text, line, seq, bundle, fresh, signed_s;

	return line_next(&rest, &line) == ERR_OK &&
	       view_equal(line, VIEW_LITERAL("hallmark chain 1")) &&
	       parse_line(&rest, "seq ", &seq) && parse_line(&rest, "bundle ", &bundle) &&
	       parse_line(&rest, "fresh ", &fresh) && parse_line(&rest, "signed ", &signed_s) &&
	       rest.size == 0 && decimal_decode(seq, &c->seq) == ERR_OK &&
	       c->seq <= BUNDLE_SEQ_MAX && digest_from_hex(bundle, &c->bundle) == ERR_OK &&
	       decimal_decode(fresh, &c->fresh) == ERR_OK && c->fresh <= c->seq &&
	       decimal_decode(signed_s, &c->signed_s) == ERR_OK &&
	       digest_is_zero(&c->bundle) == (c->seq == 0);
}

static bool
parse_line(struct view *rest, const char *key, struct view *value)
{
	const size_t size = strlen(key);

	if (line_next(rest, value) != ERR_OK || value->size < size ||
	    memcmp(value->data, key, size) != 0)
		return false;
	*value = (struct view){value->data + size, value->size - size};
	return true;
}

static enum err
save_chain(struct chain *c, struct trouble *t)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct buf text = BUF_INIT;
	enum err e;

	digest_to_hex(&c->bundle, hex);
	buf_append_format(&text, "hallmark chain 1\nseq %llu\nbundle %s\nfresh %llu\nsigned %llu\n",
	    (unsigned long long)c->seq, hex, (unsigned long long)c->fresh,
	    (unsigned long long)c->signed_s);
	if ((e = buf_status(&text)) == ERR_OK)
		e = savefile_write(c->log, c->file_name, buf_view(&text), t);
	buf_free(&text);
	return e;
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
		return trouble_set(
		    t, ERR_IO, "%s in the state directory: %s", c->queue_name, strerror(errno));
	c->begin = c->end = 0;
	c->waiting = 0;
	c->tail = c->bundle;
	while ((e = chain_record_read(c->queue, c->end, &c->storage, &r)) == ERR_OK) {
		c->end += r.size;
		if (r.content.seq <= c->seq && c->waiting == 0) {
			c->begin = c->end;
			continue;
		}
		if (r.content.seq != c->seq + c->waiting + 1 ||
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

static enum err
damaged(const struct chain *c, const char *what, struct trouble *t)
{
	return trouble_set(t, ERR_FORMAT,
	    "%s in the state directory: %s; move it away to go on without the bundles that wait",
	    c->queue_name, what);
}

/*
 * Makes the queue anew behind what is acknowledged now, and replaces the old one as a whole.
 * `waiting` and `tail` walk along as predecessors, and are set back by load_queue's reading.
 */
static enum err
rewrite_queue(struct chain *c, const struct change *change, struct trouble *t)
{
	struct rewriting w = {change, BUF_INIT};
	enum err e = rewrite_all(c, &w);

	if (e == ERR_OK)
		e = buf_status(&w.bytes);
	if (e != ERR_OK)
		(void)trouble_set(t, e, "%s: cannot be made anew", c->queue_name);
	else
		e = savefile_write(c->log, c->queue_name, buf_view(&w.bytes), t);
	buf_free(&w.bytes);
	return e == ERR_OK ? load_queue(c, t) : e;
}

static enum err
rewrite_all(struct chain *c, struct rewriting *w)
{
	const size_t waiting = c->waiting;
	struct chain_record r, late = {.size = 0};
	struct buf storage = BUF_INIT;
	uint64_t offset = c->begin;
	enum err e = ERR_OK;

	c->tail = c->bundle;
	c->waiting = 0;
	if (w->change->first.size > 0)
		put_record(c, w, w->change->first, w->change->signature);
	if (w->change->delays_head)
		e = chain_record_read(c->queue, offset, &storage, &late);
	for (size_t i = 0; e == ERR_OK && i < waiting; i++) {
		e = chain_record_read(c->queue, offset, &c->storage, &r);
		offset += r.size;
		if (e != ERR_OK || (i == 0 && (w->change->drops_head || late.size > 0)))
			continue;
		if (late.size > 0 && late.content.time_ms < r.content.time_ms) {
			e = rewrite_record(c, w, &late, true);
			late.size = 0;
		}
		if (e == ERR_OK)
			e = rewrite_record(c, w, &r, w->change->places && r.content.offline);
	}
	if (e == ERR_OK && late.size > 0)
		e = rewrite_record(c, w, &late, true);
	buf_free(&storage);
	return e;
}

/* `moves`: it is, or becomes, a gap record of the present place. */
static enum err
rewrite_record(struct chain *c, struct rewriting *w, struct chain_record *r, bool moves)
{
	static const struct view none = {NULL, 0};
	struct buf bundle = BUF_INIT, extensions = BUF_INIT;
	enum err e;

	r->content.seq = c->seq + c->waiting + 1;
	r->content.prev = c->tail;
	if (moves)
		move_into_gap(c, &r->content, &extensions);
	bundle_encode(&r->content, &bundle);
	/* What did not change keeps its signature. */
	if ((e = buf_status(&extensions)) == ERR_OK && (e = buf_status(&bundle)) == ERR_OK)
		put_record(c, w, buf_view(&bundle),
		    view_equal(buf_view(&bundle), r->bundle) ? r->signature : none);
	buf_free(&bundle);
	buf_free(&extensions);
	return e;
}

static void
put_record(struct chain *c, struct rewriting *w, struct view bundle, struct view signature)
{
	chain_record_write(bundle, signature, &w->bytes);
	digest_of(bundle.data, bundle.size, &c->tail);
	c->waiting++;
}

/* Without a nonce it answers nobody. What it says else is what this version knows of. */
static void
move_into_gap(const struct chain *c, struct bundle *b, struct buf *storage)
{
	b->offline = true;
	b->extensions.has_gap = true;
	b->extensions.gap_after = c->fresh;
	b->extensions.challenge = (struct view){NULL, 0};
	bundle_extensions_write(&b->extensions, storage);
	b->extensions.bytes = buf_view(storage);
}

/* There is another one. */
static void
take_head(struct chain *c, const struct bundle *b)
{
	c->in_doubt = !b->offline;
	c->may_go = !b->offline ||
		    (b->extensions.gap_after < c->fresh && b->seq - c->fresh <= BUNDLE_GAPS_MAX);
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
