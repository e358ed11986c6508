/* Reference sets: sorted, found again, and written again they are read again as the same set. */
#include <stdlib.h>

#include "policy/sources/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reference_set *parse(struct view text);

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

		if ((i > 0 && reference_entry_compare(&e[-1], e) >= 0) ||
		    reference_path_check(e->path) != NULL)
			abort();
		at = reference_seek(s, at, e->path);
		if (!view_equal(reference_at(s, at)->path, e->path) ||
		    reference_seek(s, 0, e->path) != at)
			abort();
		reference_entry_append(e, &text);
	}
	again = parse(buf_view(&text));
	if (again == NULL || reference_count(again) != reference_count(s))
		abort();
	for (size_t i = 0; i < reference_count(s); i++)
		if (reference_entry_compare(reference_at(s, i), reference_at(again, i)) != 0)
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
