/*
 * Reads files anew while the signer runs, in a thread of its own: neither connections nor the
 * ledger wait for it. What is good is put into force on the loop, all of it at once; of what is not
 * it is said what is wrong, and what was in force stays.
 *
 *   - A reload (SIGHUP) reads everything. One that is asked for meanwhile follows. It is done, and
 *     said, when the policy is in force or waits for approvals, which may take some turns more.
 *   - The files of TLS are looked at every RELOADER_LOOK_MS. Those that are new, whole and good are
 *     taken; others are refused, once for each change (trust/renewal.h).
 */
#ifndef HALLMARK_SIGNER_LOADING_RELOADER_H
#define HALLMARK_SIGNER_LOADING_RELOADER_H

#include <stdbool.h>
#include <uv.h>

#include "config/faults.h"
#include "proto/err.h"
#include "signer/front/front.h"
#include "signer/ledger/worker.h"
#include "signer/loading/loaded.h"
#include "signer/session/service.h"

/* Two looks make a renewal. */
#define RELOADER_LOOK_MS 1000

struct reloader {
	struct worker *worker;
	uv_loop_t *loop;
	const char *path;
	struct loaded_libraries *libraries;
	struct service *service;
	struct front_set *fronts;
	struct renewal renewal; /* while the worker is busy it is the worker's */
	bool busy, renewing, due;
	bool asked; /* for a reload */
	uint64_t look_ms;
	struct loaded loaded; /* what the worker has read */
	struct faults faults;
	bool
	    settling; /* what a reload has read is in force, but for the policy; the loop's alone */
};

/*
 * `l` is what the signer starts with. All else must outlive it; the fronts are to be there before
 * it is asked, or told the time, for the first time. ERR_MEMORY.
 */
enum err reloader_open(struct reloader *r, uv_loop_t *loop, const char *path,
    struct loaded_libraries *libraries, const struct loaded *l, struct service *service,
    struct front_set *fronts) MUST_USE;

/* As policy_change's event: the policy of a reload is in force, or waits. */
void reloader_settled(struct reloader *r);

/* Asks for a reload. */
void reloader_ask(struct reloader *r);

/* Often: begins what is due. */
void reloader_tick(struct reloader *r);

/* Waits for what is being read, which is not taken any more. */
void reloader_close(struct reloader *r);

#endif
