#include "signer/policies/differ.h"

#include <string.h>

#include "policy/words/difference.h"
#include "proto/text.h"
#include "signer/policies/paragraph.h"
#include "signer/policies/told.h"

#define COLUMN      16 /* where words begin */
#define PATHS_NAMED 5  /* of a set, unless all are wanted */
#define PATH_SHOWN  16384

struct differing {
	bool all; /* every path of a set */
	FILE *to; /* NULL: they are counted */
	struct buf *json;
	size_t count;
	/* What was told of last: one behind a heading of its own has none. */
	struct buf heading, title;
};

static bool print_json(const struct policy *was, const struct policy *is, FILE *to);
static void print_head(const struct policy *was, const struct policy *is, FILE *to);
static void take(void *context, const struct difference *one);
static void print(struct differing *d, const struct difference *one);
static void print_clause(struct differing *d, const struct difference *one);
static void print_heading(struct differing *d, struct view entry);
static bool is_new(struct buf *last, struct view words);
static void print_set(struct differing *d, const struct difference *one);
static void write_one(struct differing *d, const struct difference *one);
static void write_set(struct buf *to, const struct difference *one);

static const char *const change_names[] = {
    [SET_ADDED] = "added", [SET_REMOVED] = "removed", [SET_CHANGED] = "changed"};
static const char change_signs[] = {[SET_ADDED] = '+', [SET_REMOVED] = '-', [SET_CHANGED] = '~'};

int
differ_run(const struct differ_options *options, FILE *to)
{
	struct policy *was = told_policy(options->was), *is = told_policy(options->is);
	int result = DIFFER_EXIT_UNKNOWN;

	if (was != NULL && is != NULL) {
		result = view_equal(policy_id(was), policy_id(is)) ? 0 : DIFFER_EXIT_OTHER;
		if (!options->json)
			differ_print(was, is, options->all, to);
		else if (!print_json(was, is, to))
			result = DIFFER_EXIT_UNKNOWN;
	}
	policy_free(&was);
	policy_free(&is);
	return result;
}

void
differ_print(const struct policy *was, const struct policy *is, bool all, FILE *to)
{
	struct differing d = {.all = all, .to = to, .heading = BUF_INIT, .title = BUF_INIT};

	print_head(was, is, to);
	difference_find(was, is, take, &d);
	buf_free(&d.heading);
	buf_free(&d.title);
}

static bool
print_json(const struct policy *was, const struct policy *is, FILE *to)
{
	struct buf text = BUF_INIT;
	struct differing d = {.json = &text};

	buf_append_byte(&text, '{');
	told_text(&text, "was", policy_id(was));
	told_text(&text, "is", policy_id(is));
	buf_append_string(&text, ",\"differences\":[");
	difference_find(was, is, take, &d);
	buf_append_string(&text, "]}\n");
	return told_print(&text, to);
}

/* How many there are comes first. */
static void
print_head(const struct policy *was, const struct policy *is, FILE *to)
{
	struct differing counting = {.all = false};
	struct buf head = BUF_INIT;

	difference_find(was, is, take, &counting);
	if (view_equal(policy_id(was), policy_id(is)))
		buf_append_string(&head, "one policy, to the byte");
	else if (counting.count == 0)
		buf_append_string(&head, "another policy that says the same, spelled otherwise: it "
					 "needs approvals of its own");
	else
		buf_append_format(
		    &head, "%zu difference%s", counting.count, counting.count == 1 ? "" : "s");
	paragraph_print(to, 0, "", 0, buf_view(&head));
	paragraph_print(to, 2, "from", 8, policy_id(was));
	paragraph_print(to, 2, "to", 8, policy_id(is));
	buf_free(&head);
}

static void
take(void *context, const struct difference *one)
{
	struct differing *d = context;

	d->count++;
	if (d->json != NULL)
		write_one(d, one);
	else if (d->to != NULL)
		print(d, one);
}

static void
print(struct differing *d, const struct difference *one)
{
	switch (one->about) {
	case DIFFERENCE_CLAUSE:
		print_clause(d, one);
		break;
	case DIFFERENCE_SET:
		print_set(d, one);
		break;
	case DIFFERENCE_ENTRY:
		print_heading(d, one->entry);
		fputs(one->came ? "  is new\n" : "  is there no more\n", d->to);
		break;
	case DIFFERENCE_ORDER:
		print_heading(d, one->entry);
		fputs("  is tried before others that came first: the first that matches decides\n",
		    d->to);
		break;
	}
}

static void
print_clause(struct differing *d, const struct difference *one)
{
	const struct clause *c = one->was != NULL ? one->was : one->is;
	const bool changed = one->was != NULL && one->is != NULL;
	struct buf words = BUF_INIT;

	print_heading(d, one->entry);
	if (c->start)
		buf_append_string(&words, "start, ");
	if (c->part != COMPONENT_KIND_COUNT)
		buf_append_format(&words, "%s, ", component_kind_name(c->part));
	buf_append_string(&words, c->name);
	if (c->subject.size > 0) {
		buf_append_byte(&words, ' ');
		text_append_printable(&words, c->subject, PATH_SHOWN);
	}
	if (is_new(&d->title, buf_view(&words)))
		paragraph_print(d->to, 2, "", 2, buf_view(&words));
	if (one->was != NULL)
		paragraph_print(
		    d->to, 4, changed ? "was" : "no longer", COLUMN, buf_view(&one->was->says));
	if (one->is != NULL)
		paragraph_print(d->to, 4, changed ? "is" : "now", COLUMN, buf_view(&one->is->says));
	buf_free(&words);
}

/* Of what follows, once. */
static void
print_heading(struct differing *d, struct view entry)
{
	struct buf words = BUF_INIT;

	if (entry.size > 0) {
		buf_append_string(&words, "entry \"");
		text_append_printable(&words, entry, PATH_SHOWN);
		buf_append_byte(&words, '"');
	} else {
		buf_append_string(&words, "at the top");
	}
	if (is_new(&d->heading, buf_view(&words))) {
		fputc('\n', d->to);
		paragraph_print(d->to, 0, "", 0, buf_view(&words));
		buf_clear(&d->title);
	}
	buf_free(&words);
}

/* Whether these are not what is in `last`, which they are then. */
static bool
is_new(struct buf *last, struct view words)
{
	if (view_equal(buf_view(last), words))
		return false;
	buf_clear(last);
	buf_append_view(last, words);
	return true;
}

static void
print_set(struct differing *d, const struct difference *one)
{
	const size_t most = d->all ? one->paths.path_count : PATHS_NAMED;
	struct buf words = BUF_INIT;

	print_heading(d, (struct view){NULL, 0});
	buf_append_string(&words, "the set ");
	buf_append_view(&words, one->set);
	buf_append_format(&words, " has %zu line%s, had %zu:", one->files_is,
	    one->files_is == 1 ? "" : "s", one->files_was);
	for (unsigned c = 0, any = 0; c < SET_CHANGES; c++)
		if (one->paths.count[c] > 0)
			buf_append_format(&words, "%s %zu path%s %s", any++ > 0 ? "," : "",
			    one->paths.count[c], one->paths.count[c] == 1 ? "" : "s",
			    change_names[c]);
	paragraph_print(d->to, 2, "", 2, buf_view(&words));
	for (size_t i = 0; i < one->paths.path_count && i < most; i++) {
		buf_clear(&words);
		text_append_printable(&words, one->paths.path[i].path, PATH_SHOWN);
		fprintf(d->to, "    %c ", change_signs[one->paths.path[i].change]);
		paragraph_print(d->to, 0, "", 0, buf_view(&words));
	}
	if (one->paths.path_count > most)
		fprintf(d->to, "    and %zu more: --all\n", one->paths.path_count - most);
	buf_free(&words);
}

static void
write_one(struct differing *d, const struct difference *one)
{
	static const char *const abouts[] = {[DIFFERENCE_CLAUSE] = "clause",
	    [DIFFERENCE_SET] = "set",
	    [DIFFERENCE_ENTRY] = "entry",
	    [DIFFERENCE_ORDER] = "order"};

	buf_append_string(d->json, d->count > 1 ? ",{" : "{");
	told_text(d->json, "about", view_of_string(abouts[one->about]));
	told_text(d->json, "entry", one->entry);
	if (one->about == DIFFERENCE_CLAUSE) {
		const struct clause *either = one->was != NULL ? one->was : one->is;

		told_clause_name(d->json, either);
		told_clause_words(d->json, "was", one->was);
		told_clause_words(d->json, "is", one->is);
	} else if (one->about == DIFFERENCE_ENTRY) {
		told_text(d->json, "change", view_of_string(one->came ? "added" : "removed"));
	} else if (one->about == DIFFERENCE_SET) {
		write_set(d->json, one);
	}
	buf_append_byte(d->json, '}');
}

static void
write_set(struct buf *to, const struct difference *one)
{
	struct buf path = BUF_INIT;

	told_text(to, "set", one->set);
	told_number(to, "lines_was", one->files_was);
	told_number(to, "lines_is", one->files_is);
	buf_append_string(to, ",\"paths\":[");
	for (size_t i = 0; i < one->paths.path_count; i++) {
		buf_append_string(to, i > 0 ? ",{" : "{");
		told_text(to, "change", view_of_string(change_names[one->paths.path[i].change]));
		buf_clear(&path);
		text_append_printable(&path, one->paths.path[i].path, PATH_SHOWN);
		told_text(to, "path", buf_view(&path));
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
	to->failed |= path.failed;
	buf_free(&path);
}
