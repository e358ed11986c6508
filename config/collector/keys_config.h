/*
 * Taking from the list `config` of a workload the files whose values are recorded one by one. It
 * stands above the rest of a workload (workload_config.h).
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_KEYS_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_KEYS_CONFIG_H

#include "config/collector/collector_workload.h"
#include "config/settings.h"

#define KEYS_FILES_MAX    64  /* files of one workload whose keys are recorded */
#define KEYS_PATTERNS_MAX 256 /* of one such file */
#define KEYS_NAME_MAX     32  /* bytes of its short name */

struct raw_keys {
	char *name, *file;
	enum collector_keys_form form;
	char **keys;
	uint32_t keys_count;
};

extern const cyaml_schema_value_t keys_schema;

/*
 * `index` is the workload's. Of what the component is made with they take at most `made_size_max`
 * bytes. As many as there are, with a fault for what is wrong of them.
 */
void keys_take(struct settings *s, const struct raw_keys *raw, size_t count, size_t index,
    size_t made_size_max, struct collector_workload *w);

#endif
