#include "signer/check/check_tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "proto/glob.h"
#include "proto/wire/token_wants.h"

#define PROFILE_FORMAT "tokens: the policy's \"%.*s\" wants one by the profile \"%.*s\", for %.*s"
#define PROFILE_VIEWS(rule, want)                                                                  \
	view_precision(policy_rule_match(rule)), (const char *)policy_rule_match(rule).data,       \
	    view_precision((want)->profile), (const char *)(want)->profile.data,                   \
	    view_precision(party(want)), (const char *)party(want).data

#define KEY_SIZE 64

#define SUMMARY_FORMAT                                                                             \
	"summaries: the policy's \"%.*s\" wants one of its start by the profile \"%.*s\""
#define SUMMARY_VIEWS(rule, want)                                                                  \
	view_precision(policy_rule_match(rule)), (const char *)policy_rule_match(rule).data,       \
	    view_precision((want)->profile), (const char *)(want)->profile.data

#define SHOWN_BY "hallmark-hsm check shows whether hsm.yaml gives that"

/* What is looked at, and where it is told. */
struct checking {
	const char *path;
	const struct hsm_config *hsm;
	struct yaml_spot spot; /* where the policy wants it */
	const struct policy_rule *rule;
	struct faults *faults, *notes;
};

static void check_summary(const struct checking *c, const struct token_want *want);
static void check_want(const struct checking *c, const struct token_want *want);
static void fault_no_profile(const struct checking *c, const struct token_want *want);
static struct yaml_spot spot_of(
    const struct policy *p, const struct policy_rule *rule, size_t index);
static const struct token_profile *find(const struct hsm_config *hsm, struct view name);
static bool lists(const struct token_profile *t, struct view audience);
static bool never_covers(const struct profile_cover *cover, const struct policy_rule *rule);
static bool is_literal(struct view pattern);
static struct view party(const struct token_want *want);
static bool is_new(const struct policy *p, uint32_t number);

void
check_tokens(const char *path, const struct hsm_config *hsm, const struct policy *p,
    struct faults *faults, struct faults *notes)
{
	struct checking c = {.path = path, .hsm = hsm, .faults = faults, .notes = notes};

	for (uint32_t n = 1; (c.rule = policy_rule_at(p, n)) != NULL; n++) {
		struct view rest = policy_rule_tokens(c.rule);
		struct token_want want;

		for (size_t i = 0; token_wants_next(&rest, &want); i++) {
			c.spot = spot_of(p, c.rule, i);
			if (policy_rule_is_start(c.rule))
				check_summary(&c, &want);
			else
				check_want(&c, &want);
		}
	}
}

void
check_tokens_elsewhere(const struct policy *p, struct faults *notes)
{
	const struct policy_rule *rule;

	for (uint32_t n = 1; (rule = policy_rule_at(p, n)) != NULL; n++) {
		struct view rest = policy_rule_tokens(rule);
		struct token_want want;

		for (size_t i = 0; is_new(p, n) && token_wants_next(&rest, &want); i++) {
			const struct yaml_spot spot = spot_of(p, rule, i);

			if (policy_rule_is_start(rule))
				faults_add(notes, spot.file, spot.line,
				    SUMMARY_FORMAT "; " SHOWN_BY, SUMMARY_VIEWS(rule, &want));
			else
				faults_add(notes, spot.file, spot.line,
				    PROFILE_FORMAT "; " SHOWN_BY, PROFILE_VIEWS(rule, &want));
		}
	}
}

static struct yaml_spot
spot_of(const struct policy *p, const struct policy_rule *rule, size_t index)
{
	char key[KEY_SIZE] = "summary";

	if (!policy_rule_is_start(rule))
		(void)snprintf(key, sizeof(key), "token[%zu].profile", index);
	return policy_rule_spot(p, rule, key);
}

static void
check_want(const struct checking *c, const struct token_want *want)
{
	const struct token_profile *t = find(c->hsm, want->profile);

	if (t == NULL)
		fault_no_profile(c, want);
	else if (!lists(t, want->audience))
		faults_add(c->faults, c->spot.file, c->spot.line,
		    PROFILE_FORMAT
		    ": in %s it lists %zu others in \"aud\"; name one of these here, "
		    "or list it there",
		    PROFILE_VIEWS(c->rule, want), c->path, t->audience_count);
	else if (never_covers(&t->cover, c->rule))
		faults_add(c->faults, c->spot.file, c->spot.line,
		    PROFILE_FORMAT ": in %s it does not cover that; its \"workloads\" and "
				   "\"collectors\" say what it does",
		    PROFILE_VIEWS(c->rule, want), c->path);
	else if (want->lifetime_s > t->lifetime_s)
		faults_add(c->notes, c->spot.file, c->spot.line,
		    PROFILE_FORMAT " and %u s: in %s it gives %u s at most",
		    PROFILE_VIEWS(c->rule, want), want->lifetime_s, c->path, t->lifetime_s);
}

static void
fault_no_profile(const struct checking *c, const struct token_want *want)
{
	char question[NEAREST_QUESTION_SIZE];
	struct buf names = BUF_INIT;
	struct nearest nearest;

	nearest_begin(&nearest, want->profile);
	for (size_t i = 0; i < c->hsm->token_count; i++) {
		buf_append_view(&names, c->hsm->tokens[i].name);
		buf_append_byte(&names, 0);
	}
	if (buf_status(&names) != ERR_OK)
		abort();
	for (size_t at = 0; at < names.size; at += strlen((char *)names.data + at) + 1)
		nearest_offer(&nearest, (char *)names.data + at);
	faults_add(c->faults, c->spot.file, c->spot.line,
	    PROFILE_FORMAT
	    ": %s has %zu profiles under \"tokens\", none of that name%s; those "
	    "receipts would leave without it: add it there, or name one of these here",
	    PROFILE_VIEWS(c->rule, want), c->path, c->hsm->token_count,
	    nearest_question(&nearest, question));
	buf_free(&names);
}

static void
check_summary(const struct checking *c, const struct token_want *want)
{
	const struct summary_profile *s = NULL;

	for (size_t i = 0; i < c->hsm->summary_count; i++)
		if (view_equal(c->hsm->summaries[i].name, want->profile))
			s = &c->hsm->summaries[i];
	if (s == NULL)
		faults_add(c->faults, c->spot.file, c->spot.line,
		    SUMMARY_FORMAT ": %s has %zu under \"summaries\", none of that name; those "
				   "receipts would leave without it: add it there",
		    SUMMARY_VIEWS(c->rule, want), c->path, c->hsm->summary_count);
	else if (never_covers(&s->cover, c->rule))
		faults_add(c->faults, c->spot.file, c->spot.line,
		    SUMMARY_FORMAT
		    ": in %s it does not cover that; its \"workloads\" and \"collectors\" "
		    "say what it does",
		    SUMMARY_VIEWS(c->rule, want), c->path);
}

static const struct token_profile *
find(const struct hsm_config *hsm, struct view name)
{
	for (size_t i = 0; i < hsm->token_count; i++)
		if (view_equal(hsm->tokens[i].name, name))
			return &hsm->tokens[i];
	return NULL;
}

static bool
lists(const struct token_profile *t, struct view audience)
{
	for (size_t i = 0; i < t->audience_count; i++)
		if (view_equal(t->audiences[i], audience))
			return true;
	return audience.size == 0 && t->audience_count == 1;
}

/* Whether two patterns ever meet is not looked at: of a name it is plain. */
static bool
never_covers(const struct profile_cover *cover, const struct policy_rule *rule)
{
	const struct view match = policy_rule_match(rule);
	size_t i = 0;

	if (!is_literal(match))
		return false;
	while (i < cover->workload_count && !glob_match(cover->workloads[i], match, GLOB_TEXT))
		i++;
	return i == cover->workload_count;
}

static bool
is_literal(struct view pattern)
{
	return memchr(pattern.data, '*', pattern.size) == NULL &&
	       memchr(pattern.data, '?', pattern.size) == NULL &&
	       memchr(pattern.data, '\\', pattern.size) == NULL;
}

static struct view
party(const struct token_want *want)
{
	return want->audience.size > 0 ? want->audience : view_of_string("its only audience");
}

/* No entry before it wants the same tokens. */
static bool
is_new(const struct policy *p, uint32_t number)
{
	const struct view tokens = policy_rule_tokens(policy_rule_at(p, number));

	for (uint32_t n = 1; n < number; n++)
		if (view_equal(policy_rule_tokens(policy_rule_at(p, n)), tokens))
			return false;
	return true;
}
