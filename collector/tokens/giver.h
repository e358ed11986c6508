/*
 * Tokens of workloads, as the reporting process hands them over: to a process of its own
 * ("hallmark-tokens"), which puts them into files, and gives them to processes that ask at a socket
 * (collector/tokens/desk.h).
 *
 * Why a process: who reports speaks over the network and has neither files nor capabilities; who
 * measures opens every file and looks into every process, and writes nothing. Neither is to get
 * what giving tokens takes: to write files of other users (CAP_CHOWN), and to be spoken to by any
 * process of the host. This one has no network, no key, parses nothing from a signer but the head
 * of a token, and writes where the configuration says, whatever it is told. Whose a process is it
 * has to be told, by one that hears no stranger (collector/tokens/kin.h).
 *
 * It outlives who made it by a moment, whatever that ended of: then its files go, and it ends.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_GIVER_H
#define HALLMARK_COLLECTOR_TOKENS_GIVER_H

#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/tell/board.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"
#include "proto/err.h"

/* So long an order may wait until it is taken; then there is no giver any more, and no files. */
#define GIVER_PATIENCE_S 5

struct giver;

/*
 * Makes the process, if a workload has `token`; else *out is NULL, which is ignored by all below.
 * Before there are threads and before a secret is read. ERR_IO with the trouble.
 */
enum err giver_begin(const char *path, struct collector_config *config, struct giver **out,
    struct trouble *t) MUST_USE;
void giver_free(struct giver **g);

/* These are the workload's tokens now, and no others; none where `count` is 0. */
void giver_put(struct giver *g, const char *workload, const struct view *jws, size_t count);

/* The configuration was read anew. */
void giver_reload(struct giver *g);

/* Says in the log what went wrong, and tells the board how it goes. Does not wait. */
void giver_take_news(struct giver *g, struct board *board);

#endif
