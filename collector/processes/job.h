/*
 * One measurement as whoever has ordered it sees it: what its process says (collector/processes/
 * exchange.h), believed as far as that can be checked. A component gets the digest of the bytes
 * that came, is of a kind that was asked for, and is only as large and as often there as one can
 * be.
 *
 * It is ordered, answers by a channel that comes with its process, and has its answer. A channel
 * that ends before that leaves it JOB_ENDED for JOB_END_WAIT_MS: so long whoever started the
 * process may take to say why.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_JOB_H
#define HALLMARK_COLLECTOR_PROCESSES_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/measure/measure.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define JOB_END_WAIT_MS 1000 /* for the reason of an end that was seen */

/*
 * Bytes of all segments and components in one answer: four times the largest list, since all kinds
 * share it, and tries that were in vain.
 */
#define JOB_BYTES_MAX (1024ULL * 1024 * 1024)

/* Components, and components that are missing, in one answer. */
#define JOB_KINDS_MAX (MEASURE_TRIES_MAX * COMPONENT_KIND_COUNT)

/* How often it may say how far it is: often enough for the longest budget, and as often again. */
#define JOB_PROGRESS_MAX (2 * 3600 * 1000 / ALLOWANCE_TELL_MS)

enum job_state {
	JOB_NONE,
	JOB_ORDERED,  /* its process is not known yet */
	JOB_ANSWERS,  /* it has a channel */
	JOB_ENDED,    /* the channel has; why, the starter says in a moment */
	JOB_ANSWERED, /* `verdict` stands */
};

/* One measurement. */
struct job {
	enum job_state state;
	uint32_t number; /* of the order */
	int channel;     /* -1: there is none */
	uint64_t left_ms;
	uint64_t time_ms; /* when it began, by the wall clock */
	struct buf in;    /* what came by it and was not looked at */
	struct measure_output to;
	/* the answer, as it comes */
	struct bundle_component newest[COMPONENT_KIND_COUNT]; /* without `count` */
	uint64_t bytes;
	unsigned kinds;
	unsigned told;              /* how often it has said how far it is */
	uint64_t files, read_bytes; /* what it said then; zero, if it has not */
	/* and when it is there */
	enum err verdict;
	struct trouble why;
	struct measurement measured;
};

/* Its process is to come, is there, or has ended and it is not known why. */
bool job_is_under_way(const struct job *j);

/*
 * Takes what has come by its channel, of workload `w`: tells `to` of components, and of the answer
 * when it is whole. ERR_FORMAT (it said what is no answer), ERR_MEMORY, or what `to` returned, with
 * the trouble in `why` then: it is not to be heard any further, and has no answer yet.
 */
enum err job_hear(struct job *j, const struct collector_workload *w) MUST_USE;

/* This is the answer; what follows it is not read. With the trouble in words: it has failed. */
void job_answered(struct job *j, enum err verdict);
void job_fail(struct job *j, enum err verdict, const char *text);

/* Frees what came, and the channel. */
void job_close(struct job *j);

#endif
