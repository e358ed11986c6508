#include "policy/compile/draft.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "proto/evidence/bundle.h"
#include "proto/glob.h"
#include "proto/utc.h"

#define GUESSES_MAX 64 /* each holds a name against all that there are */

struct draft_told {
	UT_hash_handle hh;
	char text[];
};

static bool was_told(struct draft *d, const struct yaml_spot *spot, const char *text);

void
draft_fault(struct draft *d, const char *key, const char *format, ...)
{
	struct yaml_spot spot;
	va_list arguments;
	char *text, *told;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	told = draft_as_written(d->policy->yaml, key, text, &spot);
	if (spot.file == NULL)
		spot.file = d->file;
	if (told == NULL)
		faults_add(d->faults, spot.file, spot.line, "%s", text);
	else if (!was_told(d, &spot, told))
		faults_add(d->faults, spot.file, spot.line, "%s", told);
	free(text);
	free(told);
}

char *
draft_as_written(
    const struct yaml_file *f, const char *key, const char *text, struct yaml_spot *spot)
{
	struct buf written = BUF_INIT, out = BUF_INIT;
	const size_t size = strlen(key);
	const char *at;

	*spot = yaml_file_spot(f, key, &written);
	if (size == 0 || spot->file == NULL ||
	    view_equal(buf_view(&written), view_of_string(key))) {
		buf_free(&written);
		return NULL;
	}
	for (; (at = strstr(text, key)) != NULL; text = at + size) {
		buf_append(&out, text, (size_t)(at - text));
		buf_append_view(&out, buf_view(&written));
	}
	buf_append_string(&out, text);
	buf_append_byte(&out, 0);
	buf_free(&written);
	if (buf_status(&out) != ERR_OK)
		abort();
	return (char *)out.data;
}

/* What is written once, and stands in many entries, is told once. */
static bool
was_told(struct draft *d, const struct yaml_spot *spot, const char *text)
{
	struct draft_told *one, *before;
	char *all;
	const int size = asprintf(&all, "%s:%u: %s", spot->file, spot->line, text);

	if (size < 0)
		abort();
	HASH_FIND_STR(d->told, all, before);
	if (before == NULL) {
		one = draft_memory(d->policy, 1, sizeof(*one) + (size_t)size + 1);
		memcpy(one->text, all, (size_t)size + 1);
		HASH_ADD_STR(d->told, text, one);
	}
	free(all);
	return before != NULL;
}

void
draft_end(struct draft *d)
{
	HASH_CLEAR(hh, d->told);
}

void *
draft_memory(struct policy *p, size_t count, size_t size)
{
	return region_memory(&p->memory, count, size);
}

struct view
draft_pattern(struct draft *d, const char *key, const char *pattern)
{
	const struct view v = view_of_string(pattern);

	if (glob_check(v) != ERR_OK)
		draft_fault(d, key,
		    "\"%s\": in \"%s\" a backslash must stand before \"*\", \"?\" or another "
		    "backslash",
		    key, pattern);
	return v;
}

uint64_t
draft_date(struct draft *d, const char *key, const char *date)
{
	uint64_t seconds = 0;

	if (date != NULL && utc_parse_date(view_of_string(date), &seconds) != ERR_OK)
		draft_fault(d, key,
		    "\"%s\" must be a date such as 2027-01-31, which stands for its first second "
		    "in UTC, or a time such as 2027-01-31T18:00:00Z; found \"%s\"",
		    key, date);
	return seconds;
}

void
draft_name(struct draft *d, const char *key, const char *name)
{
	if (name != NULL && bundle_workload_check(view_of_string(name)) != ERR_OK)
		draft_fault(d, key,
		    "\"%s\" must be without white space and \"/\" and not begin with \".\"; found "
		    "\"%s\"",
		    key, name);
}

enum report_status
draft_outcome(enum raw_outcome raw)
{
	switch (raw) {
	case RAW_OUTCOME_NONE:
		return REPORT_NONE;
	case RAW_OUTCOME_WARNING:
		return REPORT_WARNING;
	case RAW_OUTCOME_CONTRAINDICATED:
	case RAW_OUTCOME_UNSAID:
		break;
	}
	return REPORT_CONTRAINDICATED;
}

const char *
draft_entry_key(const struct draft_entry *entry, const char *rest, char *key)
{
	snprintf(key, DRAFT_KEY_MAX, "workloads[%zu]%s%s", entry->index,
	    entry->is_start ? ".start" : "", rest);
	return key;
}

void
draft_guess_begin(struct draft *d, struct nearest *n, const char *name)
{
	const bool guess = d->guesses++ < GUESSES_MAX;

	nearest_begin(n, guess ? view_of_string(name) : VIEW_LITERAL(""));
}

void
draft_guess_offer(struct nearest *n, const char *known)
{
	if (known != NULL && n->word.size > 0)
		nearest_offer(n, known);
}

const struct raw_file_rule *
draft_file_rule(const struct raw_workload *w, enum component_kind kind)
{
	switch (kind) {
	case COMPONENT_EXECUTABLE:
		return w->executable;
	case COMPONENT_FILES:
		return w->files;
	case COMPONENT_LIBRARIES:
		return w->libraries;
	default:
		return NULL;
	}
}
