#include "collector/measure/measure_packages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"

#define STATUS_PATH "/var/lib/dpkg/status"

/* The fields of one paragraph (deb822: a blank line ends it, a space continues a field). */
struct paragraph {
	char *package;
	char *version;
	char *architecture;
	bool installed;
};

/* The finished values: NUL-free strings in one buffer, '\n' behind each. */
struct list {
	struct buf text;
	size_t count;
};

static enum err paragraph_line(struct paragraph *p, const char *line);
static enum err take_field(char **field, const char *line, const char *key);
static enum err paragraph_end(struct paragraph *p, struct list *l);
static void paragraph_clear(struct paragraph *p);
static enum err add_sorted(const struct list *l, struct component_builder *to);
static int compare_views(const void *a, const void *b);

enum err
measure_packages(struct measure_context *m, struct component_builder *to)
{
	FILE *status = fopen(STATUS_PATH, "re");
	enum err e;

	if (status == NULL)
		return trouble_set(m->trouble, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    STATUS_PATH ": %s; take `packages` out of this workload's `measure`",
		    strerror(errno));
	if ((e = measure_packages_read(status, to)) != ERR_OK)
		(void)trouble_set(m->trouble, e, STATUS_PATH ": %s", err_text(e));
	(void)fclose(status);
	return e;
}

enum err
measure_packages_read(FILE *status, struct component_builder *to)
{
	struct paragraph p = {NULL, NULL, NULL, false};
	struct list l = {BUF_INIT, 0};
	size_t capacity = 0;
	char *line = NULL;
	enum err e = ERR_OK;
	ssize_t size;

	while (e == ERR_OK && (size = getline(&line, &capacity, status)) > 0) {
		if (memchr(line, '\0', (size_t)size) != NULL)
			e = ERR_FORMAT;
		line[strcspn(line, "\n")] = '\0';
		if (e == ERR_OK)
			e = line[0] == '\0' ? paragraph_end(&p, &l) : paragraph_line(&p, line);
	}
	if (e == ERR_OK && ferror(status))
		e = ERR_IO;
	if (e == ERR_OK && (e = paragraph_end(&p, &l)) == ERR_OK &&
	    (e = buf_status(&l.text)) == ERR_OK)
		e = add_sorted(&l, to);
	paragraph_clear(&p);
	free(line);
	buf_free(&l.text);
	return e;
}

static enum err
paragraph_line(struct paragraph *p, const char *line)
{
	static const char status[] = "Status:", installed[] = " installed";
	const size_t size = strlen(line);
	enum err e;

	/* "Status: install ok installed": what is wanted, an error flag, what is. */
	if (strncmp(line, status, sizeof(status) - 1) == 0)
		p->installed = size > sizeof(installed) &&
			       strcmp(line + size - (sizeof(installed) - 1), installed) == 0;
	if ((e = take_field(&p->package, line, "Package:")) == ERR_OK &&
	    (e = take_field(&p->version, line, "Version:")) == ERR_OK)
		e = take_field(&p->architecture, line, "Architecture:");
	return e;
}

static enum err
take_field(char **field, const char *line, const char *key)
{
	const size_t size = strlen(key);

	if (strncmp(line, key, size) != 0)
		return ERR_OK;
	if (*field != NULL) /* twice in one paragraph */
		return ERR_FORMAT;
	line += size + strspn(line + size, " \t");
	*field = strdup(line);
	return *field != NULL ? ERR_OK : ERR_MEMORY;
}

static enum err
paragraph_end(struct paragraph *p, struct list *l)
{
	enum err e = ERR_OK;

	if (p->installed && (p->package == NULL || p->version == NULL || p->architecture == NULL))
		e = ERR_FORMAT;
	if (p->installed && e == ERR_OK) {
		buf_append_format(&l->text, "%s %s %s\n", p->package, p->version, p->architecture);
		if (++l->count > MEASURE_PACKAGES_MAX)
			e = ERR_FORMAT_SIZE;
	}
	paragraph_clear(p);
	return e;
}

static void
paragraph_clear(struct paragraph *p)
{
	free(p->package);
	free(p->version);
	free(p->architecture);
	*p = (struct paragraph){NULL, NULL, NULL, false};
}

static enum err
add_sorted(const struct list *l, struct component_builder *to)
{
	struct component_fact fact = {VIEW_LITERAL("dpkg"), 0, NULL};
	struct view rest = buf_view(&l->text), line, *values;
	enum err e;

	if ((values = calloc(l->count + 1, sizeof(*values))) == NULL)
		return ERR_MEMORY;
	while (fact.value_count < l->count && line_next(&rest, &line) == ERR_OK)
		values[fact.value_count++] = line;
	qsort(values, fact.value_count, sizeof(*values), compare_views);
	fact.values = values;
	e = component_add_fact(to, &fact);
	free(values);
	return e;
}

static int
compare_views(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}
