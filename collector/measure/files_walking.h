/*
 * Where a walk along a pattern stands, for those who make component `files`: files_walk.h goes on,
 * files_item.h says what is found, files_hands.h lets several threads do it. Nobody else includes
 * this.
 *
 * Each pattern is walked along twice: at first it is only counted what there is to read, so that
 * what is too much is refused before much is read.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_FILES_WALKING_H
#define HALLMARK_COLLECTOR_MEASURE_FILES_WALKING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/files/file_link.h"
#include "collector/files/file_reading.h"
#include "collector/files/file_terms.h"
#include "collector/files/file_way.h"
#include "collector/files/pattern.h"
#include "collector/measure/measure_context.h"
#include "collector/measure/measure_used.h"
#include "proto/bytes.h"

/* Of all walks for one component: their sums, and that one of them has failed. */
struct files_all {
	_Atomic size_t items; /* of all patterns */
	_Atomic uint64_t bytes;
	atomic_bool failed;
};

/* One thread's. All but the path, the reader and what it writes to is borrowed. */
struct files_walk {
	struct measure_context *m;
	struct files_all *all;
	struct files_hands *hands; /* NULL: it does all of it itself */
	struct component_builder *to;
	int root;
	const struct pattern *pattern;
	const struct file_terms *terms;
	const struct used *used; /* by the processes */
	bool counts;             /* only */
	struct buf path;         /* where it stands, from the root directory */
	struct file_way way;
	struct file_link link; /* on the way */
	const char *refused;   /* why the link that is read is not followed, or NULL */
	struct file_reader reader;
};

#endif
