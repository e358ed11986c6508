/*
 * Taking from `hooks` of a workload what is run when its verdict changes. It stands above the rest
 * of a workload (workload_config.h).
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_HOOK_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_HOOK_CONFIG_H

#include "config/collector/collector_workload.h"
#include "config/settings.h"

#define HOOKS_MAX          8    /* of one workload */
#define HOOK_ARGUMENTS_MAX 32   /* with the program */
#define HOOK_TIMEOUT_S     10   /* default */
#define HOOK_TIMEOUT_MOST  3600 /* seconds */

#define HOOK_UNKNOWN_MOST_S 31536000 /* as long as a bundle may promise: a year */

struct raw_hook {
	char *name;
	char **run;
	uint32_t run_count;
	enum bundle_verdict *verdicts;
	uint32_t verdicts_count;
	uint32_t timeout_s, unknown_after_s;
};

extern const cyaml_schema_value_t hook_schema, hook_verdict_schema;

/* `index` is the workload's. As many as there are, with a fault for what is wrong of them. */
const struct collector_hook *hooks_take(
    struct settings *s, const struct raw_hook *raw, size_t count, size_t index);

/*
 * Where a workload has hooks: faults unless receipts can be verified down to the log's key
 * (`pinned`), and unless each `unknown_after_s` is longer than the time from one receipt to the
 * next, `round_s`.
 */
void hooks_check(struct settings *s, const struct collector_workload *workloads, size_t count,
    bool pinned, uint64_t round_s);

#endif
