/*
 * Taking workloads from the list `workloads` of the collector's configuration.
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_WORKLOAD_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_WORKLOAD_CONFIG_H

#include "config/collector/act_config.h"
#include "config/collector/budgets_config.h"
#include "config/collector/collector_workload.h"
#include "config/collector/hook_config.h"
#include "config/collector/keys_config.h"
#include "config/collector/redact_config.h"
#include "config/collector/token_config.h"
#include "config/collector/web_config.h"
#include "config/settings.h"

/* The file's list as it stands, an entry each. */
struct raw_workload_image {
	char *set, *layout, *tag, *platform;
};

struct raw_workload_container {
	char *id, *name, *image, *pod;
};

#define WORKLOAD_HOST_ROOT_MAX 255 /* bytes: it stands in each component */

struct raw_workload {
	char *name, *pid_file, *executable, *unit, *cgroup, *user;
	struct raw_workload_container container;
	struct raw_workload_image image;
	char **arguments;
	uint32_t arguments_count;
	bool main_only;
	enum component_kind *measure;
	uint32_t measure_count;
	char **files;
	uint32_t files_count;
	bool scripts;
	char **excludes, **may_change, **may_grow;
	uint32_t excludes_count, may_change_count, may_grow_count;
	bool follow, cross_mounts;
	enum collector_view view;
	char **environment;
	uint32_t environment_count;
	struct raw_keys *config;
	uint32_t config_count;
	struct raw_budgets budgets;
	struct raw_redact *redact;
	uint32_t redact_count;
	struct raw_workload_token token;
	struct raw_hook *hooks;
	uint32_t hooks_count;
	struct raw_act *acts;
	uint32_t acts_count;
	struct raw_web *web;
	uint32_t web_count;
};
extern const cyaml_schema_value_t workload_schema;

/*
 * The workloads out of the list `workloads` of `s`, owned by the settings: `count` of them, with
 * whatever was said of them where that is a fault. `host_root` and the file `redaction_key`, which
 * may be NULL, stand in each.
 */
const struct collector_workload *workloads_take(struct settings *s, const struct raw_workload *raw,
    size_t count, const char *host_root, const char *redaction_key);

#endif
