#include "signer/policies/advised.h"

#include <stdlib.h>

#include "policy/appraisal/vulnerable.h"
#include "proto/text.h"
#include "signer/policies/paragraph.h"
#include "signer/policies/told.h"

#define COLUMN 15 /* where the words about a cause begin */

static void take_advisory(void *context, const struct vulnerable_advisory *a);
static void take_item(void *context, const struct vulnerable_item *i);
static void copy(struct buf *to, struct view text);
static void print_item(const struct advised_item *i, const struct policy_rule *rule, FILE *to);
static void print_advisory(const struct advised_advisory *a, FILE *to);
static void print_statement(const struct advised_item *i, const struct policy_rule *rule, FILE *to);
static void free_item(struct advised_item *i);

bool
advised_by(const struct told_report *r, const struct finding_group *g, struct advised *out)
{
	const struct report_finding *first = &g->finding[0].finding;
	const struct vulnerable_listener listener = {out, take_advisory, take_item};
	const struct report *report = &r->document.report;
	enum component_kind kind;

	*out = (struct advised){.most = g->kept};
	if (!view_equal(first->code, VIEW_LITERAL("vulnerable")) ||
	    component_kind_from_name(first->kind, &kind) != ERR_OK ||
	    r->measured.component[kind] == NULL)
		return false;
	if ((out->item = calloc(g->kept + 1, sizeof(*out->item))) == NULL) /* one that goes */
		abort();
	vulnerable_tell(r->rule, standing_amendments(r->in_force), r->measured.component[kind],
	    report->issued_s, &listener);
	return true;
}

void
advised_free(struct advised *a)
{
	for (size_t i = 0; a->item != NULL && i <= a->most; i++)
		free_item(&a->item[i]);
	free(a->item);
	*a = (struct advised){.most = 0};
}

void
advised_print(const struct advised *a, const struct policy_rule *rule, FILE *to)
{
	for (size_t i = 0; i < a->count; i++)
		print_item(&a->item[i], rule, to);
}

void
advised_write(const struct advised *a, size_t index, struct buf *to)
{
	buf_append_string(to, ",\"advisories\":[");
	for (size_t i = 0; index < a->count && i < a->item[index].advisory_count; i++) {
		const struct advised_advisory *one = &a->item[index].advisory[i];

		buf_append_string(to, i > 0 ? ",{" : "{");
		told_text(to, "id", buf_view(&one->id));
		told_text(to, "feed", buf_view(&one->feed));
		told_text(to, "package", buf_view(&a->item[index].package));
		told_text(to, "mended_by", buf_view(&one->mended));
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
}

/* Of the item that is not there yet. */
static void
take_advisory(void *context, const struct vulnerable_advisory *a)
{
	struct advised *to = context;
	struct advised_item *i = &to->item[to->count];
	struct advised_advisory *more;

	if (to->count == to->most)
		return;
	more = reallocarray(i->advisory, i->advisory_count + 1, sizeof(*more));
	if (more == NULL)
		abort();
	i->advisory = more;
	more = &i->advisory[i->advisory_count++];
	*more = (struct advised_advisory){BUF_INIT, BUF_INIT, BUF_INIT};
	copy(&more->id, a->id);
	copy(&more->feed, a->feed);
	copy(&more->mended, a->mended);
}

static void
take_item(void *context, const struct vulnerable_item *i)
{
	struct advised *to = context;
	struct advised_item *item = &to->item[to->count];

	if (to->count == to->most)
		return;
	copy(&item->package, i->package);
	copy(&item->value, i->value);
	copy(&item->mended, i->mended);
	to->count++;
}

static void
copy(struct buf *to, struct view text)
{
	text_append_printable(to, text, SIZE_MAX);
	if (buf_status(to) != ERR_OK)
		abort();
}

static void
print_item(const struct advised_item *i, const struct policy_rule *rule, FILE *to)
{
	struct buf words = BUF_INIT;

	paragraph_print(to, 2, "", 2, buf_view(i->value.size > 0 ? &i->value : &i->package));
	if (i->mended.size > 0) {
		buf_append_view(&words, buf_view(&i->package));
		buf_append_string(&words, " at ");
		buf_append_view(&words, buf_view(&i->mended));
		buf_append_string(&words, ", or later");
		paragraph_print(to, 4, "install", COLUMN, buf_view(&words));
	}
	for (size_t a = 0; a < i->advisory_count; a++)
		print_advisory(&i->advisory[a], to);
	print_statement(i, rule, to);
	buf_free(&words);
}

static void
print_advisory(const struct advised_advisory *a, FILE *to)
{
	struct buf words = BUF_INIT;

	buf_append_view(&words, buf_view(&a->id));
	buf_append_string(&words, " of the feed ");
	buf_append_view(&words, buf_view(&a->feed));
	buf_append_string(&words, a->mended.size > 0 ? ", mended by " : ", mended by no version");
	buf_append_view(&words, buf_view(&a->mended));
	paragraph_print(to, 4, "advisory", COLUMN, buf_view(&words));
	buf_free(&words);
}

/* As an operator would have to say it of the first; a pattern for others is theirs to find. */
static void
print_statement(const struct advised_item *i, const struct policy_rule *rule, FILE *to)
{
	struct buf words = BUF_INIT;

	buf_append_string(&words, "--kind not-affected --subject advisory=");
	buf_append_view(&words, buf_view(&i->advisory[0].id));
	buf_append_string(&words, " --subject package=");
	buf_append_view(&words, buf_view(&i->package));
	buf_append_string(&words, " --subject workloads=");
	buf_append_view(&words, policy_rule_match(rule));
	paragraph_print(to, 4, "or state", COLUMN, buf_view(&words));
	buf_free(&words);
}

static void
free_item(struct advised_item *i)
{
	for (size_t a = 0; a < i->advisory_count; a++) {
		buf_free(&i->advisory[a].id);
		buf_free(&i->advisory[a].feed);
		buf_free(&i->advisory[a].mended);
	}
	free(i->advisory);
	buf_free(&i->package);
	buf_free(&i->value);
	buf_free(&i->mended);
}
