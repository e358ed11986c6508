#include "collector/runtime/environment.h"

#include <stdlib.h>
#include <string.h>

#include "collector/ground/fact_values.h"
#include "collector/subject/procfs.h"

/* Before that many bytes have come, sorting them costs more than it saves. */
#define TIDY_SIZE_MIN ((size_t)(64 * 1024))

static bool is_wanted(const struct environment *e, struct view string);
static enum err add_values(struct environment *e, struct component_builder *to);
static enum err add_names(struct environment *e, struct component_builder *to);
static enum err keep(struct environment_strings *s, struct view string);
static enum err tidy(struct environment_strings *s);
static enum err append_all(struct view strings, struct fact_values *v);
static void sort(struct fact_values *v);
static int compare(const void *a, const void *b);
static void wipe(struct buf *b);

enum err
environment_note(struct environment *e, struct view bytes, bool is_main)
{
	enum err error = ERR_OK;
	struct view string;

	while (error == ERR_OK && procfs_next_string(&bytes, &string)) {
		const uint8_t *end = string.size > 0 ? memchr(string.data, '=', string.size) : NULL;

		/* A process that writes its title over all this leaves what is no variable. */
		if (end != NULL && end > string.data)
			error = keep(
			    &e->all_names, (struct view){string.data, (size_t)(end - string.data)});
		if (error != ERR_OK || !is_wanted(e, string))
			continue;
		if (!is_main) {
			error = keep(&e->others, string);
			continue;
		}
		buf_append_view(&e->main, string);
		buf_append_byte(&e->main, '\0');
	}
	return error == ERR_OK ? buf_status(&e->main) : error;
}

enum err
environment_add(struct environment *e, struct component_builder *to)
{
	enum err error = ERR_OK;

	if (e->name_count > 0)
		error = add_values(e, to);
	return error == ERR_OK ? add_names(e, to) : error;
}

static enum err
add_values(struct environment *e, struct component_builder *to)
{
	struct fact_values all = {NULL, 0, 0}, own = {NULL, 0, 0}, others = {NULL, 0, 0};
	enum err error = tidy(&e->others);

	if (error == ERR_OK && (error = append_all(buf_view(&e->main), &all)) == ERR_OK &&
	    (error = append_all(buf_view(&e->main), &own)) == ERR_OK)
		error = append_all(buf_view(&e->others.text), &others);
	sort(&own);
	for (size_t i = 0; error == ERR_OK && i < others.count; i++)
		if (own.count == 0 || bsearch(&others.list[i], own.list, own.count,
					  sizeof(*own.list), compare) == NULL)
			error = fact_values_append(&all, others.list[i]);
	if (error == ERR_OK)
		error = fact_values_add(&all, "environment", to);
	fact_values_free(&all);
	fact_values_free(&own);
	fact_values_free(&others);
	return error;
}

static enum err
add_names(struct environment *e, struct component_builder *to)
{
	struct fact_values names = {NULL, 0, 0};
	enum err error = tidy(&e->all_names);
	bool fits;

	if (error == ERR_OK)
		error = append_all(buf_view(&e->all_names.text), &names);
	fits = names.count <= ENVIRONMENT_NAMES_MAX;
	for (size_t i = 0; fits && i < names.count; i++)
		fits = names.list[i].size <= ENVIRONMENT_NAME_MAX;
	if (error == ERR_OK && fits) {
		error = fact_values_add(&names, "environment_names", to);
	} else if (error == ERR_OK) {
		const struct view text = buf_view(&e->all_names.text);
		char hex[DIGEST_HEX_SIZE + 1];
		struct digest digest;
		struct buf value = BUF_INIT;

		digest_of(text.data, text.size, &digest);
		digest_to_hex(&digest, hex);
		buf_append_format(&value, "sha256:%s %zu", hex, names.count);
		names.count = 0;
		if ((error = buf_status(&value)) == ERR_OK &&
		    (error = fact_values_append(&names, buf_view(&value))) == ERR_OK)
			error = fact_values_add(&names, "environment_names_digest", to);
		buf_free(&value);
	}
	fact_values_free(&names);
	return error;
}

void
environment_free(struct environment *e)
{
	wipe(&e->main);
	wipe(&e->others.text);
	wipe(&e->all_names.text);
}

static bool
is_wanted(const struct environment *e, struct view string)
{
	for (size_t i = 0; i < e->name_count; i++) {
		const size_t size = strlen(e->names[i]);

		if (string.size > size && memcmp(string.data, e->names[i], size) == 0 &&
		    string.data[size] == '=')
			return true;
	}
	return false;
}

static enum err
keep(struct environment_strings *s, struct view string)
{
	buf_append_view(&s->text, string);
	buf_append_byte(&s->text, '\0');
	if (s->text.size >= TIDY_SIZE_MIN && s->text.size / 2 >= s->tidy_size)
		return tidy(s);
	return buf_status(&s->text);
}

/* Sorts them, and keeps each once. */
static enum err
tidy(struct environment_strings *s)
{
	struct fact_values v = {NULL, 0, 0};
	struct buf kept = BUF_INIT;
	enum err error = append_all(buf_view(&s->text), &v);

	sort(&v);
	for (size_t i = 0; error == ERR_OK && i < v.count; i++) {
		if (i > 0 && view_equal(v.list[i], v.list[i - 1]))
			continue;
		buf_append_view(&kept, v.list[i]);
		buf_append_byte(&kept, '\0');
	}
	fact_values_free(&v);
	if (error == ERR_OK)
		error = buf_status(&kept);
	if (error != ERR_OK) {
		wipe(&kept);
		return error;
	}
	wipe(&s->text);
	s->text = kept; /* moved */
	s->tidy_size = kept.size;
	return ERR_OK;
}

static enum err
append_all(struct view strings, struct fact_values *v)
{
	struct view string;
	enum err e = ERR_OK;

	while (e == ERR_OK && procfs_next_string(&strings, &string))
		e = fact_values_append(v, string);
	return e;
}

static void
sort(struct fact_values *v)
{
	if (v->count > 1)
		qsort(v->list, v->count, sizeof(*v->list), compare);
}

static int
compare(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

static void
wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->capacity);
	buf_free(b);
}
