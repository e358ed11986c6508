#include "collector/scripts/named_paths.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static enum err visit_from(
    struct view argument, size_t start, named_paths_visit *visit, void *context);
static bool divides(uint8_t byte);

enum err
named_paths_each(struct view argument, named_paths_visit *visit, void *context)
{
	enum err e = visit_from(argument, 0, visit, context);

	if (e == ERR_OK && argument.size > 2 && argument.data[0] == '-' &&
	    !divides(argument.data[1]))
		e = visit_from(argument, 2, visit, context);
	for (size_t i = 0; e == ERR_OK && i < argument.size; i++)
		if (divides(argument.data[i]))
			e = visit_from(argument, i + 1, visit, context);
	return e;
}

/* What begins there: all of it, and up to where it may end before. */
static enum err
visit_from(struct view argument, size_t start, named_paths_visit *visit, void *context)
{
	const struct view rest = {argument.data + start, argument.size - start};
	struct view first = {rest.data, 0};
	enum err e = ERR_OK;

	while (first.size < rest.size && !divides(rest.data[first.size]))
		first.size++;
	if (first.size > 0 && first.size < PATH_MAX)
		e = visit(context, first);
	if (e == ERR_OK && first.size < rest.size && rest.size < PATH_MAX)
		e = visit(context, rest);
	return e;
}

static bool
divides(uint8_t byte)
{
	return byte != '\0' && strchr("=:,;@", byte) != NULL;
}
