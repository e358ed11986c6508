#include "collector/subject/group_path.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static bool next_name(struct view path, size_t *at, struct view *name);
static bool matches(const char *pattern, struct view name);
static bool is_slice(struct view name);
static size_t users_manager(struct view path, uid_t user);
static bool find_id(struct view name, char id[GROUP_CONTAINER_ID_SIZE + 1]);
static bool find_pod(struct view name, char pod[GROUP_POD_UID_SIZE + 1]);
static bool is_pod(const uint8_t *text, char pod[GROUP_POD_UID_SIZE + 1]);
static bool is_hex(uint8_t byte);
static bool is_word(uint8_t byte);

bool
group_path_of_unit(struct view path, const char *pattern, const uid_t *user, size_t *size)
{
	size_t at = user != NULL ? users_manager(path, *user) : 0;
	bool first = user == NULL;
	struct view name;

	if (user != NULL && at == 0)
		return false;
	while (next_name(path, &at, &name)) {
		if (matches(pattern, name)) {
			*size = at;
			return true;
		}
		if (!is_slice(name) || (first && view_equal(name, VIEW_LITERAL("user.slice"))))
			return false;
		first = false;
	}
	return false;
}

bool
group_path_matches(struct view path, const char *pattern, size_t *size)
{
	const struct view wanted = view_of_string(pattern);
	size_t at = 0, from = 0;
	struct view name, one;
	char part[NAME_MAX + 1];
	bool first = true;

	while (next_name(wanted, &from, &one)) {
		if (!next_name(path, &at, &name) || one.size >= sizeof(part))
			return false;
		memcpy(part, one.data, one.size);
		part[one.size] = '\0';
		if (!matches(part, name) ||
		    (first && view_equal(name, VIEW_LITERAL("user.slice")) &&
			!view_equal(one, name)))
			return false;
		first = false;
	}
	*size = at;
	return at > 0;
}

bool
group_path_container(struct view path, struct group_container *out)
{
	size_t at = 0;
	struct view name;

	memset(out, 0, sizeof(*out));
	while (next_name(path, &at, &name)) {
		if (out->size == 0 && view_equal(name, VIEW_LITERAL("user.slice")))
			return false;
		out->size = at;
		if (find_id(name, out->id)) {
			/* Some runtimes join the pod's and the container's. */
			(void)(out->pod[0] != '\0' || find_pod(name, out->pod));
			return true;
		}
		(void)find_pod(name, out->pod);
	}
	return false;
}

size_t
group_path_cut(struct view path, unsigned names)
{
	size_t at = 0;
	struct view name;

	while (names > 0 && next_name(path, &at, &name))
		names--;
	return at;
}

/* *at: behind it. */
static bool
next_name(struct view path, size_t *at, struct view *name)
{
	size_t begin = *at, end;

	if (begin >= path.size || path.data[begin] != '/')
		return false;
	while (begin < path.size && path.data[begin] == '/')
		begin++;
	for (end = begin; end < path.size && path.data[end] != '/';)
		end++;
	if (end == begin)
		return false;
	*name = (struct view){path.data + begin, end - begin};
	*at = end;
	return true;
}

/* A template, "worker@.service", is for all of its instances. */
static bool
matches(const char *pattern, struct view name)
{
	const char *at = strstr(pattern, "@.");
	char text[NAME_MAX + 1], instances[NAME_MAX + 2];

	if (name.size >= sizeof(text))
		return false;
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	if (at != NULL && strlen(pattern) <= NAME_MAX) {
		(void)snprintf(
		    instances, sizeof(instances), "%.*s@*%s", (int)(at - pattern), pattern, at + 1);
		pattern = instances;
	}
	return fnmatch(pattern, text, FNM_PERIOD) == 0;
}

static bool
is_slice(struct view name)
{
	static const char suffix[] = ".slice";
	const size_t size = sizeof(suffix) - 1;

	return name.size > size && memcmp(name.data + name.size - size, suffix, size) == 0;
}

/* The size of the path of its group; 0 if `path` is not in it. */
static size_t
users_manager(struct view path, uid_t user)
{
	char text[96];
	const int size = snprintf(text, sizeof(text), "/user.slice/user-%u.slice/user@%u.service/",
	    (unsigned)user, (unsigned)user);

	return size > 0 && path.size > (size_t)size && memcmp(path.data, text, (size_t)size) == 0
		   ? (size_t)size - 1
		   : 0;
}

/* "docker-<id>.scope", "<id>", "cri-containerd:<id>", "<pod's uid>:<id>". */
static bool
find_id(struct view name, char id[GROUP_CONTAINER_ID_SIZE + 1])
{
	static const char monitor[] = "conmon-";
	size_t begin = 0, end;

	while (begin < name.size) {
		for (end = begin; end < name.size && is_word(name.data[end]);)
			end++;
		if (end - begin == GROUP_CONTAINER_ID_SIZE) {
			size_t hex = begin;

			while (hex < end && is_hex(name.data[hex]))
				hex++;
			if (hex == end && !(begin >= sizeof(monitor) - 1 &&
					      memcmp(name.data + begin - (sizeof(monitor) - 1),
						  monitor, sizeof(monitor) - 1) == 0)) {
				memcpy(id, name.data + begin, GROUP_CONTAINER_ID_SIZE);
				id[GROUP_CONTAINER_ID_SIZE] = '\0';
				return true;
			}
		}
		begin = end + 1;
	}
	return false;
}

/* "pod<uid>", and with '_' for '-' between others in a slice's name; or the uid before a ':'. */
static bool
find_pod(struct view name, char pod[GROUP_POD_UID_SIZE + 1])
{
	static const char mark[] = "pod";
	const size_t skip = sizeof(mark) - 1;

	for (size_t i = 0; i + GROUP_POD_UID_SIZE <= name.size; i++) {
		const bool marked = i >= skip && memcmp(name.data + i - skip, mark, skip) == 0;
		const bool joined = i == 0 && name.size > GROUP_POD_UID_SIZE &&
				    name.data[GROUP_POD_UID_SIZE] == ':';

		if ((marked || joined) && is_pod(name.data + i, pod))
			return true;
	}
	return false;
}

static bool
is_pod(const uint8_t *text, char pod[GROUP_POD_UID_SIZE + 1])
{
	for (size_t i = 0; i < GROUP_POD_UID_SIZE; i++) {
		const bool is_mark = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_mark ? text[i] != '-' && text[i] != '_' : !is_hex(text[i])) {
			pod[0] = '\0';
			return false;
		}
		pod[i] = is_mark ? '-' : (char)text[i];
	}
	pod[GROUP_POD_UID_SIZE] = '\0';
	return true;
}

static bool
is_hex(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

static bool
is_word(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '_';
}
