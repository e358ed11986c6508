/*
 * Measuring a workload: find its process, make every component that the configuration asks for,
 * and make sure that it was one and the same process all the time.
 *
 * If the process ended or became another program meanwhile, all is measured again, a few times. A
 * component that cannot be had (a right is missing, a file is broken) is left out and reported:
 * the signer's policy notices that it is missing, and what could be measured is still told.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/files/filehash.h"
#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/component.h"

#define MEASURE_TRIES_MAX 5 /* of a process that changes while it is measured */

struct measurement {
	pid_t pid;
	uint64_t time_ms; /* when measuring began */
	uint8_t boot_id[BOOT_ID_SIZE];
	uint32_t watches, unwatched;   /* collector/watch/lay.h */
	struct filehash_count content; /* of files; all zero where nobody counted */
	uint64_t spent_us;             /* processor time; 0: not known */
	struct bundle_component component[COMPONENT_KIND_COUNT];
};

/*
 * Takes a finished component, or a segment of one that is a list; `bytes` are valid during the
 * call. All segments come before their list. It may be called again for a kind if measuring starts
 * again, and segments may come that no list names. Its error ends the measuring.
 */
typedef enum err measure_sink(void *context, enum component_kind kind, struct view bytes,
    const struct digest *digest, struct trouble *t);

/* Is told of a component that is left out. */
typedef void measure_missing(
    void *context, enum component_kind kind, enum err e, const struct trouble *t);

struct measure_output {
	measure_sink *sink;
	measure_sink *segment_sink;
	measure_missing *missing;
	void *context;
};

/*
 * ERR_NOT_FOUND, ERR_MISMATCH, ERR_IO, ERR_FORMAT as subject_find; ERR_CHANGED after the last try;
 * ERR_CLOSED if the program was asked to stop; ERR_UNSUPPORTED if something is to be hidden and the
 * key for it cannot be had; ERR_CONFIG if not one component could be had.
 */
enum err measure_workload(const struct collector_workload *w, struct filehash *hash,
    const struct measure_output *to, struct measurement *out, struct trouble *t) MUST_USE;

/* Milliseconds since 1970, by the clock that measurements have their time from. */
uint64_t measure_clock_ms(void);

/* ERR_CONFIG, with the trouble, for what the loader of the configuration cannot know. */
enum err measure_check(const struct collector_workload *w, struct trouble *t) MUST_USE;

#endif
