/*
 * What stands in force beside a policy and decides about evidence with it: what operators have
 * revoked, which vulnerabilities are known, and which of them do not matter somewhere. It is as of
 * a notice of the log (policy/standing.h), so that whoever knows which notice a report names
 * appraises by the same (PROTOCOL.md, section 11).
 *
 * Immutable; its views are into the statements that it was made of. NULL stands for nothing in
 * force, everywhere. Its only clock is the caller's: what is over by then is as if it were not
 * there, until a notice drops it.
 */
#ifndef HALLMARK_POLICY_GOVERNANCE_AMENDMENTS_H
#define HALLMARK_POLICY_GOVERNANCE_AMENDMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/feeds/feed.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/statement/statement.h"

enum revoked {
	REVOKED_SOURCE, /* what some collectors say of some workloads */
	REVOKED_DIGEST, /* a content, wherever it stands */
	REVOKED_SET,    /* a reference set, by its digest in the manifest */
};

struct revoke {
	enum revoked what;
	struct digest subject;             /* not of REVOKED_SOURCE */
	struct view collectors, workloads; /* of REVOKED_SOURCE: patterns; size 0: any */
	const struct digest *statement;    /* its name */
	const struct statement *said;
	uint64_t until_s; /* since 1970; over then */
};

/* Advisories. */
struct amendments_feed {
	struct view name;
	struct digest digest;
	uint64_t written_s;      /* since 1970: its file */
	const struct feed *feed; /* NULL: whoever appraises has to fetch it before */
};

/* An operator's word that an advisory does not matter for some packages or files. */
struct not_affected {
	struct view advisory;           /* its id */
	struct view package, workloads; /* patterns */
	const struct digest *statement; /* its name */
	uint64_t from_s, until_s;       /* since 1970: not before, and over then */
};

struct amendments {
	size_t feed_count;
	struct amendments_feed *feed; /* by name */
	size_t not_affected_count;
	struct not_affected *not_affected; /* by the statement's name */
	size_t revoke_count;
	struct revoke *revoke; /* by `what`, `subject`, then `statement` */
	/* Names those by which a component may be judged otherwise; zero: there are none. */
	struct digest of_components;
};

/* False for a statement that revokes nothing, or another statement. `d` must outlive it. */
bool revoke_of_statement(const struct statement_document *d, struct revoke *out);

/* False for another statement. `d` must outlive it. */
bool not_affected_of_statement(const struct statement_document *d, struct not_affected *out);

/* NULL: none of this name is in force. */
const struct amendments_feed *amendments_feed(const struct amendments *a, struct view name);

/*
 * Whether somebody has said that this advisory does not matter for this package, or path, in the
 * entry of the policy with this `match`: its text, stars included, matches the statement's pattern,
 * which has no other wildcards than stars itself.
 */
bool amendments_lift(const struct amendments *a, struct view advisory, struct view package,
    struct view match, uint64_t now_s);

/* Sorts what was put there, and names it. */
void amendments_settle(struct amendments *a);

/*
 * The first, by the name of its statement, that is in force at this time and is about this; NULL if
 * there is none. A chain is named as a bundle names it (proto/evidence/bundle_chain.h).
 */
const struct revoke *amendments_revoke_source(
    const struct amendments *a, struct view collector, struct view chain, uint64_t now_s);
const struct revoke *amendments_revoke(
    const struct amendments *a, enum revoked what, const struct digest *subject, uint64_t now_s);

/* When the first of those that are about components is over; UINT64_MAX: none is in force. */
uint64_t amendments_until_s(const struct amendments *a, uint64_t now_s);

/* `of_components`; zero where there is nothing. */
struct digest amendments_of_components(const struct amendments *a);

#endif
