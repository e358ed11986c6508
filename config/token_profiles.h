/*
 * Taking profiles from the lists `tokens` and `summaries` of the key process's configuration.
 */
#ifndef HALLMARK_CONFIG_TOKEN_PROFILES_H
#define HALLMARK_CONFIG_TOKEN_PROFILES_H

#include "config/settings.h"
#include "config/token_profile.h"

/* The file's list as it stands, an entry each. */
struct raw_token_profile {
	char *profile, *iss;
	uint32_t lifetime_s;
	char **aud, **collectors, **workloads;
	enum report_status *statuses;
	uint32_t aud_count, collectors_count, workloads_count, statuses_count;
};
extern const cyaml_schema_value_t token_profile_schema;

/* The same of `summaries`. */
struct raw_summary_profile {
	char *profile, *verifier, *resources, *policies;
	char **collectors, **workloads;
	uint32_t collectors_count, workloads_count;
};
extern const cyaml_schema_value_t summary_profile_schema;

/*
 * The profiles out of the list `tokens` of `s`, owned by the settings: `count` of them, with
 * whatever was said of them where that is a fault.
 */
const struct token_profile *token_profiles_take(
    struct settings *s, const struct raw_token_profile *raw, size_t count);

/* The same out of `summaries`; none has the name of one of `tokens`. */
const struct summary_profile *summary_profiles_take(struct settings *s,
    const struct raw_summary_profile *raw, size_t count, const struct token_profile *tokens,
    size_t token_count);

#endif
