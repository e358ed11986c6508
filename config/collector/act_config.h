/*
 * Taking from `acts` of the collector's configuration who may grant what, and from `acts` of a
 * workload what may be done to it. They stand above the rest of a workload (workload_config.h).
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_ACT_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_ACT_CONFIG_H

#include "config/collector/collector_workload.h"
#include "config/settings.h"

#define ACT_KEYS_MAX       32      /* people who may grant */
#define ACT_LIMIT          2       /* default: of a host */
#define ACT_LIMIT_MOST     1024    /* as many as there are workloads */
#define ACT_INTERVAL_S     3600    /* default */
#define ACT_INTERVAL_MOST  2592000 /* seconds: a month */
#define ACT_GROUP_SIZE_MAX 1024    /* bytes of a control group's path */

struct raw_acts {
	char **keys;
	uint32_t keys_count;
	char *grants, *memory;
	uint32_t limit, interval_s;
};

struct raw_act {
	enum statement_act act;
	char *group, *unit;
	enum bundle_verdict *verdicts;
	uint32_t verdicts_count;
	uint32_t unknown_after_s;
};

extern const cyaml_schema_field_t acts_fields[];
extern const cyaml_schema_value_t act_schema;

/* Who may grant; NULL where the file says nothing of it. */
const struct collector_acts *acts_take(struct settings *s, const struct raw_acts *raw);

/* `index` is the workload's. As many as there are, with a fault for what is wrong of them. */
const struct collector_act *workload_acts_take(
    struct settings *s, const struct raw_act *raw, size_t count, size_t index);

/* As hooks_check (hook_config.h); and where a workload has acts, somebody has to grant them. */
void acts_check(struct settings *s, const struct collector_workload *workloads, size_t count,
    bool pinned, bool granted, uint64_t round_s);

#endif
