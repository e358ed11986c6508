#include "collector/act/hook_program.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err check_owner(const char *path, const struct stat *s, struct trouble *t);

enum err
hook_program_check(const char *path, struct trouble *t)
{
	char part[PATH_MAX], *real = realpath(path, NULL), *slash;
	enum err e = ERR_OK;
	struct stat s;

	if (real == NULL)
		return trouble_set(t, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (strcmp(real, path) != 0 || strlen(real) >= sizeof(part))
		e = trouble_set(t, ERR_CONFIG,
		    "%s: a link is part of it; a hook is named by the path that it leads to, %s",
		    path, real);
	else
		memcpy(part, real, strlen(real) + 1);
	free(real);
	if (e != ERR_OK)
		return e;
	if (lstat(part, &s) != 0)
		return trouble_set(t, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (!S_ISREG(s.st_mode) || access(part, X_OK) != 0)
		return trouble_set(t, ERR_CONFIG, "%s: expected a program", path);
	for (;;) {
		if ((e = check_owner(part, &s, t)) != ERR_OK || strcmp(part, "/") == 0)
			return e;
		slash = strrchr(part, '/');
		slash[slash == part ? 1 : 0] = '\0';
		if (lstat(part, &s) != 0)
			return trouble_set(t, ERR_CONFIG, "%s: %s", part, strerror(errno));
	}
}

static enum err
check_owner(const char *path, const struct stat *s, struct trouble *t)
{
	if (s->st_uid != 0)
		return trouble_set(t, ERR_CONFIG, "%s: expected root as its owner", path);
	if ((s->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return trouble_set(t, ERR_CONFIG, "%s: its group or others can write to it", path);
	return ERR_OK;
}
