/*
 * Keys of configurations as the facts that they become.
 */
#ifndef HALLMARK_TESTS_UNIT_KEYS_FIXTURE_H
#define HALLMARK_TESTS_UNIT_KEYS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "collector/keys/keyed.h"

typedef enum err keys_reader(struct view text, struct keyed *to);

/* "NAME=VALUE|VALUE" of each fact, with line feeds; of a file "f". */
static inline void
keys_are(keys_reader *read, struct view text, const char *const *patterns, size_t pattern_count,
    const char *expected)
{
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	struct keyed *k = keyed_new("f", patterns, pattern_count);
	struct buf bytes = BUF_INIT, got = BUF_INIT;
	struct component *c;
	size_t count;

	assert_int_equal(read(text, k), ERR_OK);
	assert_int_equal(keyed_finish(k, b), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	for (size_t i = 0; i < c->item_count; i++) {
		buf_append_view(&got, c->items.facts[i].name);
		for (size_t j = 0; j < c->items.facts[i].value_count; j++) {
			buf_append_string(&got, j == 0 ? "=" : "|");
			buf_append_view(&got, c->items.facts[i].values[j]);
		}
		buf_append_byte(&got, '\n');
	}
	buf_append_byte(&got, '\0');
	assert_string_equal((const char *)got.data, expected);
	component_free(&c);
	component_builder_free(&b);
	keyed_free(&k);
	buf_free(&bytes);
	buf_free(&got);
}

/* Not a byte is behind the text, so that a read beyond its end is found. */
static inline enum err
keys_refused(keys_reader *read, struct view text)
{
	struct keyed *k = keyed_new("f", NULL, 0);
	uint8_t *exact = malloc(text.size > 0 ? text.size : 1);
	enum err e;

	assert_non_null(exact);
	for (size_t i = 0; i < text.size; i++)
		exact[i] = text.data[i];
	e = read((struct view){exact, text.size}, k);
	free(exact);
	keyed_free(&k);
	return e;
}

/* `count` times `unit`, between the other two. */
static inline enum err
keys_refused_long(
    keys_reader *read, const char *before, const char *unit, size_t count, const char *after)
{
	struct buf text = BUF_INIT;
	enum err e;

	buf_append_string(&text, before);
	for (size_t i = 0; i < count; i++)
		buf_append_string(&text, unit);
	buf_append_string(&text, after);
	e = keys_refused(read, buf_view(&text));
	buf_free(&text);
	return e;
}

#endif
