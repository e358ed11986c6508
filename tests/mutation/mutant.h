/*
 * Which mutant a test program is: HALLMARK_MUTANT in its environment, the number that weave gave to
 * one place; without it none. Woven into copies of the sources, and included by nothing else.
 */
#ifndef HALLMARK_TESTS_MUTATION_MUTANT_H
#define HALLMARK_TESTS_MUTATION_MUTANT_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool
mutant(long number)
{
	static long chosen = -1;

	if (chosen < 0) {
		const char *said = getenv("HALLMARK_MUTANT");

		chosen = said != NULL ? strtol(said, NULL, 10) : 0;
	}
	return chosen == number;
}

#endif
