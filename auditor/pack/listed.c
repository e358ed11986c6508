#include "auditor/pack/listed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "log/inputfile.h"

static enum err add_line(struct listed *l, struct view line);

enum err
listed_read(struct listed *l, const char *path)
{
	enum err e = inputfile_read(AT_FDCWD, path, LISTED_SIZE_MAX, &l->text);
	struct view rest = buf_view(&l->text);

	while (e == ERR_OK && rest.size > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.size);
		size_t size = end != NULL ? (size_t)(end - rest.data) : rest.size;
		const size_t taken = end != NULL ? size + 1 : size;

		if (size > 0 && rest.data[size - 1] == '\r')
			size--;
		if (size > 0 && rest.data[0] != '#')
			e = add_line(l, (struct view){rest.data, size});
		rest = (struct view){rest.data + taken, rest.size - taken};
	}
	return e;
}

void
listed_free(struct listed *l)
{
	buf_free(&l->text);
	free(l->line);
	*l = (struct listed){0};
}

bool
listed_find(struct listed *l, struct view host, struct view workload)
{
	bool found = false;

	for (size_t i = 0; i < l->count; i++)
		if (view_equal(l->line[i].host, host) &&
		    (l->line[i].workload.size == 0 || view_equal(l->line[i].workload, workload)))
			found = l->line[i].seen = true;
	return found;
}

static enum err
add_line(struct listed *l, struct view line)
{
	const uint8_t *comma = memchr(line.data, ',', line.size);
	const size_t size = comma != NULL ? (size_t)(comma - line.data) : line.size;
	struct listed_line *more = reallocarray(l->line, l->count + 1, sizeof(*more));

	if (more == NULL)
		return ERR_MEMORY;
	l->line = more;
	l->line[l->count++] = (struct listed_line){.host = {line.data, size},
	    .workload = comma != NULL ? (struct view){comma + 1, line.size - size - 1}
				      : (struct view){NULL, 0}};
	return ERR_OK;
}
