#include "collector/keys/keyed.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ground/values.h"
#include "proto/digest.h"
#include "proto/encoding.h"

#define DIGEST_DIGITS 16 /* of a long name: nobody finds two by chance among KEYED_KEYS_MAX */

struct entry {
	char *key;
	struct buf value;
	size_t index; /* in the file: the order of what has one key */
};

struct keyed {
	const char *name;
	const char *const *patterns;
	size_t pattern_count;
	struct entry *entry;
	size_t count;
	size_t capacity;
};

static bool is_wanted(const struct keyed *k, const char *key);
static void append_key(struct buf *to, struct view text);
static enum err append(struct keyed *k, char *key, struct view value);
static enum err add_fact(
    const struct keyed *k, size_t begin, size_t end, struct component_builder *to);
static int compare_entries(const void *a, const void *b);

struct keyed *
keyed_new(const char *name, const char *const *patterns, size_t pattern_count)
{
	struct keyed *k = calloc(1, sizeof(*k));

	if (k != NULL)
		*k = (struct keyed){
		    .name = name, .patterns = patterns, .pattern_count = pattern_count};
	return k;
}

void
keyed_free(struct keyed **k)
{
	for (size_t i = 0; *k != NULL && i < (*k)->count; i++) {
		free((*k)->entry[i].key);
		buf_free(&(*k)->entry[i].value);
	}
	if (*k != NULL)
		free((*k)->entry);
	free(*k);
	*k = NULL;
}

enum err
keyed_add(struct keyed *k, struct view section, struct view key, struct view value)
{
	struct buf whole = BUF_INIT;
	enum err e;

	append_key(&whole, section);
	if (section.size > 0)
		buf_append_byte(&whole, '.');
	append_key(&whole, key);
	if (whole.size > KEYED_KEY_MAX || value.size > COMPONENT_VALUE_MAX) {
		buf_free(&whole);
		return ERR_FORMAT_SIZE;
	}
	buf_append_byte(&whole, '\0');
	if ((e = buf_status(&whole)) == ERR_OK && is_wanted(k, (const char *)whole.data) &&
	    (e = append(k, (char *)whole.data, value)) == ERR_OK)
		whole = BUF_INIT; /* moved */
	buf_free(&whole);
	return e;
}

enum err
keyed_finish(struct keyed *k, struct component_builder *to)
{
	enum err e = ERR_OK;
	size_t end;

	if (k->count > 0)
		qsort(k->entry, k->count, sizeof(*k->entry), compare_entries);
	for (size_t i = 0; e == ERR_OK && i < k->count; i = end) {
		for (end = i + 1; end < k->count; end++)
			if (strcmp(k->entry[end].key, k->entry[i].key) != 0)
				break;
		e = add_fact(k, i, end, to);
	}
	return e;
}

static bool
is_wanted(const struct keyed *k, const char *key)
{
	for (size_t i = 0; i < k->pattern_count; i++)
		if (fnmatch(k->patterns[i], key, 0) == 0)
			return true;
	return k->pattern_count == 0;
}

static void
append_key(struct buf *to, struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] > ' ' && text.data[i] <= '~' && text.data[i] != '%')
			buf_append_byte(to, text.data[i]);
		else
			buf_append_format(to, "%%%02X", (unsigned)text.data[i]);
	}
}

/* Takes `key` if it succeeds. */
static enum err
append(struct keyed *k, char *key, struct view value)
{
	struct entry *more;

	if (k->count == KEYED_KEYS_MAX)
		return ERR_FORMAT_SIZE;
	if (k->count == k->capacity) {
		k->capacity = k->capacity > 0 ? 2 * k->capacity : 64;
		if ((more = realloc(k->entry, k->capacity * sizeof(*more))) == NULL)
			return ERR_MEMORY;
		k->entry = more;
	}
	k->entry[k->count] = (struct entry){key, BUF_INIT, k->count};
	buf_append_view(&k->entry[k->count].value, value);
	if (buf_status(&k->entry[k->count].value) != ERR_OK)
		return ERR_MEMORY;
	k->count++;
	return ERR_OK;
}

static enum err
add_fact(const struct keyed *k, size_t begin, size_t end, struct component_builder *to)
{
	struct values values = VALUES_INIT;
	struct buf name = BUF_INIT;
	struct digest digest;
	enum err e;

	buf_append_format(&name, "%s:%s", k->name, k->entry[begin].key);
	if (name.size > COMPONENT_FACT_NAME_MAX) {
		values_add(&values, buf_view(&name));
		digest_of(name.data, name.size, &digest);
		buf_clear(&name);
		buf_append_format(&name, "%s:sha256:", k->name);
		hex_append(&name, (struct view){digest.bytes, DIGEST_DIGITS / 2});
	}
	buf_append_byte(&name, '\0');
	for (size_t i = begin; i < end; i++)
		values_add(&values, buf_view(&k->entry[i].value));
	if ((e = buf_status(&name)) == ERR_OK)
		e = values_finish(&values, VALUES_KEPT, (const char *)name.data, to);
	values_free(&values);
	buf_free(&name);
	return e;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	const int order = strcmp(x->key, y->key);

	return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}
