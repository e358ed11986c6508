/*
 * How a component was measured, as it says itself in `made`. What makes it say less than a rule
 * means is a finding unless the policy accepts it by name, and then stands in the report all the
 * same.
 */
#include <string.h>

#include "policy/appraisal/judge.h"

#define NONE ((struct view){NULL, 0})

#define IMAGE_MARK "image=sha256:" /* an option of `files`, and the digest in hex */

static void judge_main_only(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);
static void judge_left_out(
    struct verdict_builder *b, const struct file_rule *files, const struct component *c);
static void judge_options(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c);
static void judge_patterns(
    struct verdict_builder *b, const struct file_rule *files, const struct component *c);
static void judge_text(
    struct verdict_builder *b, enum finding f, const struct texts *accepted, struct view found);
static bool is_harmless(struct view option);
static bool take_of_start(struct verdict_builder *b, struct view option);
static struct texts made_of(const struct component *c, struct view name);
static bool has_text(const struct texts *texts, struct view text);

void
judge_made(struct verdict_builder *b, const struct policy_rule *rule, const struct component *c)
{
	const struct file_rule *files = rule->files[c->kind];

	if (c->made_count > 0) {
		judge_main_only(b, rule, c);
		judge_left_out(b, files, c);
	}
	if (files == NULL)
		return;
	if (c->made_count > 0)
		judge_options(b, rule, c);
	judge_patterns(b, files, c);
}

static void
judge_main_only(
    struct verdict_builder *b, const struct policy_rule *rule, const struct component *c)
{
	const struct texts options = made_of(c, VIEW_LITERAL("options"));

	if (!has_text(&options, VIEW_LITERAL("main_only")))
		return;
	if (rule->main_only)
		verdict_accept(b, FINDING_MAIN_ONLY);
	else
		(void)verdict_find(b, FINDING_MAIN_ONLY, REPORT_CONTRAINDICATED, NONE);
}

bool
judge_is_made_with(const struct component *c, struct view name)
{
	return made_of(c, name).count > 0;
}

/* Rules of facts have no word for it: what was left out of facts is never accepted. */
static void
judge_left_out(struct verdict_builder *b, const struct file_rule *files, const struct component *c)
{
	static const struct file_rule none = {.references = 0};
	const struct file_rule *r = files != NULL ? files : &none;
	const struct {
		struct view name;
		enum finding finding;
		const struct texts *accepted;
	} lists[] = {
	    {VIEW_LITERAL("excludes"), FINDING_EXCLUDED, &r->excludes},
	    {VIEW_LITERAL("may_change"), FINDING_MAY_CHANGE, &r->may_change},
	    {VIEW_LITERAL("may_grow"), FINDING_MAY_GROW, &r->may_grow},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct texts found = made_of(c, lists[i].name);

		for (size_t j = 0; j < found.count; j++)
			judge_text(b, lists[i].finding, lists[i].accepted, found.text[j]);
	}
}

static void
judge_options(struct verdict_builder *b, const struct policy_rule *rule, const struct component *c)
{
	const struct texts options = made_of(c, VIEW_LITERAL("options"));

	for (size_t i = 0; i < options.count; i++)
		if (!(rule->is_start && take_of_start(b, options.text[i])) &&
		    !is_harmless(options.text[i]))
			judge_text(
			    b, FINDING_OPTION, &rule->files[c->kind]->options, options.text[i]);
}

static void
judge_patterns(struct verdict_builder *b, const struct file_rule *files, const struct component *c)
{
	const struct texts patterns = made_of(c, VIEW_LITERAL("patterns"));

	for (size_t i = 0; i < files->patterns.count; i++)
		if (!has_text(&patterns, files->patterns.text[i]))
			(void)verdict_find(
			    b, FINDING_PATTERN, REPORT_CONTRAINDICATED, files->patterns.text[i]);
}

static void
judge_text(
    struct verdict_builder *b, enum finding f, const struct texts *accepted, struct view found)
{
	if (has_text(accepted, found))
		verdict_accept(b, f);
	else
		(void)verdict_find(b, f, REPORT_CONTRAINDICATED, found);
}

/*
 * Those that choose what is looked at, or have more of it looked at, or that nobody but root
 * decides about, whenever it was measured. What is not known here may be anything, and
 * `root=process` is what the process makes it.
 */
static bool
is_harmless(struct view option)
{
	static const struct view whole[] = {VIEW_LITERAL("main_only") /* judged above */,
	    VIEW_LITERAL("root=container"), VIEW_LITERAL("follow"), VIEW_LITERAL("cross_mounts"),
	    VIEW_LITERAL("scripts")};
	static const struct view begun[] = {VIEW_LITERAL("user="), VIEW_LITERAL("argument="),
	    VIEW_LITERAL("host_root="), VIEW_LITERAL("reread_percent=")};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (view_equal(option, whole[i]))
			return true;
	for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++)
		if (option.size >= begun[i].size &&
		    view_equal((struct view){option.data, begun[i].size}, begun[i]))
			return true;
	return false;
}

/* Of what is to start: files that are an image's are judged as that, as an executable is a program.
 */
static bool
take_of_start(struct verdict_builder *b, struct view option)
{
	const size_t size = sizeof(IMAGE_MARK) - 1;
	struct digest image;

	if (view_equal(option, VIEW_LITERAL("start")))
		return true;
	if (option.size < size || memcmp(option.data, IMAGE_MARK, size) != 0 ||
	    digest_from_hex((struct view){option.data + size, option.size - size}, &image) !=
		ERR_OK)
		return false;
	if (b->kind == COMPONENT_FILES) {
		b->has_program = true;
		b->program = image;
	}
	return true;
}

/* No texts if it says nothing of that name. */
static struct texts
made_of(const struct component *c, struct view name)
{
	for (size_t i = 0; i < c->made_count; i++)
		if (view_equal(c->made[i].name, name))
			return (struct texts){c->made[i].value_count, c->made[i].values};
	return (struct texts){0, NULL};
}

static bool
has_text(const struct texts *texts, struct view text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (view_equal(texts->text[i], text))
			return true;
	return false;
}
