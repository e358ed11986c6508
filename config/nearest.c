#include "config/nearest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 48 /* bytes: longer words are not compared; no key of ours is */

static size_t edit_distance(struct view a, struct view b);
static size_t least(size_t a, size_t b);

void
nearest_begin(struct nearest *n, struct view word)
{
	*n = (struct nearest){word, NULL, SIZE_MAX};
}

void
nearest_offer(struct nearest *n, const char *known)
{
	const struct view k = view_of_string(known);
	size_t distance;

	if (n->word.size > WORD_MAX || k.size > WORD_MAX)
		return;
	distance = edit_distance(n->word, k);
	if (distance < n->distance) {
		n->best = known;
		n->distance = distance;
	}
}

const char *
nearest_found(const struct nearest *n)
{
	if (n->best == NULL || n->distance > 1 + n->word.size / 3)
		return NULL;
	return n->best;
}

const char *
nearest_question(const struct nearest *n, char to[NEAREST_QUESTION_SIZE])
{
	const char *near = nearest_found(n);

	to[0] = '\0';
	if (near != NULL)
		(void)snprintf(to, NEAREST_QUESTION_SIZE, "; did you mean \"%s\"?", near);
	return to;
}

/* Three rows of the usual table: this one, the one before, the one before that. */
static size_t
edit_distance(struct view a, struct view b)
{
	size_t row[3][WORD_MAX + 1] = {{0}};

	for (size_t j = 0; j <= b.size; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t *now = row[i % 3];
		const size_t *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			const size_t change = a.data[i - 1] != b.data[j - 1];

			now[j] = least(least(now[j - 1], last[j]) + 1, last[j - 1] + change);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[a.size % 3][b.size];
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}
