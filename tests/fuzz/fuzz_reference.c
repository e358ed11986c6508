/* Reference sets: sorted, found again, and written again they are read again as the same set. */
#include <stdlib.h>
#include <string.h>

#include "policy/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reference_set *parse(struct view text);
static void write_line(struct buf *to, const struct reference_entry *e);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reference_set *s = parse((struct view){data, size}), *again;
	struct buf text = BUF_INIT;
	size_t at = 0;

	if (s == NULL)
		return 0;
	for (size_t i = 0; i < reference_count(s); i++) {
		const struct reference_entry *e = reference_at(s, i);
		int order = -1;

		if (i > 0 && (order = view_compare(e[-1].path, e->path)) == 0)
			order = digest_compare(&e[-1].digest, &e->digest);
		if (order >= 0 || e->path.data[0] != '/')
			abort();
		at = reference_seek(s, at, e->path);
		if (!view_equal(reference_at(s, at)->path, e->path) ||
		    reference_seek(s, 0, e->path) != at)
			abort();
		write_line(&text, e);
	}
	again = parse(buf_view(&text));
	if (again == NULL || reference_count(again) != reference_count(s))
		abort();
	for (size_t i = 0; i < reference_count(s); i++)
		if (!view_equal(reference_at(s, i)->path, reference_at(again, i)->path) ||
		    !digest_equal(&reference_at(s, i)->digest, &reference_at(again, i)->digest))
			abort();
	reference_free(&again);
	reference_free(&s);
	buf_free(&text);
	return 0;
}

/* A set or faults, never both and never neither. */
static struct reference_set *
parse(struct view text)
{
	struct faults faults = FAULTS_INIT;
	struct reference_set *s;
	enum err e = reference_parse("fuzz", text, &faults, &s);

	if ((e == ERR_OK) != (s != NULL) || (e == ERR_OK) != (faults.count == 0) ||
	    faults.count > REFERENCE_FAULTS_MAX + 1)
		abort();
	faults_free(&faults);
	return s;
}

static void
write_line(struct buf *to, const struct reference_entry *e)
{
	char hex[DIGEST_HEX_SIZE + 1];
	bool escape = false;

	for (size_t i = 0; i < e->path.size; i++)
		escape = escape || strchr("\\\n\r", e->path.data[i]) != NULL;
	digest_to_hex(&e->digest, hex);
	if (escape)
		buf_append_byte(to, '\\');
	buf_append_string(to, hex);
	buf_append_string(to, "  ");
	for (size_t i = 0; i < e->path.size; i++) {
		const uint8_t c = e->path.data[i];

		if (c == '\\' || c == '\n' || c == '\r') {
			buf_append_byte(to, '\\');
			buf_append_byte(to, c == '\\' ? '\\' : c == '\n' ? 'n' : 'r');
		} else {
			buf_append_byte(to, c);
		}
	}
	buf_append_byte(to, '\n');
}
