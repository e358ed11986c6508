/*
 * Patterns of the `files` of a workload, much as glob(7):
 *
 *   /etc/app/app.conf     one file
 *   /etc/app/[a-m]*.conf  `*`, `?` and `[...]` within one name; a leading '.' must be written out
 *   /opt/app/lib/ and `**`  everything below, at any depth, hidden files too
 *
 * A pattern is absolute, without "." and ".." and without `**` elsewhere than alone at the end.
 * `\` takes the next character for itself. Names are compared bytewise, whatever their encoding.
 */
#ifndef HALLMARK_COLLECTOR_FILES_PATTERN_H
#define HALLMARK_COLLECTOR_FILES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"

#define PATTERN_PARTS_MAX 64 /* names between slashes */

enum pattern_part_type { PATTERN_LITERAL, PATTERN_GLOB, PATTERN_ALL_BELOW };

struct pattern_part {
	enum pattern_part_type type;
	char *text; /* without escapes where it is literal */
};

struct pattern {
	size_t count; /* at least 1 */
	struct pattern_part part[PATTERN_PARTS_MAX];
	char *storage;
};

/* ERR_FORMAT with the trouble in words, ERR_MEMORY. */
enum err pattern_parse(const char *text, struct pattern *out, struct trouble *t) MUST_USE;
void pattern_free(struct pattern *p);

/* Whether it names this path, from the root. */
bool pattern_matches(const struct pattern *p, const char *path);

bool pattern_part_matches(const struct pattern_part *part, const char *name);

#endif
