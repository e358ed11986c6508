#include "proto/err.h"

#include <stddef.h>

struct err_entry {
	enum err e;
	enum err_class class;
	const char *name;
	const char *text;
};

#define ERR_ROW(identifier, number, class, name, sentence)                                         \
	{identifier, ERR_CLASS_##class, name, sentence},
static const struct err_entry entries[] = {ERR_MAP(ERR_ROW)};
#undef ERR_ROW

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static const struct err_entry *err_find(unsigned long number);

const char *
err_name(enum err e)
{
	const struct err_entry *entry = err_find((unsigned long)e);

	return entry != NULL ? entry->name : "unknown-error";
}

const char *
err_text(enum err e)
{
	const struct err_entry *entry = err_find((unsigned long)e);

	return entry != NULL ? entry->text : "an error that this version does not know";
}

enum err_class
err_class(enum err e)
{
	const struct err_entry *entry = err_find((unsigned long)e);

	return entry != NULL ? entry->class : ERR_CLASS_OURS;
}

enum err
err_from_number(unsigned long number)
{
	const struct err_entry *entry = err_find(number);

	return entry != NULL ? entry->e : ERR_INVARIANT;
}

unsigned
err_index(enum err e)
{
	const struct err_entry *entry = err_find((unsigned long)e);

	return entry != NULL ? (unsigned)(entry - entries) : (unsigned)(ENTRY_COUNT - 1);
}

unsigned
err_count(void)
{
	return (unsigned)ENTRY_COUNT;
}

enum err
err_at(unsigned index)
{
	return index < ENTRY_COUNT ? entries[index].e : ERR_INVARIANT;
}

static const struct err_entry *
err_find(unsigned long number)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++)
		if ((unsigned long)entries[i].e == number)
			return &entries[i];
	return NULL;
}
