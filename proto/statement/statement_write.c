/*
 * A statement's payload and its envelope, written (statement.h).
 */
#include "proto/encoding.h"
#include "proto/statement/dsse.h"
#include "proto/statement/statement.h"
#include "proto/statement/statement_format.h"
#include "proto/text.h"

static void append_member(struct buf *to, const char *key, struct view text);

enum err
statement_write_payload(const struct statement *s, struct buf *to)
{
	enum err e = statement_check(s);

	if (e != ERR_OK)
		return e;
	append_member(to, PAYLOAD_KIND, s->kind_name);
	append_member(to, PAYLOAD_ORIGIN, s->origin);
	buf_append_string(to, PAYLOAD_SUBJECT);
	for (size_t i = 0; i < s->member_count; i++) {
		if (i > 0)
			buf_append_byte(to, ',');
		json_append_string(to, s->member[i].name);
		append_member(to, ":", s->member[i].value);
	}
	buf_append_string(to, PAYLOAD_NOT_BEFORE);
	buf_append_decimal(to, s->not_before_s);
	buf_append_string(to, PAYLOAD_NOT_AFTER);
	buf_append_decimal(to, s->not_after_s);
	append_member(to, PAYLOAD_REASON, s->reason);
	append_member(to, PAYLOAD_AUTHOR, s->author);
	buf_append_string(to, PAYLOAD_NUMBER);
	buf_append_decimal(to, s->number);
	if (s->extensions.size > 0) {
		buf_append_string(to, PAYLOAD_EXTENSIONS);
		buf_append_view(to, s->extensions);
	}
	buf_append_byte(to, '}');
	return buf_status(to);
}

void
statement_signed_bytes(struct view payload, struct buf *to)
{
	dsse_signed_bytes(VIEW_LITERAL(PAYLOAD_TYPE), payload, to);
}

enum err
statement_write_envelope(
    struct view payload, const struct digest *key_id, struct view signature, struct buf *to)
{
	const enum err e = dsse_write(
	    VIEW_LITERAL(PAYLOAD_TYPE), payload, key_id, signature, STATEMENT_SIZE_MAX, to);

	return e == ERR_FORMAT_SIZE ? ERR_STATEMENT_FORMAT : e;
}

/* All text of a statement is printable: what JSON has to escape of it are quotes and backslashes.
 */
static void
append_member(struct buf *to, const char *key, struct view text)
{
	buf_append_string(to, key);
	json_append_string(to, text);
}
