/*
 * The files of tests/vectors/ for unit tests, which run in the top folder of the source.
 *
 * vector_file reads a whole file; vector_wire one line of wire.txt, from hex. Both append to a
 * buffer that the test frees, and fail the test if there is no such vector.
 */
#ifndef HALLMARK_TESTS_LIB_VECTORS_H
#define HALLMARK_TESTS_LIB_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/encoding.h"

static inline void
vector_file(const char *name, struct buf *to)
{
	char path[256];
	uint8_t block[4096];
	size_t size;
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/vectors/%s", name);
	if ((f = fopen(path, "rb")) == NULL)
		fail_msg("%s: cannot be read; run the test in the top folder", path);
	while ((size = fread(block, 1, sizeof(block), f)) > 0)
		buf_append(to, block, size);
	(void)fclose(f);
}

/* The file with the first `from` replaced by `to`. */
static inline void
vector_changed(const char *name, const char *from, const char *to, struct buf *out)
{
	struct buf text = BUF_INIT;
	const uint8_t *at;

	vector_file(name, &text);
	at = memmem(text.data, text.size, from, strlen(from));
	if (at == NULL)
		fail_msg("%s has no %s", name, from);
	buf_append(out, text.data, (size_t)(at - text.data));
	buf_append_string(out, to);
	at += strlen(from);
	buf_append(out, at, (size_t)(text.data + text.size - at));
	buf_free(&text);
}

static inline void
vector_wire(const char *name, struct buf *to)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	const size_t size = strlen(name);

	vector_file("wire.txt", &text);
	rest = buf_view(&text);
	while (line_next(&rest, &line) == ERR_OK) {
		if (line.size <= size || memcmp(line.data, name, size) != 0 ||
		    line.data[size] != ' ')
			continue;
		line = (struct view){line.data + size + 1, line.size - size - 1};
		assert_int_equal(hex_decode(line, to), ERR_OK);
		buf_free(&text);
		return;
	}
	buf_free(&text);
	fail_msg("wire.txt has no vector %s", name);
}

#endif
