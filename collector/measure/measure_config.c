#include "collector/measure/measure_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/keys/json.h"
#include "collector/keys/keyed.h"
#include "collector/keys/lines.h"
#include "collector/keys/toml.h"
#include "collector/keys/yaml.h"
#include "collector/measure/measure_root.h"

static enum err read_ini(struct view text, struct keyed *to);
static enum err read_keyvalue(struct view text, struct keyed *to);
static enum err note(
    const struct collector_workload *w, const char *option, struct component_builder *to);
static size_t count_notes(const struct collector_workload *w);
static enum err add_file(struct measure_context *m, int root, const struct collector_keys *keys,
    struct component_builder *to);

static const struct {
	const char *word;
	enum err (*read)(struct view text, struct keyed *to);
} forms[] = {
    [KEYS_INI] = {"ini", read_ini},
    [KEYS_KEYVALUE] = {"keyvalue", read_keyvalue},
    [KEYS_JSON] = {"json", json_keys_read},
    [KEYS_TOML] = {"toml", toml_keys_read},
    [KEYS_YAML] = {"yaml", yaml_keys_read},
};

enum err
measure_config(struct measure_context *m, struct component_builder *to)
{
	const char *option;
	enum err e;
	int root;

	if ((e = measure_root_open(m, &root, &option)) != ERR_OK)
		return e;
	e = note(m->workload, option, to);
	for (size_t i = 0; e == ERR_OK && i < m->workload->keys_count; i++)
		e = add_file(m, root, &m->workload->keys[i], to);
	(void)close(root);
	return e;
}

static enum err
read_ini(struct view text, struct keyed *to)
{
	return lines_read(text, true, to);
}

static enum err
read_keyvalue(struct view text, struct keyed *to)
{
	return lines_read(text, false, to);
}

static enum err
note(const struct collector_workload *w, const char *option, struct component_builder *to)
{
	const struct view value = view_of_string(option != NULL ? option : "");
	const size_t count = count_notes(w);
	struct buf *texts = calloc(count + 1, sizeof(*texts));
	struct view *views = calloc(count + 1, sizeof(*views));
	const struct component_fact made[] = {
	    {VIEW_LITERAL("options"), 1, &value}, {VIEW_LITERAL("patterns"), count, views}};
	enum err e = texts != NULL && views != NULL ? ERR_OK : ERR_MEMORY;
	size_t n = 0;

	for (size_t i = 0; e == ERR_OK && i < w->keys_count; i++) {
		const struct collector_keys *k = &w->keys[i];

		buf_append_format(&texts[n++], "%s %s %s", k->name, forms[k->form].word, k->file);
		for (size_t j = 0; j < k->pattern_count; j++)
			buf_append_format(&texts[n++], "%s %s", k->name, k->patterns[j]);
	}
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = buf_status(&texts[i]);
		views[i] = buf_view(&texts[i]);
	}
	if (e == ERR_OK)
		e = component_set_made(
		    to, option != NULL ? made : made + 1, option != NULL ? 2 : 1);
	for (size_t i = 0; i < n; i++)
		buf_free(&texts[i]);
	free(texts);
	free(views);
	return e;
}

static size_t
count_notes(const struct collector_workload *w)
{
	size_t count = w->keys_count;

	for (size_t i = 0; i < w->keys_count; i++)
		count += w->keys[i].pattern_count;
	return count;
}

static enum err
add_file(struct measure_context *m, int root, const struct collector_keys *keys,
    struct component_builder *to)
{
	struct keyed *k = keyed_new(keys->name, keys->patterns, keys->pattern_count);
	struct buf text = BUF_INIT;
	enum err e = k != NULL ? ERR_OK : ERR_MEMORY;

	if (e == ERR_OK)
		e = rooted_read(root, keys->file, MEASURE_CONFIG_SIZE_MAX, &text, NULL);
	if (e == ERR_IO || e == ERR_NOT_FOUND)
		(void)trouble_set(m->trouble, e, "%s: %s", keys->file, strerror(errno));
	else if (e == ERR_OK && (e = forms[keys->form].read(buf_view(&text), k)) == ERR_OK)
		e = keyed_finish(k, to);
	if (e == ERR_FORMAT)
		(void)trouble_set(m->trouble, e,
		    "%s: expected the form %s, as \"config\" of the workload names it, and it is "
		    "not; "
		    "mend the file, or name another \"form\"",
		    keys->file, forms[keys->form].word);
	else if (e != ERR_OK && e != ERR_IO && e != ERR_NOT_FOUND)
		(void)trouble_set(m->trouble, e, "%s: %s", keys->file, err_text(e));
	keyed_free(&k);
	buf_free(&text);
	return e;
}
