#include "register/decide/decided.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "proto/evidence/bundle_chain.h"
#include "proto/siphash.h"
#include "register/decide/decided_images.h"

#define uthash_fatal(message) abort()
#include <openssl/rand.h>
#include <uthash.h>

struct group {
	UT_hash_handle hh;
	struct decided_member *members;
	size_t size;
	uint8_t name[]; /* its log's number in two bytes, and its name */
};

/* With its place in the group of its newest report. */
struct row {
	struct decided decided; /* first: they are the same */
	struct decided_member member;
	struct group *group; /* NULL: none */
};

struct decided_subject {
	UT_hash_handle hh;
	struct decided *rows;
	size_t collector_size, workload_size;
	uint8_t names[]; /* one behind the other, a line feed between them: neither has one */
};

struct decided_table {
	struct siphash_key key;
	struct decided_subject *subjects;
	struct group *groups;
	struct decided_images *images;
	size_t count;
	uint64_t version;
	struct buf scratch;
	size_t logs;
	struct decided_log log[];
};

static unsigned hash_of(const struct decided_table *t, struct view name);
static struct view join(struct buf *scratch, struct view collector, struct view workload);
static struct decided_subject *subject_of(struct decided_table *t, const struct decided_row *row);
static struct row *row_of(struct decided_subject *s, unsigned log);
static void put_report(struct decided_table *t, struct row *r, const struct decided_row *row);
static void join_group(struct decided_table *t, struct row *r, const struct decided_row *row);
static struct group *group_of(
    const struct decided_table *t, struct buf *scratch, unsigned log, struct view name);

enum err
decided_new(size_t logs, struct decided_table **out)
{
	struct decided_table *t = calloc(1, sizeof(*t) + logs * sizeof(t->log[0]));

	*out = t;
	if (t == NULL)
		return ERR_MEMORY;
	t->logs = logs;
	if ((t->images = decided_images_new()) == NULL) {
		decided_free(out);
		return ERR_MEMORY;
	}
	if (RAND_bytes((unsigned char *)&t->key, sizeof(t->key)) == 1)
		return ERR_OK;
	decided_free(out);
	return ERR_CRYPTO;
}

void
decided_free(struct decided_table **tt)
{
	struct decided_table *t = *tt;
	struct decided_subject *s, *next_subject;
	struct group *g, *next_group;

	*tt = NULL;
	if (t == NULL)
		return;
	HASH_ITER (hh, t->subjects, s, next_subject) {
		for (struct decided *d = s->rows, *next; d != NULL; d = next) {
			next = d->next;
			free(d);
		}
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(t->subjects, s);
		free(s);
	}
	HASH_ITER (hh, t->groups, g, next_group) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as above */
		HASH_DEL(t->groups, g);
		free(g);
	}
	decided_images_free(&t->images);
	buf_free(&t->scratch);
	free(t);
}

void
decided_put(struct decided_table *t, const struct decided_row *row)
{
	struct decided_subject *s;
	struct row *r;

	if (row->log >= t->logs || (s = subject_of(t, row)) == NULL ||
	    (r = row_of(s, row->log)) == NULL)
		return;
	t->version++;
	if (row->image != NULL)
		decided_images_put(t->images, row->image, row);
	if (r->decided.known && row->index <= r->decided.index)
		return;
	if (row->report)
		put_report(t, r, row);
	else
		r->decided.silent = true;
}

void
decided_put_image(struct decided_table *t, const struct decided_row *row)
{
	if (row->log >= t->logs || row->image == NULL)
		return;
	t->version++;
	decided_images_put(t->images, row->image, row);
}

void
decided_state(struct decided_table *t, const struct followed_state *state, uint64_t now_ms)
{
	struct decided_log *l = state->log < t->logs ? &t->log[state->log] : NULL;

	if (l == NULL)
		return;
	t->version++;
	l->newest_s = state->newest_issued_s;
	/* What was seen, but not gone through to its end, may say otherwise. */
	if (state->replayed_to >= state->size) {
		l->followed = true;
		l->seen_ms = state->seen_ms;
	}
	l->checked = state->checked_to;
	l->size = state->replayed_to;
	if (l->mark_ms != 0 && state->replayed_to >= l->mark_size)
		l->mark_ms = 0;
	if (l->mark_ms == 0 && state->replayed_to < state->checked_to) {
		l->mark_size = state->checked_to;
		l->mark_ms = now_ms;
	}
}

void
decided_alarm(struct decided_table *t, unsigned log, bool standing)
{
	if (log >= t->logs)
		return;
	t->log[log].alarm = standing;
	t->version++;
}

void
decided_forget(struct decided_table *t, unsigned log)
{
	struct decided_subject *s, *next;
	const struct decided_row nowhere = {.log = log};

	if (log >= t->logs)
		return;
	HASH_ITER (hh, t->subjects, s, next) {
		for (struct decided *d = s->rows; d != NULL; d = d->next) {
			if (d->log != log)
				continue;
			d->known = false;
			d->silent = false;
			join_group(t, (struct row *)d, &nowhere);
		}
	}
	decided_images_forget(t->images, log);
	t->log[log] = (struct decided_log){.alarm = t->log[log].alarm};
	t->version++;
}

void
decided_filled(struct decided_table *t, unsigned log)
{
	if (log >= t->logs)
		return;
	t->log[log].filled = true;
	t->version++;
}

const struct decided_log *
decided_log(const struct decided_table *t, unsigned log)
{
	return &t->log[log];
}

size_t
decided_logs(const struct decided_table *t)
{
	return t->logs;
}

uint64_t
decided_version(const struct decided_table *t)
{
	return t->version;
}

const struct decided_subject *
decided_find(const struct decided_table *t, struct view collector, struct view workload)
{
	struct buf scratch = BUF_INIT;
	const struct view name = join(&scratch, collector, workload);
	struct decided_subject *s = NULL;

	if (buf_status(&scratch) == ERR_OK)
		HASH_FIND_BYHASHVALUE(
		    hh, t->subjects, name.data, (unsigned)name.size, hash_of(t, name), s);
	buf_free(&scratch);
	return s;
}

const struct decided *
decided_of(const struct decided_subject *s)
{
	return s->rows;
}

struct view
decided_collector(const struct decided_subject *s)
{
	return (struct view){s->names, s->collector_size};
}

struct view
decided_workload(const struct decided_subject *s)
{
	return (struct view){s->names + s->collector_size + 1, s->workload_size};
}

const struct decided_member *
decided_group(const struct decided_table *t, unsigned log, struct view group)
{
	struct buf scratch = BUF_INIT;
	const struct group *g = group_of(t, &scratch, log, group);

	buf_free(&scratch);
	return g != NULL ? g->members : NULL;
}

const struct decided_images *
decided_images(const struct decided_table *t)
{
	return t->images;
}

size_t
decided_count(const struct decided_table *t)
{
	return t->count;
}

/* Names come from outside: an attacker who knew the hash could make all fall into one bucket. */
static unsigned
hash_of(const struct decided_table *t, struct view name)
{
	return (unsigned)siphash(&t->key, name);
}

static struct view
join(struct buf *scratch, struct view collector, struct view workload)
{
	buf_clear(scratch);
	buf_append_view(scratch, collector);
	buf_append_byte(scratch, '\n');
	buf_append_view(scratch, workload);
	return buf_view(scratch);
}

static struct decided_subject *
subject_of(struct decided_table *t, const struct decided_row *row)
{
	const struct view name = join(&t->scratch, row->collector, row->workload);
	struct decided_subject *s;
	unsigned hash;

	if (buf_status(&t->scratch) != ERR_OK)
		return NULL;
	hash = hash_of(t, name);
	HASH_FIND_BYHASHVALUE(hh, t->subjects, name.data, (unsigned)name.size, hash, s);
	if (s != NULL || t->count >= DECIDED_ROWS_MAX ||
	    (s = malloc(sizeof(*s) + name.size)) == NULL)
		return s;
	memset(s, 0, sizeof(*s));
	s->collector_size = row->collector.size;
	s->workload_size = row->workload.size;
	memcpy(s->names, name.data, name.size);
	HASH_ADD_BYHASHVALUE(hh, t->subjects, names, (unsigned)name.size, hash, s);
	t->count++;
	return s;
}

static struct row *
row_of(struct decided_subject *s, unsigned log)
{
	struct row *r;

	for (struct decided *d = s->rows; d != NULL; d = d->next)
		if (d->log == log)
			return (struct row *)d;
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->decided.log = log;
	r->decided.next = s->rows;
	r->member.subject = s;
	s->rows = &r->decided;
	return r;
}

static void
put_report(struct decided_table *t, struct row *r, const struct decided_row *row)
{
	decided_take(&r->decided, row);
	join_group(t, r, row);
}

static void
join_group(struct decided_table *t, struct row *r, const struct decided_row *row)
{
	/* What was measured before a start speaks for nobody who runs. */
	const bool any =
	    row->group.size > 0 && !row->leaving && !bundle_chain_is_start(row->workload);
	struct group *g = any ? group_of(t, &t->scratch, row->log, row->group) : NULL;
	const size_t size = 2 + row->group.size;

	if (any && g == NULL && (g = calloc(1, sizeof(*g) + size)) != NULL) {
		be16_put(g->name, (uint16_t)row->log);
		memcpy(g->name + 2, row->group.data, row->group.size);
		g->size = size;
		HASH_ADD_BYHASHVALUE(hh, t->groups, name, (unsigned)size,
		    hash_of(t, (struct view){g->name, size}), g);
	}
	if (g == r->group)
		return;
	if (r->group != NULL)
		DL_DELETE(r->group->members, &r->member);
	if (g != NULL)
		DL_PREPEND(g->members, &r->member);
	r->group = g;
}

static struct group *
group_of(const struct decided_table *t, struct buf *scratch, unsigned log, struct view name)
{
	struct group *g = NULL;
	uint8_t number[2];

	be16_put(number, (uint16_t)log);
	buf_clear(scratch);
	buf_append(scratch, number, sizeof(number));
	buf_append_view(scratch, name);
	if (buf_status(scratch) == ERR_OK)
		HASH_FIND_BYHASHVALUE(hh, t->groups, scratch->data, (unsigned)scratch->size,
		    hash_of(t, buf_view(scratch)), g);
	return g;
}
