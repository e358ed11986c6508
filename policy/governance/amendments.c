#include "policy/governance/amendments.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/bundle_chain.h"
#include "proto/glob.h"

static size_t first_of(const struct amendments *a, enum revoked what, const struct digest *subject);
static int compare_subjects(
    const struct revoke *r, enum revoked what, const struct digest *subject);
static int compare(const void *a, const void *b);

bool
revoke_of_statement(const struct statement_document *d, struct revoke *out)
{
	const struct statement *s = statement_document_statement(d);

	*out = (struct revoke){
	    .statement = statement_document_digest(d), .said = s, .until_s = s->not_after_s};
	if (statement_kind(s) != STATEMENT_REVOKE)
		return false;
	if (statement_value_digest(s, "digest", &out->subject) == ERR_OK) {
		out->what = REVOKED_DIGEST;
		return true;
	}
	if (statement_value_digest(s, "set", &out->subject) == ERR_OK) {
		out->what = REVOKED_SET;
		return true;
	}
	out->what = REVOKED_SOURCE;
	out->collectors = statement_value(s, "collectors");
	out->workloads = statement_value(s, "workloads");
	return out->collectors.size > 0 || out->workloads.size > 0;
}

void
amendments_settle(struct amendments *a)
{
	struct digest pair[2] = {0};

	if (a->revoke_count > 0)
		qsort(a->revoke, a->revoke_count, sizeof(a->revoke[0]), compare);
	for (size_t i = 0; i < a->revoke_count; i++) {
		if (a->revoke[i].what == REVOKED_SOURCE)
			continue;
		pair[1] = *a->revoke[i].statement;
		digest_of(pair, sizeof(pair), &pair[0]);
	}
	a->of_components = pair[0];
}

const struct revoke *
amendments_revoke_source(
    const struct amendments *a, struct view collector, struct view chain, uint64_t now_s)
{
	const struct view workload = bundle_chain_workload(chain);

	for (size_t i = 0; a != NULL && i < a->revoke_count; i++) {
		const struct revoke *r = &a->revoke[i];

		if (r->what != REVOKED_SOURCE)
			break;
		if (now_s < r->until_s &&
		    (r->collectors.size == 0 ||
			glob_match(r->collectors, collector, GLOB_IDENTITY)) &&
		    (r->workloads.size == 0 || glob_match(r->workloads, workload, GLOB_TEXT)))
			return r;
	}
	return NULL;
}

const struct revoke *
amendments_revoke(
    const struct amendments *a, enum revoked what, const struct digest *subject, uint64_t now_s)
{
	if (a == NULL || digest_is_zero(&a->of_components))
		return NULL;
	for (size_t i = first_of(a, what, subject);
	     i < a->revoke_count && compare_subjects(&a->revoke[i], what, subject) == 0; i++)
		if (now_s < a->revoke[i].until_s)
			return &a->revoke[i];
	return NULL;
}

uint64_t
amendments_until_s(const struct amendments *a, uint64_t now_s)
{
	uint64_t until_s = UINT64_MAX;

	for (size_t i = 0; a != NULL && i < a->revoke_count; i++) {
		const struct revoke *r = &a->revoke[i];

		if (r->what != REVOKED_SOURCE && now_s < r->until_s && r->until_s < until_s)
			until_s = r->until_s;
	}
	return until_s;
}

struct digest
amendments_of_components(const struct amendments *a)
{
	return a != NULL ? a->of_components : (struct digest){0};
}

/* The first that does not stand before these. */
static size_t
first_of(const struct amendments *a, enum revoked what, const struct digest *subject)
{
	size_t from = 0, to = a->revoke_count;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (compare_subjects(&a->revoke[middle], what, subject) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int
compare_subjects(const struct revoke *r, enum revoked what, const struct digest *subject)
{
	return r->what != what ? (r->what > what) - (r->what < what)
			       : digest_compare(&r->subject, subject);
}

static int
compare(const void *a, const void *b)
{
	const struct revoke *x = a, *y = b;
	const int subjects = compare_subjects(x, y->what, &y->subject);

	return subjects != 0 ? subjects : digest_compare(x->statement, y->statement);
}
