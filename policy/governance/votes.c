#include "policy/governance/votes.h"

#include <stdlib.h>

#include "policy/governance/approvals.h"
#include "proto/report/notice.h"

static size_t find_votes(
    const struct votes_ground *g, const struct digest *manifest, struct vote *vote);
static int compare_votes(const void *a, const void *b);
static const struct statement_document *find_statement(
    const struct votes_ground *g, const struct digest *digest);
static struct view author(const struct statement_document *d);
static int compare_digests(const void *a, const void *b);

/* By author and operator, those about one author lie together, and one operator's among them. */
uint32_t
votes_find_approvals(const struct votes_ground *g, const struct digest *manifest, uint32_t needed,
    struct vote *v, struct digest *out)
{
	const struct digest *found[NOTICE_APPROVALS_MAX];
	const size_t votes = find_votes(g, manifest, v);
	uint32_t count = 0, most = 0;

	for (size_t i = 0; i < votes && most < needed; i++) {
		if (i == 0 || !view_equal(v[i].author, v[i - 1].author))
			count = 0;
		else if (v[i].by == v[i - 1].by)
			continue;
		found[count++] = v[i].statement;
		if (count <= most)
			continue;
		most = count;
		for (uint32_t j = 0; j < count; j++)
			out[j] = *found[j];
	}
	qsort(out, most, sizeof(out[0]), compare_digests);
	return most;
}

enum err
votes_check_approvals(const struct votes_ground *g, const struct digest *manifest,
    const struct digest *approvals, size_t count)
{
	const uint32_t needed =
	    g->operators != NULL ? operators_threshold(g->operators, STATEMENT_APPROVE) : 0;
	const struct operator_entry *by[NOTICE_APPROVALS_MAX];
	const struct statement_document *d, *first = NULL;

	if (count != needed)
		return ERR_MISMATCH;
	for (size_t i = 0; i < count; i++) {
		d = find_statement(g, &approvals[i]);
		if (d == NULL || (i > 0 && digest_compare(&approvals[i - 1], &approvals[i]) >= 0))
			return ERR_MISMATCH;
		first = i == 0 ? d : first;
		by[i] = approvals_operator(d, g->operators, manifest, g->iat_s);
		if (by[i] == NULL || !view_equal(author(d), author(first)))
			return ERR_MISMATCH;
		for (size_t j = 0; j < i; j++)
			if (by[j] == by[i])
				return ERR_MISMATCH;
	}
	return ERR_OK;
}

enum err
votes_check_succession(const struct votes_ground *g, const struct transition *succession)
{
	const struct operator_entry *by[TRANSITION_STATEMENTS_MAX];

	if (g->operators == NULL ||
	    succession->statement_count < operators_threshold(g->operators, STATEMENT_CONTINUE_KEY))
		return ERR_MISMATCH;
	for (size_t i = 0; i < succession->statement_count; i++) {
		const struct statement_document *d = find_statement(g, &succession->statement[i]);

		if (d == NULL ||
		    (by[i] = approvals_continuer(d, g->operators, succession, g->iat_s)) == NULL)
			return ERR_MISMATCH;
		for (size_t j = 0; j < i; j++)
			if (by[j] == by[i])
				return ERR_MISMATCH;
	}
	return ERR_OK;
}

/* Gathers those of this manifest that count, sorted; the same for the same statements in force. */
static size_t
find_votes(const struct votes_ground *g, const struct digest *manifest, struct vote *vote)
{
	size_t count = 0;

	for (size_t i = 0; i < g->count; i++) {
		const struct statement_document *d = g->statement[i];
		const struct operator_entry *by =
		    approvals_operator(d, g->operators, manifest, g->iat_s);

		if (by != NULL)
			vote[count++] = (struct vote){author(d), by, statement_document_digest(d)};
	}
	if (count > 0)
		qsort(vote, count, sizeof(vote[0]), compare_votes);
	return count;
}

static int
compare_votes(const void *a, const void *b)
{
	const struct vote *x = a, *y = b;
	const int authors = view_compare(x->author, y->author);

	if (authors != 0)
		return authors;
	if (x->by != y->by)
		return view_compare(x->by->name, y->by->name);
	return digest_compare(x->statement, y->statement);
}

static const struct statement_document *
find_statement(const struct votes_ground *g, const struct digest *digest)
{
	for (size_t i = 0; i < g->count; i++)
		if (digest_equal(statement_document_digest(g->statement[i]), digest))
			return g->statement[i];
	return NULL;
}

static struct view
author(const struct statement_document *d)
{
	return statement_document_statement(d)->author;
}

static int
compare_digests(const void *a, const void *b)
{
	return digest_compare(a, b);
}
