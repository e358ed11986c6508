#include "policy/sources/source_options.h"

#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

#define SHOWN_SIZE_MAX 256 /* bytes of it that are told */

void
source_options_end(struct source_options *o)
{
	for (size_t i = 0; i < o->keys.count; i++)
		statement_key_free(&o->keys.key[i]);
	o->keys.count = 0;
}

bool
source_texts_have(const struct source_texts *t, struct view text)
{
	for (size_t i = 0; i < t->count; i++)
		if (view_equal(view_of_string(t->text[i]), text))
			return true;
	return false;
}

enum err
source_path(const struct source_options *o, struct view name, const char *file,
    struct faults *faults, struct buf *to)
{
	if (name.size > 0 && name.data[0] != '/' && o->under == NULL)
		return source_fail(file, faults,
		    "has a relative name: say by under (--under) where the files are installed",
		    name);
	if (name.size > 0 && name.data[0] != '/') {
		if (name.size > 2 && memcmp(name.data, "./", 2) == 0)
			name = (struct view){name.data + 2, name.size - 2};
		buf_append_string(to, o->under);
		if (to->size > 0 && to->data[to->size - 1] != '/')
			buf_append_byte(to, '/');
	}
	buf_append_view(to, name);
	if (buf_status(to) != ERR_OK)
		abort();
	return ERR_OK;
}

enum err
source_fail(const char *file, struct faults *faults, const char *what, struct view shown)
{
	struct buf text = BUF_INIT;

	text_append_printable(&text, shown, SHOWN_SIZE_MAX);
	if (shown.size > 0)
		faults_add(
		    faults, file, 0, "%s: \"%.*s\"", what, (int)text.size, (const char *)text.data);
	else
		faults_add(faults, file, 0, "%s", what);
	buf_free(&text);
	return ERR_CONFIG;
}
