#include "config/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/yaml_check.h"
#include "proto/encoding.h"
#include "proto/tlog/checkpoint.h"

static bool check_place(struct settings *s, const char *key, const char *place);

void
settings_load(
    struct settings *s, const char *path, const cyaml_schema_value_t *schema, struct faults *faults)
{
	*s = (struct settings){.faults = faults};
	if ((s->file = strdup(path)) == NULL)
		abort();
	if (yaml_load_file(path, schema, faults, &s->yaml) != ERR_OK)
		return; /* what is wrong stands in `faults`; what is good can be checked */
}

void
settings_free(struct settings *s)
{
	yaml_file_free(&s->yaml);
	for (size_t i = 0; i < s->owned_count; i++)
		free(s->owned[i]);
	free(s->owned);
	free(s->file);
	*s = (struct settings){0};
}

void *
settings_own(struct settings *s, void *memory)
{
	void **grown = realloc(s->owned, (s->owned_count + 1) * sizeof(*grown));

	if (grown == NULL || memory == NULL)
		abort();
	s->owned = grown;
	s->owned[s->owned_count++] = memory;
	return memory;
}

void *
settings_new(struct settings *s, size_t count, size_t size)
{
	return settings_own(s, calloc(count > 0 ? count : 1, size));
}

bool
settings_has(const struct settings *s, const char *key)
{
	return yaml_file_line(s->yaml, key) > 0;
}

void
settings_fault(struct settings *s, const char *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	faults_add_list(s->faults, s->file, yaml_file_line(s->yaml, key), format, arguments);
	va_end(arguments);
}

void
settings_numbers(struct settings *s, const struct settings_number *numbers, size_t count,
    const void *loaded, void *config)
{
	for (const struct settings_number *n = numbers; n < numbers + count; n++) {
		uint32_t value = n->standard;

		if (yaml_file_has(s->yaml, n->key)) {
			memcpy(&value, (const uint8_t *)loaded + n->from, sizeof(value));
			if (value < n->least || value > n->most) {
				settings_fault(s, n->key,
				    "\"%s\" must be %u to %u, found %u; the default is %u", n->key,
				    n->least, n->most, value, n->standard);
				value = n->standard;
			}
		}
		memcpy((uint8_t *)config + n->to, &value, sizeof(value));
	}
}

const char *
settings_path(struct settings *s, const char *path)
{
	if (path == NULL)
		return NULL;
	return settings_own(s, yaml_resolve_path(s->file, path));
}

void
settings_readable(struct settings *s, const char *key, const char *path)
{
	if (path != NULL)
		(void)yaml_check_readable(
		    s->file, yaml_file_line(s->yaml, key), key, path, s->faults);
}

const char *
settings_file(struct settings *s, const char *key, const char *path)
{
	const char *resolved = settings_path(s, path);

	return resolved != NULL && yaml_check_readable(s->file, yaml_file_line(s->yaml, key), key,
				       resolved, s->faults)
		   ? resolved
		   : NULL;
}

const char *
settings_secret_file(struct settings *s, const char *key, const char *path)
{
	const char *resolved = settings_path(s, path);

	if (resolved == NULL ||
	    yaml_check_secret(s->file, yaml_file_line(s->yaml, key), key, resolved, s->faults))
		return resolved;
	return faccessat(AT_FDCWD, resolved, R_OK, AT_EACCESS) == 0 ? resolved : NULL;
}

void
settings_directory(struct settings *s, const char *key, const char *path)
{
	if (path != NULL)
		(void)yaml_check_directory(
		    s->file, yaml_file_line(s->yaml, key), key, path, s->faults);
}

const char *
settings_guarded_directory(struct settings *s, const char *key, const char *written)
{
	const size_t faults_before = s->faults->count;
	const char *path = settings_path(s, written);
	struct stat st;

	settings_directory(s, key, path);
	if (path == NULL || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return NULL; /* said already */
	if (st.st_uid != geteuid() && st.st_uid != 0)
		settings_fault(s, key,
		    "\"%s\" must belong to this user (%u) or root; %s belongs to user %u: chown "
		    "it, or run as that user",
		    key, (unsigned)geteuid(), path, (unsigned)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		settings_fault(s, key,
		    "\"%s\" must be closed to writing by group and others; %s has mode %04o: chmod "
		    "0700 it, and see that nobody has put anything there",
		    key, path, (unsigned)(st.st_mode & 07777));
	return s->faults->count == faults_before ? path : NULL;
}

const char *
settings_guarded_code(struct settings *s, const char *key, const char *written)
{
	const size_t faults_before = s->faults->count;
	const char *path = settings_file(s, key, written);
	char *place = path != NULL ? realpath(path, NULL) : NULL;
	const char *code = place != NULL ? settings_own(s, strdup(place)) : NULL;

	while (place != NULL && s->faults->count == faults_before && check_place(s, key, place) &&
	       strcmp(place, "/") != 0) {
		char *above = settings_parent(place);

		free(place);
		place = above;
	}
	free(place);
	return s->faults->count == faults_before ? code : NULL;
}

/* False for a fault. In a directory such as /tmp others may write, and not replace what is ours. */
static bool
check_place(struct settings *s, const char *key, const char *place)
{
	struct stat st;
	bool others;

	if (stat(place, &st) != 0) {
		settings_fault(s, key, "\"%s\": %s: %s", key, place, strerror(errno));
		return false;
	}
	others = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
		 !(S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0);
	if (!others && (st.st_uid == geteuid() || st.st_uid == 0))
		return true;
	settings_fault(s, key,
	    "\"%s\" gets the PIN, and others could put another in its place: %s belongs to user %u "
	    "and has mode %04o: expected this user (%u) or root, and closed to writing by group "
	    "and "
	    "others",
	    key, place, (unsigned)st.st_uid, (unsigned)(st.st_mode & 07777), (unsigned)geteuid());
	return false;
}

void
settings_guarded_file(struct settings *s)
{
	struct stat st;

	if (stat(s->file, &st) != 0)
		return; /* said already */
	if (st.st_uid != geteuid() && st.st_uid != 0)
		faults_add(s->faults, s->file, 0,
		    "must belong to this user (%u) or root, found user %u: chown it, or run as "
		    "that user",
		    (unsigned)geteuid(), (unsigned)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		faults_add(s->faults, s->file, 0,
		    "must be closed to writing by group and others, found mode %04o: see that it "
		    "says what it should, then chmod go-w it",
		    (unsigned)(st.st_mode & 07777));
}

void
settings_program(struct settings *s, const char *key, const char *path)
{
	struct stat st;

	if (path == NULL)
		return;
	if (stat(path, &st) != 0)
		settings_fault(s, key, "\"%s\": %s: %s", key, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		settings_fault(s, key, "\"%s\" must be a program; %s is no file", key, path);
	else if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		settings_fault(s, key, "\"%s\": %s may not be executed by user %u: %s", key, path,
		    (unsigned)geteuid(), strerror(errno));
}

/* Whether it is there shows when it is used: the other side may be started later. */
void
settings_socket(struct settings *s, const char *key, const char *path)
{
	if (path != NULL && strlen(path) > SETTINGS_SOCKET_MAX)
		settings_fault(s, key, "\"%s\" must be a path of at most %d bytes, found %zu in %s",
		    key, SETTINGS_SOCKET_MAX, strlen(path), path);
}

void
settings_makeable(struct settings *s, const char *key, const char *path)
{
	struct stat st;
	char *existing, *parent;

	if (path == NULL)
		return;
	if ((existing = strdup(path)) == NULL)
		abort();
	while (stat(existing, &st) != 0 && errno == ENOENT && strcmp(existing, "/") != 0) {
		parent = settings_parent(existing);
		free(existing);
		existing = parent;
	}
	settings_directory(s, key, existing);
	free(existing);
}

void
settings_new_file(struct settings *s, const char *key, const char *path)
{
	struct stat st;
	char *parent;

	if (path == NULL)
		return;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		settings_fault(s, key, "\"%s\" must be a file; %s is something else", key, path);
		return;
	}
	parent = settings_parent(path);
	settings_makeable(s, key, parent);
	free(parent);
}

bool
settings_origin(struct settings *s, const char *key, const char *origin)
{
	if (origin == NULL)
		return false;
	if (checkpoint_origin_check(view_of_string(origin)) == ERR_OK)
		return true;
	settings_fault(s, key,
	    "\"%s\" must be 1 to %d characters without space and \"+\", such as "
	    "hallmark.bank.example/prod-1; found \"%s\"",
	    key, CHECKPOINT_ORIGIN_MAX, origin);
	return false;
}

bool
settings_address(struct settings *s, const char *key, const char *text, bool literal,
    const char **host, uint16_t *port)
{
	const char *colon, *begin = text, *end;
	uint8_t address[sizeof(struct in6_addr)];
	uint64_t number = 0;
	bool good, bracket;
	char *copy;

	*host = NULL;
	*port = 0;
	if (text == NULL)
		return false;
	end = colon = strrchr(text, ':');
	bracket = text[0] == '[';
	good = colon != NULL;
	if (good && bracket) {
		begin = text + 1;
		end = colon - 1;
		good = end > begin && *end == ']';
	}
	good = good && end > begin &&
	       decimal_decode(view_of_string(colon + 1), &number) == ERR_OK && number > 0 &&
	       number <= UINT16_MAX;
	if (good) {
		if ((copy = strndup(begin, (size_t)(end - begin))) == NULL)
			abort();
		*host = settings_own(s, copy);
		*port = (uint16_t)number;
		if (bracket)
			good = inet_pton(AF_INET6, copy, address) == 1;
		else if (literal)
			good = inet_pton(AF_INET, copy, address) == 1;
		else
			good = strpbrk(copy, ":[]/ ") == NULL;
	}
	if (!good)
		settings_fault(s, key,
		    "\"%s\" must be %s and a port of 1 to 65535, such as %s or [::1]:7443; "
		    "found \"%s\"",
		    key, literal ? "an IP address" : "a host",
		    literal ? "127.0.0.1:7443" : "signer.bank.example:7443", text);
	return good;
}

const char *
settings_entry_key(
    char key[SETTINGS_ENTRY_KEY_MAX], const char *list, size_t index, const char *rest)
{
	snprintf(key, SETTINGS_ENTRY_KEY_MAX, "%s[%zu]%s", list, index, rest);
	return key;
}

char *
settings_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent;

	if (slash == NULL)
		parent = strdup(".");
	else
		parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (parent == NULL)
		abort();
	return parent;
}
