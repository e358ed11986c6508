#include "collector/processes/remembered.h"

#include <stdlib.h>
#include <string.h>

static bool is_wanted(const struct collector_workload *w);
static struct known_files *take(
    struct remembered *r, const struct collector_config *old, const struct collector_workload *w);

struct known_files *
remembered_of(struct remembered *r, const struct collector_config *config, size_t workload)
{
	const struct collector_workload *w = &config->workloads[workload];

	if (!is_wanted(w))
		return NULL;
	if (r->tables == NULL) {
		r->tables = calloc(config->workload_count, sizeof(struct known_files *));
		r->count = r->tables != NULL ? config->workload_count : 0;
	}
	if (workload >= r->count)
		return NULL;
	if (r->tables[workload] == NULL)
		r->tables[workload] = known_files_new((size_t)w->budgets.cache_mebibytes << 20);
	return r->tables[workload];
}

void
remembered_reload(
    struct remembered *r, const struct collector_config *old, const struct collector_config *fresh)
{
	struct known_files **tables = calloc(fresh->workload_count, sizeof(struct known_files *));

	for (size_t i = 0; tables != NULL && i < fresh->workload_count; i++)
		tables[i] = take(r, old, &fresh->workloads[i]);
	for (size_t i = 0; i < r->count; i++)
		known_files_free(&r->tables[i]);
	free(r->tables);
	r->tables = tables;
	r->count = tables != NULL ? fresh->workload_count : 0;
}

/* Of what may grow the beginnings have to be known, even if all is to be read. */
static bool
is_wanted(const struct collector_workload *w)
{
	return w->may_grow_count > 0 ||
	       (w->budgets.cache_mebibytes > 0 && w->budgets.reread_percent < 100);
}

static struct known_files *
take(struct remembered *r, const struct collector_config *old, const struct collector_workload *w)
{
	struct known_files *taken;

	for (size_t i = 0; i < r->count; i++) {
		const struct collector_workload *before = &old->workloads[i];

		if (r->tables[i] == NULL || strcmp(before->name, w->name) != 0)
			continue;
		if (!is_wanted(w) || before->budgets.cache_mebibytes != w->budgets.cache_mebibytes)
			return NULL;
		taken = r->tables[i];
		r->tables[i] = NULL; /* moved */
		return taken;
	}
	return NULL;
}
