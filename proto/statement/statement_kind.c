#include "proto/statement/statement_kind.h"

static const struct {
	const char *name, *purpose;
	enum statement_place place;
} kinds[STATEMENT_KIND_COUNT] = {
#define KIND_ROW(identifier, name, place, purpose)                                                 \
	[identifier] = {name, purpose, STATEMENT_##place},
    STATEMENT_KIND_MAP(KIND_ROW)
#undef KIND_ROW
};

enum statement_kind
statement_kind_from_name(struct view name)
{
	unsigned kind = 0;

	while (kind < STATEMENT_KIND_COUNT && !view_equal(name, view_of_string(kinds[kind].name)))
		kind++;
	return (enum statement_kind)kind;
}

const char *
statement_kind_name(enum statement_kind kind)
{
	return kinds[kind].name;
}

const char *
statement_kind_purpose(enum statement_kind kind)
{
	return kinds[kind].purpose;
}

enum statement_place
statement_kind_place(enum statement_kind kind)
{
	return kind < STATEMENT_KIND_COUNT ? kinds[kind].place : STATEMENT_NOWHERE;
}

bool
statement_kind_is_acted_on(enum statement_kind kind)
{
	return statement_kind_place(kind) == STATEMENT_IN_LOG;
}
