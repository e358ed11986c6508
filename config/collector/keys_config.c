#include "config/collector/keys_config.h"

#include <string.h>

#include "config/made_size.h"

static const cyaml_schema_value_t pattern_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 255),
};

static const cyaml_strval_t keys_forms[] = {
    {"ini", KEYS_INI},
    {"json", KEYS_JSON},
    {"keyvalue", KEYS_KEYVALUE},
    {"toml", KEYS_TOML},
    {"yaml", KEYS_YAML},
};

static const cyaml_schema_field_t keys_fields[] = {
    SETTINGS_TEXT("name", SETTINGS_REQUIRED, struct raw_keys, name, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("file", SETTINGS_REQUIRED, struct raw_keys, file, SETTINGS_PATH_MAX),
    CYAML_FIELD_ENUM(
	"form", CYAML_FLAG_STRICT, struct raw_keys, form, keys_forms, CYAML_ARRAY_LEN(keys_forms)),
    CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_keys, keys,
	&pattern_entry, 1, KEYS_PATTERNS_MAX),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t keys_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_keys, keys_fields),
};

static size_t made_size(const struct raw_keys *one);
static bool name_is_good(const struct raw_keys *raw, size_t index);

void
keys_take(struct settings *s, const struct raw_keys *raw, size_t count, size_t index,
    size_t made_size_max, struct collector_workload *w)
{
	struct collector_keys *keys = settings_new(s, count, sizeof(*keys));
	const char *wrong = NULL, *found = "";
	char key[SETTINGS_ENTRY_KEY_MAX];
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		const struct raw_keys *one = &raw[i];

		if (one->name == NULL || one->file == NULL)
			continue;
		if (!name_is_good(raw, i)) {
			wrong = "names of 1 to 32 letters, digits, \"_\" and \"-\", which differ";
			found = one->name;
		} else if (one->file[0] != '/') {
			wrong = "absolute paths";
			found = one->file;
		}
		keys[i] = (struct collector_keys){one->name, one->file, one->form, one->keys_count,
		    (const char *const *)one->keys};
		size += made_size(one);
	}
	w->keys = keys;
	w->keys_count = count;
	(void)settings_entry_key(key, "workloads", index, ".config");
	if (size > made_size_max)
		settings_fault(s, key,
		    "\"%s\" must not take more than %zu bytes together, each file and pattern with "
		    "the name and %d more; found %zu",
		    key, made_size_max, MADE_HEADER_SIZE, size);
	if (wrong != NULL)
		settings_fault(s, key, "\"%s\" must have %s; found \"%s\"", key, wrong, found);
}

/* Of what the component says that it was made with. */
static size_t
made_size(const struct raw_keys *one)
{
	size_t size = MADE_HEADER_SIZE + strlen(one->name) + strlen(one->file);

	for (size_t i = 0; i < one->keys_count; i++)
		size += MADE_HEADER_SIZE + strlen(one->name) + strlen(one->keys[i]);
	return size;
}

/* It begins the names of facts. */
static bool
name_is_good(const struct raw_keys *raw, size_t index)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_-";
	const char *name = raw[index].name;

	for (size_t i = 0; i < index; i++)
		if (raw[i].name != NULL && strcmp(raw[i].name, name) == 0)
			return false;
	return strlen(name) <= KEYS_NAME_MAX && name[strspn(name, letters)] == 0;
}
