/*
 * What a policy wants of a workload.
 */
#include "signer/policies/explain.h"

#include <string.h>

#include "policy/words/group_clauses.h"
#include "policy/words/rule_clauses.h"
#include "proto/text.h"
#include "signer/policies/paragraph.h"
#include "signer/policies/revoked.h"
#include "signer/policies/told.h"

#define COLUMN     20 /* where words begin */
#define LABEL_SIZE (COMPONENT_FACT_NAME_MAX + 1)

/* An entry, and all that it says. */
struct explained {
	const struct explain_options *options;
	const struct policy *policy;
	const struct policy_rule *rule;
	struct clauses clauses;
	struct revoked_list revoked;
	FILE *to;
};

static void print_text(const struct explained *x);
static void print_part(const struct explained *x, size_t begin, size_t end);
static void print_heading(const struct explained *x, enum component_kind part);
static size_t print_group(const struct explained *x, size_t at, size_t end);
static bool shares_aside(const struct clause *a, const struct clause *b);
static bool is_of_group(const struct clause *a, const struct clause *b);
static void print_outcomes(const struct explained *x, size_t begin, size_t end);
static void label_of(const struct clause *c, char to[LABEL_SIZE]);
static bool is_subject_label(const struct clause *c);
static bool print_json(const struct explained *x);

/* Of the entry itself; whatever has no label is called as its key. */
static const struct {
	const char *name, *label;
} labels[] = {
    {"collectors", "may speak for it"},
    {"report_every_s", "reports"},
    {"grace_s", "may be late by"},
    {"max_age_s", "oldest evidence"},
    {"signature_every_s", "signed"},
    {"require", "has to be there"},
    {"recorded", "only recorded"},
    {"start", "its start"},
    {"main_only", "main process"},
    {"references", "known files"},
    {"owners", "may own them"},
};

int
explain_policy(const struct explain_options *options, FILE *to)
{
	struct explained x = {.options = options, .clauses = CLAUSES_INIT, .to = to};
	struct policy *policy = told_policy(options->policy);
	int result = EXPLAIN_EXIT_UNKNOWN;

	if (policy == NULL)
		return result;
	x.policy = policy;
	x.rule = policy_find_entry(policy, view_of_string(options->workload));
	if (x.rule != NULL) {
		clauses_of_rule(policy, x.rule, &x.clauses);
		clauses_of_its_groups(
		    policy, x.rule, view_of_string(options->workload), &x.clauses);
		result = 0;
	} else {
		result = EXPLAIN_EXIT_NOT;
	}
	if (options->log != NULL && options->evidence != NULL)
		revoked_read(options->log, options->evidence, policy,
		    view_of_string(options->workload), &x.revoked);
	if (options->json)
		result = print_json(&x) ? result : EXPLAIN_EXIT_UNKNOWN;
	else
		print_text(&x);
	revoked_free(&x.revoked);
	clauses_free(&x.clauses);
	policy_free(&policy);
	return result;
}

static void
print_text(const struct explained *x)
{
	struct buf head = BUF_INIT;
	const char *file;
	size_t end;

	text_append_printable(&head, view_of_string(x->options->workload), SIZE_MAX);
	if (x->rule == NULL) {
		buf_append_format(&head, ": no entry of %s is for it, so its bundles are refused",
		    x->options->policy);
	} else {
		const unsigned line =
		    clauses_line_of(x->policy, x->rule, COMPONENT_KIND_COUNT, &file);

		buf_append_format(&head, " is judged by the entry \"%.*s\" of %s:%u",
		    view_precision(policy_rule_match(x->rule)),
		    (const char *)policy_rule_match(x->rule).data, file, line);
	}
	paragraph_print(x->to, 0, "", 0, buf_view(&head));
	buf_free(&head);
	for (size_t i = 0; i < x->clauses.count; i = end) {
		for (end = i; end < x->clauses.count &&
			      x->clauses.clause[end].part == x->clauses.clause[i].part;
		     end++)
			;
		print_part(x, i, end);
	}
	revoked_print(&x->revoked, COLUMN, x->to);
}

static void
print_part(const struct explained *x, size_t begin, size_t end)
{
	const enum component_kind part = x->clauses.clause[begin].part;

	fputs("\n", x->to);
	if (part != COMPONENT_KIND_COUNT)
		print_heading(x, part);
	for (size_t i = begin; i < end;)
		i = x->clauses.clause[i].outcome != NULL ? i + 1 : print_group(x, i, end);
	print_outcomes(x, begin, end);
}

/* With its file where that is not the one of the policy. */
static void
print_heading(const struct explained *x, enum component_kind part)
{
	const char *file;
	const unsigned line = clauses_line_of(x->policy, x->rule, part, &file);

	if (line > 0 && strcmp(file, x->options->policy) != 0)
		fprintf(x->to, "%s, %s:%u\n", component_kind_name(part), file, line);
	else
		fprintf(x->to, "%s, line %u\n", component_kind_name(part), line);
}

/* Clauses of one name and subject: in one paragraph, if nothing explains them one by one. */
static size_t
print_group(const struct explained *x, size_t at, size_t end)
{
	const struct clause *first = &x->clauses.clause[at];
	struct buf words = BUF_INIT;
	char label[LABEL_SIZE];

	label_of(first, label);
	for (; at < end && is_of_group(first, &x->clauses.clause[at]); at++) {
		const struct clause *c = &x->clauses.clause[at];
		const bool last = at + 1 == end || !is_of_group(first, c + 1);

		if (!is_subject_label(c) && c->subject.size > 0) {
			buf_append_view(&words, c->subject);
			buf_append_string(&words, ": ");
		}
		buf_append_view(&words, buf_view(&c->says));
		if (!last && first->subject.size == 0 && shares_aside(c, c + 1)) {
			buf_append_string(&words, ", ");
			continue;
		}
		if (c->aside.size > 0) {
			buf_append_string(&words, " (");
			buf_append_view(&words, buf_view(&c->aside));
			buf_append_byte(&words, ')');
		}
		paragraph_print(x->to, 2, label, COLUMN, buf_view(&words));
		buf_clear(&words);
		label[0] = '\0';
	}
	buf_free(&words);
	return at;
}

static bool
is_of_group(const struct clause *a, const struct clause *b)
{
	return b->outcome == NULL && strcmp(a->name, b->name) == 0 &&
	       view_equal(a->subject, b->subject);
}

static bool
shares_aside(const struct clause *a, const struct clause *b)
{
	return view_equal(buf_view(&a->aside), buf_view(&b->aside));
}

/* What is let off more lightly in a sentence each; of the rest the keys are enough. */
static void
print_outcomes(const struct explained *x, size_t begin, size_t end)
{
	const char *worst = report_status_name(REPORT_CONTRAINDICATED);
	struct buf words = BUF_INIT, rest = BUF_INIT;

	for (size_t i = begin; i < end; i++) {
		const struct clause *c = &x->clauses.clause[i];

		if (c->outcome == NULL)
			continue;
		if (strcmp(c->outcome, worst) == 0) {
			buf_append_format(&rest, "%s%s", rest.size > 0 ? ", " : "", c->name);
			continue;
		}
		buf_clear(&words);
		buf_append_format(&words, "%s: ", c->name);
		buf_append_view(&words, buf_view(&c->aside));
		paragraph_print(x->to, 2, c->outcome, COLUMN, buf_view(&words));
	}
	if (rest.size > 0)
		paragraph_print(x->to, 2, worst, COLUMN, buf_view(&rest));
	buf_free(&words);
	buf_free(&rest);
}

/* A subject that is too long for that stands before the words. */
static void
label_of(const struct clause *c, char to[LABEL_SIZE])
{
	const char *label = c->name;

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (strcmp(labels[i].name, c->name) == 0)
			label = labels[i].label;
	if (is_subject_label(c))
		snprintf(to, LABEL_SIZE, "%.*s", view_precision(c->subject),
		    (const char *)c->subject.data);
	else
		snprintf(to, LABEL_SIZE, "%s", label);
}

static bool
is_subject_label(const struct clause *c)
{
	return c->subject.size > 0 && c->subject.size < LABEL_SIZE;
}

static bool
print_json(const struct explained *x)
{
	struct buf text = BUF_INIT;
	const char *file;

	buf_append_byte(&text, '{');
	told_text(&text, "policy", policy_id(x->policy));
	told_text(&text, "file", view_of_string(x->options->policy));
	told_text(&text, "workload", view_of_string(x->options->workload));
	if (x->rule != NULL) {
		told_text(&text, "entry", policy_rule_match(x->rule));
		told_number(&text, "line",
		    clauses_line_of(x->policy, x->rule, COMPONENT_KIND_COUNT, &file));
	} else {
		buf_append_string(&text, ",\"entry\":null,\"line\":null");
	}
	buf_append_string(&text, ",\"clauses\":[");
	for (size_t i = 0; i < x->clauses.count; i++) {
		const struct clause *c = &x->clauses.clause[i];

		buf_append_string(&text, i > 0 ? ",{" : "{");
		told_clause_name(&text, c);
		told_clause_words(&text, "says", c);
		told_text(&text, "aside", buf_view(&c->aside));
		told_text(&text, "file", view_of_string(c->file != NULL ? c->file : ""));
		told_number(&text, "line", c->line);
		buf_append_byte(&text, '}');
	}
	buf_append_byte(&text, ']');
	revoked_append(&x->revoked, &text);
	buf_append_string(&text, "}\n");
	return told_print(&text, x->to);
}
