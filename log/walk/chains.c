#include "log/walk/chains.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static void check_first(const struct report *r, struct reason *reason);
static void check_next(const struct chain *old, const struct report *r, struct reason *reason);
static void check_place(const struct chain *old, const struct report *r, struct reason *reason);
static struct chain *add(
    struct chains *c, const struct digest *name, const struct report *r, struct reason *reason);
static struct chain *find(const struct chains *c, const struct digest *name);
static void name_of(
    const struct chains *c, struct view collector, struct view workload, struct digest *out);

struct view
chain_collector(const struct chain *c)
{
	return (struct view){c->names, c->collector_size};
}

struct view
chain_workload(const struct chain *c)
{
	return (struct view){c->names + c->collector_size, c->workload_size};
}

enum err
chains_init(struct chains *c)
{
	*c = (struct chains){NULL, {0}};
	return RAND_priv_bytes(c->salt, sizeof(c->salt)) == 1 ? ERR_OK : ERR_MEMORY;
}

void
chains_free(struct chains *c)
{
	struct chain *chain, *next;

	HASH_ITER (hh, c->all, chain, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(c->all, chain);
		vouched_chain_free(&chain->vouched);
		free(chain);
	}
}

void
chains_set_back(struct chains *c, uint64_t iat_s)
{
	for (struct chain *chain = c->all; chain != NULL; chain = chain->hh.next) {
		if (chain->time_ms > iat_s * 1000)
			chain->time_ms = iat_s * 1000;
		if (chain->last_signed_s > iat_s)
			chain->last_signed_s = iat_s;
	}
}

struct chain *
chains_find(const struct chains *c, struct view collector, struct view workload)
{
	struct digest name;

	name_of(c, collector, workload, &name);
	return find(c, &name);
}

struct chain *
chains_restore(struct chains *c, struct view collector, struct view workload)
{
	const struct report r = {.collector = collector, .bundle.workload = workload};
	struct reason reason;
	struct digest name;

	reason_begin(&reason);
	name_of(c, collector, workload, &name);
	return find(c, &name) == NULL ? add(c, &name, &r, &reason) : NULL;
}

struct chain *
chains_take_report(struct chains *c, const struct report *r, uint64_t index,
    const struct digest *leaf, struct reason *reason)
{
	struct digest name;
	struct chain *chain;

	name_of(c, r->collector, r->bundle.workload, &name);
	chain = find(c, &name);
	if (chain != NULL) {
		check_next(chain, r, reason);
	} else {
		check_first(r, reason);
		if ((chain = add(c, &name, r, reason)) == NULL)
			return NULL;
	}
	chain->report = index;
	chain->newest = *leaf;
	chain->seq = r->bundle.seq;
	chain->last_signed_s = r->last_signed_s;
	chain->bundle = r->bundle_digest;
	if (!r->bundle.offline) {
		chain->fresh = r->bundle.seq;
		chain->time_ms = r->bundle.time_ms;
		chain->absences = 0;
	}
	return chain;
}

struct chain *
chains_take_absence(struct chains *c, struct view collector, const struct absence_workload *a,
    const struct digest *leaf, struct reason *reason)
{
	struct chain *chain = chains_find(c, collector, a->workload);

	if (chain == NULL) {
		reason_add(reason, OUTCOME_BAD, "%.*s has never reported for %.*s",
		    view_precision(collector), (const char *)collector.data,
		    view_precision(a->workload), (const char *)a->workload.data);
		return NULL;
	}
	if (a->report != chain->report)
		reason_add(reason, OUTCOME_BAD,
		    "%.*s: expected entry %" PRIu64 " as its newest report, found %" PRIu64,
		    view_precision(a->workload), (const char *)a->workload.data, chain->report,
		    a->report);
	if (!digest_equal(&a->previous, &chain->newest))
		reason_add_digests(reason, "previous-report", &chain->newest, &a->previous);
	if (a->count != chain->absences + 1)
		reason_add(reason, OUTCOME_BAD,
		    "%.*s: expected absence %" PRIu64 " since its newest report, found %" PRIu64,
		    view_precision(a->workload), (const char *)a->workload.data,
		    chain->absences + 1, a->count);
	chain->newest = *leaf;
	chain->absences++;
	return chain;
}

static void
check_first(const struct report *r, struct reason *reason)
{
	if (r->has_previous)
		reason_add(
		    reason, OUTCOME_BAD, "the first report of its workload names one before it");
	else if (r->last_signed_s != (r->has_signature ? r->issued_s : 0))
		reason_add(reason, OUTCOME_BAD,
		    "the first report of its workload names a signature before it");
	else if (r->bundle.seq > BUNDLE_SEQ_FIRST_MAX)
		reason_add(reason, OUTCOME_BAD,
		    "expected a first sequence number of at most %llu, found %" PRIu64,
		    BUNDLE_SEQ_FIRST_MAX, r->bundle.seq);
	else if (r->bundle.offline)
		reason_add(reason, OUTCOME_BAD,
		    "the first report of its workload is about what was gathered offline");
}

static void
check_next(const struct chain *old, const struct report *r, struct reason *reason)
{
	const uint64_t last_signed = r->has_signature ? r->issued_s : old->last_signed_s;

	if (!r->has_previous)
		reason_add(reason, OUTCOME_BAD,
		    "expected hallmark.previous-report: the workload has an entry before");
	else if (!digest_equal(&r->previous, &old->newest))
		reason_add_digests(reason, "hallmark.previous-report", &old->newest, &r->previous);
	else if (r->bundle.seq <= old->seq)
		reason_add(reason, OUTCOME_BAD,
		    "expected a sequence number over %" PRIu64 ", found %" PRIu64, old->seq,
		    r->bundle.seq);
	else if (!digest_equal(&r->bundle.prev, &old->bundle))
		reason_add_digests(reason, "the bundle before", &old->bundle, &r->bundle.prev);
	else if (r->bundle.seq != old->seq + 1)
		reason_add(reason, OUTCOME_BAD,
		    "expected sequence number %" PRIu64 ", found %" PRIu64, old->seq + 1,
		    r->bundle.seq);
	else if (r->last_signed_s != last_signed)
		reason_add(reason, OUTCOME_BAD,
		    "expected hallmark.last-signed %" PRIu64 ", found %" PRIu64, last_signed,
		    r->last_signed_s);
	else
		check_place(old, r, reason);
}

/* What is fresh is of now, and a gap record of a gap that is over. */
static void
check_place(const struct chain *old, const struct report *r, struct reason *reason)
{
	const struct bundle *b = &r->bundle;

	if (!b->offline && b->time_ms < old->time_ms)
		reason_add(reason, OUTCOME_BAD,
		    "expected a time of measurement not before %" PRIu64 " ms, found %" PRIu64,
		    old->time_ms, b->time_ms);
	else if (b->offline && b->extensions.gap_after >= old->fresh)
		reason_add(reason, OUTCOME_BAD,
		    "expected a gap that bundle %" PRIu64 " has ended, found one behind %" PRIu64,
		    old->fresh, b->extensions.gap_after);
	else if (b->offline && b->seq - old->fresh > BUNDLE_GAPS_MAX)
		reason_add(reason, OUTCOME_BAD,
		    "expected at most %d gap records behind bundle %" PRIu64, BUNDLE_GAPS_MAX,
		    old->fresh);
}

static struct chain *
add(struct chains *c, const struct digest *name, const struct report *r, struct reason *reason)
{
	const struct view collector = r->collector, workload = r->bundle.workload;
	struct chain *chain;

	if (HASH_COUNT(c->all) >= CHAINS_MAX) {
		reason_add(reason, OUTCOME_UNKNOWN,
		    "more than %d workloads: its chain is not followed", CHAINS_MAX);
		return NULL;
	}
	if ((chain = calloc(1, sizeof(*chain) + collector.size + workload.size)) == NULL) {
		reason_add(reason, OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
		return NULL;
	}
	chain->name = *name;
	chain->due_is_known = true; /* nothing is due */
	chain->collector_size = collector.size;
	chain->workload_size = workload.size;
	memcpy(chain->names, collector.data, collector.size);
	memcpy(chain->names + collector.size, workload.data, workload.size);
	HASH_ADD(hh, c->all, name, DIGEST_SIZE, chain);
	return chain;
}

static struct chain *
find(const struct chains *c, const struct digest *name)
{
	struct chain *chain;

	HASH_FIND(hh, c->all, name->bytes, DIGEST_SIZE, chain);
	return chain;
}

/*
 * They come from the log: digested with what nobody knows, nobody can choose those that fall into
 * one place of a table.
 */
static void
name_of(const struct chains *c, struct view collector, struct view workload, struct digest *out)
{
	const struct view parts[] = {
	    {c->salt, sizeof(c->salt)}, collector, {(const uint8_t *)"", 1}, workload};

	digest_of_parts(parts, 4, out);
}
