/*
 * Why a report is as it is.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "log/inputfile.h"
#include "policy/words/known.h"
#include "policy/words/rule_clauses.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "signer/policies/advised.h"
#include "signer/policies/explain.h"
#include "signer/policies/finding_groups.h"
#include "signer/policies/paragraph.h"
#include "signer/policies/told.h"
#include "signer/policies/told_report.h"

#define COLUMN     15                /* where the words about a cause begin */
#define POLICY_MAX (4 * 1024 * 1024) /* bytes: as long as a policy file may be */

struct explained {
	const struct explain_options *options;
	struct told_report report;
	struct finding_groups groups;
	struct clauses clauses; /* of the rule */
	struct known_index *known;
	const char *file; /* the policy's, where that is still the same; else NULL */
	FILE *to;
};

/* What was wanted and what there was, out of a finding's words. */
struct compared {
	struct view expected, found; /* size 0: not told */
	bool has_digest;
	struct digest digest; /* that was found */
};

static int explain(struct explained *x);
static const char *same_file(const char *path, const struct policy *p);
static void print_head(const struct explained *x);
static void print_rollout(const struct explained *x, const struct report *r);
static void print_group(const struct explained *x, const struct finding_group *g);
static void print_rule(const struct explained *x, const struct finding_group *g);
static void append_spot(const struct explained *x, const struct cause *c, struct buf *to);
static void print_demands(const struct explained *x, const struct finding_group *g);
static void print_findings(const struct explained *x, const struct finding_group *g);
static void print_finding(
    const struct explained *x, const struct finding_group *g, const struct report_finding *f);
static void print_sets(const struct explained *x, const struct compared *c);
static struct compared compare(const struct report_finding *f);
static bool is_of_set(const struct finding_group *g);
static bool print_json(const struct explained *x);
static void write_group(const struct explained *x, const struct finding_group *g, struct buf *to);
static void write_sets(const struct explained *x, const struct report_finding *f, struct buf *to);

int
explain_report(const struct explain_options *options, FILE *to)
{
	struct explained x = {.options = options, .clauses = CLAUSES_INIT, .to = to};
	const struct report *r = &x.report.document.report;
	int result = EXPLAIN_EXIT_UNKNOWN;

	if (told_report_read(options->report, options->log, options->evidence, &x.report)) {
		if (view_equal(r->bundle.workload, view_of_string(options->workload)))
			result = explain(&x);
		else
			fprintf(stderr,
			    "hallmark-signer: entry %" PRIu64 " is of the workload %.*s\n",
			    x.report.index, view_precision(r->bundle.workload),
			    (const char *)r->bundle.workload.data);
	}
	clauses_free(&x.clauses);
	known_index_free(&x.known);
	finding_groups_free(&x.groups);
	told_report_free(&x.report);
	return result;
}

static int
explain(struct explained *x)
{
	const struct told_report *t = &x->report;
	const struct finding_listener listener = {finding_groups_take, &x->groups};
	struct reason reason;

	x->groups = (struct finding_groups){
	    .policy = t->decided, .rule = t->rule, .all = x->options->all || x->options->json};
	x->file = same_file(x->options->policy, t->decided);
	clauses_of_rule(t->decided, t->rule, &x->clauses);
	x->known = known_index_new(t->decided);
	reason_begin(&reason);
	measured_findings_by(
	    t->policy, &t->document.report, t->in_force, &t->measured, &listener, &reason);
	if (reason.outcome != OUTCOME_GOOD) {
		(void)told_failure("the findings", reason.text);
		return EXPLAIN_EXIT_UNKNOWN;
	}
	if (x->options->json) {
		if (!print_json(x))
			return EXPLAIN_EXIT_UNKNOWN;
	} else {
		print_head(x);
		for (size_t i = 0; i < x->groups.count; i++)
			print_group(x, &x->groups.group[i]);
	}
	return t->document.report.status == REPORT_AFFIRMING ? 0 : EXPLAIN_EXIT_NOT;
}

/* Of a policy that has changed since, lines say nothing. */
static const char *
same_file(const char *path, const struct policy *p)
{
	struct buf text = BUF_INIT;
	bool same = false;

	if (path != NULL && inputfile_read(AT_FDCWD, path, POLICY_MAX, &text) == ERR_OK)
		for (size_t i = 0; i < policy_object_count(p) && !same; i++)
			same = policy_object_at(p, i)->kind == PACK_POLICY &&
			       view_equal(policy_object_at(p, i)->content, buf_view(&text));
	buf_free(&text);
	return same ? path : NULL;
}

static void
print_head(const struct explained *x)
{
	const struct report *r = &x->report.document.report;
	struct buf head = BUF_INIT;
	char when[UTC_TEXT_SIZE];

	buf_append_view(&head, r->bundle.workload);
	buf_append_string(&head, " on ");
	buf_append_view(&head, r->collector);
	buf_append_format(&head, " is %s", report_status_name(r->status));
	if (x->groups.count == 1)
		buf_append_string(&head, " because of one thing");
	else if (x->groups.count > 1)
		buf_append_format(&head, " because of %zu things", x->groups.count);
	buf_append_format(
	    &head, ": entry %" PRIu64 ", %s", x->report.index, utc_text(r->issued_s, when));
	paragraph_print(x->to, 0, "", 0, buf_view(&head));
	buf_clear(&head);
	buf_append_string(&head, "by ");
	buf_append_view(
	    &head, x->report.decided == x->report.policy ? r->policy_id : r->rollout.decided);
	paragraph_print(x->to, 0, "", 0, buf_view(&head));
	print_rollout(x, r);
	buf_free(&head);
}

/* In which group it is, and what the policy in force says that did not decide. */
static void
print_rollout(const struct explained *x, const struct report *r)
{
	struct buf text = BUF_INIT;

	if (r->group.size == 0)
		return;
	buf_append_string(&text, "in the group ");
	buf_append_view(&text, r->group);
	if (r->rollout.enforce != REPORT_ENFORCE_ON) {
		buf_append_format(&text, " (enforce: %s), where the policy in force, ",
		    report_enforce_name(r->rollout.enforce));
		buf_append_view(&text, r->policy_id);
		buf_append_format(&text, ", is rolled out and gives %s, with %" PRIu64 " findings",
		    report_status_name(r->rollout.status), r->rollout.finding_total);
	}
	paragraph_print(x->to, 0, "", 0, buf_view(&text));
	buf_free(&text);
}

static void
print_group(const struct explained *x, const struct finding_group *g)
{
	const struct report_finding *first = &g->finding[0].finding;
	struct buf head = BUF_INIT;

	buf_append_format(&head, "%s: ", report_status_name(g->outcome));
	buf_append_view(&head, first->kind);
	buf_append_byte(&head, ' ');
	buf_append_view(&head, first->code);
	if (g->cause.sentence.size > 0) {
		buf_append_string(&head, ", ");
		buf_append_view(&head, g->cause.sentence);
	}
	if (g->count > 1)
		buf_append_format(&head, " (%" PRIu64 ")", g->count);
	fputc('\n', x->to);
	paragraph_print(x->to, 0, "", 0, buf_view(&head));
	buf_free(&head);
	print_rule(x, g);
	print_demands(x, g);
	if (g->cause.mend != NULL)
		paragraph_print(x->to, 2, "to mend", COLUMN, view_of_string(g->cause.mend));
	print_findings(x, g);
	if (g->kept < g->count)
		fprintf(x->to, "  and %" PRIu64 " more: --all\n", g->count - g->kept);
}

static void
print_rule(const struct explained *x, const struct finding_group *g)
{
	const struct cause *c = &g->cause;
	struct buf words = BUF_INIT;

	append_spot(x, c, &words);
	if (c->part != COMPONENT_KIND_COUNT)
		buf_append_format(&words, ", %s", component_kind_name(c->part));
	if (c->key != NULL)
		buf_append_format(
		    &words, ", %s%s", c->key, c->said ? "" : ", which is left out there");
	paragraph_print(x->to, 2, "rule", COLUMN, buf_view(&words));
	buf_free(&words);
}

/* On this disk, if the policy's file is there as it was; else in what the evidence keeps. */
static void
append_spot(const struct explained *x, const struct cause *c, struct buf *to)
{
	const bool policy = strcmp(c->file, POLICY_STORED_NAME) == 0;

	if (policy && x->file != NULL)
		buf_append_format(to, "%s:%u", x->file, c->line);
	else
		buf_append_format(to, "line %u of the %s", c->line, policy ? "policy" : c->file);
}

/* Of a fact what is demanded of it; of a file the sets that could have it. */
static void
print_demands(const struct explained *x, const struct finding_group *g)
{
	const struct report_finding *first = &g->finding[0].finding;
	const char *label = "expected";
	struct buf words = BUF_INIT;

	for (size_t i = 0; i < x->clauses.count && g->cause.part != COMPONENT_KIND_COUNT; i++) {
		const struct clause *c = &x->clauses.clause[i];

		if (c->part != g->cause.part || c->subject.size == 0 ||
		    !view_equal(c->subject, first->subject))
			continue;
		paragraph_print(x->to, 2, label, COLUMN, buf_view(&c->says));
		label = "";
	}
	if (is_of_set(g)) {
		buf_append_string(&words, "a file of ");
		known_counting(
		    x->report.rule, g->cause.part, x->report.document.report.issued_s, &words);
		paragraph_print(x->to, 2, label, COLUMN, buf_view(&words));
	}
	buf_free(&words);
}

/* A set would have made it good. */
static bool
is_of_set(const struct finding_group *g)
{
	return g->cause.key != NULL &&
	       (strcmp(g->cause.key, "unknown") == 0 || strcmp(g->cause.key, "changed") == 0 ||
		   strcmp(g->cause.key, "other_process") == 0);
}

static void
print_findings(const struct explained *x, const struct finding_group *g)
{
	struct advised a;

	if (advised_by(&x->report, g, &a))
		advised_print(&a, x->report.rule, x->to);
	else
		for (size_t i = 0; i < g->kept; i++)
			print_finding(x, g, &g->finding[i].finding);
	advised_free(&a);
}

static void
print_finding(
    const struct explained *x, const struct finding_group *g, const struct report_finding *f)
{
	const struct compared c = compare(f);
	const bool fact = g->cause.key != NULL && strcmp(g->cause.key, "facts") == 0;

	paragraph_print(x->to, 2, "", 2, f->subject);
	if (c.expected.size > 0 && !fact)
		paragraph_print(x->to, 4, "expected", COLUMN, c.expected);
	if (c.found.size > 0)
		paragraph_print(x->to, 4, "found", COLUMN, c.found);
	else if (f->detail.size > 0 && !view_equal(f->detail, g->cause.sentence))
		paragraph_print(x->to, 4, "", COLUMN, f->detail);
	print_sets(x, &c);
}

/* "expected A, found B"; what has another form is told as it is. */
static struct compared
compare(const struct report_finding *f)
{
	static const struct view expected = VIEW_LITERAL("expected "),
				 found = VIEW_LITERAL("found "), sha256 = VIEW_LITERAL("sha256 ");
	struct compared c = {.has_digest = false};
	const uint8_t *at = memmem(f->detail.data, f->detail.size, found.data, found.size);
	struct view digest;

	if (at == NULL)
		return c;
	c.found = (struct view){
	    at + found.size, f->detail.size - (size_t)(at - f->detail.data) - found.size};
	if (f->detail.size > expected.size &&
	    memcmp(f->detail.data, expected.data, expected.size) == 0 &&
	    (size_t)(at - f->detail.data) > expected.size + 2)
		c.expected = (struct view){f->detail.data + expected.size,
		    (size_t)(at - f->detail.data) - expected.size - 2};
	digest = c.found;
	if (digest.size > sha256.size && memcmp(digest.data, sha256.data, sha256.size) == 0)
		digest = (struct view){digest.data + sha256.size, digest.size - sha256.size};
	if (digest.size > DIGEST_HEX_SIZE)
		digest.size = DIGEST_HEX_SIZE;
	c.has_digest = digest_from_hex(digest, &c.digest) == ERR_OK;
	return c;
}

/* Where the policy knows this content. */
static void
print_sets(const struct explained *x, const struct compared *c)
{
	struct known known;
	struct buf words = BUF_INIT;

	if (!c->has_digest)
		return;
	known_by_digest(x->known, &c->digest, &known);
	for (size_t i = 0; i < known.count; i++) {
		buf_clear(&words);
		buf_append_string(&words, "set ");
		buf_append_view(&words, known.at[i].set);
		buf_append_string(&words, " has this digest as ");
		text_append_printable(&words, known.at[i].path, SIZE_MAX);
		paragraph_print(x->to, 4, "", COLUMN, buf_view(&words));
	}
	if (known.more > 0)
		fprintf(x->to, "%*sand %zu more times\n", COLUMN, "", known.more);
	if (known.count == 0)
		paragraph_print(
		    x->to, 4, "", COLUMN, VIEW_LITERAL("no set of the policy has this digest"));
	buf_free(&words);
}

static bool
print_json(const struct explained *x)
{
	const struct report *r = &x->report.document.report;
	struct buf text = BUF_INIT;

	buf_append_byte(&text, '{');
	told_text(&text, "policy", r->policy_id);
	told_text(&text, "workload", r->bundle.workload);
	told_text(&text, "collector", r->collector);
	told_number(&text, "index", x->report.index);
	told_text(&text, "status", view_of_string(report_status_name(r->status)));
	told_number(&text, "total", x->groups.total);
	buf_append_string(&text, ",\"causes\":[");
	for (size_t i = 0; i < x->groups.count; i++) {
		buf_append_string(&text, i > 0 ? "," : "");
		write_group(x, &x->groups.group[i], &text);
	}
	buf_append_string(&text, "]}\n");
	return told_print(&text, x->to);
}

static void
write_group(const struct explained *x, const struct finding_group *g, struct buf *to)
{
	const struct cause *c = &g->cause;
	struct advised advised;
	const bool has_advised = advised_by(&x->report, g, &advised);

	buf_append_byte(to, '{');
	told_text(to, "outcome", view_of_string(report_status_name(g->outcome)));
	told_text(to, "kind", g->finding[0].finding.kind);
	told_text(to, "code", g->finding[0].finding.code);
	told_text(to, "sentence", c->sentence);
	told_text(to, "mend", view_of_string(c->mend != NULL ? c->mend : ""));
	told_text(to, "part",
	    view_of_string(c->part != COMPONENT_KIND_COUNT ? component_kind_name(c->part) : ""));
	told_text(to, "key", view_of_string(c->key != NULL ? c->key : ""));
	told_text(to, "file", view_of_string(c->file));
	told_number(to, "line", c->line);
	buf_append_string(to, ",\"findings\":[");
	for (size_t i = 0; i < g->kept; i++) {
		const struct report_finding *f = &g->finding[i].finding;

		buf_append_string(to, i > 0 ? ",{" : "{");
		told_text(to, "subject", f->subject);
		told_text(to, "detail", f->detail);
		write_sets(x, f, to);
		if (has_advised)
			advised_write(&advised, i, to);
		buf_append_byte(to, '}');
	}
	buf_append_string(to, "]}");
	advised_free(&advised);
}

static void
write_sets(const struct explained *x, const struct report_finding *f, struct buf *to)
{
	const struct compared c = compare(f);
	struct known known = {.count = 0};
	struct buf path = BUF_INIT;

	if (c.has_digest)
		known_by_digest(x->known, &c.digest, &known);
	buf_append_string(to, ",\"sets\":[");
	for (size_t i = 0; i < known.count; i++) {
		buf_append_string(to, i > 0 ? ",{" : "{");
		told_text(to, "name", known.at[i].set);
		buf_clear(&path);
		text_append_printable(&path, known.at[i].path, SIZE_MAX);
		told_text(to, "path", buf_view(&path));
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
	to->failed |= path.failed;
	buf_free(&path);
}
