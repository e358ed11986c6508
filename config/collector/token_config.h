/*
 * Taking from `token` of a workload where the tokens go that signers give about it. It stands above
 * the rest of a workload (workload_config.h).
 */
#ifndef HALLMARK_CONFIG_COLLECTOR_TOKEN_CONFIG_H
#define HALLMARK_CONFIG_COLLECTOR_TOKEN_CONFIG_H

#include "config/collector/collector_workload.h"
#include "config/settings.h"

#define TOKEN_FILES_MAX    6   /* of one workload: as many as a receipt has tokens */
#define TOKEN_AUDIENCE_MAX 512 /* bytes */

struct raw_token_file {
	char *path, *audience, *owner, *group, *mode;
};

struct raw_workload_token {
	char *socket, *key;
	struct raw_token_file *files;
	uint32_t files_count;
};

extern const cyaml_schema_field_t token_fields[];

/* `index` is the workload's. NULL where the file has no `token` of it. */
const struct collector_token *token_take(
    struct settings *s, const struct raw_workload_token *raw, size_t index);

/* A fault for each file that two of the workloads have, and each socket. */
void token_check_apart(
    struct settings *s, const struct collector_workload *workloads, size_t count);

#endif
