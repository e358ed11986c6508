#include "collector/processes/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is newer than the headers of Debian 12 (linux/landlock.h of Linux 6.12). */
#define ACCESS_TRUNCATE     (1ULL << 14) /* from ABI 3 */
#define ACCESS_IOCTL_DEVICE (1ULL << 15) /* from ABI 5 */
#define NETWORK_BIND_TCP    (1ULL << 0)  /* from ABI 4 */
#define SCOPE_ABSTRACT      (1ULL << 0)  /* from ABI 6: sockets without a path */
#define SCOPE_SIGNAL        (1ULL << 1)  /* from ABI 6 */

/* struct landlock_ruleset_attr; an older kernel takes the first 8 or 16 bytes. */
struct ruleset {
	uint64_t files, network, scopes;
};

#define READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define MAKE                                                                                       \
	(LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |                               \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define REFUSED                                                                                    \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                               \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                          \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |                          \
	    LANDLOCK_ACCESS_FS_REFER | ACCESS_IOCTL_DEVICE)

struct landlock {
	int ruleset;
	uint64_t handled; /* accesses to files that this kernel knows */
};

static long version(void);
static size_t known_by(long abi, struct ruleset *out);
static enum err allow(struct landlock *l, const char *path, uint64_t access, struct trouble *t);

bool
landlock_is_there(void)
{
	return version() >= 1;
}

enum err
landlock_new(struct landlock **out, struct trouble *t)
{
	struct ruleset set = {
	    READ | WRITE | MAKE | REFUSED, NETWORK_BIND_TCP, SCOPE_ABSTRACT | SCOPE_SIGNAL};
	const long abi = version();
	size_t size;

	*out = NULL;
	if (abi < 1)
		return ERR_OK;
	size = known_by(abi, &set);
	if ((*out = malloc(sizeof(**out))) == NULL)
		return ERR_MEMORY;
	(*out)->handled = set.files;
	(*out)->ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if ((*out)->ruleset >= 0)
		return ERR_OK;
	(void)trouble_set(t, ERR_IO, "Landlock: %s", strerror(errno));
	landlock_free(out);
	return ERR_IO;
}

void
landlock_free(struct landlock **l)
{
	if (*l == NULL)
		return;
	if ((*l)->ruleset >= 0)
		(void)close((*l)->ruleset);
	free(*l);
	*l = NULL;
}

enum err
landlock_allow_reading(struct landlock *l, const char *path, struct trouble *t)
{
	return allow(l, path, READ, t);
}

enum err
landlock_allow_running(struct landlock *l, const char *path, struct trouble *t)
{
	return allow(l, path, READ | LANDLOCK_ACCESS_FS_EXECUTE, t);
}

enum err
landlock_allow_keeping(struct landlock *l, const char *path, struct trouble *t)
{
	return allow(l, path, READ | WRITE | MAKE, t);
}

enum err
landlock_allow_directory_of(struct landlock *l, const char *path, struct trouble *t)
{
	char *real = realpath(path, NULL);
	const char *const names[] = {path, real};
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && e == ERR_OK; i++) {
		const char *slash = names[i] != NULL ? strrchr(names[i], '/') : NULL;
		char *directory;

		if (slash == NULL)
			continue;
		directory = strndup(names[i], slash > names[i] ? (size_t)(slash - names[i]) : 1);
		e = directory != NULL ? allow(l, directory, READ, t) : ERR_MEMORY;
		free(directory);
	}
	free(real);
	return e;
}

enum err
landlock_enter(const struct landlock *l, struct trouble *t)
{
	if (l == NULL || syscall(SYS_landlock_restrict_self, l->ruleset, 0) == 0)
		return ERR_OK;
	return trouble_set(t, ERR_IO, "Landlock: %s", strerror(errno));
}

/* Below 1: not there, not wanted at boot, or refused by a filter. */
static long
version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* Cuts the ruleset to what a kernel of this version knows; gives its size there. */
static size_t
known_by(long abi, struct ruleset *out)
{
	if (abi < 2)
		out->files &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (abi < 3)
		out->files &= ~ACCESS_TRUNCATE;
	if (abi < 5)
		out->files &= ~ACCESS_IOCTL_DEVICE;
	if (abi < 4)
		return offsetof(struct ruleset, network);
	return abi < 6 ? offsetof(struct ruleset, scopes) : sizeof(*out);
}

static enum err
allow(struct landlock *l, const char *path, uint64_t access, struct trouble *t)
{
	struct landlock_path_beneath_attr rule;
	enum err e = ERR_OK;
	struct stat s;

	if (l == NULL)
		return ERR_OK;
	memset(&rule, 0, sizeof(rule));
	if ((rule.parent_fd = open(path, O_PATH | O_CLOEXEC)) < 0)
		return errno == ENOENT
			   ? ERR_OK
			   : trouble_set(t, ERR_IO, "Landlock: %s: %s", path, strerror(errno));
	rule.allowed_access = access & l->handled;
	if (fstat(rule.parent_fd, &s) == 0 && !S_ISDIR(s.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | WRITE;
	if (syscall(SYS_landlock_add_rule, l->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		e = trouble_set(t, ERR_IO, "Landlock: %s: %s", path, strerror(errno));
	(void)close(rule.parent_fd);
	return e;
}
