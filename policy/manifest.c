#include "policy/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "policy/policy_schema.h"
#include "proto/encoding.h"
#include "proto/evidence/bundle.h"

#define FIRST_LINE "hallmark policy manifest v1"

static enum err parse_lines(struct view text, struct manifest *m);
static bool take_prefix(struct view *line, struct view prefix);
static int reference_compare(const void *a, const void *b);

void
manifest_write(const struct digest *policy, struct manifest_reference *references, size_t count,
    struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	qsort(references, count, sizeof(*references), reference_compare);
	digest_to_hex(policy, hex);
	buf_append_string(to, FIRST_LINE "\npolicy ");
	buf_append_string(to, hex);
	buf_append_byte(to, '\n');
	for (size_t i = 0; i < count; i++) {
		digest_to_hex(&references[i].digest, hex);
		buf_append_string(to, "reference ");
		buf_append_view(to, references[i].name);
		buf_append_byte(to, ' ');
		buf_append_string(to, hex);
		buf_append_byte(to, '\n');
	}
}

enum err
manifest_parse(struct view text, struct manifest **out)
{
	struct manifest *m = calloc(1, sizeof(*m));
	enum err e;

	*out = NULL;
	if (m == NULL)
		return ERR_MEMORY;
	m->references = calloc(POLICY_REFERENCES_MAX, sizeof(*m->references));
	e = m->references == NULL ? ERR_MEMORY : parse_lines(text, m);
	if (e == ERR_OK)
		*out = m;
	else
		manifest_free(&m);
	return e;
}

void
manifest_free(struct manifest **m)
{
	if (*m == NULL)
		return;
	free((*m)->references);
	free(*m);
	*m = NULL;
}

const struct digest *
manifest_find(const struct manifest *m, struct view name)
{
	const struct manifest_reference key = {.name = name};
	const struct manifest_reference *found =
	    bsearch(&key, m->references, m->count, sizeof(key), reference_compare);

	return found != NULL ? &found->digest : NULL;
}

static enum err
parse_lines(struct view text, struct manifest *m)
{
	struct view line;

	if (line_next(&text, &line) != ERR_OK || !view_equal(line, VIEW_LITERAL(FIRST_LINE)) ||
	    line_next(&text, &line) != ERR_OK || !take_prefix(&line, VIEW_LITERAL("policy ")) ||
	    digest_from_hex(line, &m->policy) != ERR_OK)
		return ERR_FORMAT;
	while (text.size > 0) {
		struct manifest_reference *r = &m->references[m->count];

		if (m->count == POLICY_REFERENCES_MAX || line_next(&text, &line) != ERR_OK ||
		    !take_prefix(&line, VIEW_LITERAL("reference ")) ||
		    line.size <= DIGEST_HEX_SIZE + 1 ||
		    line.data[line.size - DIGEST_HEX_SIZE - 1] != ' ')
			return ERR_FORMAT;
		r->name = (struct view){line.data, line.size - DIGEST_HEX_SIZE - 1};
		if (bundle_workload_check(r->name) != ERR_OK ||
		    digest_from_hex(
			(struct view){line.data + line.size - DIGEST_HEX_SIZE, DIGEST_HEX_SIZE},
			&r->digest) != ERR_OK)
			return ERR_FORMAT;
		if (m->count > 0 && view_compare(r[-1].name, r->name) >= 0)
			return ERR_FORMAT;
		m->count++;
	}
	return ERR_OK;
}

static bool
take_prefix(struct view *line, struct view prefix)
{
	if (line->size < prefix.size || !view_equal((struct view){line->data, prefix.size}, prefix))
		return false;
	*line = (struct view){line->data + prefix.size, line->size - prefix.size};
	return true;
}

static int
reference_compare(const void *a, const void *b)
{
	const struct manifest_reference *x = a, *y = b;

	return view_compare(x->name, y->name);
}
