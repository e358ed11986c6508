#include "config/form.h"

#include <stdlib.h>

/* What a configuration points into, and behind it the configuration. */
struct filled {
	struct settings settings;
	max_align_t config[];
};

void *
form_load(const struct form *f, const char *path, struct faults *faults)
{
	enum err e;
	void *config = form_inspect(f, path, faults, &e);

	if (e != ERR_OK) {
		form_free(config);
		config = NULL;
	}
	return config;
}

void *
form_inspect(const struct form *f, const char *path, struct faults *faults, enum err *e)
{
	const size_t faults_before = faults->count;
	struct filled *filled = calloc(1, sizeof(*filled) + f->size);
	struct settings *s;
	const void *loaded;

	if (filled == NULL)
		abort();
	s = &filled->settings;
	*e = ERR_CONFIG;
	settings_load(s, path, f->schema, faults);
	if (f->guarded)
		settings_guarded_file(s);
	if (s->yaml == NULL) {
		form_free(filled->config);
		return NULL;
	}
	loaded = yaml_file_data(s->yaml);
	settings_numbers(s, f->numbers, f->number_count, loaded, filled->config);
	f->take(s, loaded, filled->config);
	if (faults->count == faults_before)
		*e = ERR_OK;
	return filled->config;
}

void
form_free(void *config)
{
	struct filled *filled;

	if (config == NULL)
		return;
	filled = (struct filled *)((char *)config - offsetof(struct filled, config));
	settings_free(&filled->settings);
	free(filled);
}
