#include "policy/governance/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/bundle.h"

#define FIRST_LINE    "hallmark manifest v1"
#define SEMANTICS     "semantics "
#define SEMANTICS_NOW "1"
#define KIND_NAME_MAX 32                    /* bytes; of any version */
#define DIGEST_TAIL   (DIGEST_HEX_SIZE + 1) /* a space and the digest */

static const struct {
	const char *name;
	enum pack_kind pack;
} kinds[MANIFEST_KIND_COUNT] = {
#define KIND_ROW(identifier, name, pack) [identifier] = {name, pack},
    MANIFEST_KIND_MAP(KIND_ROW)
#undef KIND_ROW
};

static enum err parse_head(struct view *text);
static enum err parse_lines(struct view text, struct manifest *m);
static enum err parse_line(struct view line, struct manifest_line *out);
static enum err check_counts(const struct manifest *m);
static bool take_word(struct view *line, struct view *word);
static int line_compare(const void *a, const void *b);

const char *
manifest_kind_name(enum manifest_kind kind)
{
	return kinds[kind].name;
}

enum pack_kind
manifest_pack_kind(enum manifest_kind kind)
{
	return kinds[kind].pack;
}

void
manifest_write(struct manifest_line *line, size_t count, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];

	qsort(line, count, sizeof(*line), line_compare);
	buf_append_string(to, FIRST_LINE "\n" SEMANTICS SEMANTICS_NOW "\n");
	for (size_t i = 0; i < count; i++) {
		digest_to_hex(&line[i].digest, hex);
		buf_append_string(to, kinds[line[i].kind].name);
		buf_append_byte(to, ' ');
		buf_append_view(to, line[i].name);
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
	if ((e = parse_head(&text)) == ERR_OK && (e = parse_lines(text, m)) == ERR_OK)
		e = check_counts(m);
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
	free((*m)->line);
	free(*m);
	*m = NULL;
}

const struct digest *
manifest_find(const struct manifest *m, enum manifest_kind kind, struct view name)
{
	const struct manifest_line key = {.kind = kind, .name = name};
	const struct manifest_line *found =
	    bsearch(&key, m->line, m->count, sizeof(key), line_compare);

	return found != NULL ? &found->digest : NULL;
}

const struct digest *
manifest_rollout(const struct manifest *m)
{
	return manifest_find(m, MANIFEST_ROLLOUT, VIEW_LITERAL(MANIFEST_ROLLOUT_NAME));
}

const struct manifest_line *
manifest_policy(const struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->line[i].kind == MANIFEST_POLICY)
			return &m->line[i];
	abort(); /* check_counts let it through */
}

static enum err
parse_head(struct view *text)
{
	const struct view semantics = VIEW_LITERAL(SEMANTICS);
	struct view line;
	uint64_t number;

	if (line_next(text, &line) != ERR_OK || !view_equal(line, VIEW_LITERAL(FIRST_LINE)) ||
	    line_next(text, &line) != ERR_OK || line.size <= semantics.size ||
	    memcmp(line.data, semantics.data, semantics.size) != 0)
		return ERR_FORMAT;
	line = (struct view){line.data + semantics.size, line.size - semantics.size};
	if (decimal_decode(line, &number) != ERR_OK || number == 0)
		return ERR_FORMAT;
	return view_equal(line, VIEW_LITERAL(SEMANTICS_NOW)) ? ERR_OK : ERR_UNSUPPORTED;
}

/* A line of a later version is told only when all lines have its form. */
static enum err
parse_lines(struct view text, struct manifest *m)
{
	enum err e, later = ERR_OK;
	struct view line, before = {NULL, 0};
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '\n';
	if (count > MANIFEST_LINES_MAX)
		return ERR_FORMAT;
	if ((m->line = calloc(count + 1, sizeof(*m->line))) == NULL)
		return ERR_MEMORY;
	while (text.size > 0) {
		if (line_next(&text, &line) != ERR_OK || view_compare(before, line) >= 0)
			return ERR_FORMAT;
		before = line;
		if ((e = parse_line(line, &m->line[m->count])) == ERR_OK)
			m->count++;
		else if (e == ERR_UNSUPPORTED)
			later = e;
		else
			return e;
	}
	return later;
}

static enum err
parse_line(struct view line, struct manifest_line *out)
{
	struct view kind;
	unsigned k = 0;

	if (!take_word(&line, &kind) || line.size <= DIGEST_TAIL ||
	    line.data[line.size - DIGEST_TAIL] != ' ')
		return ERR_FORMAT;
	out->name = (struct view){line.data, line.size - DIGEST_TAIL};
	if (digest_from_hex((struct view){line.data + line.size - DIGEST_HEX_SIZE, DIGEST_HEX_SIZE},
		&out->digest) != ERR_OK ||
	    bundle_workload_check(out->name) != ERR_OK)
		return ERR_FORMAT;
	while (k < MANIFEST_KIND_COUNT && !view_equal(kind, view_of_string(kinds[k].name)))
		k++;
	if (k == MANIFEST_KIND_COUNT)
		return ERR_UNSUPPORTED;
	out->kind = (enum manifest_kind)k;
	return ERR_OK;
}

/* Sorted lines may have one name with two digests. */
static enum err
check_counts(const struct manifest *m)
{
	size_t policies = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct manifest_line *l = &m->line[i];

		policies += l->kind == MANIFEST_POLICY;
		if ((i > 0 && line_compare(l - 1, l) == 0) ||
		    (l->kind == MANIFEST_OPERATORS &&
			!view_equal(l->name, VIEW_LITERAL(MANIFEST_OPERATORS_NAME))) ||
		    (l->kind == MANIFEST_ROLLOUT &&
			!view_equal(l->name, VIEW_LITERAL(MANIFEST_ROLLOUT_NAME))))
			return ERR_FORMAT;
	}
	return policies == 1 ? ERR_OK : ERR_FORMAT;
}

/* 1 to 32 of a-z, 0-9 and '-', and the space behind. */
static bool
take_word(struct view *line, struct view *word)
{
	size_t size = 0;

	while (size < line->size && line->data[size] != ' ') {
		const uint8_t c = line->data[size];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
			return false;
		size++;
	}
	if (size == 0 || size > KIND_NAME_MAX || size == line->size)
		return false;
	*word = (struct view){line->data, size};
	*line = (struct view){line->data + size + 1, line->size - size - 1};
	return true;
}

/* As the lines stand in the text: a space comes before all that a kind or a name may have. */
static int
line_compare(const void *a, const void *b)
{
	const struct manifest_line *x = a, *y = b;

	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : view_compare(x->name, y->name);
}
