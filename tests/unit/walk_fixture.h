/*
 * For unit tests of walking a log: entries as an honest signer makes them, one after the other, in
 * memory. Tests change them before they are written.
 */
#ifndef HALLMARK_TESTS_UNIT_WALK_FIXTURE_H
#define HALLMARK_TESTS_UNIT_WALK_FIXTURE_H

#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "log/walk/walk.h"
#include "proto/report/absence.h"
#include "proto/tlog/merkle.h"

#define ORIGIN "hallmark.test/unit"
#define T      1795514400ULL
#define V(s)   VIEW_LITERAL(s)

/* A log that is being made, and somebody who reads it. */
struct bench {
	struct walk *walk;
	struct defects defects;
	struct findings findings;
	unsigned told;             /* defects and notes */
	enum outcome last;         /* of the defect told last */
	char where[64];            /* of what was told last */
	char text[2048];           /* likewise */
	uint64_t size;             /* entries */
	struct buf entry;          /* the newest */
	struct entry_place notice; /* the newest */
	struct digest manifest;
	char policy[128]; /* id of the policy in force */
};

/* One workload's next report; it is whoever's who makes it. */
struct maker {
	struct report r;
};

static void
bench_hear(void *context, const struct finding *f)
{
	struct bench *b = context;

	b->told++;
	b->last = f->outcome;
	(void)snprintf(b->where, sizeof(b->where), "%s", f->where);
	(void)snprintf(b->text, sizeof(b->text), "%s", f->text);
}

static inline void
bench_take(struct bench *b)
{
	const struct view entry = buf_view(&b->entry);
	struct digest leaf;

	merkle_leaf(entry, &leaf);
	walk_take(b->walk, &(struct tree_check_entries){b->size++, 1, &entry, &leaf});
}

/* The next notice of a log, to be changed and given to bench_notice. */
static inline struct notice
bench_next_notice(const struct bench *b, enum notice_kind kind)
{
	return (struct notice){.kind = kind,
	    .issued_s = T,
	    .issuer = V(ORIGIN),
	    .has_previous = b->notice.index > 0 || b->size > 0,
	    .previous = b->notice,
	    .from_s = T,
	    .to_s = T,
	    .build = V("unit"),
	    .sha256 = b->manifest};
}

static inline void
bench_notice(struct bench *b, const struct notice *n)
{
	buf_clear(&b->entry);
	assert_int_equal(notice_write(n, &b->entry), ERR_OK);
	b->notice.index = b->size;
	merkle_leaf(buf_view(&b->entry), &b->notice.leaf);
	bench_take(b);
}

static inline void
maker_begin(const struct bench *b, struct maker *m, const char *workload)
{
	struct report *r = &m->r;

	memset(m, 0, sizeof(*m));
	r->issued_s = T + 1;
	r->expires_s = T + 3601;
	r->issuer = V(ORIGIN);
	r->collector = V("spiffe://test/host1");
	r->developer = V("test");
	r->build = V("test");
	r->status = REPORT_AFFIRMING;
	r->policy_id = view_of_string(b->policy);
	r->notice = b->notice;
	r->bundle.workload = view_of_string(workload);
	r->bundle.seq = 1;
	r->bundle.time_ms = T * 1000;
	r->bundle.component[COMPONENT_HOST] = (struct bundle_component){true, DIGEST_ZERO, 1, 1};
}

static inline void
maker_write(struct maker *m, struct buf *to)
{
	struct buf bundle = BUF_INIT;

	bundle_encode(&m->r.bundle, &bundle);
	digest_of(bundle.data, bundle.size, &m->r.bundle_digest);
	buf_clear(to);
	assert_int_equal(report_write(&m->r, to), ERR_OK);
	buf_free(&bundle);
}

static inline void
bench_report(struct bench *b, struct maker *m)
{
	maker_write(m, &b->entry);
	bench_take(b);
}

/* After bench_report: what an honest signer would write next. */
static inline void
maker_next(const struct bench *b, struct maker *m)
{
	merkle_leaf(buf_view(&b->entry), &m->r.previous);
	m->r.has_previous = true;
	m->r.bundle.prev = m->r.bundle_digest;
	m->r.bundle.seq++;
	m->r.bundle.time_ms += 1000;
	m->r.issued_s++;
	m->r.expires_s++;
	m->r.has_signature = false;
}

static inline void
bench_expect(const struct bench *b, enum outcome o, const char *words)
{
	if (defects_outcome(&b->defects) != o)
		fail_msg("outcome %d, the last thing told: \"%s\"",
		    (int)defects_outcome(&b->defects), b->text);
	if (strstr(b->text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, b->text);
}

static inline void
bench_good(const struct bench *b)
{
	bench_expect(b, OUTCOME_GOOD, "");
}

static inline void
bench_bad(const struct bench *b, const char *words)
{
	bench_expect(b, OUTCOME_BAD, words);
	assert_int_equal(b->defects.bad, 1);
}

/* Whatever it is. */
static inline void
bench_entry(struct bench *b, struct view entry)
{
	struct buf copy = BUF_INIT;

	buf_append_view(&copy, entry);
	buf_free(&b->entry);
	b->entry = copy; /* moved */
	bench_take(b);
}

/* One good report, and the next one ready. */
static inline void
bench_begin(struct bench *b, struct maker *m)
{
	maker_begin(b, m, "app");
	bench_report(b, m);
	bench_good(b);
	maker_next(b, m);
}

/* With a start and a manifest in it. */
static inline int
bench_open(void **state)
{
	const struct walk_wanted wanted = {.origin = ORIGIN};
	struct bench *b = calloc(1, sizeof(*b));
	char hex[DIGEST_HEX_SIZE + 1];
	struct notice n;

	assert_non_null(b);
	b->findings = (struct findings){bench_hear, NULL, b};
	defects_begin(&b->defects, &b->findings, 50);
	assert_int_equal(walk_new(&wanted, &b->defects, &b->walk), ERR_OK);
	memset(b->manifest.bytes, 7, DIGEST_SIZE);
	digest_to_hex(&b->manifest, hex);
	(void)snprintf(b->policy, sizeof(b->policy), "unit@sha256:%s", hex);
	n = bench_next_notice(b, NOTICE_START);
	bench_notice(b, &n);
	n = bench_next_notice(b, NOTICE_MANIFEST);
	bench_notice(b, &n);
	bench_good(b);
	*state = b;
	return 0;
}

static inline int
bench_close(void **state)
{
	struct bench *b = *state;

	walk_free(&b->walk);
	assert_null(b->walk);
	buf_free(&b->entry);
	free(b);
	return 0;
}

#endif
