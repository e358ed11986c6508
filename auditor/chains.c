#include "auditor/chains.h"

#include <stdlib.h>
#include <string.h>

#include "proto/report.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

/* The newest report of one collector's workload. Names are digested: they come from the log. */
struct chain {
	struct digest name;
	uint64_t seq;
	uint64_t issued_s;
	uint64_t last_signed_s;
	struct digest bundle;
	struct digest report;
	UT_hash_handle hh;
};

struct chains {
	char *issuer;
	struct chain *all;
	const char *reason;
};

static enum err check_first(struct chains *c, const struct report *r);
static enum err check_next(struct chains *c, const struct chain *old, const struct report *r);
static void keep(struct chain *chain, const struct report *r, struct view entry);

struct chains *
chains_new(const char *issuer)
{
	struct chains *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->issuer = strdup(issuer)) == NULL)
		abort();
	return c;
}

void
chains_free(struct chains **cp)
{
	struct chain *chain, *next;

	if (*cp == NULL)
		return;
	HASH_ITER (hh, (*cp)->all, chain, next) {
		HASH_DEL((*cp)->all, chain);
		free(chain);
	}
	free((*cp)->issuer);
	free(*cp);
	*cp = NULL;
}

enum err
chains_check(struct chains *c, struct view entry, uint64_t index)
{
	struct report_document *document;
	const struct report *r;
	struct chain *chain;
	struct digest name;
	enum err e = report_parse(entry, &document);

	(void)index;
	c->reason = "expected a report in its one spelling";
	if (e != ERR_OK)
		return e;
	r = report_document_report(document);
	digest_of_parts(
	    (struct view[]){r->collector, VIEW_LITERAL("\0"), r->bundle.workload}, 3, &name);
	HASH_FIND(hh, c->all, name.bytes, DIGEST_SIZE, chain);
	if (!view_equal(r->issuer, view_of_string(c->issuer))) {
		c->reason = "expected a report of this log";
		e = ERR_MISMATCH;
	} else {
		e = chain == NULL ? check_first(c, r) : check_next(c, chain, r);
	}
	if (chain == NULL) {
		if ((chain = calloc(1, sizeof(*chain))) == NULL)
			abort();
		chain->name = name;
		HASH_ADD(hh, c->all, name, DIGEST_SIZE, chain);
	}
	keep(chain, r, entry);
	report_document_free(&document);
	return e;
}

const char *
chains_reason(const struct chains *c)
{
	return c->reason;
}

static enum err
check_first(struct chains *c, const struct report *r)
{
	c->reason = "the workload's first report names one before it";
	return r->has_previous ? ERR_MISMATCH : ERR_OK;
}

static enum err
check_next(struct chains *c, const struct chain *old, const struct report *r)
{
	uint64_t last_signed = r->has_signature ? r->issued_s : old->last_signed_s;

	if (!r->has_previous || !digest_equal(&r->previous, &old->report))
		c->reason = "the report does not name the workload's report before it";
	else if (r->bundle.seq <= old->seq)
		c->reason = "the sequence number does not rise";
	else if (!digest_equal(&r->bundle.prev, &old->bundle))
		c->reason = "the bundle does not name the one before it";
	else if (r->issued_s < old->issued_s)
		c->reason = "the report is older than the one before it";
	else if (r->last_signed_s != last_signed)
		c->reason = "the time of the last signature is not that of the last signed report";
	else
		return ERR_OK;
	return ERR_MISMATCH;
}

static void
keep(struct chain *chain, const struct report *r, struct view entry)
{
	chain->seq = r->bundle.seq;
	chain->issued_s = r->issued_s;
	chain->last_signed_s = r->last_signed_s;
	chain->bundle = r->bundle_digest;
	digest_of(entry.data, entry.size, &chain->report);
}
