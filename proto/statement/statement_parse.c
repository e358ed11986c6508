/*
 * A statement's envelope, read (statement.h): the pieces are taken off in their one order, so that
 * what is written of them again is what was read.
 */
#include <stdlib.h>

#include "proto/encoding.h"
#include "proto/json/json_extensions.h"
#include "proto/json/json_read.h"
#include "proto/statement/dsse.h"
#include "proto/statement/statement.h"
#include "proto/statement/statement_format.h"

struct statement_document {
	struct digest digest, key_id;
	struct buf payload, signature, strings; /* decoded; what the statement's views are of */
	struct statement statement;
};

static enum err read_envelope(struct statement_document *d, struct view envelope);
static enum err read_payload(struct statement_document *d);
static bool read_subject(struct json_reader *r, struct statement *s);

enum err
statement_parse(struct view envelope, struct statement_document **out)
{
	struct statement_document *d;
	enum err e;

	*out = NULL;
	if (envelope.size > STATEMENT_SIZE_MAX)
		return ERR_STATEMENT_FORMAT;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return ERR_MEMORY;
	d->payload = d->signature = d->strings = BUF_INIT;
	if ((e = read_envelope(d, envelope)) == ERR_OK && (e = read_payload(d)) == ERR_OK)
		e = statement_check(&d->statement);
	if (e == ERR_OK) {
		digest_of(envelope.data, envelope.size, &d->digest);
		*out = d;
		d = NULL; /* moved */
	}
	statement_document_free(&d);
	return e == ERR_FORMAT ? ERR_STATEMENT_FORMAT : e;
}

void
statement_document_free(struct statement_document **d)
{
	if (*d == NULL)
		return;
	buf_free(&(*d)->payload);
	buf_free(&(*d)->signature);
	buf_free(&(*d)->strings);
	free(*d);
	*d = NULL;
}

const struct statement *
statement_document_statement(const struct statement_document *d)
{
	return &d->statement;
}

struct view
statement_document_payload(const struct statement_document *d)
{
	return buf_view(&d->payload);
}

struct view
statement_document_signature(const struct statement_document *d)
{
	return buf_view(&d->signature);
}

const struct digest *
statement_document_digest(const struct statement_document *d)
{
	return &d->digest;
}

const struct digest *
statement_document_key_id(const struct statement_document *d)
{
	return &d->key_id;
}

enum err
statement_verify(const struct statement_document *d, const struct statement_key *key)
{
	struct buf text = BUF_INIT;
	enum err e;

	if (!digest_equal(&d->key_id, statement_key_id(key)))
		return ERR_STATEMENT_KEY;
	statement_signed_bytes(buf_view(&d->payload), &text);
	if ((e = buf_status(&text)) == ERR_OK)
		e = statement_key_verify(key, buf_view(&text), buf_view(&d->signature));
	buf_free(&text);
	return e == ERR_SIGNATURE ? ERR_STATEMENT_SIGNATURE : e;
}

static enum err
read_envelope(struct statement_document *d, struct view envelope)
{
	enum err e = dsse_read(VIEW_LITERAL(PAYLOAD_TYPE), envelope, &d->strings, &d->payload,
	    &d->key_id, &d->signature);

	return e == ERR_OK && d->signature.size > STATEMENT_SIGNATURE_MAX ? ERR_FORMAT : e;
}

static enum err
read_payload(struct statement_document *d)
{
	struct statement *s = &d->statement;
	struct json_reader r;
	bool good;

	json_read_begin(&r, buf_view(&d->payload), &d->strings);
	good = json_read_text(&r, PAYLOAD_KIND) &&
	       json_read_word(&r, STATEMENT_KIND_NAME_MAX, &s->kind_name) &&
	       json_read_text(&r, PAYLOAD_ORIGIN) && json_read_string(&r, &s->origin) &&
	       json_read_text(&r, PAYLOAD_SUBJECT) && read_subject(&r, s) &&
	       json_read_text(&r, PAYLOAD_NOT_BEFORE) && json_read_number(&r, &s->not_before_s) &&
	       json_read_text(&r, PAYLOAD_NOT_AFTER) && json_read_number(&r, &s->not_after_s) &&
	       json_read_text(&r, PAYLOAD_REASON) && json_read_string(&r, &s->reason) &&
	       json_read_text(&r, PAYLOAD_AUTHOR) && json_read_string(&r, &s->author) &&
	       json_read_text(&r, PAYLOAD_NUMBER) && json_read_number(&r, &s->number);
	if (good && json_read_text(&r, PAYLOAD_EXTENSIONS))
		good = json_extensions_read(&r, &s->extensions);
	return json_read_end(&r, good && json_read_text(&r, "}"));
}

/* Up to the brace behind, which PAYLOAD_NOT_BEFORE begins with. */
static bool
read_subject(struct json_reader *r, struct statement *s)
{
	do {
		struct statement_member *m = &s->member[s->member_count];

		if (s->member_count == STATEMENT_MEMBERS_MAX ||
		    !json_read_word(r, STATEMENT_NAME_MAX, &m->name) || !json_read_text(r, ":") ||
		    !json_read_string(r, &m->value))
			return false;
		s->member_count++;
	} while (json_read_text(r, ","));
	return true;
}
