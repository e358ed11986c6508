/*
 * Taking from `grants` of register.yaml what `hallmark-register grant` may grant.
 */
#ifndef HALLMARK_CONFIG_GRANT_CONFIG_H
#define HALLMARK_CONFIG_GRANT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "proto/statement/statement_act.h"

#define GRANT_RULES_MAX     64
#define GRANT_PATTERNS_MAX  64 /* of workloads, in a rule */
#define GRANT_INTERVAL_MOST 604800

/* Of workloads that fall to `contraindicated`. The first rule that is about one decides. */
struct grant_rule {
	enum statement_act act;
	const char *const *workloads; /* patterns */
	size_t workload_count;
	uint32_t share_percent; /* of those that are alike, within the interval: at most */
	uint32_t interval_s;
};

struct grant_config {
	const char *key;       /* file; NULL: nothing is granted */
	const char *directory; /* where statements are written */
	const char *author;    /* in them */
	uint32_t lasts_s;      /* that a grant is good for */
	/* Of all logs, within a rule's interval: groups, and how many there are in one, are what a
	 * policy and its signer say, and a share is of that. */
	uint32_t most;
	const struct grant_rule *rules;
	size_t rule_count;
};

struct raw_grant_rule {
	char *act;
	char **workloads;
	uint32_t workloads_count, share_percent, interval_s;
};

struct raw_grants {
	char *key, *directory, *author;
	uint32_t lasts_s, most;
	struct raw_grant_rule *rules;
	uint32_t rules_count;
};

/* Of a mapping `grants`, for the schema of the file. */
extern const cyaml_schema_field_t grant_fields[];

void grant_config_take(struct settings *s, const struct raw_grants *raw, struct grant_config *to);

#endif
