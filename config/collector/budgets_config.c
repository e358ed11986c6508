#include "config/collector/budgets_config.h"

#include <stdio.h>

#define BUDGET(key, standard, least, most)                                                         \
	{                                                                                          \
		"." #key, offsetof(struct raw_budgets, key),                                       \
		    offsetof(struct collector_budgets, key), standard, least, most                 \
	}
static const struct settings_number budgets[] = {
    /* Less than a policy's grace_s by default: nobody is missed only for it. */
    BUDGET(seconds, 45, 1, 3600),
    /* What is read in that time at some 190 MB/s. */
    BUDGET(mebibytes_read, 8192, 1, 16777216),
    /* Idle as its reading is. */
    BUDGET(mebibytes_per_s, 0, 0, 1048576),
    /* A list of the most items, of 250 bytes each, while it is made. */
    BUDGET(memory_mebibytes, 512, 16, 1048576),
    /* As many files as a list has items at most, at 56 bytes, and some libraries. */
    BUDGET(cache_mebibytes, 64, 0, 4096),
    /* At a round a minute 70 % of all are read again within an hour. */
    BUDGET(reread_percent, 2, 1, 100),
};

const cyaml_schema_field_t budgets_fields[] = {
    CYAML_FIELD_UINT("seconds", SETTINGS_OPTIONAL, struct raw_budgets, seconds),
    CYAML_FIELD_UINT("mebibytes_read", SETTINGS_OPTIONAL, struct raw_budgets, mebibytes_read),
    CYAML_FIELD_UINT("mebibytes_per_s", SETTINGS_OPTIONAL, struct raw_budgets, mebibytes_per_s),
    CYAML_FIELD_UINT("memory_mebibytes", SETTINGS_OPTIONAL, struct raw_budgets, memory_mebibytes),
    CYAML_FIELD_UINT("cache_mebibytes", SETTINGS_OPTIONAL, struct raw_budgets, cache_mebibytes),
    CYAML_FIELD_UINT("reread_percent", SETTINGS_OPTIONAL, struct raw_budgets, reread_percent),
    CYAML_FIELD_END,
};

void
budgets_take(
    struct settings *s, const struct raw_budgets *raw, size_t index, struct collector_budgets *out)
{
	struct settings_number numbers_of[sizeof(budgets) / sizeof(budgets[0])];
	char keys[sizeof(budgets) / sizeof(budgets[0])][SETTINGS_ENTRY_KEY_MAX], rest[32];

	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		snprintf(rest, sizeof(rest), ".budgets%s", budgets[i].key);
		numbers_of[i] = budgets[i];
		numbers_of[i].key = settings_entry_key(keys[i], "workloads", index, rest);
	}
	settings_numbers(s, numbers_of, sizeof(budgets) / sizeof(budgets[0]), raw, out);
}
