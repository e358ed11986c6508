#include "policy/draft.h"

#include <stdarg.h>
#include <stdlib.h>

#include "proto/evidence/bundle.h"
#include "proto/glob.h"
#include "proto/utc.h"

void
draft_fault(struct draft *d, const char *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	faults_add_list(
	    d->faults, d->file, yaml_file_line(d->policy->yaml, key), format, arguments);
	va_end(arguments);
}

void *
draft_memory(struct policy *p, size_t count, size_t size)
{
	void **grown = realloc(p->owned, (p->owned_count + 1) * sizeof(*grown));

	if (grown == NULL)
		abort();
	p->owned = grown;
	if ((p->owned[p->owned_count] = calloc(count > 0 ? count : 1, size)) == NULL)
		abort();
	return p->owned[p->owned_count++];
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
