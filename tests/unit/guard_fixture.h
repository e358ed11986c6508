/*
 * A guard in a directory of its own, and a log that can be grown and proved.
 */
#ifndef HALLMARK_TESTS_UNIT_GUARD_FIXTURE_H
#define HALLMARK_TESTS_UNIT_GUARD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/serve/guard.h"
#include "proto/tlog/merkle.h"

#define ORIGIN "hallmark.test/log"
#define SPKI   VIEW_LITERAL("a public key")

struct fixture {
	char directory[64];
	struct guard *guard;
	struct merkle_batch *log;
};

static inline void
fixture_open(struct fixture *f)
{
	assert_int_equal(guard_open(f->directory, ORIGIN, SPKI, NULL, &f->guard), ERR_OK);
}

static inline int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	strcpy(f->directory, "/tmp/hallmark-guard-XXXXXX");
	if (mkdtemp(f->directory) == NULL || guard_create(f->directory, ORIGIN, SPKI) != ERR_OK ||
	    (f->log = merkle_batch_new()) == NULL)
		return -1;
	fixture_open(f);
	return 0;
}

/* The one file in the directory. */
static inline void
fixture_path(const struct fixture *f, char path[512])
{
	DIR *directory = opendir(f->directory);
	struct dirent *entry;

	assert_non_null(directory);
	path[0] = '\0';
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			snprintf(path, 512, "%s/%s", f->directory, entry->d_name);
	closedir(directory);
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char path[512];

	guard_close(&f->guard);
	merkle_batch_free(&f->log);
	for (fixture_path(f, path); path[0] != '\0'; fixture_path(f, path))
		unlink(path);
	rmdir(f->directory);
	free(f);
	return 0;
}

static inline void
leaf_of(uint64_t number, const char *kind, struct digest *leaf)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "%s %llu", kind, (unsigned long long)number);

	merkle_leaf((struct view){(const uint8_t *)text, (size_t)size}, leaf);
}

static inline uint64_t
log_size(const struct fixture *f)
{
	struct merkle_frontier frontier;

	merkle_batch_frontier(f->log, &frontier);
	return frontier.size;
}

/* A new batch of `count` reports on everything so far. */
static inline void
log_grow(struct fixture *f, uint64_t count)
{
	struct merkle_frontier frontier;
	struct digest leaf;

	merkle_batch_frontier(f->log, &frontier);
	merkle_batch_begin(f->log, &frontier);
	for (uint64_t i = 0; i < count; i++) {
		leaf_of(frontier.size + i, "report", &leaf);
		assert_int_equal(merkle_batch_add(f->log, &leaf), ERR_OK);
	}
}

/* Has the guard sign for the log as it is: checked, written, synced, said to be signed. */
static inline void
log_sign(struct fixture *f)
{
	struct merkle_proof proof;
	struct digest root;

	merkle_batch_root(f->log, &root);
	merkle_batch_consistency(f->log, &proof);
	assert_int_equal(guard_check(f->guard, log_size(f), &root, &proof), ERR_OK);
	assert_int_equal(guard_write(f->guard, log_size(f), &root), ERR_OK);
	assert_int_equal(guard_sync(f->guard), ERR_OK);
	guard_signed(f->guard);
}

#endif
