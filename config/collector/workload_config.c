#include "config/collector/workload_config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/made_size.h"
#include "proto/encoding.h"
#include "proto/evidence/bundle.h"

#define FILES_MAX        1024 /* patterns of one workload */
#define ENVIRONMENT_MAX  256  /* names of one workload */
#define USER_MAX         256  /* bytes of a user's name */
#define CONTAINER_ID_MIN 12   /* digits: as many as docker shows */
#define CONTAINER_ID_MAX 64
#define ARGUMENTS_MAX    64 /* patterns of one workload */

/* In what a component was made with, all but lists (config/made_size.h). */
#define MADE_FIXED_SIZE  (400 + REDACT_MADE_SIZE_MAX) /* with `host_root` */
#define MADE_CHOICE_SIZE 4096 /* which processes are meant: a user's name and `arguments` */

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

static const cyaml_strval_t views[] = {
    {"container", VIEW_CONTAINER},
    {"host", VIEW_HOST},
    {"process", VIEW_PROCESS},
};

static const cyaml_schema_value_t kind_entry = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum component_kind, kinds, CYAML_ARRAY_LEN(kinds)),
};

static const cyaml_schema_value_t path_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, SETTINGS_PATH_MAX),
};

static const cyaml_schema_value_t name_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 255),
};

#define CONTAINER(key)                                                                             \
	SETTINGS_TEXT(                                                                             \
	    #key, SETTINGS_OPTIONAL, struct raw_workload_container, key, SETTINGS_TEXT_MAX)
static const cyaml_schema_field_t container_fields[] = {
    CONTAINER(id),
    CONTAINER(name),
    CONTAINER(image),
    CONTAINER(pod),
    CYAML_FIELD_END,
};
#undef CONTAINER

#define IMAGE(key)                                                                                 \
	SETTINGS_TEXT(#key, SETTINGS_OPTIONAL, struct raw_workload_image, key, SETTINGS_PATH_MAX)
static const cyaml_schema_field_t image_fields[] = {
    IMAGE(set),
    IMAGE(layout),
    IMAGE(tag),
    IMAGE(platform),
    CYAML_FIELD_END,
};
#undef IMAGE

#define WORKLOAD(key, flags) SETTINGS_TEXT(#key, flags, struct raw_workload, key, SETTINGS_PATH_MAX)
static const cyaml_schema_field_t workload_fields[] = {
    WORKLOAD(name, SETTINGS_REQUIRED),
    WORKLOAD(pid_file, SETTINGS_OPTIONAL),
    WORKLOAD(executable, SETTINGS_OPTIONAL),
    WORKLOAD(unit, SETTINGS_OPTIONAL),
    WORKLOAD(cgroup, SETTINGS_OPTIONAL),
    CYAML_FIELD_MAPPING(
	"container", SETTINGS_OPTIONAL, struct raw_workload, container, container_fields),
    CYAML_FIELD_MAPPING("image", SETTINGS_OPTIONAL, struct raw_workload, image, image_fields),
    SETTINGS_TEXT("user", SETTINGS_OPTIONAL, struct raw_workload, user, USER_MAX),
    CYAML_FIELD_SEQUENCE("arguments", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	arguments, &path_entry, 1, ARGUMENTS_MAX),
    CYAML_FIELD_BOOL("main_only", SETTINGS_OPTIONAL, struct raw_workload, main_only),
    CYAML_FIELD_SEQUENCE("measure", CYAML_FLAG_POINTER, struct raw_workload, measure, &kind_entry,
	1, CYAML_ARRAY_LEN(kinds)),
    CYAML_FIELD_SEQUENCE("files", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	files, &path_entry, 1, FILES_MAX),
    CYAML_FIELD_BOOL("scripts", SETTINGS_OPTIONAL, struct raw_workload, scripts),
    CYAML_FIELD_SEQUENCE("excludes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	excludes, &path_entry, 1, FILES_MAX),
    CYAML_FIELD_SEQUENCE("may_change", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
	struct raw_workload, may_change, &path_entry, 1, FILES_MAX),
    CYAML_FIELD_SEQUENCE("may_grow", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	may_grow, &path_entry, 1, FILES_MAX),
    CYAML_FIELD_BOOL("follow", CYAML_FLAG_OPTIONAL, struct raw_workload, follow),
    CYAML_FIELD_BOOL("cross_mounts", CYAML_FLAG_OPTIONAL, struct raw_workload, cross_mounts),
    CYAML_FIELD_ENUM("view", SETTINGS_OPTIONAL | CYAML_FLAG_STRICT, struct raw_workload, view,
	views, CYAML_ARRAY_LEN(views)),
    CYAML_FIELD_SEQUENCE("environment", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
	struct raw_workload, environment, &name_entry, 1, ENVIRONMENT_MAX),
    CYAML_FIELD_SEQUENCE("config", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	config, &keys_schema, 1, KEYS_FILES_MAX),
    CYAML_FIELD_MAPPING("budgets", SETTINGS_OPTIONAL, struct raw_workload, budgets, budgets_fields),
    CYAML_FIELD_SEQUENCE("redact", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	redact, &redact_schema, 1, REDACT_RULES_MAX),
    CYAML_FIELD_MAPPING("token", SETTINGS_OPTIONAL, struct raw_workload, token, token_fields),
    CYAML_FIELD_SEQUENCE("hooks", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	hooks, &hook_schema, 1, HOOKS_MAX),
    CYAML_FIELD_SEQUENCE("acts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload,
	acts, &act_schema, 1, STATEMENT_ACT_COUNT),
    CYAML_FIELD_SEQUENCE("web", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_workload, web,
	&web_schema, 1, WEB_PAGES_MAX),
    CYAML_FIELD_END,
};
#undef WORKLOAD

const cyaml_schema_value_t workload_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_workload, workload_fields),
};

static void take_workload(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_process(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_container(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_image(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_web(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_choice(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_measures(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_patterns(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void take_keys(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w);
static void check_made(
    struct settings *s, const char *key, char *const *list, size_t count, size_t most);
static bool environment_name_is_good(const char *name);
static bool unit_name_is_good(const char *name);
static bool control_group_is_good(const char *pattern);
static bool user_is_good(const char *name);

const struct collector_workload *
workloads_take(struct settings *s, const struct raw_workload *raw, size_t count,
    const char *host_root, const char *redaction_key)
{
	struct collector_workload *workloads = settings_new(s, count, sizeof(*workloads));
	char key[SETTINGS_ENTRY_KEY_MAX], *option = NULL;

	if (host_root != NULL) {
		if (asprintf(&option, "host_root=%s", host_root) < 0)
			abort();
		(void)settings_own(s, option);
	}
	for (size_t i = 0; i < count; i++) {
		workloads[i].host_root = host_root;
		workloads[i].host_root_option = option;
		workloads[i].redaction_key = redaction_key;
		take_workload(s, &raw[i], i, &workloads[i]);
		for (size_t j = 0; j < i && workloads[i].name != NULL; j++)
			if (workloads[j].name != NULL &&
			    strcmp(workloads[i].name, workloads[j].name) == 0)
				settings_fault(s, settings_entry_key(key, "workloads", i, ".name"),
				    "\"%s\": two workloads are called \"%s\"; names must differ",
				    key, workloads[i].name);
	}
	token_check_apart(s, workloads, count);
	return workloads;
}

static void
take_workload(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	if (raw->name != NULL && bundle_workload_check(view_of_string(raw->name)) == ERR_OK)
		w->name = raw->name;
	else if (raw->name != NULL)
		settings_fault(s, settings_entry_key(key, "workloads", index, ".name"),
		    "\"%s\" must be 1 to %d bytes without white space and \"/\", not beginning "
		    "with "
		    "\".\"; found \"%s\"",
		    key, BUNDLE_WORKLOAD_MAX, raw->name);
	take_process(s, raw, index, w);
	take_measures(s, raw, index, w);
	take_keys(s, raw, index, w);
	take_image(s, raw, index, w);
	take_web(s, raw, index, w);
	budgets_take(s, &raw->budgets, index, &w->budgets);
	redact_take(s, raw->redact, raw->redact_count, index, w);
	w->token = token_take(s, &raw->token, index);
	w->hooks = hooks_take(s, raw->hooks, raw->hooks_count, index);
	w->hook_count = raw->hooks_count;
	w->acts = workload_acts_take(s, raw->acts, raw->acts_count, index);
	w->act_count = raw->acts_count;
	for (size_t i = 0; i < raw->environment_count; i++)
		if (!environment_name_is_good(raw->environment[i]))
			settings_fault(s,
			    settings_entry_key(key, "workloads", index, ".environment"),
			    "\"%s\" must be names of letters, digits and \"_\"; found \"%s\"", key,
			    raw->environment[i]);
	check_made(s, settings_entry_key(key, "workloads", index, ".environment"), raw->environment,
	    raw->environment_count, COMPONENT_MADE_SIZE_MAX - MADE_FIXED_SIZE - MADE_CHOICE_SIZE);
	w->environment = (const char *const *)raw->environment;
	w->environment_count = raw->environment_count;
}

static void
take_process(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	static const char *const ways[] = {
	    ".pid_file", ".executable", ".unit", ".cgroup", ".container"};
	char key[SETTINGS_ENTRY_KEY_MAX];
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		count += settings_has(s, settings_entry_key(key, "workloads", index, ways[i]));
	if (count != 1)
		settings_fault(s, settings_entry_key(key, "workloads", index, ""),
		    "\"%s\" must name its process by one of \"pid_file\", \"executable\", "
		    "\"unit\", \"cgroup\" and \"container\", found %s of them",
		    key, count == 0 ? "none" : "several");
	if (raw->unit != NULL && !unit_name_is_good(raw->unit))
		settings_fault(s, settings_entry_key(key, "workloads", index, ".unit"),
		    "\"%s\" must be a systemd unit's full name, or a pattern of such names, as "
		    "trading.service or worker@*.service; found \"%s\"",
		    key, raw->unit);
	else if (count == 1)
		w->unit = raw->unit;
	if (raw->cgroup != NULL && !control_group_is_good(raw->cgroup))
		settings_fault(s, settings_entry_key(key, "workloads", index, ".cgroup"),
		    "\"%s\" must be a pattern of absolute paths below /sys/fs/cgroup, such as "
		    "/trading.slice/*, without empty names, \".\" and \"..\"; found \"%s\"",
		    key, raw->cgroup);
	else if (count == 1)
		w->control_group = raw->cgroup;
	if (count == 1) {
		w->pid_file = settings_path(s, raw->pid_file);
		w->executable = settings_path(s, raw->executable);
	}
	if (count == 1)
		take_container(s, raw, index, w);
	take_choice(s, raw, index, w);
}

static void
take_container(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	const struct raw_workload_container *c = &raw->container;
	char key[SETTINGS_ENTRY_KEY_MAX];
	size_t size = c->id != NULL ? strlen(c->id) : CONTAINER_ID_MIN;

	if (!settings_has(s, settings_entry_key(key, "workloads", index, ".container")))
		return;
	w->is_container = true;
	w->container.id = c->id;
	w->container.name = c->name;
	w->container.image = c->image;
	w->container.pod = c->pod;
	if (c->id == NULL && c->name == NULL && c->image == NULL && c->pod == NULL)
		settings_fault(s, key,
		    "\"%s\" must have \"id\", \"name\", \"image\" or \"pod\"; all of them must "
		    "match",
		    key);
	if (c->id != NULL && (size < CONTAINER_ID_MIN || size > CONTAINER_ID_MAX ||
				 c->id[strspn(c->id, "0123456789abcdef")] != '\0'))
		settings_fault(s, settings_entry_key(key, "workloads", index, ".container.id"),
		    "\"%s\" must be the first %d to %d of the container's hexadecimal digits; "
		    "found \"%s\"",
		    key, CONTAINER_ID_MIN, CONTAINER_ID_MAX, c->id);
}

/* What the component `image` is compared with: there is one without the other never. */
static void
take_image(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	char key[SETTINGS_ENTRY_KEY_MAX];
	const bool said = settings_has(s, settings_entry_key(key, "workloads", index, ".image"));

	if (said && (raw->image.set == NULL) == (raw->image.layout == NULL))
		settings_fault(s, key,
		    "\"%s\" must have \"set\", the file of a reference set, or \"layout\", the "
		    "image itself",
		    key);
	if (raw->image.set != NULL && (raw->image.tag != NULL || raw->image.platform != NULL))
		settings_fault(
		    s, key, "\"%s\" has \"tag\" or \"platform\", but a set has none", key);
	if (raw->measure_count > 0 && w->measure[COMPONENT_IMAGE] != said)
		settings_fault(s,
		    settings_entry_key(key, "workloads", index, said ? ".image" : ".measure"),
		    said ? "\"%s\" says what is compared, but \"measure\" lacks \"image\": add it "
			   "there"
			 : "\"%s\" has \"image\", but \"image\" does not say with what the "
			   "container "
			   "is compared",
		    key);
	w->image = (struct collector_image){.set = settings_path(s, raw->image.set),
	    .layout = settings_path(s, raw->image.layout),
	    .tag = raw->image.tag,
	    .platform = raw->image.platform};
}

/* Pages, and that they are measured, stand together, too. */
static void
take_web(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	char key[SETTINGS_ENTRY_KEY_MAX];
	const bool said = settings_has(s, settings_entry_key(key, "workloads", index, ".web"));

	if (raw->measure_count > 0 && w->measure[COMPONENT_WEB] != said)
		settings_fault(s,
		    settings_entry_key(key, "workloads", index, said ? ".web" : ".measure"),
		    said ? "\"%s\" names pages, but \"measure\" lacks \"web\": add it there"
			 : "\"%s\" has \"web\", but \"web\" does not say which pages are fetched",
		    key);
	w->web = web_take(s, raw->web, raw->web_count, index);
	w->web_count = raw->web_count;
}

/* Which of the processes that are named so. */
static void
take_choice(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	w->main_only = raw->main_only;
	w->user = raw->user;
	w->arguments = (const char *const *)raw->arguments;
	w->argument_count = raw->arguments_count;
	if (raw->user != NULL && !user_is_good(raw->user))
		settings_fault(s, settings_entry_key(key, "workloads", index, ".user"),
		    "\"%s\" must be a user's name or number; found \"%s\"", key, raw->user);
	if (raw->user != NULL && raw->executable == NULL && raw->unit == NULL)
		settings_fault(s, settings_entry_key(key, "workloads", index, ".user"),
		    "\"%s\" says whose the process of an \"executable\" is, or whose service "
		    "manager has the \"unit\"; there is neither",
		    key);
	if (raw->arguments_count > 0 && raw->executable == NULL)
		settings_fault(s, settings_entry_key(key, "workloads", index, ".arguments"),
		    "\"%s\" choose among the processes of an \"executable\", and there is none",
		    key);
	check_made(s, settings_entry_key(key, "workloads", index, ".arguments"), raw->arguments,
	    raw->arguments_count, MADE_CHOICE_SIZE - USER_MAX);
}

static void
take_measures(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	char key[SETTINGS_ENTRY_KEY_MAX];
	bool files;

	for (size_t i = 0; i < raw->measure_count; i++) {
		const enum component_kind kind = raw->measure[i];

		if (w->measure[kind])
			settings_fault(s, settings_entry_key(key, "workloads", index, ".measure"),
			    "\"%s\" names \"%s\" twice", key, component_kind_name(kind));
		w->measure[kind] = true;
	}
	w->follow = raw->follow;
	w->cross_mounts = raw->cross_mounts;
	take_patterns(s, raw, index, w);
	files = settings_has(s, settings_entry_key(key, "workloads", index, ".files"));
	w->view = raw->view;
	if (settings_has(s, settings_entry_key(key, "workloads", index, ".container"))) {
		if (!settings_has(s, settings_entry_key(key, "workloads", index, ".view")))
			w->view = VIEW_CONTAINER;
	} else if (raw->view == VIEW_CONTAINER) {
		settings_fault(s, settings_entry_key(key, "workloads", index, ".view"),
		    "\"%s\" is that of a \"container\", and there is none", key);
	}
	w->scripts = raw->scripts;
	if (settings_has(s, settings_entry_key(key, "workloads", index, ".view")) && !files)
		settings_fault(s, key,
		    "\"%s\" says from where files are read, but no patterns are listed under "
		    "\"files\"",
		    key);
	if ((raw->excludes_count + raw->may_change_count + raw->may_grow_count > 0 || raw->follow ||
		raw->cross_mounts) &&
	    !files)
		settings_fault(s, settings_entry_key(key, "workloads", index, ""),
		    "\"%s\" says how files are measured, but no patterns are listed under "
		    "\"files\"",
		    key);
	if (raw->measure_count > 0 && w->measure[COMPONENT_FILES] != (files || raw->scripts))
		settings_fault(s,
		    settings_entry_key(key, "workloads", index,
			files          ? ".files"
			: raw->scripts ? ".scripts"
				       : ".measure"),
		    w->measure[COMPONENT_FILES]
			? "\"%s\" has \"files\", but no patterns are listed under \"files\", and "
			  "\"scripts\" is not true"
			: "\"%s\" says what is in \"files\", but \"measure\" lacks \"files\": add "
			  "it there",
		    key);
	if (raw->measure_count > 0 && raw->environment_count > 0 && !w->measure[COMPONENT_RUNTIME])
		settings_fault(s, settings_entry_key(key, "workloads", index, ".environment"),
		    "\"%s\" lists names, but \"measure\" lacks \"runtime\": add it there", key);
}

/* All of them stand in one component, which has as much room for each list. */
static void
take_patterns(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	const struct {
		const char *key;
		char **texts;
		uint32_t count;
		const char *const **taken;
		size_t *taken_count;
	} lists[] = {
	    {".files", raw->files, raw->files_count, &w->files, &w->file_count},
	    {".excludes", raw->excludes, raw->excludes_count, &w->excludes, &w->exclude_count},
	    {".may_change", raw->may_change, raw->may_change_count, &w->may_change,
		&w->may_change_count},
	    {".may_grow", raw->may_grow, raw->may_grow_count, &w->may_grow, &w->may_grow_count},
	};
	const size_t count = sizeof(lists) / sizeof(lists[0]);
	char key[SETTINGS_ENTRY_KEY_MAX];
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += lists[i].count > 0;
	for (size_t i = 0; i < count; i++) {
		settings_entry_key(key, "workloads", index, lists[i].key);
		for (size_t j = 0; j < lists[i].count; j++)
			if (lists[i].texts[j][0] != '/')
				settings_fault(s, key,
				    "\"%s\" must be patterns of absolute paths; found \"%s\"", key,
				    lists[i].texts[j]);
		if (lists[i].count > 0)
			check_made(s, key, lists[i].texts, lists[i].count,
			    (COMPONENT_MADE_SIZE_MAX - MADE_FIXED_SIZE) / used);
		*lists[i].taken = (const char *const *)lists[i].texts;
		*lists[i].taken_count = lists[i].count;
	}
}

static void
take_keys(
    struct settings *s, const struct raw_workload *raw, size_t index, struct collector_workload *w)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	keys_take(
	    s, raw->config, raw->config_count, index, COMPONENT_MADE_SIZE_MAX - MADE_FIXED_SIZE, w);
	if (raw->measure_count > 0 && w->measure[COMPONENT_CONFIG] != (raw->config_count > 0))
		settings_fault(s,
		    settings_entry_key(
			key, "workloads", index, raw->config_count > 0 ? ".config" : ".measure"),
		    raw->config_count > 0
			? "\"%s\" lists files, but \"measure\" lacks \"config\": add it there"
			: "\"%s\" has \"config\", but no files are listed under \"config\"",
		    key);
}

/* All of it stands in the component that is made with it. */
static void
check_made(struct settings *s, const char *key, char *const *list, size_t count, size_t most)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += MADE_HEADER_SIZE + strlen(list[i]);
	if (size > most)
		settings_fault(s, key,
		    "\"%s\" must not take more than %zu bytes together, each with %d more; found "
		    "%zu",
		    key, most, MADE_HEADER_SIZE, size);
}

/* POSIX.1-2017, 8.1, and small letters. */
static bool
environment_name_is_good(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "_0123456789";

	return (name[0] < '0' || name[0] > '9') && name[strspn(name, letters)] == 0;
}

/*
 * systemd.unit(5): what a unit's name may hold; a process belongs to a service or a scope. The
 * last four are those of patterns.
 */
static bool
unit_name_is_good(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789:-_.\\@*?[]";
	const char *dot = strrchr(name, '.');

	return strlen(name) <= 255 && name[strspn(name, letters)] == 0 && dot != NULL &&
	       dot != name && (strcmp(dot, ".service") == 0 || strcmp(dot, ".scope") == 0);
}

static bool
control_group_is_good(const char *pattern)
{
	const char *at = pattern;

	while (*at == '/') {
		const size_t size = strcspn(++at, "/");

		if (size == 0 || size > NAME_MAX || (size == 1 && at[0] == '.') ||
		    (size == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += size;
	}
	return at != pattern && *at == '\0';
}

/* useradd(8); a number is below the one that stands for nobody at all. */
static bool
user_is_good(const char *name)
{
	uint64_t number;

	if (name[strspn(name, "0123456789")] == '\0')
		return decimal_decode(view_of_string(name), &number) == ERR_OK &&
		       number < UINT32_MAX;
	return name[0] != '-' && name[strcspn(name, ":/\n \t")] == '\0';
}
