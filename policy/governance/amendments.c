#include "policy/governance/amendments.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/bundle_chain.h"
#include "proto/glob.h"

static bool covers(struct view wide, struct view narrow);
static void name(struct digest *all, const struct digest *one);
static int compare_not_affected(const void *a, const void *b);
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
	struct digest all = {0}, line;

	if (a->revoke_count > 0)
		qsort(a->revoke, a->revoke_count, sizeof(a->revoke[0]), compare);
	for (size_t i = 0; i < a->revoke_count; i++) {
		if (a->revoke[i].what == REVOKED_SOURCE)
			continue;
		name(&all, a->revoke[i].statement);
	}
	if (a->not_affected_count > 0)
		qsort(a->not_affected, a->not_affected_count, sizeof(a->not_affected[0]),
		    compare_not_affected);
	for (size_t i = 0; i < a->not_affected_count; i++)
		name(&all, a->not_affected[i].statement);
	for (size_t i = 0; i < a->feed_count; i++) {
		digest_of(a->feed[i].name.data, a->feed[i].name.size, &line);
		name(&all, &line);
		name(&all, &a->feed[i].digest);
	}
	a->of_components = all;
}

bool
not_affected_of_statement(const struct statement_document *d, struct not_affected *out)
{
	const struct statement *s = statement_document_statement(d);

	*out = (struct not_affected){.advisory = statement_value(s, "advisory"),
	    .package = statement_value(s, "package"),
	    .workloads = statement_value(s, "workloads"),
	    .statement = statement_document_digest(d),
	    .from_s = s->not_before_s,
	    .until_s = s->not_after_s};
	return statement_kind(s) == STATEMENT_NOT_AFFECTED;
}

const struct amendments_feed *
amendments_feed(const struct amendments *a, struct view name)
{
	for (size_t i = 0; a != NULL && i < a->feed_count; i++)
		if (view_equal(a->feed[i].name, name))
			return &a->feed[i];
	return NULL;
}

bool
amendments_lift(const struct amendments *a, struct view advisory, struct view package,
    struct view match, uint64_t now_s)
{
	for (size_t i = 0; i < a->not_affected_count; i++) {
		const struct not_affected *n = &a->not_affected[i];

		if (n->from_s <= now_s && now_s < n->until_s && view_equal(n->advisory, advisory) &&
		    glob_match(n->package, package, GLOB_TEXT) && covers(n->workloads, match))
			return true;
	}
	return false;
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
	for (size_t i = 0; a != NULL && i < a->not_affected_count; i++) {
		const struct not_affected *n = &a->not_affected[i];
		const uint64_t next_s = now_s < n->from_s ? n->from_s : n->until_s;

		if (now_s < next_s && next_s < until_s)
			until_s = next_s;
	}
	return until_s;
}

struct digest
amendments_of_components(const struct amendments *a)
{
	return a != NULL ? a->of_components : (struct digest){0};
}

/* Whatever matches the narrow one matches the wide one, as far as that is easy to see. */
static bool
covers(struct view wide, struct view narrow)
{
	for (size_t i = 0; i < wide.size; i++)
		if (wide.data[i] == '?' || wide.data[i] == '\\')
			return false;
	return glob_match(wide, narrow, GLOB_TEXT);
}

static void
name(struct digest *all, const struct digest *one)
{
	const struct digest pair[2] = {*all, *one};

	digest_of(pair, sizeof(pair), all);
}

static int
compare_not_affected(const void *a, const void *b)
{
	const struct not_affected *x = a, *y = b;

	return digest_compare(x->statement, y->statement);
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
