#include "policy/words/revoked_words.h"

#include "policy/rules/rule.h"
#include "proto/encoding.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/glob.h"
#include "proto/text.h"
#include "proto/utc.h"

static bool touches_source(
    const struct revoke *r, const struct policy_rule *rule, struct view workload);
static bool is_one(struct view pattern);
static bool uses_set(
    const struct policy_rule *rule, const struct digest *set, struct revoked_use *out);
static bool uses_content(
    const struct policy_rule *rule, const struct digest *content, struct revoked_use *out);
static bool find_content(const struct policy_reference *reference, const struct digest *content,
    struct revoked_use *out);

bool
revoked_touches(const struct revoke *r, const struct policy_rule *rule, struct view workload,
    struct revoked_use *out)
{
	*out = (struct revoked_use){.set = {NULL, 0}};
	switch (r->what) {
	case REVOKED_SOURCE:
		return touches_source(r, rule, workload);
	case REVOKED_DIGEST:
		return uses_content(rule, &r->subject, out);
	case REVOKED_SET:
		return uses_set(rule, &r->subject, out);
	}
	return false;
}

void
revoked_write(const struct revoke *r, struct buf *to)
{
	buf_append_string(to, "\"subject\":{");
	for (size_t i = 0; i < r->said->member_count; i++) {
		buf_append_string(to, i > 0 ? "," : "");
		json_append_string(to, r->said->member[i].name);
		buf_append_byte(to, ':');
		json_append_string(to, r->said->member[i].value);
	}
	buf_append_string(to, "},\"statement\":\"");
	hex_append(to, (struct view){r->statement->bytes, DIGEST_SIZE});
	buf_append_string(to, "\",\"until\":\"");
	utc_append(to, r->until_s);
	buf_append_string(to, "\",\"reason\":");
	json_append_string(to, r->said->reason);
}

static bool
touches_source(const struct revoke *r, const struct policy_rule *rule, struct view workload)
{
	const struct view name = bundle_chain_workload(workload);

	return (r->workloads.size == 0 || glob_match(r->workloads, name, GLOB_TEXT)) &&
	       (!is_one(r->collectors) || policy_rule_allows(rule, r->collectors));
}

/* A pattern that is the identity itself. */
static bool
is_one(struct view pattern)
{
	for (size_t i = 0; i < pattern.size; i++)
		if (pattern.data[i] == '*' || pattern.data[i] == '?' || pattern.data[i] == '\\')
			return false;
	return pattern.size > 0;
}

static bool
uses_set(const struct policy_rule *rule, const struct digest *set, struct revoked_use *out)
{
	for (size_t i = 0; i < rule->reference_count; i++) {
		if (!digest_equal(&rule->reference[i]->digest, set))
			continue;
		out->set = view_of_string(rule->reference[i]->name);
		return true;
	}
	return false;
}

static bool
uses_content(const struct policy_rule *rule, const struct digest *content, struct revoked_use *out)
{
	for (size_t i = 0; i < rule->reference_count; i++)
		if (find_content(rule->reference[i], content, out))
			return true;
	for (size_t i = 0; i < rule->exception_count; i++) {
		if (!digest_equal(&rule->exception[i].digest, content))
			continue;
		out->path = rule->exception[i].path;
		return true;
	}
	return false;
}

static bool
find_content(
    const struct policy_reference *reference, const struct digest *content, struct revoked_use *out)
{
	for (size_t i = 0; i < reference_count(reference->set); i++) {
		const struct reference_entry *e = reference_at(reference->set, i);

		if (!digest_equal(&e->digest, content))
			continue;
		*out = (struct revoked_use){view_of_string(reference->name), e->path};
		return true;
	}
	return false;
}
