#include "log/walk/notices.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/standing.h"
#include "proto/encoding.h"
#include "proto/report/inforce.h"

struct notices {
	const char *origin_text;          /* the log's */
	struct view origin;               /* the same */
	struct evidence_reader *evidence; /* NULL: none */
	const struct digest *approvers;
	size_t approver_count;
	bool has_newest, has_manifest, has_first;
	struct entry_place newest;
	struct digest manifest; /* in force */
	struct digest first;    /* manifest */
	bool first_is_approved;
	struct log_keys keys;
	struct retired_keys retired;
	bool judged;             /* the newest notice's statement was, and taken */
	uint64_t retired_unread; /* notices of such statements, of which nothing is known */
	bool has_transcript;
	struct digest transcript; /* of the ceremony, as entry 0 has it */
	bool was_lost;            /* `standing` was NULL at some time */
	/* What the evidence gives; NULL: what was in force before could not be told. */
	struct standing *standing;
	const struct statement_document *statement; /* of the newest notice, and in force */
	struct buf bytes, list;
};

static void look_for_approval(struct notices *n, uint64_t now_s);
static void check_place(
    const struct notices *n, const struct notice *notice, struct reason *reason);
static void take_start(const struct notice *notice, uint64_t before_s, struct reason *reason);
static void take_manifest(struct notices *n, const struct notice *notice, struct reason *reason);
static void tell_approvals(
    const struct notices *n, const struct notice *notice, struct reason *reason);
static void take_statement(
    struct notices *n, const struct notice *notice, uint64_t before_s, struct reason *reason);
static void take_feed(struct notices *n, const struct notice *notice, struct reason *reason);
static void take_key(struct notices *n, const struct notice *notice,
    const struct entry_place *place, struct reason *reason);
static void take_retired(struct notices *n, struct reason *reason);
static void check_statement(
    const struct notice *notice, const struct statement_document *d, struct reason *reason);
static void give_up(struct notices *n, struct reason *reason, const char *what, enum err e);
static void check_list(struct notices *n, const struct notice *notice, struct reason *reason);
static void load_list(struct notices *n, const struct notice *notice, struct reason *reason);
static bool fetch_list(struct notices *n, const struct notice *notice, struct reason *reason);
static void tell_list(const struct notices *n, struct reason *reason);
static const struct statement_document *find_statement(
    const struct notices *n, const struct digest *digest);
static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);

struct notices *
notices_new(const char *origin, struct evidence_reader *evidence, const struct digest *approvers,
    size_t approver_count)
{
	struct notices *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->origin_text = origin;
	n->origin = view_of_string(origin);
	n->evidence = evidence;
	n->approvers = approvers;
	n->approver_count = approver_count;
	if (evidence != NULL && standing_new(n->origin, &n->standing) != ERR_OK) {
		free(n);
		return NULL;
	}
	return n;
}

void
notices_free(struct notices **n)
{
	if (*n == NULL)
		return;
	standing_free(&(*n)->standing);
	log_keys_free(&(*n)->keys);
	retired_keys_free(&(*n)->retired);
	buf_free(&(*n)->bytes);
	buf_free(&(*n)->list);
	free(*n);
	*n = NULL;
}

void
notices_take(struct notices *n, const struct notice *notice, const struct entry_place *place,
    uint64_t before_s, struct reason *reason)
{
	check_place(n, notice, reason);
	n->statement = NULL;
	n->judged = false;
	if (n->evidence != NULL && n->standing == NULL)
		reason_add(reason, OUTCOME_UNKNOWN,
		    "what was in force before this notice is not known, and so not what is "
		    "behind it");
	if (n->standing != NULL)
		standing_expire(n->standing, notice->issued_s);
	switch (notice->kind) {
	case NOTICE_START:
		take_start(notice, before_s, reason);
		if (!n->has_newest)
			n->has_transcript = notice_transcript(notice, &n->transcript);
		break;
	case NOTICE_MANIFEST:
		take_manifest(n, notice, reason);
		break;
	case NOTICE_STATEMENT:
		take_statement(n, notice, before_s, reason);
		break;
	case NOTICE_KEY:
		take_key(n, notice, place, reason);
		break;
	case NOTICE_FEED:
		take_feed(n, notice, reason);
		break;
	case NOTICE_TOKEN: /* the signer's word: nothing follows from it */
	case NOTICE_OTHER:
		break;
	}
	n->newest = *place;
	n->has_newest = true;
	if (n->evidence != NULL)
		check_list(n, notice, reason);
	if (notice->kind == NOTICE_STATEMENT)
		n->statement = find_statement(n, &notice->sha256);
	if (notice->kind == NOTICE_STATEMENT &&
	    statement_kind_from_name(notice->statement_kind) == STATEMENT_RETIRE_KEY)
		take_retired(n, reason);
	look_for_approval(n, notice->issued_s);
}

void
notices_resume(struct notices *n, const struct notice *newest, const struct entry_place *place,
    struct reason *reason)
{
	const struct digest *manifest;

	n->newest = *place;
	n->has_newest = true;
	standing_free(&n->standing);
	load_list(n, newest, reason);
	if (n->standing != NULL && (manifest = standing_manifest(n->standing)) != NULL) {
		n->manifest = *manifest;
		n->has_manifest = true;
	}
}

enum err
notices_recall_key(struct notices *n, const struct notice *notice, const struct entry_place *place,
    struct reason *reason)
{
	return log_keys_take(&n->keys, notice, place->index, n->origin_text, NULL, reason);
}

const struct entry_place *
notices_newest(const struct notices *n)
{
	return n->has_newest ? &n->newest : NULL;
}

const struct digest *
notices_transcript(const struct notices *n)
{
	return n->has_transcript ? &n->transcript : NULL;
}

const struct digest *
notices_manifest(const struct notices *n)
{
	return n->has_manifest ? &n->manifest : NULL;
}

const struct log_keys *
notices_keys(const struct notices *n)
{
	return &n->keys;
}

const struct retired_keys *
notices_retired(const struct notices *n, uint64_t *unread)
{
	*unread = n->retired_unread;
	return &n->retired;
}

const struct statement *
notices_statement(const struct notices *n)
{
	return n->statement != NULL ? statement_document_statement(n->statement) : NULL;
}

bool
notices_windows(const struct notices *n, const struct due_window **windows, size_t *count)
{
	*windows = NULL;
	*count = 0;
	if (n->standing != NULL)
		*windows = standing_windows(n->standing, count);
	return n->standing != NULL;
}

bool
notices_amendments(const struct notices *n, const struct amendments **amendments)
{
	*amendments = NULL;
	if (n->standing == NULL || standing_fetch_feeds(n->standing, fetch, n->evidence) != ERR_OK)
		return false;
	*amendments = standing_amendments(n->standing);
	return true;
}

bool
notices_needed(const struct notices *n, uint32_t *count)
{
	const struct operators *o;

	*count = 0;
	if (n->standing == NULL)
		return false;
	if ((o = standing_operators(n->standing)) != NULL)
		*count = operators_threshold(o, STATEMENT_APPROVE);
	return true;
}

enum outcome
notices_first_is_approved(struct notices *n, uint64_t now_s)
{
	if (n->approver_count == 0 || !n->has_first)
		return OUTCOME_GOOD;
	look_for_approval(n, now_s);
	if (n->first_is_approved)
		return OUTCOME_GOOD;
	return n->evidence == NULL || n->was_lost ? OUTCOME_UNKNOWN : OUTCOME_BAD;
}

/* It stays approved: who looks at the log later knows the same. */
static void
look_for_approval(struct notices *n, uint64_t now_s)
{
	const size_t count = n->standing != NULL && n->has_first && !n->first_is_approved
				 ? standing_statement_count(n->standing)
				 : 0;

	for (size_t i = 0; i < count; i++) {
		const struct statement_document *d = standing_statement_at(n->standing, i);
		const struct statement *s = statement_document_statement(d);
		struct digest manifest;

		if (statement_kind(s) != STATEMENT_APPROVE || s->not_before_s > now_s ||
		    statement_value_digest(s, "manifest", &manifest) != ERR_OK ||
		    !digest_equal(&manifest, &n->first))
			continue;
		for (size_t k = 0; k < n->approver_count; k++)
			if (digest_equal(&n->approvers[k], statement_document_key_id(d)))
				n->first_is_approved = true;
	}
}

static void
check_place(const struct notices *n, const struct notice *notice, struct reason *reason)
{
	if (!n->has_newest && notice->has_previous)
		reason_add(reason, OUTCOME_BAD, "the first notice names one before it");
	else if (n->has_newest && !notice->has_previous)
		reason_add(reason, OUTCOME_BAD,
		    "expected hallmark.previous-notice: there is one, entry %" PRIu64,
		    n->newest.index);
	else if (n->has_newest && notice->previous.index != n->newest.index)
		reason_add(reason, OUTCOME_BAD,
		    "hallmark.previous-notice: expected entry %" PRIu64 ", found %" PRIu64,
		    n->newest.index, notice->previous.index);
	else if (n->has_newest && !digest_equal(&notice->previous.leaf, &n->newest.leaf))
		reason_add_digests(reason, "hallmark.previous-notice: leaf", &n->newest.leaf,
		    &notice->previous.leaf);
}

static void
take_start(const struct notice *notice, uint64_t before_s, struct reason *reason)
{
	if (before_s != 0 && notice->from_s != before_s)
		reason_add(reason, OUTCOME_BAD,
		    "expected a time without bundles from %" PRIu64
		    " on, the iat of the entry before, found %" PRIu64,
		    before_s, notice->from_s);
}

static void
take_manifest(struct notices *n, const struct notice *notice, struct reason *reason)
{
	enum err e;

	n->manifest = notice->sha256;
	n->has_manifest = true;
	if (!n->has_first)
		n->first = notice->sha256;
	n->has_first = true;
	if (n->standing == NULL)
		return;
	e = standing_take_manifest(n->standing, &notice->sha256, notice->approval,
	    notice->approval_count, notice->issued_s, fetch, n->evidence);
	if (e == ERR_MISMATCH)
		tell_approvals(n, notice, reason);
	else if (e == ERR_CHAIN)
		reason_add(reason, OUTCOME_BAD,
		    "this manifest is rolled out against another than the one before it, or than "
		    "what that was rolled out against");
	else if (e != ERR_OK)
		give_up(n, reason, "the manifest", e);
}

static void
tell_approvals(const struct notices *n, const struct notice *notice, struct reason *reason)
{
	uint32_t needed;

	(void)notices_needed(n, &needed);
	if (standing_manifest(n->standing) == NULL)
		reason_add(reason, OUTCOME_BAD, "the first manifest names approvals");
	else if (notice->approval_count != needed)
		reason_add(reason, OUTCOME_BAD,
		    "the manifest before demands %" PRIu32
		    " approvals of the next, this one rests on %zu",
		    needed, notice->approval_count);
	else
		reason_add(reason, OUTCOME_BAD,
		    "what this manifest rests on does not count: expected approvals of it that "
		    "are in force, by different operators, about one author");
}

static void
take_statement(
    struct notices *n, const struct notice *notice, uint64_t before_s, struct reason *reason)
{
	const struct statement_document *d;
	enum err e;

	if (n->standing == NULL)
		return;
	buf_clear(&n->bytes);
	e = evidence_reader_get(n->evidence, PACK_STATEMENT, &notice->sha256, &n->bytes);
	if (e == ERR_OK)
		e = standing_take_statement(
		    n->standing, buf_view(&n->bytes), notice->issued_s, before_s, &d);
	n->judged = e == ERR_OK;
	if (e == ERR_OK)
		check_statement(notice, d, reason);
	else if (e == ERR_STATEMENT_KIND)
		give_up(n, reason, "the statement", ERR_UNSUPPORTED);
	else
		give_up(n, reason, "the statement", e);
}

static void
take_feed(struct notices *n, const struct notice *notice, struct reason *reason)
{
	enum err e;

	if (n->standing != NULL &&
	    (e = standing_take_feed(n->standing, notice->name, &notice->sha256, notice->written_s,
		 notice->issued_s)) != ERR_OK)
		give_up(n, reason, "the feed", e);
}

static void
take_key(struct notices *n, const struct notice *notice, const struct entry_place *place,
    struct reason *reason)
{
	enum err e =
	    log_keys_take(&n->keys, notice, place->index, n->origin_text, n->standing, reason);

	if (e != ERR_OK)
		reason_add(reason, OUTCOME_UNKNOWN, "%s", err_text(e));
}

/* For good: what becomes of the statement later changes nothing. */
static void
take_retired(struct notices *n, struct reason *reason)
{
	if (!n->judged || n->statement == NULL)
		n->retired_unread++;
	else if (retired_keys_take(&n->retired, statement_document_statement(n->statement)) !=
		 ERR_OK)
		reason_add(reason, OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
}

static void
check_statement(
    const struct notice *notice, const struct statement_document *d, struct reason *reason)
{
	const struct statement *s = statement_document_statement(d);

	if (!view_equal(s->kind_name, notice->statement_kind))
		reason_add(reason, OUTCOME_BAD, "the statement: expected kind %.*s, found %.*s",
		    view_precision(s->kind_name), (const char *)s->kind_name.data,
		    view_precision(notice->statement_kind),
		    (const char *)notice->statement_kind.data);
	if (!digest_equal(statement_document_key_id(d), &notice->key))
		reason_add_digests(
		    reason, "the statement's key", statement_document_key_id(d), &notice->key);
	if (s->number != notice->number)
		reason_add(reason, OUTCOME_BAD,
		    "the statement: expected number %" PRIu64 ", found %" PRIu64, s->number,
		    notice->number);
}

/* Where nothing is proved, what is in force cannot be told from here: the list says it. */
static void
give_up(struct notices *n, struct reason *reason, const char *what, enum err e)
{
	const enum outcome o = outcome_of_error(e);

	if (err_class(e) == ERR_CLASS_REQUEST)
		reason_add(reason, o, "%s", err_text(e)); /* it says of what */
	else
		reason_add(reason, o, "%s: %s", what, err_text(e));
	if (o == OUTCOME_UNKNOWN) {
		standing_free(&n->standing);
		n->was_lost = true;
	}
}

static void
check_list(struct notices *n, const struct notice *notice, struct reason *reason)
{
	struct digest derived;

	if (n->standing != NULL) {
		buf_clear(&n->bytes);
		if (standing_write(n->standing, &n->bytes) != ERR_OK)
			standing_free(&n->standing);
	}
	if (n->standing != NULL) {
		digest_of(n->bytes.data, n->bytes.size, &derived);
		if (digest_equal(&derived, &notice->in_force)) {
			(void)fetch_list(n, notice, reason);
			return;
		}
		if (fetch_list(n, notice, reason))
			tell_list(n, reason);
		standing_free(&n->standing);
	}
	load_list(n, notice, reason);
}

/* As the list in the evidence says. */
static void
load_list(struct notices *n, const struct notice *notice, struct reason *reason)
{
	enum err e = ERR_NOT_FOUND;

	if (fetch_list(n, notice, reason) && (e = standing_load(buf_view(&n->list), n->origin,
						  fetch, n->evidence, &n->standing)) != ERR_OK)
		reason_add(
		    reason, outcome_of_error(e), "what is in force behind it: %s", err_text(e));
	n->was_lost = n->was_lost || e != ERR_OK;
}

/* It has to be there also where what is in it is known already. */
static bool
fetch_list(struct notices *n, const struct notice *notice, struct reason *reason)
{
	enum err e;

	buf_clear(&n->list);
	e = evidence_reader_get(n->evidence, PACK_IN_FORCE, &notice->in_force, &n->list);
	if (e != ERR_OK)
		reason_add(
		    reason, outcome_of_error(e), "what is in force behind it: %s", err_text(e));
	return e == ERR_OK;
}

/*
 * Another list than follows, if the evidence has it: with the first line that differs. One in which
 * a later version says something proves nothing.
 */
static void
tell_list(const struct notices *n, struct reason *reason)
{
	struct view a = buf_view(&n->bytes), b = buf_view(&n->list), wanted, got;
	struct inforce *list;

	if (inforce_parse(b, &list) == ERR_OK && list->unknown_count > 0)
		reason_add(reason, OUTCOME_UNKNOWN,
		    "what is in force behind it has a line %.*s, which this version does not know",
		    view_precision(list->unknown_kind), (const char *)list->unknown_kind.data);
	else {
		do {
			if (line_next(&a, &wanted) != ERR_OK)
				wanted = VIEW_LITERAL("its end");
			if (line_next(&b, &got) != ERR_OK)
				got = VIEW_LITERAL("its end");
		} while (view_equal(wanted, got) && (a.size > 0 || b.size > 0));
		reason_add(reason, OUTCOME_BAD,
		    "hallmark.in-force names another list than follows: expected \"%.*s\", found "
		    "\"%.*s\"",
		    view_precision(wanted), (const char *)wanted.data, view_precision(got),
		    (const char *)got.data);
	}
	inforce_free(&list);
}

static const struct statement_document *
find_statement(const struct notices *n, const struct digest *digest)
{
	for (size_t i = 0; n->standing != NULL && i < standing_statement_count(n->standing); i++) {
		const struct statement_document *d = standing_statement_at(n->standing, i);

		if (digest_equal(statement_document_digest(d), digest))
			return d;
	}
	return NULL;
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	return evidence_reader_get(context, kind, digest, to);
}
