#include "config/collector/token_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

#define OWNER_MAX    256 /* bytes of a user's or a group's name */
#define MODE_DEFAULT 0400
#define MODE_MOST    0644 /* nobody else writes it, and none runs it */

#define TEXT(key, flags, most) SETTINGS_TEXT(#key, flags, struct raw_token_file, key, most)
static const cyaml_schema_field_t file_fields[] = {
    TEXT(path, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    TEXT(audience, SETTINGS_OPTIONAL, TOKEN_AUDIENCE_MAX),
    TEXT(owner, SETTINGS_OPTIONAL, OWNER_MAX),
    TEXT(group, SETTINGS_OPTIONAL, OWNER_MAX),
    TEXT(mode, SETTINGS_OPTIONAL, 4),
    CYAML_FIELD_END,
};
#undef TEXT

static const cyaml_schema_value_t file_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_token_file, file_fields),
};

const cyaml_schema_field_t token_fields[] = {
    SETTINGS_TEXT(
	"socket", SETTINGS_OPTIONAL, struct raw_workload_token, socket, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("key", SETTINGS_OPTIONAL, struct raw_workload_token, key, SETTINGS_PATH_MAX),
    CYAML_FIELD_SEQUENCE("files", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
	struct raw_workload_token, files, &file_entry, 1, TOKEN_FILES_MAX),
    CYAML_FIELD_END,
};

/* Where in the file something is being taken. */
struct place {
	struct settings *s;
	size_t workload;
	char key[SETTINGS_ENTRY_KEY_MAX];
};

static void take_file(struct place *p, const struct raw_token_file *raw, size_t index,
    struct collector_token_file *to);
static bool share_path(const struct collector_token *a, const struct collector_token *b);
static void take_mode(struct place *p, const char *mode, struct collector_token_file *to);
static const char *key_of(struct place *p, size_t index, const char *name);

const struct collector_token *
token_take(struct settings *s, const struct raw_workload_token *raw, size_t index)
{
	struct place p = {.s = s, .workload = index};
	struct collector_token_file *files;
	struct collector_token *t;

	if (!settings_has(s, settings_entry_key(p.key, "workloads", index, ".token")))
		return NULL;
	if (raw->socket == NULL && raw->files_count == 0)
		settings_fault(s, p.key,
		    "\"%s\" must say where tokens go: \"files\", a \"socket\", or both", p.key);
	t = settings_new(s, 1, sizeof(*t));
	files = settings_new(s, raw->files_count, sizeof(*files));
	t->socket = settings_path(s, raw->socket);
	settings_socket(
	    s, settings_entry_key(p.key, "workloads", index, ".token.socket"), t->socket);
	if (t->socket != NULL)
		(void)settings_guarded_directory(
		    s, p.key, settings_own(s, settings_parent(t->socket)));
	t->key = settings_path(s, raw->key);
	for (size_t i = 0; i < raw->files_count; i++) {
		take_file(&p, &raw->files[i], i, &files[i]);
		for (size_t j = 0; j < i && files[i].path != NULL; j++)
			if (files[j].path != NULL && strcmp(files[i].path, files[j].path) == 0)
				settings_fault(s, key_of(&p, i, ".path"),
				    "\"%s\": two tokens go to %s", p.key, files[i].path);
	}
	t->files = files;
	t->file_count = raw->files_count;
	return t;
}

void
token_check_apart(struct settings *s, const struct collector_workload *workloads, size_t count)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; workloads[i].token != NULL && j < i; j++)
			if (workloads[j].token != NULL &&
			    share_path(workloads[i].token, workloads[j].token))
				settings_fault(s, settings_entry_key(key, "workloads", i, ".token"),
				    "\"%s\" has a path that another workload's tokens have, too",
				    key);
}

static bool
share_path(const struct collector_token *a, const struct collector_token *b)
{
	if (a->socket != NULL && b->socket != NULL && strcmp(a->socket, b->socket) == 0)
		return true;
	for (size_t i = 0; i < a->file_count; i++)
		for (size_t j = 0; a->files[i].path != NULL && j < b->file_count; j++)
			if (b->files[j].path != NULL &&
			    strcmp(a->files[i].path, b->files[j].path) == 0)
				return true;
	return false;
}

static void
take_file(struct place *p, const struct raw_token_file *raw, size_t index,
    struct collector_token_file *to)
{
	char *directory;

	to->path = settings_path(p->s, raw->path);
	to->audience = raw->audience;
	to->owner = raw->owner;
	to->group = raw->group;
	to->mode = raw->group != NULL ? MODE_DEFAULT | 0040 : MODE_DEFAULT;
	if (to->path != NULL) {
		directory = settings_own(p->s, settings_parent(to->path));
		(void)settings_guarded_directory(p->s, key_of(p, index, ".path"), directory);
	}
	(void)key_of(p, index, ".mode");
	if (raw->mode != NULL)
		take_mode(p, raw->mode, to);
}

static void
take_mode(struct place *p, const char *mode, struct collector_token_file *to)
{
	char *end;
	const unsigned long bits = strtoul(mode, &end, 8);

	if (*end != '\0' || (bits & ~(unsigned long)MODE_MOST) != 0 || (bits & 0400) == 0)
		settings_fault(p->s, p->key,
		    "\"%s\" must be octal, with reading by the owner, at most writing by it, and "
		    "reading by group and others, such as \"0440\"; found \"%s\"",
		    p->key, mode);
	else
		to->mode = (uint32_t)bits;
}

static const char *
key_of(struct place *p, size_t index, const char *name)
{
	char rest[40];

	(void)snprintf(rest, sizeof(rest), ".token.files[%zu]%s", index, name);
	return settings_entry_key(p->key, "workloads", p->workload, rest);
}
