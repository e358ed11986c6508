#include "policy/compile/policy_groups.h"

#include <stdio.h>
#include <string.h>

#include "config/nearest.h"
#include "policy/compile/policy_facts.h"

/* Where in the file a group is being put together. */
struct place {
	struct draft *draft;
	size_t index; /* in `groups` */
	char key[DRAFT_KEY_MAX];
};

static void take_rollout(struct draft *d, const struct raw_rollout *raw);
static void take_group(struct place *p, const struct raw_group *raw, struct policy_group *to);
static void check_again(struct place *p, const char *name);
static struct patterns take_patterns(
    struct place *p, const char *name, char *const *from, size_t count);
static enum report_enforce take_enforce(struct place *p, enum raw_enforce raw);
static const char *key_of(struct place *p, const char *name);

void
policy_groups_compile(struct draft *d)
{
	struct policy *p = d->policy;

	if (d->raw->rollout != NULL)
		take_rollout(d, d->raw->rollout);
	p->group_count = d->raw->groups_count;
	p->groups = draft_memory(p, p->group_count, sizeof(*p->groups));
	for (size_t i = 0; i < p->group_count; i++) {
		struct place place = {.draft = d, .index = i};

		take_group(&place, &d->raw->groups[i], &p->groups[i]);
	}
}

void
policy_groups_take(struct draft *d, const char *key, const char *name, struct policy_rule *to)
{
	const struct policy *p = d->policy;
	struct nearest nearest;
	const char *near;

	to->groups = p->groups;
	to->group_count = p->group_count;
	if (name == NULL)
		return;
	nearest_begin(&nearest, view_of_string(name));
	for (size_t i = 0; i < p->group_count; i++) {
		if (p->groups[i].name.size == 0)
			continue; /* a fault already */
		if (view_equal(p->groups[i].name, view_of_string(name)))
			to->own_group = &p->groups[i];
		nearest_offer(&nearest, d->raw->groups[i].name);
	}
	near = nearest_found(&nearest);
	if (to->own_group == NULL)
		draft_fault(d, key, "\"%s\": no group is named \"%s\"%s%s%s", key, name,
		    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
		    near != NULL ? "\"?" : "");
}

static void
take_rollout(struct draft *d, const struct raw_rollout *raw)
{
	const char *key = "rollout.from";

	d->policy->rolls_out = true;
	if (raw->from != NULL &&
	    digest_from_hex(view_of_string(raw->from), &d->policy->rollout_from) != ERR_OK)
		draft_fault(d, key,
		    "\"%s\" must be the SHA-256 of the manifest in force, 64 digits and letters a "
		    "to f, as `hallmark-signer policy show` and `status` tell it; found \"%s\"",
		    key, raw->from);
}

static void
take_group(struct place *p, const struct raw_group *raw, struct policy_group *to)
{
	const struct raw_fact_rule facts = {.facts = raw->facts, .facts_count = raw->facts_count};

	draft_name(p->draft, key_of(p, ".name"), raw->name);
	if (raw->name != NULL) {
		to->name = view_of_string(raw->name);
		check_again(p, raw->name);
	}
	to->collectors = take_patterns(p, ".collectors", raw->collectors, raw->collectors_count);
	to->workloads = take_patterns(p, ".workloads", raw->workloads, raw->workloads_count);
	/* As facts of a kind for which nothing is demanded that is not said. */
	if (raw->facts_count > 0)
		to->facts = policy_facts_compile(p->draft, key_of(p, ""), COMPONENT_HOST, &facts);
	to->by_conditions = to->collectors.said || to->workloads.said || to->facts != NULL;
	to->enforce = take_enforce(p, raw->enforce);
}

static void
check_again(struct place *p, const char *name)
{
	for (size_t i = 0; i < p->index; i++) {
		const char *before = p->draft->raw->groups[i].name;

		if (before != NULL && strcmp(before, name) == 0)
			draft_fault(p->draft, key_of(p, ".name"),
			    "\"%s\": another group is named \"%s\" too; only the first would ever "
			    "be used",
			    p->key, name);
	}
}

static struct patterns
take_patterns(struct place *p, const char *name, char *const *from, size_t count)
{
	struct view *pattern = draft_memory(p->draft->policy, count, sizeof(*pattern));

	key_of(p, name);
	for (size_t i = 0; i < count; i++)
		pattern[i] = draft_pattern(p->draft, p->key, from[i]);
	return (struct patterns){.said = count > 0, .count = count, .pattern = pattern};
}

/* Another policy decides only where one is named. */
static enum report_enforce
take_enforce(struct place *p, enum raw_enforce raw)
{
	if ((raw == RAW_ENFORCE_WARN || raw == RAW_ENFORCE_OFF) && p->draft->raw->rollout == NULL)
		draft_fault(p->draft, key_of(p, ".enforce"),
		    "\"%s\" lets the policy before this one decide, and none is named: add "
		    "\"rollout: {from: ...}\" with the manifest in force, which `hallmark-signer "
		    "status` "
		    "has in `policy`, or write `on`",
		    p->key);
	switch (raw) {
	case RAW_ENFORCE_WARN:
		return REPORT_ENFORCE_WARN;
	case RAW_ENFORCE_OFF:
		return REPORT_ENFORCE_OFF;
	case RAW_ENFORCE_UNSAID:
	case RAW_ENFORCE_ON:
		break;
	}
	return REPORT_ENFORCE_ON;
}

static const char *
key_of(struct place *p, const char *name)
{
	snprintf(p->key, sizeof(p->key), "groups[%zu]%s", p->index, name);
	return p->key;
}
