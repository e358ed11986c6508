#include "collector/packages/sqlite.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

const struct sqlite *
sqlite_load(void)
{
	static struct sqlite functions;
	static void *library;

	if (library != NULL)
		return &functions;
	if ((library = dlopen(SQLITE_LIBRARY, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return NULL;
#define SQLITE_FIND(name)                                                                          \
	*(void **)&functions.name = dlsym(library, "sqlite3_" #name);                              \
	if (functions.name == NULL) {                                                              \
		(void)dlclose(library);                                                            \
		library = NULL;                                                                    \
		return NULL;                                                                       \
	}
	SQLITE_FUNCTIONS(SQLITE_FIND)
#undef SQLITE_FIND
	return &functions;
}
