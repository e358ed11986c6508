#include "policy/compile/policy_accept.h"

#include <stdio.h>

/* Within a range that has an upper limit this is not. */
#define BOUNDLESS "999999999999999"

static void take_anonymous(
    struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to);
static struct range take_range(
    struct draft *d, const char *key, const char *from, struct view boundless, const char *example);
static struct texts take_texts(struct draft *d, char *const *from, size_t count);

void
policy_accept_compile(
    struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to)
{
	take_anonymous(d, key, raw, to);
	to->patterns = take_texts(d, raw->patterns, raw->patterns_count);
	to->excludes = take_texts(d, raw->excludes, raw->excludes_count);
	to->may_change = take_texts(d, raw->may_change, raw->may_change_count);
	to->may_grow = take_texts(d, raw->may_grow, raw->may_grow_count);
	to->options = take_texts(d, raw->options, raw->options_count);
}

static void
take_anonymous(
    struct draft *d, const char *key, const struct raw_file_rule *raw, struct file_rule *to)
{
	const size_t count = raw->accept_anonymous_count;
	struct anonymous_rule *rules = draft_memory(d->policy, count, sizeof(*rules));
	char at[DRAFT_KEY_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct raw_anonymous *one = &raw->accept_anonymous[i];

		snprintf(at, sizeof(at), "%s.accept_anonymous[%zu].program", key, i);
		rules[i].program = draft_pattern(d, at, one->program != NULL ? one->program : "*");
		snprintf(at, sizeof(at), "%s.accept_anonymous[%zu].bytes", key, i);
		rules[i].bytes =
		    take_range(d, at, one->bytes, VIEW_LITERAL(BOUNDLESS " B"), "<= 64 MiB");
		snprintf(at, sizeof(at), "%s.accept_anonymous[%zu].mappings", key, i);
		rules[i].mappings =
		    take_range(d, at, one->mappings, VIEW_LITERAL(BOUNDLESS), "<= 128");
		rules[i].writable = one->writable;
	}
	to->accepted_anonymous = rules;
	to->accepted_anonymous_count = count;
}

/* Any amount of memory would be any code. */
static struct range
take_range(
    struct draft *d, const char *key, const char *from, struct view boundless, const char *example)
{
	struct range range = {.order = RANGE_NUMBER};

	if (from == NULL)
		return range; /* a fault already */
	if (range_parse(RANGE_NUMBER, view_of_string(from), &range) != ERR_OK ||
	    range_holds(&range, boundless))
		draft_fault(d, key, "\"%s\": expected an upper limit, such as \"%s\"; found \"%s\"",
		    key, example, from);
	return range;
}

static struct texts
take_texts(struct draft *d, char *const *from, size_t count)
{
	struct view *text = draft_memory(d->policy, count, sizeof(*text));

	for (size_t i = 0; i < count; i++)
		text[i] = view_of_string(from[i]);
	return (struct texts){count, text};
}
