#include "policy/compile/policy_schema.h"

#include "policy/sources/source_options.h"
#include "proto/evidence/bundle.h"
#include "proto/report/report.h"
#include "proto/utc.h"
#include "proto/wire/keychannel.h"
#include "proto/wire/message.h"

#define SOURCE_TEXT_MAX 4096 /* bytes: a key has 1,500 at most, a parameter may be JSON */
#define PATH_BYTES_MAX  4095 /* PATH_MAX of Linux without its NUL */

static const cyaml_strval_t outcomes[] = {
    {"none", RAW_OUTCOME_NONE},
    {"warning", RAW_OUTCOME_WARNING},
    {"contraindicated", RAW_OUTCOME_CONTRAINDICATED},
};

static const cyaml_strval_t enforces[] = {
    {"on", RAW_ENFORCE_ON},
    {"warn", RAW_ENFORCE_WARN},
    {"off", RAW_ENFORCE_OFF},
};

static const cyaml_strval_t compared_by[] = {
    {"path", RAW_BY_PATH},
    {"content", RAW_BY_CONTENT},
};

/* Not what could not be measured: that is neither demanded nor only recorded. */
static const cyaml_strval_t kinds[] = {
    {"config", COMPONENT_CONFIG},
    {"executable", COMPONENT_EXECUTABLE},
    {"files", COMPONENT_FILES},
    {"host", COMPONENT_HOST},
    {"image", COMPONENT_IMAGE},
    {"libraries", COMPONENT_LIBRARIES},
    {"packages", COMPONENT_PACKAGES},
    {"runtime", COMPONENT_RUNTIME},
    {"web", COMPONENT_WEB},
};

#define TEXT(key, flags, structure, most)                                                          \
	CYAML_FIELD_STRING_PTR(#key, flags, structure, key, 1, most)
#define OUTCOME(key, structure)                                                                    \
	CYAML_FIELD_ENUM(#key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, structure, key, outcomes,  \
	    CYAML_ARRAY_LEN(outcomes))
#define LIST(key, flags, structure, entry, least, most)                                            \
	CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | (flags), structure, key, entry, least, most)
#define OPTIONAL CYAML_FLAG_OPTIONAL
#define REQUIRED CYAML_FLAG_DEFAULT

static const cyaml_schema_value_t name_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, BUNDLE_WORKLOAD_MAX),
};
static const cyaml_schema_value_t pattern_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, POLICY_PATTERN_MAX),
};
/* What a collector was configured with: a path, perhaps behind a name. */
static const cyaml_schema_value_t made_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, PATH_BYTES_MAX + COMPONENT_FACT_NAME_MAX),
};
static const cyaml_schema_value_t path_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, PATH_BYTES_MAX),
};
static const cyaml_schema_value_t owner_entry = {
    CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t),
};
/* The empty pattern is the value of a fact that has none. */
static const cyaml_schema_value_t value_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, POLICY_PATTERN_MAX),
};
static const cyaml_schema_value_t kind_entry = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum component_kind, kinds, CYAML_ARRAY_LEN(kinds)),
};
_Static_assert(COMPONENT_KIND_COUNT - 1 == CYAML_ARRAY_LEN(kinds), "the kinds that a policy names");

/* The base64 of a key, a URI, or a parameter of a build. */
static const cyaml_schema_value_t source_text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, SOURCE_TEXT_MAX),
};
#define SOURCE_TEXTS(key)                                                                          \
	LIST(key, OPTIONAL, struct raw_source, &source_text_entry, 1, SOURCE_TEXTS_MAX)
static const cyaml_schema_field_t source_fields[] = {
    TEXT(name, REQUIRED, struct raw_source, BUNDLE_WORKLOAD_MAX),
    TEXT(under, OPTIONAL, struct raw_source, PATH_BYTES_MAX),
    SOURCE_TEXTS(keys),
    SOURCE_TEXTS(builders),
    SOURCE_TEXTS(build_types),
    SOURCE_TEXTS(predicate_types),
    SOURCE_TEXTS(parameters),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t source_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_source, source_fields),
};

static const cyaml_schema_field_t reference_fields[] = {
    TEXT(name, REQUIRED, struct raw_reference, BUNDLE_WORKLOAD_MAX),
    TEXT(file, REQUIRED, struct raw_reference, PATH_BYTES_MAX),
    TEXT(source, OPTIONAL, struct raw_reference, BUNDLE_WORKLOAD_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t reference_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_reference, reference_fields),
};

static const cyaml_schema_field_t release_fields[] = {
    TEXT(name, REQUIRED, struct raw_release, BUNDLE_WORKLOAD_MAX),
    TEXT(file, REQUIRED, struct raw_release, PATH_BYTES_MAX),
    TEXT(source, OPTIONAL, struct raw_release, BUNDLE_WORKLOAD_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t release_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_release, release_fields),
};
static const cyaml_schema_field_t family_fields[] = {
    TEXT(name, REQUIRED, struct raw_family, BUNDLE_WORKLOAD_MAX),
    LIST(releases, REQUIRED, struct raw_family, &release_entry, 1, POLICY_RELEASES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t family_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_family, family_fields),
};
static const cyaml_schema_field_t window_fields[] = {
    TEXT(family, REQUIRED, struct raw_window, BUNDLE_WORKLOAD_MAX),
    TEXT(from, REQUIRED, struct raw_window, BUNDLE_WORKLOAD_MAX),
    TEXT(to, REQUIRED, struct raw_window, BUNDLE_WORKLOAD_MAX),
    TEXT(until, REQUIRED, struct raw_window, 32),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t window_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_window, window_fields),
};

static const cyaml_schema_field_t feed_fields[] = {
    TEXT(name, REQUIRED, struct raw_feed, BUNDLE_WORKLOAD_MAX),
    CYAML_FIELD_UINT("max_age_s", OPTIONAL, struct raw_feed, max_age_s),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t feed_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_feed, feed_fields),
};

static const cyaml_schema_field_t package_list_fields[] = {
    TEXT(name, REQUIRED, struct raw_package_list, BUNDLE_WORKLOAD_MAX),
    TEXT(file, REQUIRED, struct raw_package_list, PATH_BYTES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t package_list_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_package_list, package_list_fields),
};

static const cyaml_schema_field_t collectors_ca_fields[] = {
    TEXT(name, REQUIRED, struct raw_collectors_ca, BUNDLE_WORKLOAD_MAX),
    TEXT(file, REQUIRED, struct raw_collectors_ca, PATH_BYTES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t collectors_ca_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_collectors_ca, collectors_ca_fields),
};

static const cyaml_schema_field_t exception_fields[] = {
    TEXT(path, REQUIRED, struct raw_exception, PATH_BYTES_MAX),
    TEXT(sha256, REQUIRED, struct raw_exception, DIGEST_HEX_SIZE),
    TEXT(until, REQUIRED, struct raw_exception, UTC_SIZE),
    TEXT(why, REQUIRED, struct raw_exception, REPORT_SUBJECT_MAX),
    TEXT(owner, OPTIONAL, struct raw_exception, REPORT_SUBJECT_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t exception_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_exception, exception_fields),
};

#define FILE_OUTCOME(key) OUTCOME(key, struct raw_file_rule)
#define MADE(key)         LIST(key, OPTIONAL, struct raw_file_rule, &made_entry, 1, POLICY_MADE_MAX)
#define FILE_FIELDS                                                                                \
	LIST(references, REQUIRED, struct raw_file_rule, &name_entry, 1, REPORT_REFERENCES_MAX),   \
	    CYAML_FIELD_ENUM("by", OPTIONAL | CYAML_FLAG_STRICT, struct raw_file_rule, by,         \
		compared_by, CYAML_ARRAY_LEN(compared_by)),                                        \
	    CYAML_FIELD_BOOL("symlinks", OPTIONAL, struct raw_file_rule, symlinks),                \
	    FILE_OUTCOME(unknown), FILE_OUTCOME(changed), FILE_OUTCOME(unreadable),                \
	    FILE_OUTCOME(unstable), FILE_OUTCOME(world_writable),                                  \
	    FILE_OUTCOME(changed_since_start), FILE_OUTCOME(setuid), FILE_OUTCOME(rights),         \
	    MADE(patterns), MADE(excludes), MADE(may_change), MADE(may_grow), MADE(options),       \
	    LIST(except, OPTIONAL, struct raw_file_rule, &exception_entry, 1,                      \
		REPORT_EXCEPTIONS_MAX)
#define CODE_FIELDS                                                                                \
	FILE_OUTCOME(modified_code), FILE_OUTCOME(restored_code), FILE_OUTCOME(probed_code)

static const cyaml_schema_field_t anonymous_fields[] = {
    TEXT(program, OPTIONAL, struct raw_anonymous, POLICY_PATTERN_MAX),
    TEXT(bytes, REQUIRED, struct raw_anonymous, POLICY_PATTERN_MAX),
    TEXT(mappings, REQUIRED, struct raw_anonymous, POLICY_PATTERN_MAX),
    CYAML_FIELD_BOOL("writable", OPTIONAL, struct raw_anonymous, writable),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t anonymous_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_anonymous, anonymous_fields),
};

static const cyaml_schema_field_t executable_fields[] = {
    FILE_FIELDS,
    CODE_FIELDS,
    FILE_OUTCOME(deleted),
    FILE_OUTCOME(replaced),
    FILE_OUTCOME(memfd),
    FILE_OUTCOME(writable),
    FILE_OUTCOME(other_process),
    TEXT(path, OPTIONAL, struct raw_file_rule, PATH_BYTES_MAX),
    FILE_OUTCOME(other_program),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t libraries_fields[] = {
    FILE_FIELDS,
    CODE_FIELDS,
    FILE_OUTCOME(deleted),
    FILE_OUTCOME(replaced),
    FILE_OUTCOME(memfd),
    FILE_OUTCOME(anonymous),
    LIST(accept_anonymous, OPTIONAL, struct raw_file_rule, &anonymous_entry, 1,
	POLICY_ANONYMOUS_MAX),
    FILE_OUTCOME(writable),
    LIST(demand, OPTIONAL, struct raw_file_rule, &path_entry, 1, POLICY_DEMAND_MAX),
    FILE_OUTCOME(missing),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t files_fields[] = {
    FILE_FIELDS,
    FILE_OUTCOME(missing),
    FILE_OUTCOME(capabilities),
    FILE_OUTCOME(owner),
    FILE_OUTCOME(writable_by_others),
    LIST(owners, OPTIONAL, struct raw_file_rule, &owner_entry, 1, POLICY_OWNERS_MAX),
    CYAML_FIELD_END,
};

/* What a fact has to be. */
#define FACT_CONDITIONS                                                                            \
	TEXT(name, REQUIRED, struct raw_fact, COMPONENT_FACT_NAME_MAX),                            \
	    TEXT(where, OPTIONAL, struct raw_fact, POLICY_PATTERN_MAX),                            \
	    CYAML_FIELD_UINT("word", OPTIONAL, struct raw_fact, word),                             \
	    LIST(equals, OPTIONAL, struct raw_fact, &value_entry, 0, POLICY_ALLOW_MAX),            \
	    LIST(require, OPTIONAL, struct raw_fact, &value_entry, 1, POLICY_ALLOW_MAX),           \
	    LIST(allow, OPTIONAL, struct raw_fact, &value_entry, 1, POLICY_ALLOW_MAX),             \
	    LIST(deny, OPTIONAL, struct raw_fact, &value_entry, 1, POLICY_ALLOW_MAX),              \
	    TEXT(count, OPTIONAL, struct raw_fact, POLICY_PATTERN_MAX),                            \
	    TEXT(number, OPTIONAL, struct raw_fact, POLICY_PATTERN_MAX),                           \
	    TEXT(version, OPTIONAL, struct raw_fact, POLICY_PATTERN_MAX),                          \
	    TEXT(date, OPTIONAL, struct raw_fact, POLICY_PATTERN_MAX)

static const cyaml_schema_field_t fact_fields[] = {
    FACT_CONDITIONS,
    OUTCOME(unmatched, struct raw_fact),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t fact_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_fact, fact_fields),
};
static const cyaml_schema_field_t fact_rule_fields[] = {
    LIST(facts, REQUIRED, struct raw_fact_rule, &fact_entry, 1, POLICY_FACTS_MAX),
    OUTCOME(unmatched, struct raw_fact_rule),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t package_rule_fields[] = {
    LIST(facts, OPTIONAL, struct raw_fact_rule, &fact_entry, 1, POLICY_FACTS_MAX),
    OUTCOME(unmatched, struct raw_fact_rule),
    LIST(lists, OPTIONAL, struct raw_fact_rule, &name_entry, 1, POLICY_PACKAGE_LISTS_MAX),
    OUTCOME(unlisted, struct raw_fact_rule),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t image_rule_fields[] = {
    LIST(facts, REQUIRED, struct raw_fact_rule, &fact_entry, 1, POLICY_FACTS_MAX),
    OUTCOME(unmatched, struct raw_fact_rule),
    LIST(allow, OPTIONAL, struct raw_fact_rule, &pattern_entry, 1, POLICY_ALLOW_MAX),
    OUTCOME(added, struct raw_fact_rule),
    OUTCOME(changed, struct raw_fact_rule),
    OUTCOME(deleted, struct raw_fact_rule),
    OUTCOME(mounted, struct raw_fact_rule),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t web_rule_fields[] = {
    LIST(facts, OPTIONAL, struct raw_fact_rule, &fact_entry, 1, POLICY_FACTS_MAX),
    OUTCOME(unmatched, struct raw_fact_rule),
    LIST(lists, OPTIONAL, struct raw_fact_rule, &name_entry, 1, POLICY_PACKAGE_LISTS_MAX),
    LIST(allow, OPTIONAL, struct raw_fact_rule, &pattern_entry, 1, POLICY_ALLOW_MAX),
    OUTCOME(unknown_script, struct raw_fact_rule),
    OUTCOME(changed_script, struct raw_fact_rule),
    OUTCOME(missing_script, struct raw_fact_rule),
    OUTCOME(unknown_header, struct raw_fact_rule),
    OUTCOME(changed_header, struct raw_fact_rule),
    OUTCOME(missing_header, struct raw_fact_rule),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t token_fields[] = {
    TEXT(profile, REQUIRED, struct raw_token, KEYCHANNEL_PROFILE_MAX),
    TEXT(audience, OPTIONAL, struct raw_token, KEYCHANNEL_AUDIENCE_MAX),
    CYAML_FIELD_UINT("lifetime_s", OPTIONAL, struct raw_token, lifetime_s),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t token_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_token, token_fields),
};

#define RULE(key, fields) CYAML_FIELD_MAPPING_PTR(#key, OPTIONAL, struct raw_workload, key, fields)
/* Of what is measured before a start, too. */
#define START_KEYS                                                                                 \
	LIST(require, OPTIONAL, struct raw_workload, &kind_entry, 0, COMPONENT_KIND_COUNT - 1),    \
	    LIST(recorded, OPTIONAL, struct raw_workload, &kind_entry, 0,                          \
		COMPONENT_KIND_COUNT - 1),                                                         \
	    CYAML_FIELD_UINT("max_age_s", OPTIONAL, struct raw_workload, max_age_s),               \
	    OUTCOME(missing, struct raw_workload), OUTCOME(unmeasured, struct raw_workload),       \
	    LIST(release, OPTIONAL, struct raw_workload, &name_entry, 1, REPORT_REFERENCES_MAX),   \
	    OUTCOME(mixed_release, struct raw_workload), RULE(executable, executable_fields),      \
	    RULE(libraries, libraries_fields), RULE(files, files_fields),                          \
	    RULE(host, fact_rule_fields), RULE(config, fact_rule_fields),                          \
	    RULE(packages, package_rule_fields)
static const cyaml_schema_field_t start_fields[] = {
    START_KEYS,
    TEXT(summary, OPTIONAL, struct raw_workload, KEYCHANNEL_PROFILE_MAX),
    CYAML_FIELD_END,
};
/* What a block of rules may say, too. */
#define WORKLOAD_KEYS                                                                              \
	START_KEYS, RULE(start, start_fields),                                                     \
	    LIST(token, OPTIONAL, struct raw_workload, &token_entry, 1, MESSAGE_TOKENS_MAX),       \
	    TEXT(group, OPTIONAL, struct raw_workload, BUNDLE_WORKLOAD_MAX),                       \
	    TEXT(review_by, OPTIONAL, struct raw_workload, UTC_SIZE),                              \
	    CYAML_FIELD_UINT(                                                                      \
		"signature_every_s", OPTIONAL, struct raw_workload, signature_every_s),            \
	    CYAML_FIELD_UINT("report_every_s", OPTIONAL, struct raw_workload, report_every_s),     \
	    CYAML_FIELD_UINT("grace_s", OPTIONAL, struct raw_workload, grace_s),                   \
	    OUTCOME(vulnerable, struct raw_workload), OUTCOME(no_feed, struct raw_workload),       \
	    LIST(feeds, OPTIONAL, struct raw_workload, &name_entry, 0, REPORT_FEEDS_MAX),          \
	    CYAML_FIELD_BOOL("main_only", OPTIONAL, struct raw_workload, main_only),               \
	    RULE(image, image_rule_fields), RULE(runtime, fact_rule_fields),                       \
	    RULE(web, web_rule_fields)
#define COLLECTORS                                                                                 \
	LIST(collectors, REQUIRED, struct raw_workload, &pattern_entry, 1, POLICY_COLLECTORS_MAX)

static const cyaml_schema_field_t workload_fields[] = {
    TEXT(match, REQUIRED, struct raw_workload, POLICY_PATTERN_MAX),
    COLLECTORS,
    WORKLOAD_KEYS,
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t workload_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_workload, workload_fields),
};

static const cyaml_schema_field_t condition_fields[] = {
    FACT_CONDITIONS,
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t condition_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_fact, condition_fields),
};
static const cyaml_schema_field_t group_fields[] = {
    TEXT(name, REQUIRED, struct raw_group, BUNDLE_WORKLOAD_MAX),
    LIST(collectors, OPTIONAL, struct raw_group, &pattern_entry, 1, POLICY_COLLECTORS_MAX),
    LIST(workloads, OPTIONAL, struct raw_group, &pattern_entry, 1, POLICY_COLLECTORS_MAX),
    LIST(facts, OPTIONAL, struct raw_group, &condition_entry, 1, POLICY_FACTS_MAX),
    CYAML_FIELD_ENUM("enforce", OPTIONAL | CYAML_FLAG_STRICT, struct raw_group, enforce, enforces,
	CYAML_ARRAY_LEN(enforces)),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t group_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_group, group_fields),
};
/* Longer than a digest, so that what else is written there is told what it should be. */
#define ROLLOUT_TEXT_MAX 256

static const cyaml_schema_field_t rollout_fields[] = {
    TEXT(from, REQUIRED, struct raw_rollout, ROLLOUT_TEXT_MAX),
    CYAML_FIELD_END,
};

#define FILES_AND_WINDOWS                                                                          \
	LIST(collectors_ca, OPTIONAL, struct raw_policy, &collectors_ca_entry, 1, POLICY_CAS_MAX), \
	    LIST(package_lists, OPTIONAL, struct raw_policy, &package_list_entry, 1,               \
		POLICY_PACKAGE_LISTS_MAX),                                                         \
	    LIST(sources, OPTIONAL, struct raw_policy, &source_entry, 1, POLICY_SOURCES_MAX),      \
	    LIST(references, OPTIONAL, struct raw_policy, &reference_entry, 0,                     \
		POLICY_REFERENCES_MAX),                                                            \
	    LIST(families, OPTIONAL, struct raw_policy, &family_entry, 1, POLICY_FAMILIES_MAX),    \
	    LIST(windows, OPTIONAL, struct raw_policy, &window_entry, 1, POLICY_WINDOWS_MAX)
#define OF_THE_POLICY                                                                              \
	TEXT(name, REQUIRED, struct raw_policy, BUNDLE_WORKLOAD_MAX),                              \
	    TEXT(operators, OPTIONAL, struct raw_policy, PATH_BYTES_MAX),                          \
	    LIST(feeds, OPTIONAL, struct raw_policy, &feed_entry, 1, REPORT_FEEDS_MAX),            \
	    TEXT(review_by, OPTIONAL, struct raw_policy, UTC_SIZE),                                \
	    LIST(groups, OPTIONAL, struct raw_policy, &group_entry, 1, POLICY_GROUPS_MAX),         \
	    CYAML_FIELD_MAPPING_PTR(                                                               \
		"rollout", OPTIONAL, struct raw_policy, rollout, rollout_fields)

static const cyaml_schema_field_t policy_fields[] = {
    OF_THE_POLICY,
    FILES_AND_WINDOWS,
    LIST(workloads, REQUIRED, struct raw_policy, &workload_entry, 1, POLICY_WORKLOADS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t policy_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_policy, policy_fields),
};

/* How files are written, before they are put together: nothing is ever filled in by these. */
struct written {
	char *name, *file, **use;
	struct raw_workload *defaults, *rules, *workloads;
	struct written *include;
	uint32_t use_count, rules_count, workloads_count, include_count;
};
#define USE LIST(use, OPTIONAL, struct written, &name_entry, 0, LAYOUT_USES_MAX)

static const cyaml_schema_field_t written_workload_fields[] = {
    TEXT(match, REQUIRED, struct raw_workload, POLICY_PATTERN_MAX),
    COLLECTORS,
    USE,
    WORKLOAD_KEYS,
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t written_workload_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_workload, written_workload_fields),
};
static const cyaml_schema_field_t defaults_fields[] = {
    COLLECTORS,
    USE,
    WORKLOAD_KEYS,
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t block_fields[] = {
    TEXT(name, REQUIRED, struct written, BUNDLE_WORKLOAD_MAX),
    WORKLOAD_KEYS,
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t block_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_workload, block_fields),
};
static const cyaml_schema_field_t include_fields[] = {
    TEXT(name, REQUIRED, struct written, BUNDLE_WORKLOAD_MAX),
    TEXT(file, REQUIRED, struct written, PATH_BYTES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t include_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct written, include_fields),
};

#define OF_EACH_FILE                                                                               \
	FILES_AND_WINDOWS,                                                                         \
	    CYAML_FIELD_MAPPING_PTR(                                                               \
		"defaults", OPTIONAL, struct written, defaults, defaults_fields),                  \
	    LIST(rules, OPTIONAL, struct written, &block_entry, 0, LAYOUT_RULES_MAX),              \
	    LIST(workloads, OPTIONAL, struct written, &written_workload_entry, 1,                  \
		POLICY_WORKLOADS_MAX)

static const cyaml_schema_field_t main_fields[] = {
    OF_THE_POLICY,
    LIST(include, OPTIONAL, struct written, &include_entry, 0, LAYOUT_INCLUDES_MAX),
    OF_EACH_FILE,
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t main_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_policy, main_fields),
};
static const cyaml_schema_field_t included_fields[] = {
    OF_EACH_FILE,
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t included_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_policy, included_fields),
};

const struct layout_form policy_form = {&main_schema, &included_schema, &policy_schema};

bool
policy_schema_is_outcome(const cyaml_schema_value_t *schema)
{
	return schema->type == CYAML_ENUM && schema->enumeration.strings == outcomes;
}
