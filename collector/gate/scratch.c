#define _XOPEN_SOURCE 700
#include "collector/gate/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MOST 8 /* directories; it has three */

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where);

bool
scratch_make(const char *state_directory, char path[SCRATCH_SIZE], struct trouble *t)
{
	const char *temporary = getenv("TMPDIR");
	const char *const places[] = {state_directory, temporary != NULL ? temporary : "/tmp"};

	for (size_t i = 0; i < 2; i++)
		if (snprintf(path, SCRATCH_SIZE, "%s/gate-XXXXXX", places[i]) < SCRATCH_SIZE &&
		    mkdtemp(path) != NULL)
			return true;
	(void)trouble_set(t, ERR_IO, "no directory can be made below %s, nor below %s: %s",
	    places[0], places[1], strerror(errno));
	path[0] = '\0';
	return false;
}

void
scratch_remove(const char *path)
{
	(void)nftw(path, remove_one, OPEN_MOST, FTW_DEPTH | FTW_PHYS);
}

static int
remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
	(void)s;
	(void)kind;
	(void)where;
	(void)remove(path);
	return 0;
}
