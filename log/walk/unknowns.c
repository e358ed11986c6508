#include "log/walk/unknowns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/json/json_extensions.h"

void
unknowns_add(
    struct unknowns *u, struct defects *defects, uint64_t index, const char *what, struct view name)
{
	char kept[UNKNOWNS_NAME_SIZE], where[32];
	struct unknowns_seen *seen;

	(void)snprintf(kept, sizeof(kept), "%.*s", view_precision(name), (const char *)name.data);
	for (size_t i = 0; i < u->count; i++) {
		if (strcmp(u->seen[i].what, what) == 0 && strcmp(u->seen[i].name, kept) == 0) {
			u->seen[i].count++;
			return;
		}
	}
	if (u->count == UNKNOWNS_MAX) {
		u->others++;
		return;
	}
	seen = &u->seen[u->count++];
	*seen = (struct unknowns_seen){.what = what, .first = index, .count = 1};
	memcpy(seen->name, kept, sizeof(kept));
	(void)snprintf(where, sizeof(where), "entry %" PRIu64, index);
	defects_remark(
	    defects, where, "%s %s is not known to this version; it decides nothing", what, kept);
}

bool
unknowns_add_extensions(
    struct unknowns *u, struct defects *defects, uint64_t index, struct view map, struct view known)
{
	struct view key, value;
	bool any = false;

	while (map.size > 0 && json_extensions_next(&map, &key, &value)) {
		if (view_equal(key, known))
			continue;
		unknowns_add(u, defects, index, "extension", key);
		any = true;
	}
	return any;
}
