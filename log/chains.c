#include "log/chains.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#define REASON_SIZE 512 /* bytes: a sentence and two digests, or two names that are cut */

/* The newest report of one collector's workload. Names are digested: they come from the log. */
struct chain {
	struct digest name;
	uint64_t seq;
	uint64_t time_ms;
	uint64_t last_signed_s;
	struct digest bundle;
	struct digest report;
	UT_hash_handle hh;
};

struct chains {
	char *issuer;
	struct policies *policies;
	struct report_document document; /* of the entry that is checked */
	struct chain *all;
	uint64_t issued_s; /* of the newest report of the log */
	uint64_t count[4]; /* by report_status_rank */
	uint64_t unexpected;
	char reason[REASON_SIZE];
};

static enum outcome check_report(struct chains *c, const struct report *r, struct view entry);
static enum outcome check_next(struct chains *c, const struct chain *old, const struct report *r);
static enum outcome refuse(struct chains *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static enum outcome refuse_digest(
    struct chains *c, const char *what, const struct digest *expected, const struct digest *found);
static void keep(struct chain *chain, const struct report *r, struct view entry);

struct chains *
chains_new(const char *issuer, struct policies *policies)
{
	struct chains *c = calloc(1, sizeof(*c));

	if (c != NULL && (c->issuer = strdup(issuer)) == NULL) {
		free(c);
		c = NULL;
	}
	if (c != NULL)
		c->policies = policies;
	return c;
}

void
chains_free(struct chains **cp)
{
	struct chain *chain, *next;

	if (*cp == NULL)
		return;
	HASH_ITER (hh, (*cp)->all, chain, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*cp)->all, chain);
		free(chain);
	}
	report_document_free(&(*cp)->document);
	free((*cp)->issuer);
	free(*cp);
	*cp = NULL;
}

enum outcome
chains_check(struct chains *c, struct view entry, const char **what)
{
	const struct report *r = &c->document.report;
	const char *said;
	enum outcome o;
	enum err e = report_parse(entry, &c->document);

	*what = c->reason;
	if (e != ERR_OK) {
		(void)snprintf(c->reason, sizeof(c->reason),
		    "expected a report in its one valid form: %s", err_text(e));
		return outcome_of_error(e);
	}
	o = check_report(c, r, entry);
	if (c->policies != NULL &&
	    policies_check(c->policies, r->policy_id, &said) != OUTCOME_GOOD && o == OUTCOME_GOOD) {
		o = OUTCOME_BAD;
		*what = said;
		c->unexpected++;
	}
	return o;
}

uint64_t
chains_unexpected(const struct chains *c)
{
	return c->unexpected;
}

uint64_t
chains_workloads(const struct chains *c)
{
	return HASH_COUNT(c->all);
}

uint64_t
chains_reports(const struct chains *c, enum report_status s)
{
	return c->count[report_status_rank(s)];
}

static enum outcome
check_report(struct chains *c, const struct report *r, struct view entry)
{
	const struct view name_parts[] = {
	    r->collector, {(const uint8_t *)"", 1}, r->bundle.workload};
	enum outcome o = OUTCOME_GOOD;
	struct chain *chain;
	struct digest name;

	c->count[report_status_rank(r->status)]++;
	if (!view_equal(r->issuer, view_of_string(c->issuer)))
		return refuse(c, "expected issuer %s, found %.*s", c->issuer, (int)r->issuer.size,
		    (const char *)r->issuer.data);
	if (r->issued_s < c->issued_s)
		o = refuse(c,
		    "expected iat %" PRIu64 " or later, as the log has it before, found "
		    "%" PRIu64,
		    c->issued_s, r->issued_s);
	c->issued_s = r->issued_s;
	digest_of_parts(name_parts, 3, &name);
	HASH_FIND(hh, c->all, name.bytes, DIGEST_SIZE, chain);
	if (chain != NULL) {
		if (o == OUTCOME_GOOD)
			o = check_next(c, chain, r);
	} else {
		if (r->has_previous)
			o = refuse(c, "the first report of its workload names a report before it");
		else if (r->last_signed_s != (r->has_signature ? r->issued_s : 0))
			o = refuse(
			    c, "the first report of its workload names a signature before it");
		else if (r->bundle.seq > BUNDLE_SEQ_FIRST_MAX)
			o = refuse(c,
			    "expected a first sequence number of at most %llu, found %" PRIu64,
			    BUNDLE_SEQ_FIRST_MAX, r->bundle.seq);
		if (HASH_COUNT(c->all) >= CHAINS_MAX) {
			(void)snprintf(c->reason, sizeof(c->reason),
			    "more than %d workloads: its chain is not followed", CHAINS_MAX);
			return outcome_worse(o, OUTCOME_UNKNOWN);
		}
		if ((chain = calloc(1, sizeof(*chain))) == NULL)
			abort();
		chain->name = name;
		HASH_ADD(hh, c->all, name, DIGEST_SIZE, chain);
	}
	keep(chain, r, entry);
	return o;
}

static enum outcome
check_next(struct chains *c, const struct chain *old, const struct report *r)
{
	const uint64_t last_signed = r->has_signature ? r->issued_s : old->last_signed_s;

	if (!r->has_previous)
		return refuse(c, "expected hallmark.previous-report: the workload has one before");
	if (!digest_equal(&r->previous, &old->report))
		return refuse_digest(c, "hallmark.previous-report", &old->report, &r->previous);
	if (r->bundle.seq <= old->seq)
		return refuse(c, "expected a sequence number over %" PRIu64 ", found %" PRIu64,
		    old->seq, r->bundle.seq);
	if (!digest_equal(&r->bundle.prev, &old->bundle))
		return refuse_digest(c, "the bundle before", &old->bundle, &r->bundle.prev);
	if (r->bundle.seq != old->seq + 1)
		return refuse(c, "expected sequence number %" PRIu64 ", found %" PRIu64,
		    old->seq + 1, r->bundle.seq);
	if (r->bundle.time_ms < old->time_ms)
		return refuse(c,
		    "expected a time of measurement not before %" PRIu64 " ms, found %" PRIu64,
		    old->time_ms, r->bundle.time_ms);
	if (r->last_signed_s != last_signed)
		return refuse(c, "expected hallmark.last-signed %" PRIu64 ", found %" PRIu64,
		    last_signed, r->last_signed_s);
	return OUTCOME_GOOD;
}

static enum outcome
refuse(struct chains *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(c->reason, sizeof(c->reason), format, arguments);
	va_end(arguments);
	return OUTCOME_BAD;
}

static enum outcome
refuse_digest(
    struct chains *c, const char *what, const struct digest *expected, const struct digest *found)
{
	char wanted[DIGEST_HEX_SIZE + 1], got[DIGEST_HEX_SIZE + 1];

	digest_to_hex(expected, wanted);
	digest_to_hex(found, got);
	return refuse(c, "%s: expected %s, found %s", what, wanted, got);
}

static void
keep(struct chain *chain, const struct report *r, struct view entry)
{
	chain->seq = r->bundle.seq;
	chain->time_ms = r->bundle.time_ms;
	chain->last_signed_s = r->last_signed_s;
	chain->bundle = r->bundle_digest;
	digest_of(entry.data, entry.size, &chain->report);
}
