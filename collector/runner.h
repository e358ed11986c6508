/*
 * `hallmark-collector run`: measures every workload at the configured interval and reports it, for
 * as long as nobody stops it.
 *
 *   - A round measures all workloads, one after the other. The next one begins an interval later,
 *     moved by the jitter, on a clock that nobody sets.
 *   - A connection is made when a round begins, or when bundles wait. If no signer answers, or the
 *     session is lost before anything was acknowledged, the tries are spread out exponentially with
 *     full jitter; rounds go on meanwhile, into the spool.
 *   - SIGTERM and SIGINT stop it at the next wait or file; whatever was begun is in the state.
 * Where it is connected, what is being answered is awaited, and a last bundle of each workload says
 *     that the collector stops: all that within INTERRUPT_LAST_WORD_MS, or until it is asked again.
 *   - SIGHUP loads the configuration anew. A bad one is refused with its faults, the old stays.
 */
#ifndef HALLMARK_COLLECTOR_RUNNER_H
#define HALLMARK_COLLECTOR_RUNNER_H

#include "collector/ground/trouble.h"
#include "config/collector_config.h"
#include "proto/err.h"

/*
 * Runs until it is told to stop (ERR_OK) or cannot go on. Takes over `*config`, loaded from `path`,
 * and replaces it on reload; the caller frees what is there in the end.
 */
enum err runner_run(const char *path, struct collector_config **config, struct trouble *t) MUST_USE;

#endif
