/*
 * What can be said of a policy that has no fault: that it may not be what its author means, or soon
 * will not be, and what could be done.
 */
#ifndef HALLMARK_POLICY_ADVICE_ADVICE_H
#define HALLMARK_POLICY_ADVICE_ADVICE_H

#include <stddef.h>

struct advice {
	char *file;
	unsigned line; /* 1 is the first */
	char *text;    /* what is so, and what follows from it */
	char *mend;    /* what to do about it */
	size_t place;  /* in the order in which they were added */
};

struct advices {
	struct advice *advice;
	size_t count;
};

#define ADVICES_INIT ((struct advices){NULL, 0})

/* Copies its arguments. Aborts for want of memory, as faults_add does. */
void advices_add(struct advices *to, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What to do about the one that was added last: it needs this. */
void advices_mend(struct advices *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * By file and line; those of one line stay as they were added, each once: what is written once may
 * stand in many entries.
 */
void advices_sort(struct advices *a);

void advices_free(struct advices *a);

#endif
