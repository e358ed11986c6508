/*
 * `hallmark-collector references`: a reference set of what is there or is to be installed, the same
 * bytes each time: from packages, sets and SBOMs (policy/sources/source.h), images, directories,
 * and from what a running workload has mapped and its `files` name.
 */
#ifndef HALLMARK_COLLECTOR_COMMAND_REFERENCES_H
#define HALLMARK_COLLECTOR_COMMAND_REFERENCES_H

#include <stddef.h>

#include "collector/command_image.h"

struct references_words {
	struct image_words image; /* output, and how images are read */
	const char *config;       /* NULL: of sources, not a workload */
	bool web;                 /* what its pages have, as a list */
	const char **names;       /* sources, or the workload; owned, borrowed texts */
	size_t name_count;
	const char **roots; /* owned, borrowed texts */
	size_t root_count;
};

/* What is behind `references`. NULL, or what is wrong; to be freed in any case. */
const char *command_references_parse(int count, char *const *list, struct references_words *out);
void references_words_free(struct references_words *w);

int command_references(struct references_words *w);

#endif
