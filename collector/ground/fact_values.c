#include "collector/ground/fact_values.h"

#include <stdlib.h>

enum err
fact_values_append(struct fact_values *v, struct view value)
{
	struct view *grown;

	if (v->count == v->capacity) {
		v->capacity = v->capacity == 0 ? 32 : 2 * v->capacity;
		if ((grown = reallocarray(v->list, v->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		v->list = grown;
	}
	v->list[v->count++] = value;
	return ERR_OK;
}

enum err
fact_values_add(const struct fact_values *v, const char *name, struct component_builder *to)
{
	const struct component_fact fact = {view_of_string(name), v->count, v->list};

	return component_add_fact(to, &fact);
}

void
fact_values_free(struct fact_values *v)
{
	free(v->list);
	v->list = NULL;
	v->count = v->capacity = 0;
}
