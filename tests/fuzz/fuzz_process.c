/* What the collector reads of a process, which has written part of it: the first byte says as what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/maps.h"
#include "collector/measure_packages.h"
#include "collector/measure_runtime.h"
#include "collector/pattern.h"
#include "collector/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_maps(struct view text);
static void try_numbers(struct view text);
static void try_facts(struct view text, enum err add(struct view, struct component_builder *));
static enum err add_environment(struct view text, struct component_builder *to);
static enum err add_packages(struct view text, struct component_builder *to);
static void try_pattern(struct view text);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view text = {data + 1, size - 1};

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'm':
		try_maps(text);
		break;
	case 'n':
		try_numbers(text);
		break;
	case 's':
		try_facts(text, measure_runtime_status);
		break;
	case 'a':
		try_facts(text, measure_runtime_arguments);
		break;
	case 'e':
		try_facts(text, add_environment);
		break;
	case 'd':
		try_facts(text, add_packages);
		break;
	case 'p':
		try_pattern(text);
		break;
	default:
		break;
	}
	return 0;
}

static void
try_maps(struct view text)
{
	char range[MAPS_RANGE_SIZE];
	struct buf name = BUF_INIT;
	struct maps_entry entry;

	if (maps_parse(text, &entry) != ERR_OK)
		return;
	if (entry.start >= entry.end || entry.path.size > text.size ||
	    entry.path.data + entry.path.size != text.data + text.size)
		abort();
	maps_range(&entry, range);
	if (strlen(range) >= sizeof(range) || strchr(range, '-') == NULL)
		abort();
	maps_unescape(entry.path, &name);
	if (name.size > entry.path.size)
		abort();
	buf_free(&name);
}

static void
try_numbers(struct view text)
{
	struct procfs_stat stat;
	pid_t pid = 0;

	if (process_pid_parse(text, &pid) == ERR_OK && pid <= 0)
		abort();
	if (procfs_stat_parse(text, &stat) == ERR_OK && stat.parent < 0)
		abort();
	(void)process_cgroup_in_unit(text, "app.service");
}

/* Whatever was taken makes a component that a signer takes. */
static void
try_facts(struct view text, enum err add(struct view, struct component_builder *))
{
	struct component_builder *builder = component_builder_new(COMPONENT_RUNTIME);
	struct component *c = NULL;
	struct buf bytes = BUF_INIT;
	size_t count;

	if (builder == NULL)
		abort();
	if (add(text, builder) == ERR_OK && component_finish(builder, &bytes, &count) == ERR_OK &&
	    (component_decode(buf_view(&bytes), &c) != ERR_OK || c->item_count != count))
		abort();
	component_free(&c);
	component_builder_free(&builder);
	buf_free(&bytes);
}

static enum err
add_environment(struct view text, struct component_builder *to)
{
	static const char *const names[] = {"PATH", "LD_PRELOAD"};

	return measure_runtime_environment(text, names, sizeof(names) / sizeof(names[0]), to);
}

static enum err
add_packages(struct view text, struct component_builder *to)
{
	FILE *file = text.size > 0 ? fmemopen((void *)(uintptr_t)text.data, text.size, "r") : NULL;
	enum err e;

	if (file == NULL)
		return ERR_FORMAT;
	e = measure_packages_read(file, to);
	(void)fclose(file);
	return e;
}

static void
try_pattern(struct view text)
{
	struct trouble t = TROUBLE_INIT;
	struct pattern p;
	char *copy = calloc(1, text.size + 1);
	enum err e;

	if (copy == NULL)
		abort();
	memcpy(copy, text.data, text.size);
	e = pattern_parse(copy, &p, &t);
	if (e != ERR_OK && (t.text[0] == '\0' || p.storage != NULL))
		abort();
	for (size_t i = 0; e == ERR_OK && i < p.count; i++) {
		if (strcmp(p.part[i].text, ".") == 0 || strcmp(p.part[i].text, "..") == 0 ||
		    (p.part[i].type == PATTERN_ALL_BELOW && i + 1 < p.count))
			abort();
		(void)pattern_part_matches(&p.part[i], "name");
	}
	if (e == ERR_OK && p.count == 0)
		abort();
	pattern_free(&p);
	free(copy);
}
