#include "log/walk/walk_frozen.h"

#include <stdlib.h>
#include <string.h>

#include "log/walk/walk_entry.h"
#include "log/walk/walk_state.h"
#include "proto/mp_read.h"
#include "proto/mp_write.h"
#include "proto/report/entry_issued.h"
#include "proto/tlog/merkle.h"

#define VERSION 1

#define NOTICES_MAX 1000000 /* some a day, for longer than anybody keeps a log */

#define COUNTS      (WALK_RANKS + NOTICE_OTHER + 1 + 10)
#define CHAIN_PARTS 21

/* Numbers and bytes of a frozen walk, one after the other; the first error stays. */
struct thawing {
	struct view rest;
	enum err e;
};

static void put_uint(struct buf *to, uint64_t number);
static void put_bin(struct buf *to, struct view bytes);
static void put_digest(struct buf *to, const struct digest *d);
static void put_array(struct buf *to, size_t count);
static void list_counts(struct walk_counts *c, uint64_t *list[]);
static void put_counts(struct buf *to, const struct walk_counts *c);
static void put_terms(struct buf *to, const struct manifests *m);
static void put_vouchers(struct buf *to, const struct vouchers *v);
static void put_chain(struct buf *to, const struct chain *c);
static uint64_t take_uint(struct thawing *t, uint64_t most);
static struct view take_bin(struct thawing *t, size_t least, size_t most);
static struct view take_name(struct thawing *t, size_t most);
static void take_digest(struct thawing *t, struct digest *out);
static size_t take_array(struct thawing *t, size_t least, size_t most);
static void take_counts(struct thawing *t, struct walk_counts *c);
static void take_vouchers(struct thawing *t, struct vouchers *v);
static void take_chain(struct thawing *t, struct walk *w);
static void take_vouched(struct thawing *t, struct walk *w, struct vouched_chain *v);
static void take_terms(struct thawing *t, struct manifests *m);
static enum err follow_notices(
    struct walk *w, struct entry_place newest, walk_read *read, void *context);
static enum err find_notices(struct walk *w, struct entry_place newest, walk_read *read,
    void *context, struct entry_place **found, size_t *count);
static enum err read_notice(struct walk *w, const struct entry_place *place, walk_read *read,
    void *context, struct buf *entry);

enum err
walk_freeze(const struct walk *w, struct buf *to)
{
	const struct entry_place *newest = notices_newest(w->notices);

	if (w->doubt[0] != '\0')
		return ERR_UNSUPPORTED;
	put_array(to, 10);
	put_uint(to, VERSION);
	put_uint(to, w->next);
	put_uint(to, w->issued_s);
	put_uint(to, w->silence.lost);
	put_array(to, newest != NULL ? 2 : 0);
	if (newest != NULL) {
		put_uint(to, newest->index);
		put_digest(to, &newest->leaf);
	}
	put_uint(to, w->term);
	put_counts(to, &w->counts);
	put_terms(to, &w->manifests);
	put_vouchers(to, &w->vouchers);
	put_array(to, HASH_COUNT(w->chains.all));
	for (const struct chain *c = w->chains.all; c != NULL; c = c->hh.next)
		put_chain(to, c);
	return buf_status(to);
}

enum err
walk_thaw(struct walk *w, struct view frozen, walk_read *read, void *context)
{
	struct thawing t = {.rest = frozen}, terms;
	struct entry_place newest = {.index = 0};
	bool lost;
	size_t count;

	(void)take_array(&t, 10, 10);
	if (take_uint(&t, VERSION) != VERSION && t.e == ERR_OK)
		t.e = ERR_FORMAT;
	w->next = take_uint(&t, UINT64_MAX);
	w->issued_s = take_uint(&t, ENTRY_TIME_S_MAX);
	lost = take_uint(&t, 1) != 0;
	if ((count = take_array(&t, 0, 2)) == 2) {
		newest.index = take_uint(&t, UINT64_MAX);
		take_digest(&t, &newest.leaf);
	}
	if (count == 1 && t.e == ERR_OK)
		t.e = ERR_FORMAT;
	w->term = (enum outcome)take_uint(&t, OUTCOME_UNKNOWN);
	take_counts(&t, &w->counts);
	terms = t; /* the notices make them first */
	take_terms(&t, NULL);
	take_vouchers(&t, &w->vouchers);
	for (size_t left = take_array(&t, 0, CHAINS_MAX); left > 0 && t.e == ERR_OK; left--)
		take_chain(&t, w);
	if (t.e == ERR_OK && (t.rest.size > 0 || (count > 0 && newest.index >= w->next)))
		t.e = ERR_FORMAT;
	if (t.e == ERR_OK && count > 0)
		t.e = follow_notices(w, newest, read, context);
	if (t.e == ERR_OK)
		take_terms(&terms, &w->manifests);
	w->silence.lost = lost;
	if (t.e == ERR_OK && notices_first_is_approved(w->notices, w->issued_s) == OUTCOME_UNKNOWN)
		t.e = ERR_MISMATCH; /* it was told, when it was walked */
	return t.e != ERR_OK ? t.e : terms.e;
}

uint64_t
walk_next(const struct walk *w)
{
	return w->next;
}

static void
put_uint(struct buf *to, uint64_t number)
{
	uint8_t *at = buf_reserve(to, MP_UINT_SIZE_MAX);

	if (at != NULL)
		to->size += (size_t)(mp_put_uint(at, number) - at);
}

static void
put_bin(struct buf *to, struct view bytes)
{
	uint8_t *at = buf_reserve(to, MP_HEADER_SIZE_MAX + bytes.size);

	if (at != NULL)
		to->size += (size_t)(mp_put_bin(at, bytes) - at);
}

static void
put_digest(struct buf *to, const struct digest *d)
{
	put_bin(to, (struct view){d->bytes, DIGEST_SIZE});
}

static void
put_array(struct buf *to, size_t count)
{
	uint8_t *at = buf_reserve(to, MP_HEADER_SIZE_MAX);

	if (at != NULL)
		to->size += (size_t)(mp_put_array(at, (uint32_t)count) - at);
}

/* All of its numbers, in the order in which take_counts has them. */
static void
list_counts(struct walk_counts *c, uint64_t *list[])
{
	size_t n = 0;

	for (size_t i = 0; i < WALK_RANKS; i++)
		list[n++] = &c->reports[i];
	for (size_t i = 0; i <= NOTICE_OTHER; i++)
		list[n++] = &c->notices[i];
	list[n++] = &c->absences;
	list[n++] = &c->absent;
	list[n++] = &c->unknown;
	list[n++] = &c->stops;
	list[n++] = &c->down_s;
	list[n++] = &c->same;
	list[n++] = &c->different;
	list[n++] = &c->not_possible;
	list[n++] = &c->unexpected;
	list[n++] = &c->foreign;
}

static void
put_counts(struct buf *to, const struct walk_counts *c)
{
	struct walk_counts counts = *c;
	uint64_t *list[COUNTS];

	list_counts(&counts, list);
	put_array(to, COUNTS);
	for (size_t i = 0; i < COUNTS; i++)
		put_uint(to, *list[i]);
}

static void
take_counts(struct thawing *t, struct walk_counts *c)
{
	uint64_t *list[COUNTS];

	list_counts(c, list);
	(void)take_array(t, COUNTS, COUNTS);
	for (size_t i = 0; i < COUNTS; i++)
		*list[i] = take_uint(t, UINT64_MAX);
}

/* What the reports have added to them. */
static void
put_terms(struct buf *to, const struct manifests *m)
{
	put_array(to, m->count);
	for (size_t i = 0; i < m->count; i++) {
		put_array(to, 2);
		put_uint(to, m->term[i].reports);
		put_bin(to, view_of_string(m->term[i].name));
	}
}

/* `m` may be NULL: they are only read over. */
static void
take_terms(struct thawing *t, struct manifests *m)
{
	const size_t count = take_array(t, 0, MANIFESTS_MAX);

	if (m != NULL && t->e == ERR_OK && count != m->count)
		t->e = ERR_MISMATCH;
	for (size_t i = 0; i < count && t->e == ERR_OK; i++) {
		uint64_t reports;
		struct view name;

		(void)take_array(t, 2, 2);
		reports = take_uint(t, UINT64_MAX);
		name = take_name(t, ENTRY_STRING_MAX);
		if (m == NULL || t->e != ERR_OK)
			continue;
		m->term[i].reports = reports;
		if (name.size > 0)
			memcpy(m->term[i].name, name.data, name.size);
		m->term[i].name[name.size] = '\0';
	}
}

static void
put_vouchers(struct buf *to, const struct vouchers *v)
{
	put_array(to, 6);
	put_uint(to, v->vouched);
	put_uint(to, v->not_vouched);
	put_uint(to, v->is_signed);
	put_uint(to, v->unnamed);
	put_uint(to, v->rejected);
	put_array(to, v->count);
	for (size_t i = 0; i < v->count; i++) {
		put_array(to, 3);
		put_digest(to, &v->all[i].ca);
		put_bin(to, view_of_string(v->all[i].name));
		put_uint(to, v->all[i].reports);
	}
}

static void
take_vouchers(struct thawing *t, struct vouchers *v)
{
	size_t count;

	(void)take_array(t, 6, 6);
	v->vouched = take_uint(t, UINT64_MAX);
	v->not_vouched = take_uint(t, UINT64_MAX);
	v->is_signed = take_uint(t, UINT64_MAX);
	v->unnamed = take_uint(t, UINT64_MAX);
	v->rejected = take_uint(t, UINT64_MAX);
	count = take_array(t, 0, t->rest.size);
	if (t->e != ERR_OK || count == 0)
		return;
	if ((v->all = calloc(count, sizeof(*v->all))) == NULL) {
		t->e = ERR_MEMORY;
		return;
	}
	for (; v->count < count && t->e == ERR_OK; v->count++) {
		struct voucher *one = &v->all[v->count];
		struct view name;

		(void)take_array(t, 3, 3);
		take_digest(t, &one->ca);
		name = take_name(t, sizeof(one->name) - 1);
		if (name.size > 0)
			memcpy(one->name, name.data, name.size);
		one->reports = take_uint(t, UINT64_MAX);
	}
}

static void
put_chain(struct buf *to, const struct chain *c)
{
	put_array(to, CHAIN_PARTS);
	put_bin(to, chain_collector(c));
	put_bin(to, chain_workload(c));
	put_uint(to, c->report);
	put_digest(to, &c->newest);
	put_uint(to, c->seq);
	put_uint(to, c->fresh);
	put_uint(to, c->time_ms);
	put_uint(to, c->absences);
	put_uint(to, c->last_signed_s);
	put_digest(to, &c->bundle);
	put_uint(to, c->due.at_s);
	put_uint(to, c->due.grace_s);
	put_uint(to, c->due.interval_s);
	put_uint(to, c->due.count);
	put_uint(to, c->due_is_known);
	put_uint(to, c->item.at_s);
	put_uint(to, c->vouched.pending);
	put_uint(to, c->vouched.from);
	put_uint(to, c->vouched.from_s);
	put_uint(to, c->vouched.lost);
	put_array(to, 2 * c->vouched.by_count);
	for (size_t i = 0; i < c->vouched.by_count; i++) {
		put_uint(to, c->vouched.by[i].voucher);
		put_uint(to, c->vouched.by[i].reports);
	}
}

static void
take_chain(struct thawing *t, struct walk *w)
{
	struct view collector, workload;
	struct chain *c;
	uint64_t at_s;

	(void)take_array(t, CHAIN_PARTS, CHAIN_PARTS);
	collector = take_bin(t, 1, ENTRY_STRING_MAX);
	workload = take_bin(t, 1, ENTRY_STRING_MAX);
	if (t->e != ERR_OK)
		return;
	if ((c = chains_restore(&w->chains, collector, workload)) == NULL) {
		t->e = ERR_FORMAT;
		return;
	}
	c->report = take_uint(t, UINT64_MAX);
	take_digest(t, &c->newest);
	c->seq = take_uint(t, UINT64_MAX);
	c->fresh = take_uint(t, UINT64_MAX);
	c->time_ms = take_uint(t, UINT64_MAX);
	c->absences = take_uint(t, UINT64_MAX);
	c->last_signed_s = take_uint(t, UINT64_MAX);
	take_digest(t, &c->bundle);
	c->due.at_s = take_uint(t, UINT64_MAX);
	c->due.grace_s = take_uint(t, DUE_SECONDS_MAX) & DUE_SECONDS_MAX;
	c->due.interval_s = take_uint(t, DUE_SECONDS_MAX) & DUE_SECONDS_MAX;
	c->due.count = take_uint(t, DUE_COUNT_MAX) & DUE_COUNT_MAX;
	c->due_is_known = take_uint(t, 1) != 0;
	at_s = take_uint(t, UINT64_MAX);
	take_vouched(t, w, &c->vouched);
	if (t->e == ERR_OK && at_s != 0)
		t->e = dues_set(&w->silence.dues, &c->item, at_s);
}

static void
take_vouched(struct thawing *t, struct walk *w, struct vouched_chain *v)
{
	size_t count;

	v->pending = take_uint(t, UINT64_MAX);
	v->from = take_uint(t, UINT64_MAX);
	v->from_s = take_uint(t, UINT64_MAX);
	v->lost = take_uint(t, UINT64_MAX);
	count = take_array(t, 0, 2 * w->vouchers.count);
	if (t->e == ERR_OK && count % 2 != 0)
		t->e = ERR_FORMAT;
	if (t->e != ERR_OK || count == 0)
		return;
	if ((v->by = calloc(count / 2, sizeof(*v->by))) == NULL) {
		t->e = ERR_MEMORY;
		return;
	}
	for (; v->by_count < count / 2 && t->e == ERR_OK; v->by_count++) {
		v->by[v->by_count].voucher = (size_t)take_uint(t, w->vouchers.count - 1);
		v->by[v->by_count].reports = take_uint(t, UINT64_MAX);
	}
}

/* 0 where there is an error. */
static uint64_t
take_uint(struct thawing *t, uint64_t most)
{
	struct mp_item item;

	if (t->e == ERR_OK && (t->e = mp_expect(&t->rest, MP_UINT, &item)) == ERR_OK &&
	    (!item.shortest || item.number > most))
		t->e = ERR_FORMAT;
	return t->e == ERR_OK ? item.number : 0;
}

static struct view
take_bin(struct thawing *t, size_t least, size_t most)
{
	struct mp_item item;

	if (t->e == ERR_OK && (t->e = mp_expect(&t->rest, MP_BIN, &item)) == ERR_OK &&
	    (!item.shortest || item.bytes.size < least || item.bytes.size > most))
		t->e = ERR_FORMAT;
	return t->e == ERR_OK ? item.bytes : (struct view){NULL, 0};
}

/* Of which a string is made. */
static struct view
take_name(struct thawing *t, size_t most)
{
	const struct view name = take_bin(t, 0, most);

	if (name.size > 0 && memchr(name.data, 0, name.size) != NULL)
		t->e = ERR_FORMAT;
	return t->e == ERR_OK ? name : (struct view){NULL, 0};
}

static void
take_digest(struct thawing *t, struct digest *out)
{
	const struct view bytes = take_bin(t, DIGEST_SIZE, DIGEST_SIZE);

	if (t->e == ERR_OK)
		memcpy(out->bytes, bytes.data, DIGEST_SIZE);
}

/* Of which each element takes a byte at least. */
static size_t
take_array(struct thawing *t, size_t least, size_t most)
{
	struct mp_item item;

	if (t->e == ERR_OK && (t->e = mp_expect(&t->rest, MP_ARRAY, &item)) == ERR_OK &&
	    (!item.shortest || item.count < least || item.count > most ||
		item.count > t->rest.size))
		t->e = ERR_FORMAT;
	return t->e == ERR_OK ? item.count : 0;
}

/* As a walk does that comes by them, in the log's order. */
static enum err
follow_notices(struct walk *w, struct entry_place newest, walk_read *read, void *context)
{
	struct buf entry = BUF_INIT, before = BUF_INIT;
	struct entry_place *found = NULL;
	uint64_t before_s = 0;
	size_t count = 0;
	enum err e = find_notices(w, newest, read, context, &found, &count);

	while (e == ERR_OK && count > 0) {
		const struct entry_place *place = &found[--count];

		before_s = 0;
		buf_clear(&before);
		if (place->index > 0 && (e = read(context, place->index - 1, &before)) == ERR_OK &&
		    entry_issued(buf_view(&before), &before_s) != ERR_OK)
			before_s = 0; /* it was no entry; the walk took it for as much */
		if (e == ERR_OK)
			e = read_notice(w, place, read, context, &entry);
		if (e == ERR_OK)
			walk_entry_recall(w, place, before_s);
	}
	free(found);
	buf_free(&entry);
	buf_free(&before);
	return e;
}

/* The newest first: each names the one before. */
static enum err
find_notices(struct walk *w, struct entry_place newest, walk_read *read, void *context,
    struct entry_place **found, size_t *count)
{
	struct entry_place place = newest;
	struct buf entry = BUF_INIT;
	size_t capacity = 0;
	enum err e = ERR_OK;

	for (bool more = true; more && e == ERR_OK;) {
		if (*count == capacity) {
			struct entry_place *grown;

			capacity = capacity == 0 ? 64 : 2 * capacity;
			grown = capacity <= NOTICES_MAX
				    ? reallocarray(*found, capacity, sizeof(*grown))
				    : NULL;
			if (grown == NULL) {
				e = ERR_MEMORY;
				break;
			}
			*found = grown;
		}
		if ((e = read_notice(w, &place, read, context, &entry)) != ERR_OK)
			break;
		(*found)[(*count)++] = place;
		more = w->notice.notice.has_previous;
		if (more && w->notice.notice.previous.index >= place.index)
			e = ERR_MISMATCH;
		place = w->notice.notice.previous;
	}
	buf_free(&entry);
	return e;
}

/* Into the walk's own document, which points into `entry`. */
static enum err
read_notice(struct walk *w, const struct entry_place *place, walk_read *read, void *context,
    struct buf *entry)
{
	struct digest leaf;
	enum err e;

	buf_clear(entry);
	if ((e = read(context, place->index, entry)) != ERR_OK)
		return e;
	merkle_leaf(buf_view(entry), &leaf);
	if (!digest_equal(&leaf, &place->leaf) || entry_kind(buf_view(entry)) != ENTRY_NOTICE ||
	    notice_parse(buf_view(entry), &w->notice) != ERR_OK)
		return ERR_MISMATCH;
	return ERR_OK;
}
