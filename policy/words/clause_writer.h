/*
 * Clauses while they are written. Only policy/words/ includes this.
 */
#ifndef HALLMARK_POLICY_WORDS_CLAUSE_WRITER_H
#define HALLMARK_POLICY_WORDS_CLAUSE_WRITER_H

#include "policy/compile/draft.h"
#include "policy/rules/rule.h"
#include "policy/words/clauses.h"

/*
 * Bytes of the longest text that a policy can have, a path behind a name, with each byte escaped:
 * what differs behind a cut would be no difference.
 */
#define CLAUSE_TEXT_MAX (4 * (4096 + 64))

struct clause_writer {
	const struct policy *policy;
	const struct policy_rule *rule; /* NULL: the top */
	enum component_kind part;
	struct clauses *to;
};

/*
 * Begins a clause; where what it says is written until the next one begins. `key` is where it
 * stands below the entry or its part, such as ".max_age_s"; NULL: nowhere.
 */
struct buf *clause_begin(
    struct clause_writer *w, const char *name, struct view subject, const char *key);

/* The aside of the clause that was begun last. */
struct buf *clause_aside(struct clause_writer *w);

/* A clause that says what a finding yields. */
void clause_outcome(struct clause_writer *w, const char *name, enum report_status outcome,
    struct view sentence, const char *key);

/*
 * The line of such a key in its file; of "" that of the part, or of the entry. 0, and NULL: the
 * policy leaves it out.
 */
unsigned clause_line(const struct clause_writer *w, const char *key, const char **file);

/* In quotation marks, escaped, those in it too: where it ends is never in doubt. */
void clause_quote(struct buf *to, struct view pattern);

/* What the sources say (source_clauses.c). */
void clauses_of_sources(struct clause_writer *w);

/* What the groups and the roll-out say (group_clauses.c). */
void clauses_of_groups(struct clause_writer *w);

/* What the rules for files and facts say. */
void clauses_of_files(struct clause_writer *w, const struct file_rule *r);
void clauses_of_facts(struct clause_writer *w, const struct fact_rule *r);

#endif
