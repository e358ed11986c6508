#include "collector/runtime/main_processes.h"

#include <stdlib.h>

#include "collector/ground/values.h"
#include "collector/runtime/count_class.h"
#include "collector/subject/procfs.h"
#include "proto/digest.h"

static enum err note_start(struct main_processes *m, uint64_t start_ticks);
static enum err note_line(struct main_processes *m, struct view cmdline);
static bool fits(struct view line);
static enum err add_arguments(const struct main_processes *m, struct component_builder *to);
static enum err add_digests(const struct main_processes *m, struct component_builder *to);
static enum err add_starts(struct main_processes *m, struct component_builder *to);
static int by_line(const void *a, const void *b);
static int by_number(const void *a, const void *b);

enum err
main_processes_note(struct main_processes *m, struct view cmdline, uint64_t start_ticks)
{
	const enum err e = note_start(m, start_ticks);

	return e == ERR_OK ? note_line(m, cmdline) : e;
}

enum err
main_processes_add(struct main_processes *m, struct component_builder *to)
{
	bool all_fit = true;
	enum err e;

	if (m->count > 1)
		qsort(m->lists, m->count, sizeof(*m->lists), by_line);
	for (size_t i = 0; i < m->count; i++)
		all_fit = all_fit && fits(buf_view(&m->lists[i].line));
	e = all_fit ? add_arguments(m, to) : add_digests(m, to);
	return e == ERR_OK ? add_starts(m, to) : e;
}

void
main_processes_free(struct main_processes *m)
{
	for (size_t i = 0; i < m->count; i++)
		buf_free(&m->lists[i].line);
	free(m->lists);
	free(m->starts);
	*m = (struct main_processes){.lists = NULL};
}

static enum err
note_start(struct main_processes *m, uint64_t start_ticks)
{
	uint64_t *grown = reallocarray(m->starts, m->start_count + 1, sizeof(*grown));

	if (grown == NULL)
		return ERR_MEMORY;
	m->starts = grown;
	grown[m->start_count++] = start_ticks;
	return ERR_OK;
}

static enum err
note_line(struct main_processes *m, struct view cmdline)
{
	struct main_arguments *grown;
	struct buf line = BUF_INIT;

	buf_append_view(&line, cmdline);
	for (size_t i = 0; !line.failed && i < m->count; i++)
		if (view_equal(buf_view(&m->lists[i].line), buf_view(&line))) {
			m->lists[i].processes++;
			buf_free(&line);
			return ERR_OK;
		}
	if (m->count == MAIN_PROCESSES_MAX || line.size > MAIN_PROCESSES_BYTES_MAX - m->bytes) {
		buf_free(&line);
		return ERR_FORMAT_SIZE;
	}
	grown = reallocarray(m->lists, m->count + 1, sizeof(*grown));
	if (grown == NULL || line.failed) {
		m->lists = grown != NULL ? grown : m->lists;
		buf_free(&line);
		return ERR_MEMORY;
	}
	m->lists = grown;
	m->bytes += line.size;
	grown[m->count++] = (struct main_arguments){line, 1}; /* moved */
	return ERR_OK;
}

static bool
fits(struct view line)
{
	struct view one;
	size_t count = 0;

	if (line.size > MAIN_ARGUMENTS_SIZE_MAX)
		return false;
	while (procfs_next_string(&line, &one))
		if (++count > MAIN_ARGUMENTS_MAX || one.size > COMPONENT_VALUE_MAX)
			return false;
	return true;
}

static enum err
add_arguments(const struct main_processes *m, struct component_builder *to)
{
	struct values arguments = VALUES_INIT, differ = VALUES_INIT;
	enum err e;

	buf_append_string(&differ.text, "arguments");
	for (size_t i = 0; i < m->count; i++) {
		struct view rest = buf_view(&m->lists[i].line), one;
		size_t count = 0;

		for (; procfs_next_string(&rest, &one); count++)
			values_add(&arguments, one);
		if (count == 0 && m->count > 1) {
			values_end(&arguments);
			count = 1;
		}
		buf_append_format(
		    &differ.text, " %sx%zu", count_class(m->lists[i].processes), count);
	}
	values_end(&differ);
	e = values_finish(&arguments, VALUES_KEPT, "arguments", to);
	if (e == ERR_OK && m->count > 1)
		e = values_finish(&differ, VALUES_KEPT, "mains_differ", to);
	values_free(&arguments);
	values_free(&differ);
	return e;
}

static enum err
add_digests(const struct main_processes *m, struct component_builder *to)
{
	struct values digests = VALUES_INIT;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;
	enum err e;

	for (size_t i = 0; i < m->count; i++) {
		const struct buf *line = &m->lists[i].line;

		digest_of(line->data, line->size, &digest);
		digest_to_hex(&digest, hex);
		buf_append_format(&digests.text, "sha256:%s %zu", hex, line->size);
		values_end(&digests);
	}
	e = values_finish(&digests, VALUES_KEPT, "arguments_digest", to);
	values_free(&digests);
	return e;
}

static enum err
add_starts(struct main_processes *m, struct component_builder *to)
{
	struct values starts = VALUES_INIT;
	enum err e;

	if (m->start_count > 1)
		qsort(m->starts, m->start_count, sizeof(*m->starts), by_number);
	for (size_t i = 0; i < m->start_count; i++)
		if (i == 0 || m->starts[i] != m->starts[i - 1]) {
			buf_append_decimal(&starts.text, m->starts[i]);
			values_end(&starts);
		}
	e = values_finish(&starts, VALUES_KEPT, "start_time", to);
	values_free(&starts);
	return e;
}

static int
by_line(const void *a, const void *b)
{
	return view_compare(buf_view(&((const struct main_arguments *)a)->line),
	    buf_view(&((const struct main_arguments *)b)->line));
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}
