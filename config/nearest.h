/*
 * The known word that is nearest to a misspelt one, by edit distance (insert, delete, replace,
 * swap of two neighbours).
 */
#ifndef HALLMARK_CONFIG_NEAREST_H
#define HALLMARK_CONFIG_NEAREST_H

#include <stddef.h>

#include "proto/bytes.h"

struct nearest {
	struct view word;
	const char *best;
	size_t distance;
};

void nearest_begin(struct nearest *n, struct view word);
void nearest_offer(struct nearest *n, const char *known);

/* NULL if none is near: more than a third of the word's letters differ. */
const char *nearest_found(const struct nearest *n);

/* The end of a fault that asks whether it was meant, which is empty where none is near. */
#define NEAREST_QUESTION_SIZE 320
const char *nearest_question(const struct nearest *n, char to[NEAREST_QUESTION_SIZE]);

#endif
