/*
 * One gate's visit to the lender (lender.h): it names a signer of the configuration by its number,
 * in one byte; from then on frames go to and fro between it and that signer.
 *
 * The connection speaks in this host's name, so what may be said over it is listed:
 *
 *   state    from the gate                           then
 *   NEW      hello                                   FREE
 *   FREE     a bundle of NAME/start, NAME being      ASKED
 *            a workload of the configuration
 *   ASKED    parts of what the signer wants          ASKED; FREE with the answer
 *
 * From the signer there are welcome, want, receipt and refusal; what it wants measured is asked of
 * the one that reports. Anything else, in either direction, is the end of the visit, and so is too
 * much of it: LENDING_BUNDLES_MAX, LENDING_BYTES_MAX, LENDING_MS.
 */
#ifndef HALLMARK_COLLECTOR_GATE_LENDING_H
#define HALLMARK_COLLECTOR_GATE_LENDING_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"
#include "proto/evidence/bundle_chain.h"

#define LENDING_BUNDLES_MAX 16            /* GATE_BUSY_TRIES, and some */
#define LENDING_BYTES_MAX   (1ULL << 30)  /* four lists of files at their largest */
#define LENDING_MS          (15 * 60000U) /* measuring is within it, whose budgets are minutes */
#define LENDING_SAY_MS      5000          /* for the gate to say what it wants; it is ready to */

struct lent {
	char workload[BUNDLE_WORKLOAD_MAX + 1]; /* of the newest bundle; empty: none came */
	uint32_t bundles;                       /* that went to the signer */
	struct trouble why;                     /* of what it ended */
};

/*
 * Serves the gate at the other end of `gate`, with the configuration as it stands at `path`.
 * ERR_OK: it went when it was done; else why it was ended, which it was told where that could be.
 */
enum err lending_serve(const char *path, int gate, struct lent *out) MUST_USE;

#endif
