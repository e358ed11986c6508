#include "auditor/pack/governed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/history/history_rows.h"
#include "auditor/pack/assessor_page.h"
#include "proto/statement/statement.h"
#include "proto/utc.h"

#define CELLS 7

static const char csv_head[] = "from,entry,kind,sha256,author,keys,reason\n";

static void want(struct governed *g, enum pack_kind kind, const struct digest *digest);
static void ask(struct governed *g, const struct digest *name, struct buf said[3]);
static void append_one(struct buf *to, struct view v);
static void add_line(struct governed *g, const struct view cells[CELLS]);
static bool put_one(struct governed *g, size_t i, struct parcel *to);
static void want_parts(struct governed *g, struct view manifest);

void
governed_take(struct governed *g, const struct walk_visited *v)
{
	const struct notice *n = v->notice;
	struct buf said[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
	char from[UTC_TEXT_SIZE], hex[DIGEST_HEX_SIZE + 1], entry[32];

	if (n->kind != NOTICE_MANIFEST && (n->kind != NOTICE_STATEMENT || v->issued_s < g->from_s))
		return;
	digest_to_hex(&n->sha256, hex);
	(void)snprintf(entry, sizeof(entry), "%" PRIu64, v->index);
	if (n->kind == NOTICE_MANIFEST) {
		want(g, PACK_MANIFEST, &n->sha256);
		for (size_t i = 0; i < n->approval_count; i++)
			ask(g, &n->approval[i], said);
	} else {
		ask(g, &n->sha256, said);
	}
	add_line(g,
	    (const struct view[CELLS]){view_of_string(utc_text(v->issued_s, from)),
		view_of_string(entry),
		n->kind == NOTICE_STATEMENT ? n->statement_kind : VIEW_LITERAL("policy"),
		view_of_string(hex), buf_view(&said[0]), buf_view(&said[1]), buf_view(&said[2])});
	for (size_t i = 0; i < 3; i++)
		buf_free(&said[i]);
}

enum err
governed_put(struct governed *g, struct parcel *to, uint64_t *missing)
{
	struct buf all = BUF_INIT;
	enum err e;

	/* Manifests add what they name, behind themselves. */
	for (size_t i = 0; i < g->count; i++)
		*missing += !put_one(g, i, to);
	buf_append_string(&all, csv_head);
	buf_append_view(&all, buf_view(&g->csv));
	if ((e = buf_status(&all)) == ERR_OK)
		parcel_put(to, "changes.csv", buf_view(&all));
	buf_free(&all);
	return g->failed || buf_status(&g->csv) != ERR_OK ? ERR_MEMORY : e;
}

void
governed_free(struct governed *g)
{
	buf_free(&g->csv);
	buf_free(&g->rows);
	free(g->file);
	free(g->kind);
	*g = (struct governed){0};
}

/* Once. */
static void
want(struct governed *g, enum pack_kind kind, const struct digest *digest)
{
	struct digest *files;
	enum pack_kind *kinds;

	for (size_t i = 0; i < g->count; i++)
		if (g->kind[i] == kind && digest_equal(&g->file[i], digest))
			return;
	if ((files = reallocarray(g->file, g->count + 1, sizeof(*files))) != NULL)
		g->file = files;
	if ((kinds = reallocarray(g->kind, g->count + 1, sizeof(*kinds))) != NULL)
		g->kind = kinds;
	if (files == NULL || kinds == NULL) {
		g->failed = true;
		return;
	}
	g->file[g->count] = *digest;
	g->kind[g->count++] = kind;
}

/* Author, key and reason of a statement, each added to a list. */
static void
ask(struct governed *g, const struct digest *name, struct buf said[3])
{
	struct statement_document *d = NULL;
	struct buf envelope = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];

	want(g, PACK_STATEMENT, name);
	if (evidence_reader_get(g->evidence, PACK_STATEMENT, name, &envelope) == ERR_OK &&
	    statement_parse(buf_view(&envelope), &d) == ERR_OK) {
		digest_to_hex(statement_document_key_id(d), hex);
		append_one(&said[0], statement_document_statement(d)->author);
		append_one(&said[1], view_of_string(hex));
		append_one(&said[2], statement_document_statement(d)->reason);
	} else {
		append_one(&said[2], VIEW_LITERAL("(the statement is not in the evidence)"));
	}
	statement_document_free(&d);
	buf_free(&envelope);
}

static void
append_one(struct buf *to, struct view v)
{
	if (view_equal(buf_view(to), v))
		return;
	if (to->size > 0)
		buf_append_string(to, "; ");
	buf_append_view(to, v);
}

static void
add_line(struct governed *g, const struct view cells[CELLS])
{
	for (size_t i = 0; i < CELLS; i++) {
		if (i > 0)
			buf_append_byte(&g->csv, ',');
		history_csv_cell(&g->csv, cells[i]);
	}
	buf_append_byte(&g->csv, '\n');
	assessor_page_row(&g->rows, cells, CELLS);
}

static bool
put_one(struct governed *g, size_t i, struct parcel *to)
{
	static const struct {
		enum pack_kind kind;
		const char *folder, *suffix;
	} names[] = {{PACK_MANIFEST, "policies", ".manifest"}, {PACK_POLICY, "policies", ".yaml"},
	    {PACK_OPERATORS, "policies", ".operators.yaml"},
	    {PACK_STATEMENT, "statements", ".json"}};
	char hex[DIGEST_HEX_SIZE + 1], name[PARCEL_NAME_MAX];
	struct buf content = BUF_INIT;
	bool good = evidence_reader_get(g->evidence, g->kind[i], &g->file[i], &content) == ERR_OK;

	digest_to_hex(&g->file[i], hex);
	for (size_t k = 0; good && k < sizeof(names) / sizeof(names[0]); k++)
		if (names[k].kind == g->kind[i]) {
			(void)snprintf(
			    name, sizeof(name), "%s/%s%s", names[k].folder, hex, names[k].suffix);
			parcel_put(to, name, buf_view(&content));
		}
	if (good && g->kind[i] == PACK_MANIFEST)
		want_parts(g, buf_view(&content));
	buf_free(&content);
	return good;
}

/* Lines "policy NAME SHA256" and "operators NAME SHA256". */
static void
want_parts(struct governed *g, struct view manifest)
{
	while (manifest.size > 0) {
		const uint8_t *end = memchr(manifest.data, '\n', manifest.size);
		const size_t size = end != NULL ? (size_t)(end - manifest.data) : manifest.size;
		const struct view line = {manifest.data, size};
		const bool operators = size > 10 && memcmp(line.data, "operators ", 10) == 0;
		struct digest digest;

		if ((operators || (size > 7 && memcmp(line.data, "policy ", 7) == 0)) &&
		    size > DIGEST_HEX_SIZE &&
		    digest_from_hex(
			(struct view){line.data + size - DIGEST_HEX_SIZE, DIGEST_HEX_SIZE},
			&digest) == ERR_OK)
			want(g, operators ? PACK_OPERATORS : PACK_POLICY, &digest);
		manifest = (struct view){manifest.data + size, manifest.size - size};
		if (manifest.size > 0)
			manifest = (struct view){manifest.data + 1, manifest.size - 1};
	}
}
