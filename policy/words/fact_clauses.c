/*
 * What a rule for facts says: a clause for each condition.
 */
#include <string.h>

#include "policy/appraisal/finding.h"
#include "policy/words/clause_writer.h"
#include "proto/text.h"

static void say_demand(struct clause_writer *w, const struct fact_demand *d);
static void say_difference(struct clause_writer *w, const struct fact_demand *d);
static void say_web(struct clause_writer *w, const struct fact_rule *r);
static void say_patterns(struct clause_writer *w, const struct fact_demand *d,
    const struct patterns *p, const char *before, const char *between, const char *none);
static void say_range(struct clause_writer *w, const struct fact_demand *d, const struct range *r,
    const char *before);
static struct buf *begin(struct clause_writer *w, const struct fact_demand *d);
static void end(struct clause_writer *w, const struct fact_demand *d);

void
clauses_of_facts(struct clause_writer *w, const struct fact_rule *r)
{
	for (size_t i = 0; i < r->fact_count; i++)
		if (r->facts[i].key != NULL)
			say_difference(w, &r->facts[i]);
		else
			say_demand(w, &r->facts[i]);
	for (size_t i = 0; i < r->list_count; i++) {
		buf_append_string(
		    clause_begin(w, "lists", (struct view){NULL, 0}, ".lists"), r->lists[i]->name);
		buf_append_format(clause_aside(w),
		    w->part == COMPONENT_WEB ? "%zu lines of what the page has and may have"
					     : "%zu packages that may be there",
		    package_list_count(r->lists[i]->list));
	}
	if (r->list_count > 0 && w->part == COMPONENT_WEB)
		say_web(w, r);
	else if (r->list_count > 0)
		clause_outcome(
		    w, "unlisted", r->unlisted, finding_sentence(FINDING_UNLISTED), ".unlisted");
}

static void
say_demand(struct clause_writer *w, const struct fact_demand *d)
{
	say_patterns(w, d, &d->equals, "exactly, in this order: ", " ", "no value");
	say_patterns(w, d, &d->require, "there is a value for each of ", ", ", "nothing");
	say_patterns(w, d, &d->allow, "every value is like ", " or ", "none");
	say_patterns(w, d, &d->deny, "no value is like ", " or ", "none");
	say_range(w, d, &d->count, "how many there are: ");
	say_range(w, d, &d->number, "every value is a number ");
	say_range(w, d, &d->version, "every value is a version ");
	say_range(w, d, &d->date, "every value is a date ");
}

static void
say_web(struct clause_writer *w, const struct fact_rule *r)
{
	static const struct {
		const char *key, *place;
		enum finding finding;
	} outcomes[WEB_DIFFERENCES] = {
	    [WEB_UNKNOWN_SCRIPT] = {"unknown_script", ".unknown_script", FINDING_UNKNOWN_SCRIPT},
	    [WEB_CHANGED_SCRIPT] = {"changed_script", ".changed_script", FINDING_CHANGED_SCRIPT},
	    [WEB_MISSING_SCRIPT] = {"missing_script", ".missing_script", FINDING_MISSING_SCRIPT},
	    [WEB_UNKNOWN_HEADER] = {"unknown_header", ".unknown_header", FINDING_UNKNOWN_HEADER},
	    [WEB_CHANGED_HEADER] = {"changed_header", ".changed_header", FINDING_CHANGED_HEADER},
	    [WEB_MISSING_HEADER] = {"missing_header", ".missing_header", FINDING_MISSING_HEADER},
	};
	struct buf *to;

	if (r->allow.count > 0) {
		to = clause_begin(w, "allow", (struct view){NULL, 0}, ".allow");
		buf_append_string(to, "may be there, too: ");
		for (size_t i = 0; i < r->allow.count; i++) {
			buf_append_string(to, i > 0 ? " or " : "");
			clause_quote(to, r->allow.pattern[i]);
		}
	}
	to = clause_begin(w, "lists", (struct view){NULL, 0}, NULL);
	buf_append_string(
	    to, "of pages as a client on the host is given them: not what browsers elsewhere are");
	for (size_t i = 0; i < WEB_DIFFERENCES; i++)
		clause_outcome(w, outcomes[i].key, r->web[i], finding_sentence(outcomes[i].finding),
		    outcomes[i].place);
}

/* Of a rule for images; what it allows is said once. */
static void
say_difference(struct clause_writer *w, const struct fact_demand *d)
{
	const struct view sentence =
	    VIEW_LITERAL("a path that is not as in the image, and that `allow` does not name");
	char key[DRAFT_KEY_MAX];
	struct buf *to;

	if (d->allow.said && strcmp(d->key, "added") == 0) {
		to = clause_begin(w, "allow", (struct view){NULL, 0}, ".allow");
		buf_append_string(to, "may differ from the image: ");
		for (size_t i = 0; i + 1 < d->allow.count; i++) {
			buf_append_string(to, i > 0 ? " or " : "");
			clause_quote(to, d->allow.pattern[i]);
		}
	}
	snprintf(key, sizeof(key), ".%s", d->key);
	clause_outcome(w, d->key, d->unmatched, sentence, key);
}

static void
say_patterns(struct clause_writer *w, const struct fact_demand *d, const struct patterns *p,
    const char *before, const char *between, const char *none)
{
	struct buf *to;

	if (!p->said)
		return;
	to = begin(w, d);
	buf_append_string(to, before);
	for (size_t i = 0; i < p->count; i++) {
		buf_append_string(to, i > 0 ? between : "");
		clause_quote(to, p->pattern[i]);
	}
	if (p->count == 0)
		buf_append_string(to, none);
	end(w, d);
}

static void
say_range(
    struct clause_writer *w, const struct fact_demand *d, const struct range *r, const char *before)
{
	struct buf *to;

	if (r->limit_count == 0)
		return;
	to = begin(w, d);
	buf_append_string(to, before);
	text_append_printable(to, r->text, CLAUSE_TEXT_MAX);
	end(w, d);
}

static struct buf *
begin(struct clause_writer *w, const struct fact_demand *d)
{
	char key[DRAFT_KEY_MAX];
	struct buf *to;

	snprintf(key, sizeof(key), ".facts[%zu]", d->place);
	to = clause_begin(w, "facts", d->name, d->implied ? NULL : key);
	if (d->implied)
		buf_append_string(to, "where it was measured, ");
	if (d->word > 0)
		buf_append_format(to, "word %u of ", d->word);
	if (d->where.said) {
		buf_append_string(to, "those like ");
		clause_quote(to, d->where.pattern[0]);
		buf_append_string(to, ": ");
	} else if (d->word > 0) {
		buf_append_string(to, "each: ");
	}
	return to;
}

/* What is contraindicated otherwise, as by default, needs no words. */
static void
end(struct clause_writer *w, const struct fact_demand *d)
{
	struct buf *to = &w->to->clause[w->to->count - 1].says;

	if (d->unmatched != REPORT_CONTRAINDICATED)
		buf_append_format(to, "; else %s", report_status_name(d->unmatched));
}
