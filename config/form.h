/*
 * The form of a configuration: what its file may hold, and how the finished struct is made of it.
 * The three configurations are forms; loading, looking for faults and freeing is the same for all.
 */
#ifndef HALLMARK_CONFIG_FORM_H
#define HALLMARK_CONFIG_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"

struct form {
	const cyaml_schema_value_t *schema; /* of what take() gets as `loaded` */
	const struct settings_number *numbers;
	size_t number_count;
	size_t size;  /* bytes of the finished struct */
	bool guarded; /* whoever can write the file could take the program over */
	/* Fills what is not a number. It points into the settings, which live as long. */
	void (*take)(struct settings *s, const void *loaded, void *config);
};

/* The finished struct, to be freed by form_free; NULL if there was any fault. */
void *form_load(const struct form *f, const char *path, struct faults *faults) MUST_USE;

/*
 * The same for one who looks for faults further on: with ERR_CONFIG in *e, what could be had, or
 * NULL where the file is no YAML.
 */
void *form_inspect(
    const struct form *f, const char *path, struct faults *faults, enum err *e) MUST_USE;

/* Takes NULL. */
void form_free(void *config);

#endif
