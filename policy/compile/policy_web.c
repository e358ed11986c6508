#include "policy/compile/policy_web.h"

#include <stdio.h>

void
policy_web_compile(
    struct draft *d, const char *key, const struct raw_fact_rule *raw, struct fact_rule *to)
{
	const enum raw_outcome said[WEB_DIFFERENCES] = {
	    [WEB_UNKNOWN_SCRIPT] = raw->unknown_script,
	    [WEB_CHANGED_SCRIPT] = raw->changed_script,
	    [WEB_MISSING_SCRIPT] = raw->missing_script,
	    [WEB_UNKNOWN_HEADER] = raw->unknown_header,
	    [WEB_CHANGED_HEADER] = raw->changed_header,
	    [WEB_MISSING_HEADER] = raw->missing_header,
	};
	struct view *allow = draft_memory(d->policy, raw->allow_count, sizeof(*allow));
	char at[DRAFT_KEY_MAX];

	for (size_t i = 0; i < WEB_DIFFERENCES; i++)
		to->web[i] = draft_outcome(said[i]);
	(void)snprintf(at, sizeof(at), "%s.allow", key);
	for (size_t i = 0; i < raw->allow_count; i++)
		allow[i] = draft_pattern(d, at, raw->allow[i]);
	to->allow = (struct patterns){
	    .said = raw->allow_count > 0, .count = raw->allow_count, .pattern = allow};
	if (raw->allow_count > 0 && raw->lists_count == 0)
		draft_fault(d, at,
		    "\"%s\" says what may be there besides the lists, and the rule has no "
		    "\"lists\"",
		    at);
}
