/*
 * `hallmark-collector image`: what an image is, verified, and its reference set. The image is read
 * in a process of its own (collector/apart.h).
 */
#ifndef HALLMARK_COLLECTOR_COMMAND_IMAGE_H
#define HALLMARK_COLLECTOR_COMMAND_IMAGE_H

#include <stdbool.h>

#include "policy/images/image.h"
#include "proto/digest.h"

struct image_words {
	const char *file;
	const char *output; /* NULL: no set is saved */
	bool json;
	struct image_options options;
	struct digest manifest; /* where options point to it */
};

/*
 * An option of images and what is behind it, if `list` begins with one: takes its words, gives how
 * many; 0: it is none; -1: it is one, and what is behind it is not.
 */
int image_words_option(int count, char *const *list, struct image_words *w);

/* What is behind `image`. NULL, or what is wrong. */
const char *command_image_parse(int count, char *const *list, struct image_words *out);

int command_image(struct image_words *w);

#endif
