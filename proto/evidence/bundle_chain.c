#include "proto/evidence/bundle_chain.h"

#include <string.h>

#include "proto/text.h"

enum err
bundle_workload_check(struct view name)
{
	if (name.size == 0 || name.size > BUNDLE_WORKLOAD_MAX)
		return ERR_MSG_RANGE;
	if (name.data[0] == '.' || memchr(name.data, '/', name.size) != NULL)
		return ERR_MSG_RANGE;
	return text_is_printable(name, false) ? ERR_OK : ERR_MSG_RANGE;
}

enum err
bundle_chain_check(struct view name)
{
	return bundle_workload_check(bundle_chain_workload(name));
}

bool
bundle_chain_is_start(struct view name)
{
	return bundle_chain_workload(name).size < name.size;
}

struct view
bundle_chain_workload(struct view name)
{
	static const struct view suffix = VIEW_LITERAL(BUNDLE_START_SUFFIX);

	if (name.size > suffix.size &&
	    view_equal((struct view){name.data + name.size - suffix.size, suffix.size}, suffix))
		name.size -= suffix.size;
	return name;
}
