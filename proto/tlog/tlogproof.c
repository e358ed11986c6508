#include "proto/tlog/tlogproof.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/tlog/tile.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1";

static enum err take_extra(struct view *rest, struct buf *storage, struct tlogproof *out);
static enum err take_prefixed(struct view *rest, const char *prefix, struct view *value);
static bool begins_with(struct view rest, const char *prefix);

void
tlogproof_write(const struct tlogproof *p, struct buf *to)
{
	buf_append_string(to, first_line);
	if (p->has_extra) {
		buf_append_string(to, "\nextra ");
		base64_append(to, p->extra);
	}
	buf_append_string(to, "\nindex ");
	buf_append_decimal(to, p->index);
	buf_append_byte(to, '\n');
	for (size_t i = 0; i < p->proof.count; i++) {
		base64_append(to, (struct view){p->proof.hash[i].bytes, DIGEST_SIZE});
		buf_append_byte(to, '\n');
	}
	buf_append_byte(to, '\n');
	buf_append_view(to, p->note);
}

enum err
tlogproof_parse(struct view text, struct buf *storage, struct tlogproof *out)
{
	struct view rest = text, line, index;
	struct note note;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (text.size > TLOGPROOF_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	if ((e = line_next(&rest, &line)) != ERR_OK)
		return e;
	if (!view_equal(line, view_of_string(first_line)))
		return ERR_UNSUPPORTED;
	if ((e = take_extra(&rest, storage, out)) != ERR_OK ||
	    (e = take_prefixed(&rest, "index ", &index)) != ERR_OK ||
	    (e = decimal_decode(index, &out->index)) != ERR_OK)
		return e;
	while ((e = line_next(&rest, &line)) == ERR_OK && line.size > 0) {
		if (out->proof.count == MERKLE_PROOF_MAX)
			return ERR_FORMAT_SIZE;
		e = base64_decode_exact(line, out->proof.hash[out->proof.count].bytes, DIGEST_SIZE);
		if (e != ERR_OK)
			return e;
		out->proof.count++;
	}
	if (e != ERR_OK)
		return e;
	out->note = rest;
	return note_parse(rest, &note);
}

enum err
tlogproof_verify(const struct tlogproof *p, struct view entry, const struct note_verifier *v,
    struct checkpoint *checkpoint)
{
	struct checkpoint c;
	struct digest leaf;
	struct note note;
	enum err e;

	memset(checkpoint, 0, sizeof(*checkpoint));
	if ((e = note_parse(p->note, &note)) != ERR_OK || (e = note_verify(&note, v)) != ERR_OK)
		return e;
	if ((e = checkpoint_parse(note.text, &c)) != ERR_OK)
		return e;
	*checkpoint = c;
	if (strcmp(c.origin, note_verifier_name(v)) != 0)
		return ERR_MISMATCH;
	merkle_leaf(entry, &leaf);
	return merkle_verify_inclusion(&leaf, p->index, c.size, &c.root, &p->proof);
}

static enum err
take_extra(struct view *rest, struct buf *storage, struct tlogproof *out)
{
	struct view extra;
	enum err e;

	buf_clear(storage);
	if (!begins_with(*rest, "extra "))
		return ERR_OK;
	if ((e = take_prefixed(rest, "extra ", &extra)) != ERR_OK ||
	    (e = base64_decode(extra, storage)) != ERR_OK)
		return e;
	if (storage->size > ENTRY_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	out->has_extra = true;
	out->extra = buf_view(storage);
	return ERR_OK;
}

static enum err
take_prefixed(struct view *rest, const char *prefix, struct view *value)
{
	size_t size = strlen(prefix);
	enum err e = line_next(rest, value);

	if (e != ERR_OK)
		return e;
	if (!begins_with(*value, prefix))
		return ERR_FORMAT;
	value->data += size;
	value->size -= size;
	return ERR_OK;
}

static bool
begins_with(struct view rest, const char *prefix)
{
	size_t size = strlen(prefix);

	return rest.size >= size && memcmp(rest.data, prefix, size) == 0;
}
