/*
 * What a measurement may still read, how fast, and how far it is: of all its threads together.
 */
#ifndef HALLMARK_COLLECTOR_FILES_ALLOWANCE_H
#define HALLMARK_COLLECTOR_FILES_ALLOWANCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/content/rate.h"

/* Is told how many files and bytes of them were read so far, now and then while they are. */
#define ALLOWANCE_TELL_MS 250
typedef void allowance_told(void *context, uint64_t files, uint64_t bytes);

struct allowance {
	_Atomic uint64_t left; /* bytes that may still be read */
	struct rate rate;
	allowance_told *to; /* NULL: nobody is told */
	void *context;
	_Atomic uint64_t files, bytes;
	pthread_mutex_t telling; /* one thread is, and none waits for it */
	uint64_t due_ms;
};

/* All there is, as fast as can be, and nobody is told. */
void allowance_begin(struct allowance *a);

/* By no thread but the only one. */
void allowance_tell(struct allowance *a, allowance_told *to, void *context);

/* Takes so much before it is read; false, and nothing, where less is left. */
bool allowance_take(struct allowance *a, uint64_t bytes);

/* So much was taken, and so much read. False: that is more than was left, of which there is none.
 */
bool allowance_settle(struct allowance *a, uint64_t taken, uint64_t read);

/* Bytes have been read just now, for which it waits; or a file. */
void allowance_count_bytes(struct allowance *a, uint64_t bytes);
void allowance_count_file(struct allowance *a);

#endif
