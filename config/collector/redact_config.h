/*
 * Taking what is to be hidden of a workload from the list `redact` of its configuration. It stands
 * above the rest of a workload (workload_config.h).
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_REDACT_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_REDACT_CONFIG_H

#include "config/collector/collector_workload.h"
#include "config/settings.h"

#define REDACT_RULES_MAX     64   /* of one workload; each value is held against each */
#define REDACT_PATTERN_MAX   255  /* bytes */
#define REDACT_MADE_SIZE_MAX 8192 /* bytes of all of them in what a component was made with */

struct raw_redact {
	char *kind, *path, *fact, *value, *after;
};

extern const cyaml_schema_value_t redact_schema;

/* `index` is the workload's. */
void redact_take(struct settings *s, const struct raw_redact *raw, size_t count, size_t index,
    struct collector_workload *w);

#endif
