/*
 * What a rule for files says.
 */
#include <inttypes.h>

#include "policy/appraisal/finding.h"
#include "policy/words/clause_writer.h"
#include "policy/words/outcome_keys.h"
#include "proto/text.h"
#include "proto/utc.h"

static void say_sets(struct clause_writer *w, const struct file_rule *r);
static void say_when_it_counts(struct buf *to, const struct policy_family *f, size_t release);
static void say_owners(struct clause_writer *w, const struct file_rule *r);
static void say_anonymous(struct clause_writer *w, const struct file_rule *r);
static void say_exceptions(struct clause_writer *w);
static void say_texts(struct clause_writer *w, const char *name, const struct texts *t,
    const char *key, const char *aside);

void
clauses_of_files(struct clause_writer *w, const struct file_rule *r)
{
	const struct outcome_key *k;

	say_sets(w, r);
	if (r->by_content)
		buf_append_string(clause_begin(w, "by", (struct view){NULL, 0}, ".by"),
		    "what a set has under another path is accepted");
	if (r->symlinks)
		buf_append_string(clause_begin(w, "symlinks", (struct view){NULL, 0}, ".symlinks"),
		    "accepted by the SHA-256 of their target's text");
	if (r->path.size > 0)
		text_append_printable(clause_begin(w, "path", (struct view){NULL, 0}, ".path"),
		    r->path, CLAUSE_TEXT_MAX);
	say_texts(w, "demand", &r->demand, ".demand", "some process has to have it mapped");
	say_owners(w, r);
	say_anonymous(w, r);
	say_exceptions(w);
	say_texts(w, "patterns", &r->patterns, ".patterns", "has to be looked for");
	say_texts(w, "excludes", &r->excludes, ".excludes", "may be left out");
	say_texts(w, "may_change", &r->may_change, ".may_change", "need not be looked into");
	say_texts(w, "may_grow", &r->may_grow, ".may_grow", "of these the beginning has to stay");
	say_texts(w, "options", &r->options, ".options", "it may be measured so");
	for (size_t i = 0; (k = outcome_key_at(i)) != NULL; i++) {
		char key[DRAFT_KEY_MAX];

		if ((k->kinds & 1U << w->part) == 0)
			continue;
		snprintf(key, sizeof(key), ".%s", k->name);
		clause_outcome(
		    w, k->name, outcome_key_value(k, r), finding_sentence(k->finding), key);
	}
}

static void
say_sets(struct clause_writer *w, const struct file_rule *r)
{
	for (size_t i = 0; i < w->rule->reference_count; i++) {
		const struct policy_reference *from = w->rule->reference[i];

		if ((r->references & UINT64_C(1) << i) == 0)
			continue;
		buf_append_string(
		    clause_begin(w, "references", (struct view){NULL, 0}, ".references"),
		    from->name);
		buf_append_format(clause_aside(w), "%zu file%s", reference_count(from->set),
		    reference_count(from->set) == 1 ? "" : "s");
		if (from->family != NULL)
			say_when_it_counts(clause_aside(w), from->family, from->release);
	}
}

/* In a window what it has; else the last release. */
static void
say_when_it_counts(struct buf *to, const struct policy_family *f, size_t release)
{
	const bool last = release + 1 == f->release_count;
	char until[UTC_TEXT_SIZE];
	bool inside = false;

	buf_append_string(to, last ? ", the last release" : "");
	for (size_t i = 0; i < f->window_count; i++) {
		const struct policy_window *w = &f->windows[i];

		if (release < w->from || release > w->to)
			continue;
		inside = true;
		if (!last)
			buf_append_format(to, ", counts until %s", utc_text(w->until_s, until));
	}
	if (!inside && !last)
		buf_append_string(to, ", does not count");
	for (size_t i = 0; i < f->window_count && last && !inside; i++)
		buf_append_format(
		    to, ", does not count until %s", utc_text(f->windows[i].until_s, until));
}

static void
say_owners(struct clause_writer *w, const struct file_rule *r)
{
	for (size_t i = 0; i < r->owner_count; i++) {
		buf_append_format(clause_begin(w, "owners", (struct view){NULL, 0}, ".owners"),
		    "%u", r->owners[i]);
		if (r->owners[i] == 0)
			buf_append_string(clause_aside(w), "root");
	}
}

static void
say_anonymous(struct clause_writer *w, const struct file_rule *r)
{
	for (size_t i = 0; i < r->accepted_anonymous_count; i++) {
		const struct anonymous_rule *a = &r->accepted_anonymous[i];
		struct buf *to = clause_begin(
		    w, "accept_anonymous", (struct view){NULL, 0}, ".accept_anonymous");

		buf_append_string(to, "of ");
		clause_quote(to, a->program);
		buf_append_string(to, " bytes ");
		text_append_printable(to, a->bytes.text, CLAUSE_TEXT_MAX);
		buf_append_string(to, ", mappings ");
		text_append_printable(to, a->mappings.text, CLAUSE_TEXT_MAX);
		if (a->writable)
			buf_append_string(to, ", writable too");
		buf_append_string(clause_aside(w), "executable memory without a file");
	}
}

static void
say_exceptions(struct clause_writer *w)
{
	char until[UTC_TEXT_SIZE], hex[DIGEST_HEX_SIZE + 1];
	struct buf *to;

	for (size_t i = 0; i < w->rule->exception_count; i++) {
		const struct exception_rule *x = &w->rule->exception[i];

		if (x->kind != w->part)
			continue;
		digest_to_hex(&x->digest, hex);
		to = clause_begin(w, "except", x->subject, ".except");
		/* So long, the subject may be cut, between two characters and before their escapes.
		 */
		if (x->subject.size > REPORT_SUBJECT_MAX - 32) {
			clause_quote(to, x->path);
			buf_append_string(to, ", ");
		}
		buf_append_format(to, "sha256 %s until %s: ", hex, utc_text(x->until_s, until));
		text_append_printable(to, x->why, CLAUSE_TEXT_MAX);
		if (x->owner.size > 0) {
			buf_append_string(to, "; owner: ");
			text_append_printable(to, x->owner, CLAUSE_TEXT_MAX);
		}
	}
}

static void
say_texts(struct clause_writer *w, const char *name, const struct texts *t, const char *key,
    const char *aside)
{
	for (size_t i = 0; i < t->count; i++) {
		text_append_printable(clause_begin(w, name, (struct view){NULL, 0}, key),
		    t->text[i], CLAUSE_TEXT_MAX);
		buf_append_string(clause_aside(w), aside);
	}
}
