#include "policy/words/rule_clauses.h"

#include <inttypes.h>
#include <string.h>

#include "policy/appraisal/finding.h"
#include "policy/compile/policy_families.h"
#include "policy/words/clause_writer.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "proto/wire/token_wants.h"

static void append_seconds(struct buf *to, uint64_t seconds);
static void say_who(struct clause_writer *w);
static void say_when(struct clause_writer *w);
static void say_age(struct clause_writer *w);
static void say_start(struct clause_writer *w);
static void say_kinds(
    struct clause_writer *w, const char *name, const bool *kinds, const char *key);
static void say_review(struct clause_writer *w, uint64_t review_by_s, const char *key);
static void say_tokens(struct clause_writer *w, struct view tokens);
static void say_references(struct clause_writer *w);
static void say_windows(struct clause_writer *w, const struct policy_family *f);
static const char *release_name(
    const struct policy *p, const struct policy_family *f, size_t release);
static void say_release(struct clause_writer *w);
static void say_feeds(struct clause_writer *w);
static void say_feeds_of_top(struct clause_writer *w);
static void say_operators(struct clause_writer *w, const struct operators *o);
static void say_operator(struct clause_writer *w, const struct operator_entry *op);
static void say_collectors_ca(struct clause_writer *w, const struct policy_collectors_ca *ca);
static void say_package_list(struct clause_writer *w, const struct policy_package_list *l);

void
clauses_of_rule(const struct policy *p, const struct policy_rule *r, struct clauses *to)
{
	struct clause_writer w = {p, r, COMPONENT_KIND_COUNT, to};

	if (r->is_start) {
		say_age(&w);
	} else {
		say_who(&w);
		say_when(&w);
		say_start(&w);
		if (r->own_group != NULL)
			text_append_printable(
			    clause_begin(&w, "group", (struct view){NULL, 0}, ".group"),
			    r->own_group->name, CLAUSE_TEXT_MAX);
	}
	say_kinds(&w, "require", r->require, ".require");
	say_kinds(&w, "recorded", r->recorded, ".recorded");
	clause_outcome(&w, "missing", r->missing, finding_sentence(FINDING_MISSING), ".missing");
	clause_outcome(
	    &w, "unmeasured", r->unmeasured, finding_sentence(FINDING_UNMEASURED), ".unmeasured");
	say_release(&w);
	if (r->main_only)
		buf_append_string(
		    clause_begin(&w, "main_only", (struct view){NULL, 0}, ".main_only"),
		    "what was measured of the main process alone is accepted");
	say_feeds(&w);
	say_review(&w, r->review_by_s, ".review_by");
	say_tokens(&w, r->tokens);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		w.part = (enum component_kind)k;
		if (r->files[k] != NULL)
			clauses_of_files(&w, r->files[k]);
		if (r->facts[k] != NULL)
			clauses_of_facts(&w, r->facts[k]);
	}
}

void
clauses_of_top(const struct policy *p, struct clauses *to)
{
	struct clause_writer w = {p, NULL, COMPONENT_KIND_COUNT, to};
	const struct view id = policy_id(p);

	buf_append(clause_begin(&w, "name", (struct view){NULL, 0}, "name"), id.data,
	    (size_t)((const uint8_t *)memchr(id.data, '@', id.size) - id.data));
	say_review(&w, p->review_by_s, "review_by");
	for (size_t i = 0; i < p->collectors_ca_count; i++)
		say_collectors_ca(&w, &p->collectors_ca[i]);
	if (p->operators.operators != NULL)
		say_operators(&w, p->operators.operators);
	say_feeds_of_top(&w);
	for (size_t i = 0; i < p->package_list_count; i++)
		say_package_list(&w, &p->package_lists[i]);
	clauses_of_sources(&w);
	clauses_of_groups(&w);
	say_references(&w);
}

unsigned
clauses_line_of(const struct policy *p, const struct policy_rule *r, enum component_kind part,
    const char **file)
{
	return clause_line(&(struct clause_writer){p, r, part, NULL}, "", file);
}

static void
append_seconds(struct buf *to, uint64_t seconds)
{
	static const struct {
		uint32_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	while (seconds == 0 ? units[i].seconds > 1 : seconds % units[i].seconds != 0)
		i++;
	buf_append_format(to, "%" PRIu64 " %s", seconds / units[i].seconds, units[i].name);
}

static void
say_who(struct clause_writer *w)
{
	for (size_t i = 0; i < w->rule->collector_count; i++)
		text_append_printable(
		    clause_begin(w, "collectors", (struct view){NULL, 0}, ".collectors"),
		    w->rule->collectors[i], CLAUSE_TEXT_MAX);
}

static void
say_when(struct clause_writer *w)
{
	const struct policy_rule *r = w->rule;
	const struct view none = {NULL, 0};
	struct buf *to = clause_begin(w, "report_every_s", none, ".report_every_s");

	if (r->report_every_s == 0) {
		buf_append_string(to, "as often as its collector announces");
	} else {
		buf_append_string(to, "every ");
		append_seconds(to, r->report_every_s);
	}
	append_seconds(clause_begin(w, "grace_s", none, ".grace_s"), r->grace_s);
	buf_append_string(clause_aside(w), "it is absent when a report is later by more than that");
	say_age(w);
	if (r->signature_every_s == 0)
		return;
	to = clause_begin(w, "signature_every_s", none, ".signature_every_s");
	buf_append_string(to, "every ");
	append_seconds(to, r->signature_every_s);
	buf_append_string(clause_aside(w), "by its collector's key");
}

static void
say_age(struct clause_writer *w)
{
	append_seconds(
	    clause_begin(w, "max_age_s", (struct view){NULL, 0}, ".max_age_s"), w->rule->max_age_s);
	buf_append_string(clause_aside(w), "older evidence is never affirming");
}

static void
say_start(struct clause_writer *w)
{
	buf_append_string(clause_begin(w, "start", (struct view){NULL, 0}, ".start"),
	    w->rule->start != NULL ? "is judged before, by rules of its own"
				   : "is not judged before: the gate lets nothing through");
}

static void
say_kinds(struct clause_writer *w, const char *name, const bool *kinds, const char *key)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (kinds[k])
			buf_append_string(clause_begin(w, name, (struct view){NULL, 0}, key),
			    component_kind_name((enum component_kind)k));
}

static void
say_review(struct clause_writer *w, uint64_t review_by_s, const char *key)
{
	char until[UTC_TEXT_SIZE];

	if (review_by_s == 0)
		return;
	buf_append_string(clause_begin(w, "review_by", (struct view){NULL, 0}, key),
	    utc_text(review_by_s, until));
	buf_append_string(clause_aside(w), "somebody has to look through it again by then");
}

static void
say_tokens(struct clause_writer *w, struct view tokens)
{
	struct token_want want;

	if (w->rule->is_start && token_wants_next(&tokens, &want)) {
		buf_append_format(clause_begin(w, "summary", (struct view){NULL, 0}, ".summary"),
		    "by the profile %.*s", view_precision(want.profile),
		    (const char *)want.profile.data);
		return;
	}
	while (token_wants_next(&tokens, &want)) {
		struct buf *to = clause_begin(w, "token", want.audience, ".token");

		buf_append_format(to, "by the profile %.*s, ", view_precision(want.profile),
		    (const char *)want.profile.data);
		if (want.audience.size > 0)
			buf_append_format(to, "for %.*s, ", view_precision(want.audience),
			    (const char *)want.audience.data);
		if (want.lifetime_s > 0)
			append_seconds(to, want.lifetime_s);
		else
			buf_append_string(to, "for as long as that gives");
	}
}

/* Which content a set has is no clause: sets are compared as what they are. */
static void
say_references(struct clause_writer *w)
{
	const struct policy *p = w->policy;

	for (size_t i = 0; i < p->reference_count; i++) {
		const struct policy_reference *r = &p->references[i];
		char key[DRAFT_KEY_MAX];
		struct buf *to;

		policy_families_file_key(p, i, key);
		to = clause_begin(w, "references", view_of_string(r->name), key);
		if (r->family == NULL)
			buf_append_string(to, "always counts");
		else
			buf_append_format(to, "release %zu of %zu of %s", r->release + 1,
			    r->family->release_count, r->family->name);
		if (r->source != NULL)
			buf_append_format(to, ", read by source %s", r->source->name);
	}
	for (size_t i = 0; i < p->family_count; i++)
		say_windows(w, &p->families[i]);
}

static void
say_windows(struct clause_writer *w, const struct policy_family *f)
{
	char until[UTC_TEXT_SIZE];

	for (size_t i = 0; i < f->window_count; i++) {
		const struct policy_window *window = &f->windows[i];
		struct buf *to = clause_begin(w, "windows", view_of_string(f->name), "windows");

		for (size_t r = window->from; r <= window->to; r++)
			buf_append_format(to, "%s%s", r > window->from ? ", " : "",
			    release_name(w->policy, f, r));
		buf_append_format(to, " until %s", utc_text(window->until_s, until));
	}
}

/* "family@release": the set is called so. */
static const char *
release_name(const struct policy *p, const struct policy_family *f, size_t release)
{
	size_t i = 0;

	while (p->references[i].family != f || p->references[i].release != release)
		i++;
	return p->references[i].name;
}

/* What has to be of one release. */
static void
say_release(struct clause_writer *w)
{
	const struct policy_rule *r = w->rule;

	for (size_t i = 0; i < r->release_count; i++)
		buf_append_string(clause_begin(w, "release", (struct view){NULL, 0}, ".release"),
		    policy_rule_family(r, r->release[i])->name);
	if (r->release_count > 0)
		clause_outcome(w, "mixed_release", r->mixed_release,
		    finding_sentence(FINDING_MIXED_RELEASE), ".mixed_release");
}

static void
say_feeds_of_top(struct clause_writer *w)
{
	for (size_t i = 0; i < w->policy->feed_count; i++) {
		const struct policy_feed *f = &w->policy->feeds[i];
		struct buf *to = clause_begin(w, "feed", view_of_string(f->name), "feeds");

		clause_quote(to, view_of_string(f->name));
		if (f->max_age_s > 0)
			buf_append_format(to, ", at most %u s old", f->max_age_s);
	}
}

/* Which advisories are looked into, and what they yield. */
static void
say_feeds(struct clause_writer *w)
{
	const struct policy_rule *r = w->rule;

	for (size_t i = 0; i < r->feed_count; i++) {
		const struct view name = view_of_string(r->feeds[i]->name);

		clause_quote(clause_begin(w, "feed", name, ".feeds"), name);
	}
	if (r->feed_count == 0)
		return;
	clause_outcome(
	    w, "vulnerable", r->vulnerable, finding_sentence(FINDING_VULNERABLE), ".vulnerable");
	clause_outcome(w, "no_feed", r->no_feed, finding_sentence(FINDING_NO_FEED), ".no_feed");
}

static void
say_operators(struct clause_writer *w, const struct operators *o)
{
	for (size_t i = 0; i < operators_count(o); i++)
		say_operator(w, operators_at(o, i));
	for (unsigned k = 0; k < STATEMENT_KIND_COUNT; k++) {
		const uint32_t needed = operators_threshold(o, (enum statement_kind)k);

		if (needed > 1)
			buf_append_format(
			    clause_begin(w, "thresholds",
				view_of_string(statement_kind_name((enum statement_kind)k)),
				"operators"),
			    "takes %u operators", needed);
	}
}

static void
say_operator(struct clause_writer *w, const struct operator_entry *op)
{
	struct buf *to = clause_begin(w, "operators", op->name, "operators");
	char hex[DIGEST_HEX_SIZE + 1], until[UTC_TEXT_SIZE];
	bool any = false;

	if (op->role.size > 0) {
		text_append_printable(to, op->role, CLAUSE_TEXT_MAX);
		buf_append_string(to, "; ");
	}
	buf_append_string(to, "may ");
	for (unsigned k = 0; k < STATEMENT_KIND_COUNT; k++) {
		if (!op->right[k])
			continue;
		buf_append_format(
		    to, "%s%s", any ? ", " : "", statement_kind_name((enum statement_kind)k));
		any = true;
	}
	if (!any)
		buf_append_string(to, "nothing");
	digest_to_hex(statement_key_id(op->key), hex);
	buf_append_format(to, "; key %s", hex);
	if (op->until_s != 0)
		buf_append_format(to, " until %s", utc_text(op->until_s, until));
}

static void
say_collectors_ca(struct clause_writer *w, const struct policy_collectors_ca *ca)
{
	struct buf *to =
	    clause_begin(w, "collectors_ca", view_of_string(ca->name), "collectors_ca");
	const size_t count = collectors_ca_count(ca->cas);
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&ca->digest, hex);
	buf_append_format(to, "%zu certificate%s, sha256 %s", count, count == 1 ? "" : "s", hex);
}

static void
say_package_list(struct clause_writer *w, const struct policy_package_list *l)
{
	const size_t count = package_list_count(l->list);
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(&l->digest, hex);
	buf_append_format(
	    clause_begin(w, "package_lists", view_of_string(l->name), "package_lists"),
	    "%zu package%s, sha256 %s", count, count == 1 ? "" : "s", hex);
}
