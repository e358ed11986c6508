/*
 * Reads files anew while the signer runs, in a thread of its own: neither connections nor the
 * ledger wait for it.
 *
 *   - A reload (SIGHUP) reads everything. One that is asked for meanwhile follows.
 *   - The files of TLS are looked at every RELOADER_LOOK_MS. Those that are new, whole and good are
 *     taken; others are refused, once for each change (trust/renewal.h).
 */
#ifndef HALLMARK_SIGNER_RELOADER_H
#define HALLMARK_SIGNER_RELOADER_H

#include <stdbool.h>
#include <uv.h>

#include "config/faults.h"
#include "config/signer_config.h"
#include "proto/err.h"
#include "signer/ledger/worker.h"
#include "signer/loaded.h"

/* Two looks make a renewal. */
#define RELOADER_LOOK_MS 1000

/*
 * Called on the loop. Of what is read, `l`, the receiver moves out what it takes; it returns false,
 * perhaps with more faults, where it takes nothing. A reload is given with its faults, too; of a
 * renewal those are told by `not_renewed`, once.
 */
struct reloader_events {
	bool (*reloaded)(void *context, struct loaded *l, struct faults *faults);
	bool (*renewed)(void *context, struct loaded *l, struct faults *faults);
	void (*not_renewed)(void *context, const struct faults *faults);
	void *context;
};

struct reloader {
	struct worker *worker;
	uv_loop_t *loop;
	const char *path;
	struct loaded_libraries *libraries;
	struct reloader_events events;
	const struct signer_config *config; /* in force */
	unsigned fronts;
	struct renewal renewal; /* while the worker is busy it is the worker's */
	bool busy, renewing, due;
	bool asked; /* for a reload */
	uint64_t look_ms;
	struct loaded loaded; /* what the worker has read */
	struct faults faults;
};

/* `l` is what the signer starts with. `path` and `libraries` must outlive it. ERR_MEMORY. */
enum err reloader_open(struct reloader *r, uv_loop_t *loop, const char *path,
    struct loaded_libraries *libraries, const struct loaded *l,
    const struct reloader_events *events) MUST_USE;

/* Asks for a reload. */
void reloader_ask(struct reloader *r);

/* Often: begins what is due. */
void reloader_tick(struct reloader *r);

/* Waits for what is being read, which is not taken any more. */
void reloader_close(struct reloader *r);

#endif
