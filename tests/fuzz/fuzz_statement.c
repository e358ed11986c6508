/*
 * Statements: the input as an envelope, and as the payload in a good one, which an input that is
 * changed byte by byte would hardly become. What is accepted is spelled as it is written.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/statement/statement.h"
#include "tests/fuzz/printed_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_envelope(struct view envelope);
static void check(const struct statement_document *d, struct view envelope);
static void check_words(const struct statement *s);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view input = {data, size};
	struct buf envelope = BUF_INIT;
	struct digest key;

	try_envelope(input);
	digest_of("key", 3, &key);
	if (statement_write_envelope(input, &key, VIEW_LITERAL("signature"), &envelope) == ERR_OK)
		try_envelope(buf_view(&envelope));
	buf_free(&envelope);
	return 0;
}

static void
try_envelope(struct view envelope)
{
	struct statement_document *d;
	enum err e = statement_parse(envelope, &d);

	if ((e == ERR_OK) != (d != NULL) || (e != ERR_OK && e != ERR_STATEMENT_FORMAT))
		abort();
	if (d != NULL)
		check(d, envelope);
	statement_document_free(&d);
}

static void
check(const struct statement_document *d, struct view envelope)
{
	const struct statement *s = statement_document_statement(d);
	struct buf payload = BUF_INIT, again = BUF_INIT;

	if (statement_write_payload(s, &payload) != ERR_OK ||
	    !view_equal(buf_view(&payload), statement_document_payload(d)) ||
	    statement_write_envelope(buf_view(&payload), statement_document_key_id(d),
		statement_document_signature(d), &again) != ERR_OK ||
	    !view_equal(buf_view(&again), envelope))
		abort();
	if (statement_check_subject(s) == ERR_OK &&
	    statement_kind_place(statement_kind(s)) == STATEMENT_NOWHERE)
		abort();
	check_words(s);
	buf_free(&payload);
	buf_free(&again);
}

/* Each line is printable, whatever the statement says. */
static void
check_words(const struct statement *s)
{
	struct buf words = BUF_INIT;

	statement_print(s, &words);
	printed_lines_check(&words);
	buf_free(&words);
}
