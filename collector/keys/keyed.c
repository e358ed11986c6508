#include "collector/keys/keyed.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ground/values.h"
#include "proto/digest.h"
#include "proto/encoding.h"

#define SHORT         ":sha256:" /* behind the file's name */
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
	size_t bytes;    /* of their keys and values */
	struct buf read; /* the key that was read last */
};

static bool is_wanted(const struct keyed *k, const char *key);
static void append_key(struct buf *to, struct view text);
static enum err append(struct keyed *k, struct view value);
static enum err add_fact(
    const struct keyed *k, size_t begin, size_t end, struct component_builder *to);
static void append_short(struct buf *to, struct view file, struct view whole);
static int compare_entries(const void *a, const void *b);

struct keyed *
keyed_new(const char *name, const char *const *patterns, size_t pattern_count)
{
	struct keyed *k = calloc(1, sizeof(*k));

	if (k != NULL)
		*k = (struct keyed){.name = name,
		    .patterns = patterns,
		    .pattern_count = pattern_count,
		    .read = BUF_INIT};
	return k;
}

void
keyed_free(struct keyed **k)
{
	for (size_t i = 0; *k != NULL && i < (*k)->count; i++) {
		free((*k)->entry[i].key);
		buf_free(&(*k)->entry[i].value);
	}
	if (*k != NULL) {
		free((*k)->entry);
		buf_free(&(*k)->read);
	}
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
	if ((e = buf_status(&whole)) == ERR_OK)
		e = keyed_put(k, buf_view(&whole), value);
	buf_free(&whole);
	return e;
}

enum err
keyed_put(struct keyed *k, struct view key, struct view value)
{
	enum err e;

	if (key.size > KEYED_KEY_MAX || value.size > COMPONENT_VALUE_MAX)
		return ERR_FORMAT_SIZE;
	buf_clear(&k->read);
	buf_append_view(&k->read, key);
	buf_append_byte(&k->read, '\0');
	if ((e = buf_status(&k->read)) != ERR_OK || !is_wanted(k, (const char *)k->read.data))
		return e;
	return append(k, value);
}

void
keyed_append(struct buf *to, uint8_t byte)
{
	if (byte > ' ' && byte <= '~' && byte != '%')
		buf_append_byte(to, byte);
	else
		keyed_append_escaped(to, byte);
}

void
keyed_append_escaped(struct buf *to, uint8_t byte)
{
	buf_append_format(to, "%%%02X", (unsigned)byte);
}

bool
keyed_is_short_for(const struct component_fact *f, struct view *whole)
{
	const uint8_t *colon = memchr(f->name.data, ':', f->name.size);
	char rest[sizeof(SHORT) + DIGEST_HEX_SIZE];
	struct digest digest;

	if (f->value_count == 0 || f->values[0].size <= COMPONENT_FACT_NAME_MAX || colon == NULL)
		return false;
	*whole = f->values[0];
	digest_of(whole->data, whole->size, &digest);
	memcpy(rest, SHORT, sizeof(SHORT) - 1);
	digest_to_hex(&digest, rest + sizeof(SHORT) - 1);
	return view_equal((struct view){colon, f->name.size - (size_t)(colon - f->name.data)},
	    (struct view){(const uint8_t *)rest, sizeof(SHORT) - 1 + DIGEST_DIGITS});
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
	for (size_t i = 0; i < text.size && to->size <= KEYED_KEY_MAX; i++)
		keyed_append(to, text.data[i]);
}

/* A value of the key that was read last. */
static enum err
append(struct keyed *k, struct view value)
{
	const size_t size = k->read.size + value.size;
	struct entry *more;
	char *key;

	if (k->count == KEYED_KEYS_MAX || size > KEYED_BYTES_MAX - k->bytes)
		return ERR_FORMAT_SIZE;
	if (k->count == k->capacity) {
		const size_t capacity = k->capacity > 0 ? 2 * k->capacity : 64;

		if ((more = realloc(k->entry, capacity * sizeof(*more))) == NULL)
			return ERR_MEMORY;
		k->entry = more;
		k->capacity = capacity;
	}
	if ((key = strdup((const char *)k->read.data)) == NULL)
		return ERR_MEMORY;
	k->entry[k->count] = (struct entry){key, BUF_INIT, k->count};
	buf_append_view(&k->entry[k->count].value, value);
	k->bytes += size;
	return buf_status(&k->entry[k->count++].value);
}

static enum err
add_fact(const struct keyed *k, size_t begin, size_t end, struct component_builder *to)
{
	struct values values = VALUES_INIT;
	struct buf name = BUF_INIT;
	enum err e;

	buf_append_format(&name, "%s:%s", k->name, k->entry[begin].key);
	if (name.size > COMPONENT_FACT_NAME_MAX) {
		struct buf whole = name;

		name = BUF_INIT;
		values_add(&values, buf_view(&whole));
		append_short(&name, view_of_string(k->name), buf_view(&whole));
		buf_free(&whole);
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

static void
append_short(struct buf *to, struct view file, struct view whole)
{
	struct digest digest;

	digest_of(whole.data, whole.size, &digest);
	buf_append_view(to, file);
	buf_append_string(to, SHORT);
	hex_append(to, (struct view){digest.bytes, DIGEST_DIGITS / 2});
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	const int order = strcmp(x->key, y->key);

	return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}
