#include "proto/tlog/note.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/text.h"

/* U+2014 and a space, with which a signature line begins. */
static const uint8_t line_start[] = {0xe2, 0x80, 0x94, ' '};

static enum err verify_line(const struct note *n, const struct note_signature *s,
    const struct note_verifier *v, enum note_scheme scheme);
static enum err text_check(struct view text);
static enum err parse_line(struct view line, struct note_signature *out);

enum err
note_parse(struct view bytes, struct note *out)
{
	struct view rest, line;
	size_t split = 0;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (bytes.size > NOTE_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	/* The last empty line separates: signature lines are never empty, texts may have some. */
	for (size_t i = 1; i < bytes.size; i++)
		if (bytes.data[i] == '\n' && bytes.data[i - 1] == '\n')
			split = i;
	if (split == 0)
		return ERR_FORMAT;
	out->text = (struct view){bytes.data, split};
	rest = (struct view){bytes.data + split + 1, bytes.size - split - 1};
	if (rest.size == 0 || text_check(out->text) != ERR_OK)
		return ERR_FORMAT;
	while (rest.size > 0) {
		if (out->signature_count == NOTE_SIGNATURES_MAX)
			return ERR_FORMAT_SIZE;
		if ((e = line_next(&rest, &line)) != ERR_OK ||
		    (e = parse_line(line, &out->signature[out->signature_count])) != ERR_OK)
			return e;
		out->signature_count++;
	}
	return ERR_OK;
}

enum err
note_verify(const struct note *n, const struct note_verifier *v)
{
	enum err e, result = ERR_UNKNOWN_KEY;
	enum note_scheme scheme;

	for (size_t i = 0; i < n->signature_count; i++) {
		const struct note_signature *s = &n->signature[i];

		if (!note_verifier_scheme(v, s->key_id, &scheme) ||
		    !view_equal(s->name, view_of_string(note_verifier_name(v))))
			continue;
		e = verify_line(n, s, v, scheme);
		/* One that claims to be ours and is wrong spoils the note; so does a second one. */
		if (e != ERR_OK || result == ERR_OK)
			return e == ERR_OK ? ERR_FORMAT : e;
		result = ERR_OK;
	}
	return result;
}

enum err
note_write(struct view text, const struct note_verifier *v, struct view signature, struct buf *to)
{
	enum err e = text_check(text);

	if (e != ERR_OK)
		return e;
	buf_append_view(to, text);
	buf_append_byte(to, '\n');
	return note_add(v, signature, to);
}

enum err
note_add(const struct note_verifier *v, struct view signature, struct buf *to)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	buf_append(&bytes, note_verifier_key_id(v), NOTE_KEY_ID_SIZE);
	buf_append_view(&bytes, signature);
	if ((e = buf_status(&bytes)) == ERR_OK)
		e = note_add_line(note_verifier_name(v), buf_view(&bytes), to);
	buf_free(&bytes);
	return e;
}

enum err
note_add_line(const char *name, struct view bytes, struct buf *to)
{
	buf_append(to, line_start, sizeof(line_start));
	buf_append_string(to, name);
	buf_append_byte(to, ' ');
	base64_append(to, bytes);
	buf_append_byte(to, '\n');
	return buf_status(to);
}

static enum err
verify_line(const struct note *n, const struct note_signature *s, const struct note_verifier *v,
    enum note_scheme scheme)
{
	struct buf bytes = BUF_INIT;
	enum err e = base64_decode(s->base64, &bytes);

	if (e == ERR_OK)
		e = note_verifier_check(v, scheme, n->text,
		    (struct view){bytes.data + NOTE_KEY_ID_SIZE, bytes.size - NOTE_KEY_ID_SIZE});
	buf_free(&bytes);
	return e;
}

/* UTF-8 without control characters but newlines, and one of these at its end. */
static enum err
text_check(struct view text)
{
	uint32_t c;

	if (text.size == 0 || text.data[text.size - 1] != '\n')
		return ERR_FORMAT;
	while (text_next(&text, &c))
		if ((c < ' ' && c != '\n') || (c >= 0x7f && c <= 0x9f))
			return ERR_FORMAT;
	return text.size == 0 ? ERR_OK : ERR_FORMAT;
}

static enum err
parse_line(struct view line, struct note_signature *out)
{
	struct buf bytes = BUF_INIT;
	const uint8_t *space;
	enum err e;

	if (line.size < sizeof(line_start) ||
	    memcmp(line.data, line_start, sizeof(line_start)) != 0)
		return ERR_FORMAT;
	line.data += sizeof(line_start);
	line.size -= sizeof(line_start);
	if (line.size == 0 || (space = memchr(line.data, ' ', line.size)) == NULL)
		return ERR_FORMAT;
	out->name = (struct view){line.data, (size_t)(space - line.data)};
	out->base64 = (struct view){space + 1, line.size - out->name.size - 1};
	if ((e = note_name_check(out->name)) == ERR_OK &&
	    (e = base64_decode(out->base64, &bytes)) == ERR_OK) {
		if (bytes.size <= NOTE_KEY_ID_SIZE)
			e = ERR_FORMAT;
		else
			memcpy(out->key_id, bytes.data, NOTE_KEY_ID_SIZE);
	}
	buf_free(&bytes);
	return e;
}
