#include "policy/compile/policy_tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/bundle.h"
#include "proto/text.h"
#include "proto/wire/keychannel.h"
#include "proto/wire/token_wants.h"

/* Where in the file one is being put together. */
struct place {
	struct draft *draft;
	size_t workload, index; /* in `workloads`, in its `token` */
	char key[DRAFT_KEY_MAX];
};

static void keep(struct draft *d, struct buf *wants, struct policy_rule *to);
static void take(struct place *p, const struct raw_token *raw, struct token_want *to);
static void check_again(struct place *p, struct view before, const struct token_want *want);
static const char *key_of(struct place *p, const char *name);

void
policy_tokens_compile(struct draft *d, size_t index)
{
	const struct raw_workload *raw = &d->raw->workloads[index];
	struct buf wants = BUF_INIT;

	for (size_t i = 0; i < raw->token_count; i++) {
		struct place p = {.draft = d, .workload = index, .index = i};
		struct token_want want;

		if (raw->token[i].profile == NULL)
			continue; /* a fault already */
		take(&p, &raw->token[i], &want);
		check_again(&p, buf_view(&wants), &want);
		token_wants_append(&wants, &want);
	}
	keep(d, &wants, &d->policy->rules[index]);
}

void
policy_tokens_compile_summary(struct draft *d, const struct draft_entry *entry)
{
	const char *name = entry->raw->summary;
	struct buf wants = BUF_INIT;
	struct token_want want;
	char key[DRAFT_KEY_MAX];

	if (name == NULL)
		return;
	want = (struct token_want){.profile = view_of_string(name)};
	(void)snprintf(key, sizeof(key), "workloads[%zu].start.summary", entry->index);
	if (bundle_workload_check(want.profile) != ERR_OK)
		draft_fault(d, key,
		    "\"%s\" must be the name of a profile, without white space and \"/\" and not "
		    "beginning with \".\"; found \"%s\"",
		    key, name);
	token_wants_append(&wants, &want);
	keep(d, &wants, entry->rule);
}

static void
keep(struct draft *d, struct buf *wants, struct policy_rule *to)
{
	uint8_t *kept;

	if (buf_status(wants) != ERR_OK)
		abort();
	if (wants->size > 0) {
		kept = draft_memory(d->policy, wants->size, 1);
		memcpy(kept, wants->data, wants->size);
		to->tokens = (struct view){kept, wants->size};
	}
	buf_free(wants);
}

static void
take(struct place *p, const struct raw_token *raw, struct token_want *to)
{
	*to = (struct token_want){.profile = view_of_string(raw->profile)};
	if (bundle_workload_check(to->profile) != ERR_OK)
		draft_fault(p->draft, key_of(p, ".profile"),
		    "\"%s\" must be the name of a profile, without white space and \"/\" and not "
		    "beginning with \".\"; found \"%s\"",
		    p->key, raw->profile);
	if (raw->audience != NULL)
		to->audience = view_of_string(raw->audience);
	if (raw->audience != NULL && !text_is_printable(to->audience, false))
		draft_fault(p->draft, key_of(p, ".audience"),
		    "\"%s\" must be without white space; found \"%s\"", p->key, raw->audience);
	if (!yaml_file_has(p->draft->policy->yaml, key_of(p, ".lifetime_s")))
		return;
	to->lifetime_s = raw->lifetime_s;
	if (raw->lifetime_s == 0 || raw->lifetime_s > KEYCHANNEL_LIFETIME_MAX_S)
		draft_fault(p->draft, p->key,
		    "\"%s\" must be 1 to %d, found %u; left out it is "
		    "the profile's",
		    p->key, KEYCHANNEL_LIFETIME_MAX_S, raw->lifetime_s);
}

/* Whoever takes them to a file or gives them away has to tell them apart. */
static void
check_again(struct place *p, struct view before, const struct token_want *want)
{
	struct token_want other;

	while (token_wants_next(&before, &other))
		if (view_equal(other.audience, want->audience) &&
		    (want->audience.size > 0 || view_equal(other.profile, want->profile)))
			draft_fault(p->draft, key_of(p, ""),
			    "\"%s\" is for the same audience as one before it", p->key);
}

static const char *
key_of(struct place *p, const char *name)
{
	snprintf(
	    p->key, sizeof(p->key), "workloads[%zu].token[%zu]%s", p->workload, p->index, name);
	return p->key;
}
