/*
 * Taking from `budgets` of a workload what its measuring may take. It stands above the rest of a
 * workload (workload_config.h).
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_BUDGETS_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_BUDGETS_CONFIG_H

#include "config/collector/collector_workload.h"
#include "config/settings.h"

struct raw_budgets {
	uint32_t seconds, mebibytes_read, mebibytes_per_s, memory_mebibytes, cache_mebibytes,
	    reread_percent;
};

extern const cyaml_schema_field_t budgets_fields[];

/* `index` is the workload's. What the file does not say has its default. */
void budgets_take(
    struct settings *s, const struct raw_budgets *raw, size_t index, struct collector_budgets *out);

#endif
