#include "register/view/artifacts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/logger.h"
#include "log/evidence_reader.h"
#include "proto/evidence/component.h"
#include "proto/evidence/component_list.h"
#include "proto/text.h"
#include "register/view/view_sql.h"

#define PATH_SIZE_MAX (4 * COMPONENT_PATH_MAX) /* each byte escaped */

/* What `looked` of a component says. */
enum looked { LOOKED_NOT = 0, LOOKED_INTO = 1, LOOKED_REFUSED = 2 };

enum statement {
	NEXT_COMPONENT,
	SET_LOOKED,
	COUNT_ITEMS,
	FIND_UNIT,
	ADD_UNIT,
	ADD_COMPONENT_UNIT,
	FIND_ARTIFACT,
	ADD_ARTIFACT,
	FIND_PATH,
	ADD_PATH,
	ADD_ITEM,
	STATEMENTS,
};

static const char *const sql[STATEMENTS] = {
    [NEXT_COMPONENT] =
	"SELECT n, digest FROM component WHERE looked = 0 AND n > ?1 ORDER BY n LIMIT 1",
    [SET_LOOKED] = "UPDATE component SET looked = ?2 WHERE n = ?1",
    [COUNT_ITEMS] = "SELECT count(*) FROM item",
    [FIND_UNIT] = "SELECT n FROM unit WHERE digest = ?1",
    [ADD_UNIT] = "INSERT INTO unit (digest) VALUES (?1)",
    [ADD_COMPONENT_UNIT] = "INSERT OR IGNORE INTO component_unit VALUES (?1, ?2)",
    [FIND_ARTIFACT] = "SELECT n FROM artifact WHERE digest = ?1",
    [ADD_ARTIFACT] = "INSERT INTO artifact (digest) VALUES (?1)",
    [FIND_PATH] = "SELECT n FROM path WHERE name = ?1",
    [ADD_PATH] = "INSERT INTO path (name) VALUES (?1)",
    [ADD_ITEM] = "INSERT OR IGNORE INTO item VALUES (?1, ?2, ?3)",
};

struct artifacts {
	sqlite3 *db;
	char *directory;
	struct evidence_reader *reader; /* NULL: the store cannot be read yet */
	uint64_t after;                 /* components up to this one were tried */
	uint64_t items;
	bool waiting; /* all were tried; some may come with more evidence */
	struct buf bytes, segment, path;
	sqlite3_stmt *s[STATEMENTS];
};

static bool refresh(struct artifacts *a);
static enum err look_into(struct artifacts *a, uint64_t n, const struct digest *digest);
static enum err look_at_list(struct artifacts *a, uint64_t n);
static bool unit_is_known(struct artifacts *a, const struct digest *digest, enum err *e);
static enum err take_unit(
    struct artifacts *a, uint64_t n, const struct digest *digest, uint64_t *unit, bool *known);
static enum err take_items(struct artifacts *a, const struct component *c, uint64_t unit);
static enum err number_of(struct artifacts *a, enum statement find, enum statement add,
    const char *type, const void *value, uint64_t *n);
static enum err find_or_add(
    struct artifacts *a, sqlite3_stmt *find, sqlite3_stmt *add, uint64_t *n, bool *known);
static uint64_t now_ms(void);

enum err
artifacts_open(sqlite3 *db, const char *evidence, struct artifacts **out)
{
	struct artifacts *a = calloc(1, sizeof(*a));
	enum err e = ERR_OK;

	*out = NULL;
	if (a == NULL || (a->directory = strdup(evidence)) == NULL) {
		free(a);
		return ERR_MEMORY;
	}
	a->db = db;
	for (unsigned i = 0; e == ERR_OK && i < STATEMENTS; i++)
		e = view_sql_prepare(db, sql[i], &a->s[i]);
	if (e == ERR_OK && view_sql_next(a->s[COUNT_ITEMS], &e)) {
		a->items = view_sql_number(a->s[COUNT_ITEMS], 0);
		sqlite3_reset(a->s[COUNT_ITEMS]);
	}
	if (e == ERR_OK)
		*out = a;
	else
		artifacts_close(&a);
	return e;
}

void
artifacts_close(struct artifacts **ap)
{
	struct artifacts *a = *ap;

	if (a == NULL)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(a->s[i]);
	evidence_reader_close(&a->reader);
	buf_free(&a->bytes);
	buf_free(&a->segment);
	buf_free(&a->path);
	free(a->directory);
	free(a);
	*ap = NULL;
}

bool
artifacts_has_more(const struct artifacts *a)
{
	return !a->waiting;
}

void
artifacts_wake(struct artifacts *a)
{
	a->waiting = false;
}

enum err
artifacts_look(struct artifacts *a, uint64_t budget_ms)
{
	const uint64_t until = now_ms() + budget_ms;
	struct digest digest;
	uint64_t n;
	enum err e = ERR_OK;

	if (a->after == 0 && !refresh(a)) {
		a->waiting = true;
		return ERR_OK;
	}
	while (e == ERR_OK && now_ms() < until) {
		view_sql_bind(a->s[NEXT_COMPONENT], "i", a->after);
		if (!view_sql_next(a->s[NEXT_COMPONENT], &e)) {
			a->after = 0;
			a->waiting = true;
			sqlite3_reset(a->s[NEXT_COMPONENT]);
			break;
		}
		n = view_sql_number(a->s[NEXT_COMPONENT], 0);
		view_sql_digest(a->s[NEXT_COMPONENT], 1, &digest);
		sqlite3_reset(a->s[NEXT_COMPONENT]);
		a->after = n;
		e = look_into(a, n, &digest);
	}
	return e;
}

/* The store as it is now; what it says of itself is the follower's to tell. */
static bool
refresh(struct artifacts *a)
{
	const struct findings quiet = {.tell = NULL};
	bool more;
	enum outcome o;

	o = a->reader == NULL ? evidence_reader_open(a->directory, &quiet, &a->reader)
			      : evidence_reader_update(a->reader, &quiet, &more);
	return a->reader != NULL && o != OUTCOME_UNKNOWN;
}

/* What is no component, or too much, is not looked at again; what is not there is. */
static enum err
look_into(struct artifacts *a, uint64_t n, const struct digest *digest)
{
	enum component_kind kind;
	enum component_form form;
	struct component *c = NULL;
	enum looked looked = LOOKED_INTO;
	uint64_t unit;
	bool known;
	enum err e;

	buf_clear(&a->bytes);
	e = evidence_reader_get(a->reader, PACK_COMPONENT, digest, &a->bytes);
	if (e == ERR_NOT_FOUND || e == ERR_IO || e == ERR_CHANGED)
		return ERR_OK;
	if (e == ERR_OK)
		e = component_form_of(buf_view(&a->bytes), &kind, &form);
	if (e == ERR_OK && component_kind_shape(kind) == COMPONENT_SHAPE_FILE) {
		if (a->items >= ARTIFACTS_ITEMS_MAX) {
			looked = LOOKED_REFUSED;
		} else if (form == COMPONENT_FORM_LIST) {
			e = look_at_list(a, n);
			if (e == ERR_NOT_FOUND)
				return ERR_OK;
		} else if ((e = component_decode(buf_view(&a->bytes), &c)) == ERR_OK &&
			   (e = take_unit(a, n, digest, &unit, &known)) == ERR_OK && !known) {
			e = take_items(a, c, unit);
		}
	}
	component_free(&c);
	if (e == ERR_COMPONENT_FORMAT) {
		looked = LOOKED_REFUSED;
		e = ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	view_sql_bind(a->s[SET_LOOKED], "ii", n, (uint64_t)looked);
	return view_sql_run(a->s[SET_LOOKED]);
}

/* Each segment is decoded as the only one of a list, which takes any end. */
static enum err
look_at_list(struct artifacts *a, uint64_t n)
{
	struct component_list *l;
	enum err e = component_list_decode(buf_view(&a->bytes), &l);

	for (size_t i = 0; e == ERR_OK && i < l->segment_count; i++) {
		const struct component_segment *s = &l->segments[i];
		const struct component_list one = {.kind = l->kind,
		    .segment_count = 1,
		    .segments = s,
		    .item_count = s->count,
		    .listed_size = s->size};
		struct component *c = NULL;
		uint64_t unit;
		bool known;

		/* A unit that is known has its items: it is made only when they are at hand. */
		buf_clear(&a->segment);
		if (!unit_is_known(a, &s->digest, &e) && e == ERR_OK &&
		    (e = evidence_reader_get(a->reader, PACK_COMPONENT, &s->digest, &a->segment)) ==
			ERR_OK)
			e = component_list_join(&one, buf_view(&a->segment), &c);
		if (e == ERR_OK && (e = take_unit(a, n, &s->digest, &unit, &known)) == ERR_OK &&
		    c != NULL)
			e = take_items(a, c, unit);
		component_free(&c);
	}
	component_list_free(&l);
	return e;
}

static bool
unit_is_known(struct artifacts *a, const struct digest *digest, enum err *e)
{
	bool known;

	view_sql_bind(a->s[FIND_UNIT], "d", digest);
	known = view_sql_next(a->s[FIND_UNIT], e);
	sqlite3_reset(a->s[FIND_UNIT]);
	return known;
}

static enum err
take_unit(struct artifacts *a, uint64_t n, const struct digest *digest, uint64_t *unit, bool *known)
{
	enum err e;

	view_sql_bind(a->s[FIND_UNIT], "d", digest);
	view_sql_bind(a->s[ADD_UNIT], "d", digest);
	e = find_or_add(a, a->s[FIND_UNIT], a->s[ADD_UNIT], unit, known);
	if (e != ERR_OK)
		return e;
	view_sql_bind(a->s[ADD_COMPONENT_UNIT], "ii", *unit, n);
	return view_sql_run(a->s[ADD_COMPONENT_UNIT]);
}

static enum err
take_items(struct artifacts *a, const struct component *c, uint64_t unit)
{
	uint64_t artifact, path;
	struct view name;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < c->item_count; i++) {
		const struct component_file *f = &c->items.files[i];

		if (digest_is_zero(&f->digest))
			continue; /* its content could not be had, or it has none */
		buf_clear(&a->path);
		text_append_printable(&a->path, f->path, PATH_SIZE_MAX);
		if ((e = buf_status(&a->path)) != ERR_OK)
			break;
		name = buf_view(&a->path);
		if ((e = number_of(a, FIND_ARTIFACT, ADD_ARTIFACT, "d", &f->digest, &artifact)) ==
			ERR_OK &&
		    (e = number_of(a, FIND_PATH, ADD_PATH, "t", &name, &path)) == ERR_OK) {
			view_sql_bind(a->s[ADD_ITEM], "iii", artifact, path, unit);
			e = view_sql_run(a->s[ADD_ITEM]);
			a->items++;
		}
	}
	return e;
}

static enum err
number_of(struct artifacts *a, enum statement find, enum statement add, const char *type,
    const void *value, uint64_t *n)
{
	bool known;

	for (unsigned i = 0; i < 2; i++) {
		sqlite3_stmt *s = a->s[i == 0 ? find : add];

		if (*type == 'd')
			view_sql_bind(s, type, (const struct digest *)value);
		else
			view_sql_bind(s, type, *(const struct view *)value);
	}
	return find_or_add(a, a->s[find], a->s[add], n, &known);
}

static enum err
find_or_add(struct artifacts *a, sqlite3_stmt *find, sqlite3_stmt *add, uint64_t *n, bool *known)
{
	enum err e = ERR_OK;

	*known = view_sql_next(find, &e);
	if (*known)
		*n = view_sql_number(find, 0);
	sqlite3_reset(find);
	if (e != ERR_OK || *known)
		return e;
	if ((e = view_sql_run(add)) == ERR_OK)
		*n = (uint64_t)sqlite3_last_insert_rowid(a->db);
	return e;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
