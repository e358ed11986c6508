/*
 * Taking from `web` of a workload the pages that are fetched for it. It stands above the rest of a
 * workload (workload_config.h).
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_WEB_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_WEB_CONFIG_H

#include "config/collector/collector_workload.h"
#include "config/settings.h"

#define WEB_PAGES_MAX   16 /* of one workload */
#define WEB_ORIGINS_MAX 64 /* of one page */
#define WEB_URL_MAX     2048
#define WEB_NAME_MAX    32

struct raw_web_origin {
	char *url, *connect;
};

struct raw_web {
	char *name, *url, *connect, *ca, *user_agent;
	struct raw_web_origin *origins;
	uint32_t origins_count;
	uint32_t redirects, seconds, mebibytes, scripts;
};

extern const cyaml_schema_value_t web_schema;

/* `index` is the workload's. As many as there are, with a fault for what is wrong of them. */
const struct collector_web *web_take(
    struct settings *s, const struct raw_web *raw, size_t count, size_t index);

#endif
