#include "policy/words/clause_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "proto/text.h"

struct buf *
clause_begin(struct clause_writer *w, const char *name, struct view subject, const char *key)
{
	struct clauses *to = w->to;

	if (to->count == to->capacity) {
		const size_t capacity = to->capacity == 0 ? 64 : 2 * to->capacity;
		struct clause *grown = realloc(to->clause, capacity * sizeof(*grown));

		if (grown == NULL)
			abort();
		to->clause = grown;
		to->capacity = capacity;
	}
	to->clause[to->count] = (struct clause){.part = w->part,
	    .start = w->rule != NULL && w->rule->is_start,
	    .name = name,
	    .subject = subject,
	    .says = BUF_INIT,
	    .aside = BUF_INIT};
	if (key != NULL)
		to->clause[to->count].line = clause_line(w, key, &to->clause[to->count].file);
	return &to->clause[to->count++].says;
}

struct buf *
clause_aside(struct clause_writer *w)
{
	return &w->to->clause[w->to->count - 1].aside;
}

void
clause_outcome(struct clause_writer *w, const char *name, enum report_status outcome,
    struct view sentence, const char *key)
{
	buf_append_string(
	    clause_begin(w, name, (struct view){NULL, 0}, key), report_status_name(outcome));
	w->to->clause[w->to->count - 1].outcome = report_status_name(outcome);
	buf_append_view(clause_aside(w), sentence);
}

void
clause_quote(struct buf *to, struct view pattern)
{
	buf_append_byte(to, '"');
	while (pattern.size > 0) {
		const uint8_t *mark = memchr(pattern.data, '"', pattern.size);
		const struct view before = {
		    pattern.data, mark != NULL ? (size_t)(mark - pattern.data) : pattern.size};

		text_append_printable(to, before, CLAUSE_TEXT_MAX);
		buf_append_string(to, mark != NULL ? "\\x22" : "");
		pattern.size -= before.size + (mark != NULL);
		pattern.data += before.size + (mark != NULL);
	}
	buf_append_byte(to, '"');
}

/* Of an entry below `workloads[N]`, and there below the part. */
unsigned
clause_line(const struct clause_writer *w, const char *key, const char **file)
{
	struct buf written = BUF_INIT;
	char path[DRAFT_KEY_MAX];
	struct yaml_spot spot;

	if (w->rule == NULL)
		snprintf(path, sizeof(path), "%s", key);
	else
		snprintf(path, sizeof(path), "workloads[%zu]%s%s%s%s",
		    policy_rule_entry(w->policy, w->rule), w->rule->is_start ? ".start" : "",
		    w->part == COMPONENT_KIND_COUNT ? "" : ".",
		    w->part == COMPONENT_KIND_COUNT ? "" : component_kind_name(w->part), key);
	spot = yaml_file_spot(w->policy->yaml, path, &written);
	buf_free(&written);
	*file = spot.file;
	return spot.file != NULL ? spot.line : 0;
}
