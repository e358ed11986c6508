#include "policy/words/outcome_keys.h"

#define EXECUTABLE (1U << COMPONENT_EXECUTABLE)
#define LIBRARIES  (1U << COMPONENT_LIBRARIES)
#define CODE       (EXECUTABLE | LIBRARIES)
#define FILES      (1U << COMPONENT_FILES)
#define ROW(key, finding, kinds)                                                                   \
	{                                                                                          \
#key, finding, kinds, offsetof(struct file_rule, key)                              \
	}

static const struct outcome_key keys[] = {
    ROW(unknown, FINDING_UNKNOWN, CODE | FILES),
    ROW(changed, FINDING_CHANGED, CODE | FILES),
    ROW(missing, FINDING_MISSING_FILE, FILES),
    ROW(missing, FINDING_MISSING_LIBRARY, LIBRARIES),
    ROW(deleted, FINDING_DELETED, CODE),
    ROW(replaced, FINDING_REPLACED, CODE),
    ROW(memfd, FINDING_MEMFD, CODE),
    ROW(anonymous, FINDING_ANONYMOUS, LIBRARIES),
    ROW(writable, FINDING_WRITABLE, CODE),
    ROW(unreadable, FINDING_UNREADABLE, CODE | FILES),
    ROW(unstable, FINDING_UNSTABLE, CODE | FILES),
    ROW(world_writable, FINDING_WORLD_WRITABLE, CODE | FILES),
    ROW(other_process, FINDING_OTHER_PROCESS, EXECUTABLE),
    ROW(modified_code, FINDING_MODIFIED, CODE),
    ROW(restored_code, FINDING_RESTORED, CODE),
    ROW(probed_code, FINDING_PROBED, CODE),
    ROW(changed_since_start, FINDING_NEWER, CODE | FILES),
    ROW(setuid, FINDING_SETUID, CODE | FILES),
    ROW(capabilities, FINDING_CAPABILITIES, FILES),
    ROW(other_program, FINDING_OTHER_PROGRAM, EXECUTABLE),
    ROW(rights, FINDING_OTHER_RIGHTS, CODE | FILES),
    ROW(owner, FINDING_OWNER, FILES),
    ROW(writable_by_others, FINDING_WRITABLE_BY_OTHERS, FILES),
};

/* Findings that are decided as others are. */
static const struct {
	enum finding finding, as;
} alike[] = {
    {FINDING_SPECIAL, FINDING_UNREADABLE},
    {FINDING_SYMLINK, FINDING_UNKNOWN},
    {FINDING_OTHER_RELEASE, FINDING_UNKNOWN},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct outcome_key *
outcome_key_at(size_t index)
{
	return index < COUNT(keys) ? &keys[index] : NULL;
}

const struct outcome_key *
outcome_key_of(enum component_kind kind, enum finding finding)
{
	for (size_t i = 0; i < COUNT(alike); i++)
		if (alike[i].finding == finding)
			return outcome_key_of(kind, alike[i].as);
	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].finding == finding && (keys[i].kinds & 1U << kind) != 0)
			return &keys[i];
	return NULL;
}

enum report_status
outcome_key_value(const struct outcome_key *k, const struct file_rule *r)
{
	return *(const enum report_status *)(const void *)((const char *)r + k->offset);
}
