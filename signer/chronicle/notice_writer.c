#include "signer/chronicle/notice_writer.h"

#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/encoding.h"
#include "proto/tlog/transition.h"
#include "signer/chronicle/stored_policy.h"
#include "signer/ground/build.h"
#include "signer/ledger/ledger_stage.h"

static void put(struct notice_writer *n, struct notice *made, uint64_t iat_s, void *waiter);
static void keep_list(struct notice_writer *n, struct digest *digest);
static void keep(
    struct notice_writer *n, enum pack_kind kind, struct view content, const struct digest *digest);
static void must(enum err e);

void
notice_writer_init(struct notice_writer *n, struct view origin, struct evidence_store *evidence,
    struct standing *standing)
{
	*n = (struct notice_writer){.origin = origin, .evidence = evidence, .standing = standing};
}

void
notice_writer_free(struct notice_writer *n)
{
	standing_free(&n->standing);
	token_log_free(&n->tokens);
}

uint64_t
notice_writer_put_start(struct notice_writer *n, enum notice_cause cause, uint64_t iat_s,
    const struct digest *transcript)
{
	struct buf extensions = BUF_INIT;
	struct notice made = {.kind = NOTICE_START,
	    .cause = cause,
	    .from_s = n->has_newest ? ledger_last_issued_s(n->ledger) : iat_s,
	    .to_s = iat_s,
	    .build = VIEW_LITERAL(SIGNER_BUILD)};

	if (transcript != NULL && !n->has_newest) {
		notice_transcript_extension(transcript, &extensions);
		must(buf_status(&extensions));
		made.extensions = buf_view(&extensions);
		n->transcript = *transcript;
	}
	standing_expire(n->standing, iat_s);
	put(n, &made, iat_s, NULL);
	buf_free(&extensions);
	return made.from_s;
}

void
notice_writer_put_policy(struct notice_writer *n, const struct policy *p,
    const struct standing_approvals *approvals, uint64_t iat_s)
{
	struct notice made = {.kind = NOTICE_MANIFEST,
	    .sha256 = *policy_manifest_digest(p),
	    .approval_count = approvals->found};

	memcpy(made.approval, approvals->statement,
	    approvals->found * sizeof(approvals->statement[0]));
	must(stored_policy_keep(n->evidence, p, ledger_evidence(n->ledger)));
	must(standing_take_manifest(n->standing, &made.sha256, approvals->statement,
	    approvals->found, iat_s, stored_fetch, n->evidence));
	put(n, &made, iat_s, NULL);
	n->policy_index = n->newest.index;
}

enum err
notice_writer_put_feed(struct notice_writer *n, struct view name, struct feed **feed,
    uint64_t written_s, uint64_t iat_s)
{
	struct notice made = {.kind = NOTICE_FEED,
	    .name = name,
	    .sha256 = (*feed)->digest,
	    .written_s = written_s < iat_s ? written_s : iat_s};
	const enum err e =
	    standing_take_feed(n->standing, name, &made.sha256, made.written_s, iat_s);

	if (e == ERR_FORMAT_SIZE)
		return e;
	must(e);
	standing_give_feed(n->standing, feed);
	put(n, &made, iat_s, NULL);
	return ERR_OK;
}

void
notice_writer_renew_feed(
    struct notice_writer *n, struct view name, uint64_t written_s, uint64_t iat_s)
{
	struct notice made = {.kind = NOTICE_FEED,
	    .name = name,
	    .sha256 = standing_feed(n->standing, name)->digest,
	    .written_s = written_s < iat_s ? written_s : iat_s};

	must(standing_take_feed(n->standing, name, &made.sha256, made.written_s, iat_s));
	put(n, &made, iat_s, NULL);
}

void
notice_writer_put_key(struct notice_writer *n, struct view transition, uint64_t iat_s)
{
	struct notice made = {.kind = NOTICE_KEY};
	struct buf base64 = BUF_INIT;
	struct transition t;

	must(transition_parse(transition, &t));
	base64_append(&base64, transition);
	must(buf_status(&base64));
	made.from = t.from.id;
	made.to = t.to.id;
	made.sha256 = t.digest;
	made.transition = buf_view(&base64);
	standing_expire(n->standing, iat_s);
	put(n, &made, iat_s, NULL);
	ledger_end_key(n->ledger);
	transition_free(&t);
	buf_free(&base64);
}

bool
notice_writer_owes_token(const struct notice_writer *n, uint64_t iat_s)
{
	const struct token_seen *told = ledger_token(n->ledger);

	return told != NULL && token_log_is_due(&n->tokens, told, iat_s);
}

void
notice_writer_put_token(struct notice_writer *n, uint64_t iat_s)
{
	struct notice made = {.kind = NOTICE_TOKEN};
	struct logline l;

	token_log_new(&n->tokens, ledger_token(n->ledger), &made.token);
	standing_expire(n->standing, iat_s);
	put(n, &made, iat_s, NULL);
	logline_begin(
	    &l, made.token.change_count > 0 ? LOGGER_WARNING : LOGGER_NOTICE, "token-noted");
	logline_number(&l, "index", n->newest.index);
	logline_view(&l, "serial", made.token.serial);
	logline_view(&l, "firmware", made.token.firmware);
	logline_number(&l, "changes", made.token.change_count);
	logline_number(&l, "number", made.token.number);
	logline_end(&l);
}

enum err
notice_writer_put_succession(struct notice_writer *n, struct view brought, uint64_t iat_s)
{
	const struct statement_document *d;
	struct view note, statements, envelope;
	struct transition t;
	enum err e = ERR_OK;

	transition_part(brought, &note, &statements);
	while (e == ERR_OK && statements.size > 0)
		if ((e = line_next(&statements, &envelope)) == ERR_OK)
			e = notice_writer_put_statement(n, envelope, iat_s, NULL, &d);
	if (e != ERR_OK)
		return e;
	if ((e = transition_parse(note, &t)) == ERR_OK)
		e = standing_check_succession(n->standing, &t, iat_s);
	transition_free(&t);
	if (e == ERR_OK)
		notice_writer_put_key(n, note, iat_s);
	return e;
}

enum err
notice_writer_put_statement(struct notice_writer *n, struct view envelope, uint64_t iat_s,
    void *waiter, const struct statement_document **out)
{
	struct notice made = {.kind = NOTICE_STATEMENT};
	enum err e = standing_take_statement(
	    n->standing, envelope, iat_s, ledger_last_issued_s(n->ledger), out);

	if (e != ERR_OK)
		return e;
	made.sha256 = *statement_document_digest(*out);
	made.statement_kind = statement_document_statement(*out)->kind_name;
	made.key = *statement_document_key_id(*out);
	made.number = statement_document_statement(*out)->number;
	keep(n, PACK_STATEMENT, envelope, &made.sha256);
	put(n, &made, iat_s, waiter);
	return ERR_OK;
}

static void
put(struct notice_writer *n, struct notice *made, uint64_t iat_s, void *waiter)
{
	struct notice_row row = {.issued_s = iat_s, .kind = made->kind};

	made->issued_s = iat_s;
	row.from_s = notice_row_from_s(made);
	row.subject = notice_row_subject(made);
	made->issuer = n->origin;
	made->has_previous = n->has_newest;
	made->previous = n->newest;
	keep_list(n, &made->in_force);
	row.in_force = made->in_force;
	must(notice_write(made, ledger_entry_begin(n->ledger)));
	must(ledger_notice_end(n->ledger, &row, waiter, &n->newest));
	if (made->kind == NOTICE_TOKEN)
		must(token_log_note(&n->tokens, &row));
	n->has_newest = true;
}

/* What stands now; an equal list is there already. */
static void
keep_list(struct notice_writer *n, struct digest *digest)
{
	struct buf list = BUF_INIT;

	must(standing_write(n->standing, &list));
	digest_of(list.data, list.size, digest);
	keep(n, PACK_IN_FORCE, buf_view(&list), digest);
	buf_free(&list);
}

static void
keep(struct notice_writer *n, enum pack_kind kind, struct view content, const struct digest *digest)
{
	struct evidence_item *item;

	must(evidence_add(n->evidence, kind, content, digest, ledger_evidence(n->ledger), &item));
}

/* All was checked before: a notice is within its limits, and the list within its own. */
static void
must(enum err e)
{
	if (e != ERR_OK)
		abort();
}
