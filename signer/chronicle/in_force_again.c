#include "signer/chronicle/in_force_again.h"

#include <stdlib.h>

#include "proto/report/inforce.h"
#include "proto/statement/statement.h"

/* What was taken up to here; arrays with room for one of each notice. */
struct taken {
	struct inforce list;
	struct statement_document **statement;
	size_t statement_count;
};

static enum err take_all(struct taken *t, const struct notice_row *row, size_t count,
    policy_fetch *fetch, void *context);
static enum err take_statement(
    struct taken *t, const struct digest *name, policy_fetch *fetch, void *context);
static void use_number(struct inforce *list, const struct statement_document *d);
static void revoke(struct taken *t, const struct statement *said);
static void forget_approvals(struct taken *t);
static void expire(struct taken *t, uint64_t iat_s);
static enum err write_list(struct taken *t, const struct notice_row *newest, struct buf *to);

enum err
in_force_again(
    const struct notice_row *row, size_t count, policy_fetch *fetch, void *context, struct buf *to)
{
	struct taken t = {.statement = calloc(count, sizeof(struct statement_document *))};
	enum err e = ERR_MEMORY;

	t.list.numbers = calloc(count, sizeof(*t.list.numbers));
	t.list.statements = calloc(count, sizeof(*t.list.statements));
	if (t.statement != NULL && t.list.numbers != NULL && t.list.statements != NULL &&
	    (e = take_all(&t, row, count, fetch, context)) == ERR_OK)
		e = write_list(&t, &row[count - 1], to);
	for (size_t i = 0; i < t.statement_count; i++)
		statement_document_free(&t.statement[i]);
	free(t.statement);
	free(t.list.numbers);
	free(t.list.statements);
	return e;
}

static enum err
take_all(
    struct taken *t, const struct notice_row *row, size_t count, policy_fetch *fetch, void *context)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < count && e == ERR_OK; i++) {
		if (row[i].kind == NOTICE_STATEMENT)
			e = take_statement(t, &row[i].subject, fetch, context);
		if (row[i].kind == NOTICE_MANIFEST) {
			t->list.has_manifest = true;
			t->list.manifest = row[i].subject;
			forget_approvals(t);
		}
		expire(t, row[i].issued_s);
	}
	return e;
}

static enum err
take_statement(struct taken *t, const struct digest *name, policy_fetch *fetch, void *context)
{
	struct buf envelope = BUF_INIT;
	struct statement_document *d = NULL;
	enum err e = fetch(context, PACK_STATEMENT, name, &envelope);

	if (e == ERR_OK)
		e = statement_parse(buf_view(&envelope), &d);
	buf_free(&envelope);
	if (e != ERR_OK)
		return e == ERR_STATEMENT_FORMAT ? ERR_FORMAT : e;
	use_number(&t->list, d);
	if (statement_kind(statement_document_statement(d)) == STATEMENT_REVOKE)
		revoke(t, statement_document_statement(d));
	t->statement[t->statement_count++] = d;
	return ERR_OK;
}

static void
use_number(struct inforce *list, const struct statement_document *d)
{
	size_t i = 0;

	while (i < list->number_count &&
	       !digest_equal(&list->numbers[i].key, statement_document_key_id(d)))
		i++;
	list->numbers[i] = (struct inforce_number){
	    *statement_document_key_id(d), statement_document_statement(d)->number};
	if (i == list->number_count)
		list->number_count++;
}

static void
revoke(struct taken *t, const struct statement *said)
{
	struct digest name;

	if (statement_value_digest(said, "statement", &name) != ERR_OK)
		return;
	for (size_t i = 0; i < t->statement_count; i++) {
		if (!digest_equal(statement_document_digest(t->statement[i]), &name))
			continue;
		statement_document_free(&t->statement[i]);
		t->statement[i] = t->statement[--t->statement_count];
		return;
	}
}

/* As a manifest does (policy/standing.h). */
static void
forget_approvals(struct taken *t)
{
	for (size_t i = t->statement_count; i > 0; i--) {
		struct statement_document **d = &t->statement[i - 1];

		if (statement_kind(statement_document_statement(*d)) != STATEMENT_APPROVE)
			continue;
		statement_document_free(d);
		*d = t->statement[--t->statement_count];
	}
}

/* What is over at a notice is over, though the log be set back behind it. */
static void
expire(struct taken *t, uint64_t iat_s)
{
	for (size_t i = t->statement_count; i > 0; i--) {
		if (statement_document_statement(t->statement[i - 1])->not_after_s > iat_s)
			continue;
		statement_document_free(&t->statement[i - 1]);
		t->statement[i - 1] = t->statement[--t->statement_count];
	}
}

static enum err
write_list(struct taken *t, const struct notice_row *newest, struct buf *to)
{
	struct inforce_statement *s = t->list.statements;
	const size_t begun = to->size;
	struct digest found;
	enum err e;

	for (size_t i = 0; i < t->statement_count; i++) {
		const struct statement *said = statement_document_statement(t->statement[i]);

		s[t->list.statement_count++] = (struct inforce_statement){
		    *statement_document_digest(t->statement[i]), said->kind_name};
	}
	if ((e = inforce_write(&t->list, to)) != ERR_OK)
		return e;
	digest_of(to->data + begun, to->size - begun, &found);
	return digest_equal(&found, &newest->in_force) ? ERR_OK : ERR_MISMATCH;
}
