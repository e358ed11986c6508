/*
 * The reports of a log, one by one, as they stand on the signer's disk: for who asks what is known
 * of workloads. Nothing is proved: a log that somebody altered is a matter of `hallmark-audit`.
 */
#ifndef HALLMARK_LOG_STORED_RECORDED_H
#define HALLMARK_LOG_STORED_RECORDED_H

#include <stdint.h>

#include "proto/err.h"
#include "proto/report/report.h"

struct recorded;

/*
 * `directory`: of the log. Where it cannot be read, `why` says so: a static text, or strerror's.
 * ERR_IO, ERR_MEMORY and what a checkpoint is refused by. Sets *out to NULL first.
 */
enum err recorded_open(const char *directory, struct recorded **out, const char **why) MUST_USE;
void recorded_close(struct recorded **r);

struct recorded_listener {
	/* The report is valid during the call. An error ends the walk. */
	enum err (*take)(void *context, uint64_t index, const struct report *report);
	void (*progress)(void *context, uint64_t done, uint64_t of); /* or NULL */
	void *context;
};

/*
 * All reports in their order that were issued in the last so many seconds before the newest entry;
 * `last_s` 0: all of them. What cannot be read is counted in `unreadable`, entries that are no
 * reports are passed over. The error of `take`.
 */
enum err recorded_walk(struct recorded *r, uint64_t last_s, const struct recorded_listener *to,
    uint64_t *unreadable) MUST_USE;

/* Appends the notice that a report names, as noticed_entry (log/stored/noticed.h). */
enum err recorded_notice(
    const struct recorded *r, const struct report *report, struct buf *to) MUST_USE;

#endif
