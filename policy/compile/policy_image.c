#include "policy/compile/policy_image.h"

#include <stdio.h>

static void check_named(
    struct draft *d, const char *key, const struct fact_demand *facts, size_t count);

void
policy_image_compile(struct draft *d, const char *key, const struct raw_fact_rule *raw,
    struct fact_demand *facts, size_t *count)
{
	const struct {
		const char *name;
		enum raw_outcome outcome;
	} differences[POLICY_IMAGE_FACTS] = {{"added", raw->added}, {"changed", raw->changed},
	    {"deleted", raw->deleted}, {"mounted", raw->mounted}};
	struct view *allow = draft_memory(d->policy, raw->allow_count + 1, sizeof(*allow));
	/* Where nothing differs there is no value, for which an empty one stands. */
	const struct patterns allowed = {
	    .said = true, .count = raw->allow_count + 1, .pattern = allow};
	const struct patterns none = {.said = true};
	char at[DRAFT_KEY_MAX];

	check_named(d, key, facts, *count);
	(void)snprintf(at, sizeof(at), "%s.allow", key);
	for (size_t i = 0; i < raw->allow_count; i++)
		allow[i] = draft_pattern(d, at, raw->allow[i]);
	allow[raw->allow_count] = (struct view){NULL, 0};
	for (size_t i = 0; i < POLICY_IMAGE_FACTS; i++) {
		facts[*count] = (struct fact_demand){.name = view_of_string(differences[i].name),
		    .key = differences[i].name,
		    .place = *count,
		    .word = 1,
		    .unmatched = draft_outcome(differences[i].outcome)};
		if (raw->allow_count > 0)
			facts[*count].allow = allowed;
		else
			facts[*count].equals = none;
		++*count;
	}
}

/* The collector's configuration names the image: the policy has to say which it has to be. */
static void
check_named(struct draft *d, const char *key, const struct fact_demand *facts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (view_equal(facts[i].name, VIEW_LITERAL("manifest")) ||
		    view_equal(facts[i].name, VIEW_LITERAL("set")))
			return;
	draft_fault(d, key,
	    "\"%s\" does not say which image it has to be: add to its facts one called "
	    "\"manifest\" or \"set\", such as {name: manifest, allow: [\"sha256:...\"]}",
	    key);
}
