/*
 * The windows of a policy, in which several releases of a family count, and what they are named by:
 * for who tells of them, or opens one.
 */
#ifndef HALLMARK_POLICY_POLICY_WINDOWS_H
#define HALLMARK_POLICY_POLICY_WINDOWS_H

#include "config/yaml.h"
#include "policy/policy.h"

/* As it is written; texts live as long as the policy. */
struct policy_window_told {
	const char *family, *from, *to;
	uint64_t until_s;      /* seconds since 1970 */
	struct yaml_spot spot; /* of the whole window */
};

/* All of them, those that are over too, in their order in the files. */
size_t policy_windows_count(const struct policy *p);
struct policy_window_told policy_windows_at(const struct policy *p, size_t index);

/*
 * Of those that are open the next to end; where none is, the last that was; until_s 0, and an empty
 * family: there is none at all.
 */
struct policy_window_told policy_windows_next(const struct policy *p, uint64_t now_s);

/* The names of families, and of the releases of one, the oldest first; NULL behind the last. */
const char *policy_windows_family(const struct policy *p, size_t index);
const char *policy_windows_release(const struct policy *p, size_t family, size_t index);

#endif
