#include "collector/files/pattern.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static enum err part_parse(char *text, struct pattern_part *out);
static bool has_two_stars(const char *text);
static void unescape(char *text);

enum err
pattern_parse(const char *text, struct pattern *out, struct trouble *t)
{
	char *rest, *text_of_part;

	memset(out, 0, sizeof(*out));
	if (text[0] != '/')
		return trouble_set(t, ERR_FORMAT,
		    "pattern %s: expected an absolute path, such as /etc/app/*.conf", text);
	if ((out->storage = strdup(text)) == NULL)
		return ERR_MEMORY;
	rest = out->storage;
	while ((text_of_part = strsep(&rest, "/")) != NULL) {
		if (text_of_part[0] == '\0')
			continue;
		if (out->count == PATTERN_PARTS_MAX) {
			pattern_free(out);
			return trouble_set(t, ERR_FORMAT, "pattern %s: more than %d names deep",
			    text, PATTERN_PARTS_MAX);
		}
		if (part_parse(text_of_part, &out->part[out->count++]) != ERR_OK) {
			pattern_free(out);
			return trouble_set(t, ERR_FORMAT,
			    "pattern %s: '.' and '..' are not allowed as names; write the path out",
			    text);
		}
	}
	for (size_t i = 0; i < out->count; i++) {
		const struct pattern_part *part = &out->part[i];
		const bool last = i + 1 == out->count;

		if ((part->type == PATTERN_ALL_BELOW && !last) ||
		    (part->type == PATTERN_GLOB && has_two_stars(part->text))) {
			pattern_free(out);
			return trouble_set(t, ERR_FORMAT,
			    "pattern %s: '**' may stand at the end only, alone behind a slash",
			    text);
		}
	}
	if (out->count == 0) {
		pattern_free(out);
		return trouble_set(
		    t, ERR_FORMAT, "pattern %s: expected a name, found only slashes", text);
	}
	return ERR_OK;
}

void
pattern_free(struct pattern *p)
{
	free(p->storage);
	memset(p, 0, sizeof(*p));
}

bool
pattern_matches(const struct pattern *p, const char *path)
{
	char name[NAME_MAX + 1];
	size_t size;

	for (size_t i = 0; i < p->count; i++) {
		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0 || size > NAME_MAX)
			return false;
		if (p->part[i].type == PATTERN_ALL_BELOW)
			return true;
		memcpy(name, path, size);
		name[size] = '\0';
		if (!pattern_part_matches(&p->part[i], name))
			return false;
		path += size;
	}
	return path[0] == '\0';
}

bool
pattern_part_matches(const struct pattern_part *part, const char *name)
{
	if (part->type == PATTERN_LITERAL)
		return strcmp(part->text, name) == 0;
	return fnmatch(part->text, name, FNM_PERIOD) == 0;
}

static enum err
part_parse(char *text, struct pattern_part *out)
{
	out->text = text;
	if (strcmp(text, "**") == 0) {
		out->type = PATTERN_ALL_BELOW;
	} else if (strpbrk(text, "*?[") != NULL) {
		out->type = PATTERN_GLOB;
	} else {
		out->type = PATTERN_LITERAL;
		unescape(text);
	}
	return strcmp(text, ".") == 0 || strcmp(text, "..") == 0 ? ERR_FORMAT : ERR_OK;
}

/* fnmatch takes them for one: who writes "lib**.so" would measure less than he thinks. */
static bool
has_two_stars(const char *text)
{
	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] != '\0')
			text++;
		else if (text[0] == '*' && text[1] == '*')
			return true;
	}
	return false;
}

static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] != '\0')
			text++;
		*to++ = *text;
	}
	*to = '\0';
}
