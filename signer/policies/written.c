#include "signer/policies/written.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/governance/manifest.h"
#include "proto/evidence/bundle.h"
#include "signer/policies/told.h"

/* Of a kind and a name. */
#define OTHER_SIZE (BUNDLE_WORKLOAD_MAX + 32)

static bool write_files(int directory, const struct policy *policy, const struct manifest *m);
static bool write_file(
    int directory, const char *path, const struct digest *digest, const struct policy *policy);
static bool is_named_before(const struct policy *policy, size_t index);
static int open_above(int directory, char *path, const char **name);
static bool is_below(const char *path);

bool
written_policy(const char *directory, const struct policy *policy)
{
	struct manifest *m;
	int fd = -1;
	bool good;

	if (manifest_parse(policy_object_at(policy, 0)->content, &m) != ERR_OK)
		return told_failure(directory, err_text(ERR_MEMORY));
	if (mkdir(directory, 0777) != 0 ||
	    (fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		good = told_failure(directory, strerror(errno));
	else
		good = write_files(fd, policy, m);
	if (fd >= 0)
		close(fd);
	manifest_free(&m);
	return good;
}

static bool
write_files(int directory, const struct policy *policy, const struct manifest *m)
{
	bool good = write_file(directory, WRITTEN_POLICY, &manifest_policy(m)->digest, policy);

	for (size_t i = 0; i < policy_file_count(policy) && good; i++) {
		const struct policy_file *f = policy_file_at(policy, i);
		const struct digest *digest = manifest_find(m, f->kind, view_of_string(f->name));
		char other[OTHER_SIZE];

		if (is_named_before(policy, i))
			continue;
		(void)snprintf(other, sizeof(other), "%s-%s", manifest_kind_name(f->kind), f->name);
		if (!is_below(f->file))
			fprintf(stderr, "hallmark-signer: %s is written as %s\n", f->file, other);
		good = digest != NULL &&
		       write_file(directory, is_below(f->file) ? f->file : other, digest, policy);
	}
	return good;
}

/* Two names for one file: it is written once. */
static bool
is_named_before(const struct policy *policy, size_t index)
{
	const char *file = policy_file_at(policy, index)->file;
	size_t i = 0;

	while (i < index && strcmp(policy_file_at(policy, i)->file, file) != 0)
		i++;
	return i < index;
}

static bool
write_file(
    int directory, const char *path, const struct digest *digest, const struct policy *policy)
{
	char *copy = strdup(path);
	const char *name = path;
	int above = -1, fd = -1;
	bool good = false;

	if (copy == NULL)
		abort();
	if ((above = open_above(directory, copy, &name)) < 0 ||
	    (fd = openat(above, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)) <
		0)
		(void)told_failure(path, strerror(errno));
	else
		for (size_t i = 0; i < policy_object_count(policy) && !good; i++)
			good = digest_equal(&policy_object_at(policy, i)->digest, digest) &&
			       (told_write(fd, policy_object_at(policy, i)->content) ||
				   told_failure(path, strerror(errno)));
	if (fd >= 0)
		close(fd);
	if (above >= 0)
		close(above);
	free(copy);
	return good;
}

/* The directory that a path ends in, with those on the way made; `path` is taken apart. */
static int
open_above(int directory, char *path, const char **name)
{
	int at = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	char *slash;

	while (at >= 0 && (slash = strchr(path, '/')) != NULL) {
		int next = -1;

		*slash = '\0';
		if (path[0] == '\0' || mkdirat(at, path, 0777) == 0 || errno == EEXIST)
			next = openat(at, path[0] == '\0' ? "." : path,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = next;
		path = slash + 1;
	}
	*name = path;
	return at;
}

static bool
is_below(const char *path)
{
	if (path[0] == '/')
		return false;
	for (const char *at = path; at != NULL; at = strchr(at, '/')) {
		at += at[0] == '/';
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return false;
	}
	return true;
}
