#include "config/faults.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/text.h"

#define FILE_NAME_SHOWN_MAX 4096 /* bytes: PATH_MAX */

static const struct fault **sorted(const struct faults *f);
static void file_name(const struct fault *fault, struct buf *to);
static int fault_compare(const void *a, const void *b);

void
faults_add(struct faults *f, const char *file, unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	faults_add_list(f, file, line, format, arguments);
	va_end(arguments);
}

void
faults_add_list(
    struct faults *f, const char *file, unsigned line, const char *format, va_list arguments)
{
	struct fault *grown = realloc(f->fault, (f->count + 1) * sizeof(*grown));
	struct fault *added;

	if (grown == NULL)
		abort();
	f->fault = grown;
	added = &grown[f->count];
	added->line = line;
	if ((added->file = strdup(file)) == NULL)
		abort();
	if (vasprintf(&added->text, format, arguments) < 0)
		abort();
	f->count++;
}

void
faults_print(const struct faults *f, FILE *to)
{
	const struct fault **order = sorted(f);
	struct buf name = BUF_INIT;

	for (size_t i = 0; i < f->count; i++) {
		file_name(order[i], &name);
		buf_append_byte(&name, 0);
		if (buf_status(&name) != ERR_OK)
			abort();
		if (order[i]->line > 0)
			fprintf(
			    to, "%s:%u: %s\n", (char *)name.data, order[i]->line, order[i]->text);
		else
			fprintf(to, "%s: %s\n", (char *)name.data, order[i]->text);
	}
	buf_free(&name);
	free(order);
}

void
faults_write_json(const struct faults *f, struct buf *to)
{
	const struct fault **order = sorted(f);
	struct buf name = BUF_INIT;

	buf_append_byte(to, '[');
	for (size_t i = 0; i < f->count; i++) {
		file_name(order[i], &name);
		buf_append_string(to, i > 0 ? ",{\"file\":" : "{\"file\":");
		json_append_string(to, buf_view(&name));
		if (order[i]->line > 0)
			buf_append_format(to, ",\"line\":%u", order[i]->line);
		else
			buf_append_string(to, ",\"line\":null");
		buf_append_string(to, ",\"text\":");
		json_append_string(to, view_of_string(order[i]->text));
		buf_append_byte(to, '}');
	}
	buf_append_byte(to, ']');
	buf_free(&name);
	free(order);
}

void
faults_free(struct faults *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->fault[i].file);
		free(f->fault[i].text);
	}
	free(f->fault);
	*f = FAULTS_INIT;
}

/* By file and line; to be freed. */
static const struct fault **
sorted(const struct faults *f)
{
	const struct fault **order = calloc(f->count > 0 ? f->count : 1, sizeof(*order));

	if (order == NULL)
		abort();
	for (size_t i = 0; i < f->count; i++)
		order[i] = &f->fault[i];
	qsort(order, f->count, sizeof(*order), fault_compare);
	return order;
}

/* Replaces what `to` has. */
static void
file_name(const struct fault *fault, struct buf *to)
{
	buf_clear(to);
	text_append_printable(to, view_of_string(fault->file), FILE_NAME_SHOWN_MAX);
}

/* By file and line; faults of one line stay in the order in which they were found. */
static int
fault_compare(const void *a, const void *b)
{
	const struct fault *x = *(const struct fault *const *)a;
	const struct fault *y = *(const struct fault *const *)b;
	const int order = strcmp(x->file, y->file);

	if (order != 0)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x > y) - (x < y);
}
