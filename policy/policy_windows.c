#include "policy/policy_windows.h"

#include <stdio.h>

#include "policy/compile/draft.h"
#include "policy/rules/rule.h"

static bool comes_before(uint64_t a_s, uint64_t b_s, uint64_t now_s);

size_t
policy_windows_count(const struct policy *p)
{
	return p->window_count;
}

struct policy_window_told
policy_windows_at(const struct policy *p, size_t index)
{
	const struct raw_policy *raw = yaml_file_data(p->yaml);
	const struct raw_window *w = &raw->windows[index];
	char key[DRAFT_KEY_MAX];

	(void)snprintf(key, sizeof(key), "windows[%zu]", index);
	return (struct policy_window_told){w->family, w->from, w->to, p->windows[index].until_s,
	    yaml_file_spot(p->yaml, key, NULL)};
}

struct policy_window_told
policy_windows_next(const struct policy *p, uint64_t now_s)
{
	size_t next = 0;

	if (p->window_count == 0)
		return (struct policy_window_told){.family = "", .from = "", .to = ""};
	for (size_t i = 1; i < p->window_count; i++)
		if (comes_before(p->windows[i].until_s, p->windows[next].until_s, now_s))
			next = i;
	return policy_windows_at(p, next);
}

static bool
comes_before(uint64_t a_s, uint64_t b_s, uint64_t now_s)
{
	if (a_s > now_s && b_s > now_s)
		return a_s < b_s;
	return a_s > b_s;
}

const char *
policy_windows_family(const struct policy *p, size_t index)
{
	return index < p->family_count ? p->families[index].name : NULL;
}

const char *
policy_windows_release(const struct policy *p, size_t family, size_t index)
{
	const struct raw_policy *raw = yaml_file_data(p->yaml);

	return index < p->families[family].release_count
		   ? raw->families[family].releases[index].name
		   : NULL;
}
