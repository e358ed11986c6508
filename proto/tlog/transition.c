#include "proto/tlog/transition.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/tlog/note.h"

static const char transition_line[] = "hallmark key transition v1";
static const char succession_line[] = "hallmark key succession v1";

static void write_keys(const char *first_line, const char *origin, struct view from, struct view to,
    uint64_t time_s, struct buf *text);
static enum err take_text(struct view text, struct transition *out);
static enum err take_succession(struct view *rest, struct transition *out);
static enum err take_member(struct view *rest, const char *name, struct view *value);
static enum err take_key(struct view *rest, const char *name, struct transition_key *out);
static enum err read_key(struct view spki, EVP_PKEY **out);
static enum err check_signature(
    const struct note *n, size_t line, const struct transition *t, EVP_PKEY *key);

void
transition_write(
    const char *origin, struct view from, struct view to, uint64_t time_s, struct buf *text)
{
	write_keys(transition_line, origin, from, to, time_s, text);
}

void
transition_write_succession(const struct checkpoint *newest, struct view from, struct view to,
    uint64_t time_s, const struct digest *statement, size_t count, struct buf *text)
{
	char hex[DIGEST_HEX_SIZE + 1];

	write_keys(succession_line, newest->origin, from, to, time_s, text);
	buf_append_string(text, "size ");
	buf_append_decimal(text, newest->size);
	buf_append_string(text, "\nroot ");
	base64_append(text, (struct view){newest->root.bytes, DIGEST_SIZE});
	buf_append_byte(text, '\n');
	for (size_t i = 0; i < count; i++) {
		digest_to_hex(&statement[i], hex);
		buf_append_format(text, "statement %s\n", hex);
	}
}

enum err
transition_parse(struct view bytes, struct transition *out)
{
	struct note n;
	size_t signatures;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (bytes.size > TRANSITION_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	if ((e = note_parse(bytes, &n)) != ERR_OK || (e = take_text(n.text, out)) != ERR_OK)
		return e;
	signatures = transition_is_succession(out) ? 1 : 2;
	if (n.signature_count != signatures)
		return n.signature_count < signatures ? ERR_UNKNOWN_KEY : ERR_FORMAT;
	if ((signatures == 2 && (e = check_signature(&n, 0, out, out->from.key)) != ERR_OK) ||
	    (e = check_signature(&n, signatures - 1, out, out->to.key)) != ERR_OK)
		return e;
	digest_of(bytes.data, bytes.size, &out->digest);
	return ERR_OK;
}

void
transition_free(struct transition *t)
{
	EVP_PKEY_free(t->from.key);
	EVP_PKEY_free(t->to.key);
	t->from.key = t->to.key = NULL;
}

/* No line of a note begins as an envelope does. */
void
transition_part(struct view brought, struct view *note, struct view *statements)
{
	const uint8_t *at = brought.size > 0 ? memmem(brought.data, brought.size, "\n{", 2) : NULL;
	const size_t size = at != NULL ? (size_t)(at - brought.data) + 1 : brought.size;

	*note = (struct view){brought.data, size};
	*statements = (struct view){at != NULL ? at + 1 : NULL, brought.size - size};
}

enum err
transition_check_statements(const struct transition *t, struct view statements)
{
	struct view line;
	struct digest found;
	enum err e;

	for (size_t i = 0; i < t->statement_count; i++) {
		if ((e = line_next(&statements, &line)) != ERR_OK)
			return e;
		digest_of(line.data, line.size, &found);
		if (!digest_equal(&found, &t->statement[i]))
			return ERR_DIGEST;
	}
	return statements.size == 0 ? ERR_OK : ERR_FORMAT;
}

bool
transition_is_succession(const struct transition *t)
{
	return t->statement_count > 0;
}

static void
write_keys(const char *first_line, const char *origin, struct view from, struct view to,
    uint64_t time_s, struct buf *text)
{
	buf_append_format(text, "%s\norigin %s\nfrom ", first_line, origin);
	base64_append(text, from);
	buf_append_string(text, "\nto ");
	base64_append(text, to);
	buf_append_string(text, "\ntime ");
	buf_append_decimal(text, time_s);
	buf_append_byte(text, '\n');
}

static enum err
take_text(struct view text, struct transition *out)
{
	struct view rest = text, line;
	bool succession;
	enum err e;

	if ((e = line_next(&rest, &line)) != ERR_OK)
		return e;
	succession = view_equal(line, view_of_string(succession_line));
	if (!succession && !view_equal(line, view_of_string(transition_line)))
		return ERR_UNSUPPORTED;
	if ((e = take_member(&rest, "origin ", &line)) != ERR_OK ||
	    (e = checkpoint_origin_check(line)) != ERR_OK)
		return e;
	memcpy(out->origin, line.data, line.size);
	if ((e = take_key(&rest, "from ", &out->from)) != ERR_OK ||
	    (e = take_key(&rest, "to ", &out->to)) != ERR_OK ||
	    (e = take_member(&rest, "time ", &line)) != ERR_OK ||
	    (e = decimal_decode(line, &out->time_s)) != ERR_OK ||
	    (succession && (e = take_succession(&rest, out)) != ERR_OK))
		return e;
	/* A key that follows itself would be no transition. */
	return rest.size == 0 && !digest_equal(&out->from.id, &out->to.id) ? ERR_OK : ERR_FORMAT;
}

/* What rests on nobody's word but the new key's is none. */
static enum err
take_succession(struct view *rest, struct transition *out)
{
	struct digest *s = out->statement;
	struct view line;
	enum err e;

	memcpy(out->newest.origin, out->origin, sizeof(out->origin));
	if ((e = take_member(rest, "size ", &line)) != ERR_OK ||
	    (e = decimal_decode(line, &out->newest.size)) != ERR_OK ||
	    (e = take_member(rest, "root ", &line)) != ERR_OK ||
	    (e = base64_decode_exact(line, out->newest.root.bytes, DIGEST_SIZE)) != ERR_OK)
		return e;
	do {
		if (out->statement_count == TRANSITION_STATEMENTS_MAX)
			return ERR_FORMAT_SIZE;
		if ((e = take_member(rest, "statement ", &line)) != ERR_OK ||
		    (e = digest_from_hex(line, s)) != ERR_OK)
			return e;
		if (out->statement_count++ > 0 && digest_compare(s - 1, s) >= 0)
			return ERR_FORMAT;
		s++;
	} while (rest->size > 0);
	return ERR_OK;
}

static enum err
take_member(struct view *rest, const char *name, struct view *value)
{
	const size_t size = strlen(name);
	enum err e = line_next(rest, value);

	if (e != ERR_OK)
		return e;
	if (value->size <= size || memcmp(value->data, name, size) != 0)
		return ERR_FORMAT;
	*value = (struct view){value->data + size, value->size - size};
	return ERR_OK;
}

static enum err
take_key(struct view *rest, const char *name, struct transition_key *out)
{
	struct buf spki = BUF_INIT;
	struct view text;
	enum err e = take_member(rest, name, &text);

	if (e == ERR_OK)
		e = base64_decode(text, &spki);
	if (e == ERR_OK && (e = read_key(buf_view(&spki), &out->key)) == ERR_OK)
		digest_of(spki.data, spki.size, &out->id);
	buf_free(&spki);
	return e;
}

/* In the spelling that it would be written in: so each key has one name. */
static enum err
read_key(struct view spki, EVP_PKEY **out)
{
	const unsigned char *p = spki.data;
	unsigned char *again = NULL;
	int size;
	enum err e = ERR_FORMAT;

	*out = d2i_PUBKEY(NULL, &p, (long)spki.size);
	if (*out != NULL && (size = i2d_PUBKEY(*out, &again)) > 0 &&
	    view_equal(spki, (struct view){again, (size_t)size}))
		e = ERR_OK;
	OPENSSL_free(again);
	ERR_clear_error();
	return e;
}

static enum err
check_signature(const struct note *n, size_t line, const struct transition *t, EVP_PKEY *key)
{
	struct note_verifier *v = NULL;
	enum note_scheme scheme;
	enum err e = note_verifier_new(t->origin, key, &v);

	if (e == ERR_OK && (!view_equal(n->signature[line].name, view_of_string(t->origin)) ||
			       !note_verifier_scheme(v, n->signature[line].key_id, &scheme)))
		e = ERR_UNKNOWN_KEY;
	if (e == ERR_OK)
		e = note_verify(n, v);
	note_verifier_free(&v);
	return e;
}
