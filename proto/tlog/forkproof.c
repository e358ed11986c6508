#include "proto/tlog/forkproof.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/tlog/merkle_known.h"

#define NOTE_TEXT_LINES 3 /* of a checkpoint */

static const char first_line[] = "hallmark fork proof v1";

static void write_proof(const struct forkproof_side *s, struct buf *to);
static enum err take_kind(struct view line, struct forkproof *out);
static enum err take_side(struct view *rest, bool has_proof, struct forkproof_side *s);
static enum err take_proof(struct view *rest, struct forkproof_side *s);
static enum err take_note(struct view *rest, struct view *note);
static enum err take_empty(struct view *rest);
static bool take_prefixed(struct view *line, const char *prefix);
static enum err verify_prefix(
    const struct forkproof *p, const struct checkpoint *older, const struct checkpoint *newer);
static enum err verify_subtree(
    const struct forkproof *p, const struct forkproof_side *s, const struct checkpoint *c);

void
forkproof_write(const struct forkproof *p, struct buf *to)
{
	buf_append_string(to, first_line);
	if (p->is_prefix) {
		buf_append_string(to, "\nprefix ");
		buf_append_decimal(to, p->size);
	} else {
		buf_append_string(to, "\nsubtree ");
		buf_append_decimal(to, p->level);
		buf_append_byte(to, ' ');
		buf_append_decimal(to, p->index);
	}
	buf_append_byte(to, '\n');
	for (size_t i = 0; i < 2; i++) {
		buf_append_byte(to, '\n');
		if (i > 0 || !p->is_prefix)
			write_proof(&p->side[i], to);
		buf_append_view(to, p->side[i].note);
	}
}

bool
forkproof_begins(struct view text)
{
	return take_prefixed(&text, "hallmark fork proof v");
}

enum err
forkproof_parse(struct view text, struct forkproof *out)
{
	struct view rest = text, line;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (text.size > FORKPROOF_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	if ((e = line_next(&rest, &line)) != ERR_OK)
		return e;
	if (!view_equal(line, view_of_string(first_line)))
		return ERR_UNSUPPORTED;
	if ((e = line_next(&rest, &line)) != ERR_OK || (e = take_kind(line, out)) != ERR_OK)
		return e;
	for (size_t i = 0; i < 2; i++)
		if ((e = take_empty(&rest)) != ERR_OK ||
		    (e = take_side(&rest, i > 0 || !out->is_prefix, &out->side[i])) != ERR_OK)
			return e;
	return rest.size == 0 ? ERR_OK : ERR_FORMAT;
}

enum err
forkproof_verify(
    const struct forkproof *p, const struct checkpoint *first, const struct checkpoint *second)
{
	enum err e;

	if (strcmp(first->origin, second->origin) != 0)
		return ERR_MISMATCH;
	if (p->is_prefix)
		return verify_prefix(p, first, second);
	if ((e = verify_subtree(p, &p->side[0], first)) != ERR_OK ||
	    (e = verify_subtree(p, &p->side[1], second)) != ERR_OK)
		return e;
	return digest_equal(&p->side[0].root, &p->side[1].root) ? ERR_PROOF : ERR_OK;
}

static void
write_proof(const struct forkproof_side *s, struct buf *to)
{
	buf_append_string(to, "root ");
	base64_append(to, (struct view){s->root.bytes, DIGEST_SIZE});
	buf_append_byte(to, '\n');
	for (size_t i = 0; i < s->proof.count; i++) {
		base64_append(to, (struct view){s->proof.hash[i].bytes, DIGEST_SIZE});
		buf_append_byte(to, '\n');
	}
	buf_append_byte(to, '\n');
}

static enum err
take_kind(struct view line, struct forkproof *out)
{
	const uint8_t *space;
	struct view level;
	uint64_t number;
	enum err e;

	if (take_prefixed(&line, "prefix ")) {
		out->is_prefix = true;
		return decimal_decode(line, &out->size);
	}
	if (!take_prefixed(&line, "subtree ") || line.size == 0 ||
	    (space = memchr(line.data, ' ', line.size)) == NULL)
		return ERR_FORMAT;
	level = (struct view){line.data, (size_t)(space - line.data)};
	if ((e = decimal_decode(level, &number)) != ERR_OK)
		return e;
	if (number >= MERKLE_LEVEL_MAX)
		return ERR_FORMAT_NUMBER;
	out->level = (unsigned)number;
	line = (struct view){space + 1, line.size - level.size - 1};
	return decimal_decode(line, &out->index);
}

static enum err
take_side(struct view *rest, bool has_proof, struct forkproof_side *s)
{
	enum err e = has_proof ? take_proof(rest, s) : ERR_OK;

	return e == ERR_OK ? take_note(rest, &s->note) : e;
}

static enum err
take_proof(struct view *rest, struct forkproof_side *s)
{
	struct view line;
	enum err e = line_next(rest, &line);

	if (e == ERR_OK && !take_prefixed(&line, "root "))
		e = ERR_FORMAT;
	if (e == ERR_OK)
		e = base64_decode_exact(line, s->root.bytes, DIGEST_SIZE);
	while (e == ERR_OK && (e = line_next(rest, &line)) == ERR_OK && line.size > 0) {
		if (s->proof.count == MERKLE_CONSISTENCY_MAX)
			return ERR_FORMAT_SIZE;
		e = base64_decode_exact(line, s->proof.hash[s->proof.count++].bytes, DIGEST_SIZE);
	}
	return e;
}

/* Up to the line behind its last signature, which is empty or not there. */
static enum err
take_note(struct view *rest, struct view *note)
{
	static const char dash[] = "\xe2\x80\x94 ";
	struct view line, ahead = *rest;
	struct note parsed;
	enum err e = ERR_OK;

	note->data = rest->data;
	for (unsigned i = 0; e == ERR_OK && i < NOTE_TEXT_LINES + 1; i++)
		e = line_next(rest, &line);
	ahead = *rest;
	while (e == ERR_OK && take_prefixed(&ahead, dash)) {
		e = line_next(rest, &line);
		ahead = *rest;
	}
	note->size = (size_t)(rest->data - note->data);
	return e == ERR_OK ? note_parse(*note, &parsed) : e;
}

static enum err
take_empty(struct view *rest)
{
	struct view line;
	enum err e = line_next(rest, &line);

	return e == ERR_OK && line.size > 0 ? ERR_FORMAT : e;
}

static bool
take_prefixed(struct view *line, const char *prefix)
{
	const size_t size = strlen(prefix);

	if (line->size < size || memcmp(line->data, prefix, size) != 0)
		return false;
	*line = (struct view){line->data + size, line->size - size};
	return true;
}

static enum err
verify_prefix(
    const struct forkproof *p, const struct checkpoint *older, const struct checkpoint *newer)
{
	const struct forkproof_side *s = &p->side[1];
	enum err e;

	if (p->size != older->size)
		return ERR_MISMATCH;
	e = merkle_verify_consistency(p->size, &s->root, newer->size, &newer->root, &s->proof);
	if (e == ERR_OK && digest_equal(&s->root, &older->root))
		e = ERR_PROOF;
	return e;
}

static enum err
verify_subtree(
    const struct forkproof *p, const struct forkproof_side *s, const struct checkpoint *c)
{
	return merkle_verify_subtree(p->level, p->index, &s->root, c->size, &c->root, &s->proof);
}
