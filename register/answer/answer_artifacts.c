#include "proto/digest.h"
#include "register/answer/resources.h"
#include "register/answer/workload_item.h"
#include "register/view/view_sql.h"

#define NAMES_MAX                                                                                  \
	100 /* paths, and components, that are listed: those that a person looks through */

/* Uses that are sorted for a page: some 5 ms. Where there are more, intervals are gone through. */
#define SORTED_MAX 5000

/* What a digest is in the open log. */
struct found {
	const char *kind; /* "file", "component", "unknown" */
	uint64_t n;
};

static bool find(struct answering *x, const struct digest *d, struct found *out);
static bool number_of(struct answering *x, enum view_query q, const struct digest *d, uint64_t *n);
static json_t *found_json(struct answering *x, const struct found *f, bool is_used);
static json_t *paths_json(struct answering *x, const struct found *f);
static json_t *holders_json(struct answering *x, const struct found *f);
static void list_uses(
    struct answering *x, const struct found *f, uint64_t workload, uint64_t entry);
static bool count_uses(
    struct answering *x, const struct found *f, uint64_t *uses, uint64_t *holders);
static json_t *use_json(struct answering *x, sqlite3_stmt *s);

void
answer_artifact(struct answering *x)
{
	json_t *founds = json_array();
	uint64_t workload, entry;
	struct digest digest;
	struct found f;

	answering_set(x->body, "found", founds);
	if (digest_from_hex(x->segment[0], &digest) != ERR_OK) {
		answering_refuse(
		    x, 400, "bad-path", "a SHA-256 is 64 digits of lower-case hexadecimal");
		return;
	}
	while (answering_next_log(x, &workload, &entry)) {
		const size_t before = x->item_count;

		if (!find(x, &digest, &f))
			return;
		if (f.n != 0)
			list_uses(x, &f, workload, entry);
		(void)json_array_append_new(founds, found_json(x, &f, x->item_count > before));
	}
}

/* False: refused. */
static bool
find(struct answering *x, const struct digest *d, struct found *out)
{
	*out = (struct found){"file", 0};
	if (!number_of(x, VIEW_ARTIFACT, d, &out->n))
		return false;
	if (out->n != 0)
		return true;
	out->kind = "component";
	if (!number_of(x, VIEW_COMPONENT, d, &out->n))
		return false;
	if (out->n == 0)
		out->kind = "unknown";
	return true;
}

static bool
number_of(struct answering *x, enum view_query q, const struct digest *d, uint64_t *n)
{
	sqlite3_stmt *s = answering_ask(x, q);

	if (s == NULL)
		return false;
	view_sql_bind(s, "d", d);
	*n = answering_row(x, s) ? view_sql_number(s, 0) : 0;
	sqlite3_reset(s);
	return !x->done;
}

/* That others use it is not told to who sees some workloads: to him it is unknown, as it was. */
static json_t *
found_json(struct answering *x, const struct found *f, bool is_used)
{
	sqlite3_stmt *s = answering_ask(x, VIEW_NOT_LOOKED);
	const bool told = x->scope->may_see == NULL || is_used;
	json_t *o = json_object();

	answering_set(o, "log", answering_words(x->log.log->name));
	answering_set(o, "kind", answering_words(told ? f->kind : "unknown"));
	answering_set(o, "paths", paths_json(x, f));
	answering_set(o, "components", holders_json(x, f));
	if (s != NULL && answering_row(x, s))
		answering_set(
		    o, "not_looked_into", json_integer((json_int_t)view_sql_number(s, 0)));
	return o;
}

/* Names are of other workloads too: they are for who sees all. */
static json_t *
paths_json(struct answering *x, const struct found *f)
{
	json_t *list = json_array();
	sqlite3_stmt *s;

	if (*f->kind != 'f' || x->scope->may_see != NULL ||
	    (s = answering_ask(x, VIEW_PATHS)) == NULL)
		return list;
	view_sql_bind(s, "i", f->n);
	while (json_array_size(list) < NAMES_MAX && answering_row(x, s))
		(void)json_array_append_new(list, answering_text(view_sql_view(s, 0)));
	sqlite3_reset(s);
	return list;
}

static json_t *
holders_json(struct answering *x, const struct found *f)
{
	json_t *list = json_array(), *o;
	sqlite3_stmt *s;

	if (*f->kind != 'f' || x->scope->may_see != NULL ||
	    (s = answering_ask(x, VIEW_HOLDERS)) == NULL)
		return list;
	view_sql_bind(s, "i", f->n);
	while (json_array_size(list) < NAMES_MAX && answering_row(x, s)) {
		o = json_object();
		answering_set(o, "sha256", answering_hex(view_sql_view(s, 0)));
		answering_set(o, "kind", answering_text(view_sql_view(s, 1)));
		(void)json_array_append_new(list, o);
	}
	sqlite3_reset(s);
	return list;
}

static void
list_uses(struct answering *x, const struct found *f, uint64_t workload, uint64_t entry)
{
	static const enum view_query queries[2][2] = {
	    {VIEW_COMPONENT_USES, VIEW_COMPONENT_USES_AMONG_ALL}, {VIEW_USES, VIEW_USES_AMONG_ALL}};
	uint64_t uses, holders;
	sqlite3_stmt *s;
	bool among_all;

	if (!count_uses(x, f, &uses, &holders))
		return;
	among_all = uses >= SORTED_MAX;
	if ((s = answering_ask(x, queries[*f->kind == 'f'][among_all])) == NULL)
		return;
	view_sql_bind(s, "iii", f->n, workload, entry);
	while (answering_row(x, s)) {
		json_t *o;
		bool seen = false;

		if (among_all) {
			x->scanned += (unsigned)holders / 2; /* that were tried */
			if (view_sql_number(s, 6) == 0) {
				if (!answering_go_on(
					x, view_sql_number(s, 0), view_sql_number(s, 1)))
					break;
				continue;
			}
		}
		o = use_json(x, s);
		if (!workload_item_name(x, view_sql_number(s, 0), o, &seen) || !seen)
			json_decref(o);
		else if (!answering_add(x, o))
			break;
		if (!answering_go_on(x, view_sql_number(s, 0), view_sql_number(s, 1)))
			break;
	}
	sqlite3_reset(s);
}

static bool
count_uses(struct answering *x, const struct found *f, uint64_t *uses, uint64_t *holders)
{
	sqlite3_stmt *s =
	    answering_ask(x, *f->kind == 'f' ? VIEW_USES_COUNT : VIEW_COMPONENT_USES_COUNT);

	*uses = *holders = 0;
	if (s == NULL)
		return false;
	view_sql_bind(s, "ii", f->n, (uint64_t)SORTED_MAX);
	if (answering_row(x, s)) {
		*uses = view_sql_number(s, 0);
		*holders = view_sql_number(s, 1);
	}
	sqlite3_reset(s);
	return !x->done;
}

static json_t *
use_json(struct answering *x, sqlite3_stmt *s)
{
	const uint64_t last = view_sql_number(s, 3);
	json_t *o = json_object();

	answering_set(o, "from", answering_moment(view_sql_number(s, 1), view_sql_number(s, 2)));
	answering_set(o, "last",
	    last == 0 ? answering_null() : answering_moment(last, view_sql_number(s, 4)));
	answering_set(o, "offline", json_boolean(view_sql_number(s, 5) != 0));
	answering_set(o, "report", report_link(x, view_sql_number(s, 1)));
	return o;
}
