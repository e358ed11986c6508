#include "policy/governance/approvals.h"

enum err
approvals_judge(const struct statement_document *d, struct view origin,
    const struct operators *operators, uint64_t number, uint64_t iat_s)
{
	const struct statement *s = statement_document_statement(d);
	const struct digest *key = statement_document_key_id(d);
	const struct operator_entry *op;
	enum err e = statement_check_subject(s);

	if (e != ERR_OK)
		return e;
	if (!statement_kind_is_acted_on(statement_kind(s)))
		return ERR_STATEMENT_KIND;
	if (!view_equal(s->origin, origin))
		return ERR_STATEMENT_ORIGIN;
	op = operators != NULL ? operators_find(operators, key) : NULL;
	if (op == NULL || !operator_counts(op, iat_s))
		return ERR_STATEMENT_KEY;
	if ((e = statement_verify(d, op->key)) != ERR_OK)
		return e;
	if (!op->right[statement_kind(s)])
		return ERR_STATEMENT_RIGHT;
	if (statement_kind(s) == STATEMENT_APPROVE && operator_is_named(op, s->author))
		return ERR_STATEMENT_AUTHOR;
	/* What a clock statement allows is a time, that of its own notice. */
	if (s->not_after_s <= iat_s ||
	    (statement_kind(s) == STATEMENT_CLOCK && s->not_before_s > iat_s))
		return ERR_STATEMENT_TIME;
	return s->number > number ? ERR_OK : ERR_STATEMENT_NUMBER;
}

const struct operator_entry *
approvals_operator(const struct statement_document *d, const struct operators *operators,
    const struct digest *manifest, uint64_t iat_s)
{
	const struct statement *s = statement_document_statement(d);
	const struct operator_entry *op = operators_find(operators, statement_document_key_id(d));
	struct digest approved;

	if (statement_kind(s) != STATEMENT_APPROVE ||
	    statement_value_digest(s, "manifest", &approved) != ERR_OK ||
	    !digest_equal(&approved, manifest) || iat_s < s->not_before_s ||
	    iat_s >= s->not_after_s || op == NULL || !operator_counts(op, iat_s) ||
	    !op->right[STATEMENT_APPROVE] || operator_is_named(op, s->author) ||
	    statement_verify(d, op->key) != ERR_OK)
		return NULL;
	return op;
}

const struct operator_entry *
approvals_continuer(const struct statement_document *d, const struct operators *operators,
    const struct transition *succession, uint64_t iat_s)
{
	const struct statement *s = statement_document_statement(d);
	const struct operator_entry *op = operators_find(operators, statement_document_key_id(d));
	struct digest from, to, root;
	uint64_t size;

	if (statement_kind(s) != STATEMENT_CONTINUE_KEY ||
	    statement_value_digest(s, "from", &from) != ERR_OK ||
	    statement_value_digest(s, "to", &to) != ERR_OK ||
	    statement_value_digest(s, "root", &root) != ERR_OK ||
	    statement_value_number(s, "size", &size) != ERR_OK ||
	    !digest_equal(&from, &succession->from.id) || !digest_equal(&to, &succession->to.id) ||
	    !digest_equal(&root, &succession->newest.root) || size != succession->newest.size ||
	    iat_s < s->not_before_s || iat_s >= s->not_after_s || op == NULL ||
	    !operator_counts(op, iat_s) || !op->right[STATEMENT_CONTINUE_KEY] ||
	    statement_verify(d, op->key) != ERR_OK)
		return NULL;
	return op;
}
