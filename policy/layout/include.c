#include "policy/layout/include.h"

#include <stdlib.h>
#include <string.h>

#include "proto/evidence/bundle.h"

static bool take_entry(
    struct faults *faults, const struct yaml_node *entry, struct layout_include *out);
static bool leads_down(const char *path);

size_t
include_entries(const struct yaml_node *policy, struct faults *faults, struct layout_include *out)
{
	const struct yaml_node *list = yaml_node_find(policy, "include").value;
	size_t count = 0;

	if (list == NULL || list->faulty)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		bool good = take_entry(faults, list->child[i], &out[count]);

		for (size_t k = 0; k < count && good; k++) {
			good = strcmp(out[k].name, out[count].name) != 0 &&
			       strcmp(out[k].file, out[count].file) != 0;
			if (!good)
				faults_add(faults, list->child[i]->file, list->child[i]->line,
				    "\"include[%zu]\": \"%s\" and \"%s\" are the name or the file "
				    "of two: take one of them out",
				    i, out[count].name, out[count].file);
		}
		count += good;
	}
	return count;
}

bool
include_is_below(const char *policy_file, const char *path)
{
	const char *slash = strrchr(policy_file, '/');
	char *above = slash == NULL || slash == policy_file
			  ? strdup(slash == NULL ? "." : "/")
			  : strndup(policy_file, (size_t)(slash - policy_file));
	char *directory = above != NULL ? realpath(above, NULL) : NULL;
	char *place = realpath(path, NULL);
	bool below = true;

	if (directory != NULL && place != NULL) {
		const size_t size = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

		below = strncmp(directory, place, size) == 0 && place[size] == '/';
	}
	free(above);
	free(directory);
	free(place);
	return below;
}

static bool
take_entry(struct faults *faults, const struct yaml_node *entry, struct layout_include *out)
{
	const struct yaml_node *name = yaml_node_find(entry, "name").value;
	const struct yaml_node *file = yaml_node_find(entry, "file").value;

	if (name == NULL || file == NULL)
		faults_add(faults, entry->file, entry->line,
		    "key \"include[%u].%s\" is missing; it has no default", entry->place,
		    name == NULL ? "name" : "file");
	if (name == NULL || file == NULL || name->faulty || file->faulty)
		return false;
	*out = (struct layout_include){(const char *)name->text.data, (const char *)file->text.data,
	    {file->file, file->line}, entry->place};
	if (bundle_workload_check(name->text) != ERR_OK) {
		faults_add(faults, name->file, name->line,
		    "\"include[%u].name\" must be without white space and \"/\" and not begin with "
		    "\".\"; found \"%s\"",
		    entry->place, out->name);
		return false;
	}
	if (leads_down(out->file))
		return true;
	faults_add(faults, file->file, file->line,
	    "\"include[%u].file\" must be a path below the directory of the policy, without "
	    "\"..\"; "
	    "found \"%s\"",
	    entry->place, out->file);
	return false;
}

/* Relative, and no name in it is empty, "." or "..". */
static bool
leads_down(const char *path)
{
	for (;;) {
		const size_t size = strcspn(path, "/");

		if (size == 0 || (size == 1 && path[0] == '.') ||
		    (size == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[size] == '\0')
			return true;
		path += size + 1;
	}
}
