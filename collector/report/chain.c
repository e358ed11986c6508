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
#define CHAIN_SIZE_MAX 256 /* bytes of a chain file: it takes 140 */

struct chain {
	int log; /* borrowed */
	char file_name[FILE_NAME_SIZE];
	char queue_name[FILE_NAME_SIZE];
	/* acknowledged */
	uint64_t seq;
	struct digest bundle;
	uint64_t signed_s;
	/* waiting */
	int queue;
	uint64_t begin; /* offset of the head */
	uint64_t end;   /* offset behind the last record */
	size_t waiting;
	struct digest tail;     /* digest of the last bundle, waiting or acknowledged */
	uint64_t tail_signed_s; /* as signed_s, of those that wait */
	struct buf storage;     /* of the head */
};

static enum err load_chain(struct chain *c, struct trouble *t);
static bool parse_chain(struct chain *c, struct view text);
static bool parse_line(struct view *rest, const char *key, struct view *value);
static enum err save_chain(struct chain *c, struct trouble *t);
static enum err load_queue(struct chain *c, struct trouble *t);
static enum err damaged(const struct chain *c, const char *what, struct trouble *t);
static enum err rewrite_queue(
    struct chain *c, bool without_head, bool without_nonce, struct trouble *t);
static enum err rewrite_record(
    struct chain *c, struct chain_record *r, bool without_nonce, struct buf *to);
static void drop_challenge(struct bundle_extensions *x, struct buf *storage);
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
	if ((e = load_chain(c, t)) == ERR_OK && (e = load_queue(c, t)) == ERR_OK)
		*out = c;
	else
		chain_close(&c);
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

uint64_t
chain_last_signed_s(const struct chain *c)
{
	return c->tail_signed_s > c->signed_s ? c->tail_signed_s : c->signed_s;
}

void
chain_next(const struct chain *c, struct bundle *b)
{
	b->seq = c->seq + c->waiting + 1;
	b->prev = c->tail;
}

enum err
chain_append(struct chain *c, struct view bundle, struct view signature, struct trouble *t)
{
	struct buf record = BUF_INIT;
	struct bundle content, next;
	enum err e;

	chain_next(c, &next);
	if (bundle_decode(bundle, &content) != ERR_OK || content.seq != next.seq ||
	    !digest_equal(&content.prev, &next.prev))
		return trouble_set(
		    t, ERR_INVARIANT, "%s: a bundle that does not follow", c->queue_name);
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
		if (signature.size > 0)
			c->tail_signed_s = content.time_ms / 1000;
	}
	buf_free(&record);
	return e;
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
	digest_of(r.bundle.data, r.bundle.size, &c->bundle);
	if (r.signature.size > 0)
		c->signed_s = r.content.time_ms / 1000;
	if ((e = save_chain(c, t)) != ERR_OK)
		return e;
	c->begin += r.size;
	c->waiting--;
	return c->waiting == 0 ? empty_queue(c, t) : ERR_OK;
}

enum err
chain_drop_head(struct chain *c, struct trouble *t)
{
	if (c->waiting == 0)
		return trouble_set(t, ERR_INVARIANT, "%s: no head to drop", c->queue_name);
	return rewrite_queue(c, true, false, t);
}

enum err
chain_drop_nonce(struct chain *c, struct trouble *t)
{
	return rewrite_queue(c, false, true, t);
}

enum err
chain_adopt(struct chain *c, uint64_t seq, const struct digest *bundle, struct trouble *t)
{
	enum err e;

	if (c->seq != 0)
		return trouble_set(t, ERR_INVARIANT, "%s: is known already", c->file_name);
	c->seq = seq;
	c->bundle = *bundle;
	if ((e = save_chain(c, t)) != ERR_OK)
		return e;
	return rewrite_queue(c, false, false, t);
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
	struct view rest = text, line, seq, bundle, signed_s;

	return line_next(&rest, &line) == ERR_OK &&
	       view_equal(line, VIEW_LITERAL("hallmark chain 1")) &&
	       parse_line(&rest, "seq ", &seq) && parse_line(&rest, "bundle ", &bundle) &&
	       parse_line(&rest, "signed ", &signed_s) && rest.size == 0 &&
	       decimal_decode(seq, &c->seq) == ERR_OK && c->seq <= BUNDLE_SEQ_MAX &&
	       digest_from_hex(bundle, &c->bundle) == ERR_OK &&
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
	buf_append_format(&text, "hallmark chain 1\nseq %llu\nbundle %s\nsigned %llu\n",
	    (unsigned long long)c->seq, hex, (unsigned long long)c->signed_s);
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
	c->tail_signed_s = 0;
	while ((e = chain_record_read(c->queue, c->end, &c->storage, &r)) == ERR_OK) {
		c->end += r.size;
		if (r.content.seq <= c->seq && c->waiting == 0) {
			c->begin = c->end;
			continue;
		}
		if (r.content.seq != c->seq + c->waiting + 1 ||
		    !digest_equal(&r.content.prev, &c->tail))
			return damaged(c, "a bundle does not follow the one before it", t);
		c->waiting++;
		digest_of(r.bundle.data, r.bundle.size, &c->tail);
		if (r.signature.size > 0)
			c->tail_signed_s = r.content.time_ms / 1000;
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
 * Makes the queue anew behind what is acknowledged now. `seq` and `bundle` walk along as
 * predecessors while the records are rewritten, and are set back by load_queue's reading them.
 */
static enum err
rewrite_queue(struct chain *c, bool without_head, bool without_nonce, struct trouble *t)
{
	const size_t waiting = c->waiting;
	uint64_t offset = c->begin;
	struct buf fresh = BUF_INIT;
	struct chain_record r;
	enum err e = ERR_OK;

	c->tail = c->bundle;
	c->waiting = 0;
	for (size_t i = 0; e == ERR_OK && i < waiting; i++) {
		if ((e = chain_record_read(c->queue, offset, &c->storage, &r)) != ERR_OK) {
			(void)trouble_set(t, e, "%s: cannot be read", c->queue_name);
			break;
		}
		offset += r.size;
		if (i == 0 && without_head)
			continue;
		e = rewrite_record(c, &r, i == 0 && without_nonce, &fresh);
	}
	if (e == ERR_OK && (e = buf_status(&fresh)) == ERR_OK)
		e = savefile_write(c->log, c->queue_name, buf_view(&fresh), t);
	buf_free(&fresh);
	return e == ERR_OK ? load_queue(c, t) : e;
}

static enum err
rewrite_record(struct chain *c, struct chain_record *r, bool without_nonce, struct buf *to)
{
	static const struct view none = {NULL, 0};
	struct buf bundle = BUF_INIT, extensions = BUF_INIT;
	enum err e;

	chain_next(c, &r->content);
	if (without_nonce) {
		r->content.offline = true;
		drop_challenge(&r->content.extensions, &extensions);
	}
	bundle_encode(&r->content, &bundle);
	if ((e = buf_status(&extensions)) == ERR_OK && (e = buf_status(&bundle)) == ERR_OK) {
		/* What did not change keeps its signature. */
		chain_record_write(buf_view(&bundle),
		    view_equal(buf_view(&bundle), r->bundle) ? r->signature : none, to);
		digest_of(bundle.data, bundle.size, &c->tail);
		c->waiting++;
	}
	buf_free(&bundle);
	buf_free(&extensions);
	return e;
}

/* Without a nonce it answers nobody. What it says else is what this version knows of. */
static void
drop_challenge(struct bundle_extensions *x, struct buf *storage)
{
	if (x->challenge.size == 0)
		return;
	x->challenge = (struct view){NULL, 0};
	bundle_extensions_write(x, storage);
	x->bytes = buf_view(storage);
}

/* The records are passed: what stays after a crash is ignored, so that needs no sync. */
static enum err
empty_queue(struct chain *c, struct trouble *t)
{
	if (ftruncate(c->queue, 0) != 0)
		return trouble_set(
		    t, ERR_IO, "%s: cannot be cut: %s", c->queue_name, strerror(errno));
	c->begin = c->end = 0;
	c->tail_signed_s = 0;
	return ERR_OK;
}
