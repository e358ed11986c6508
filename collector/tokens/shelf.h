/*
 * The tokens that there are now, by workload, and the files that they stand in. What is over, or is
 * taken back, is in no file from that moment on.
 */
#ifndef HALLMARK_COLLECTOR_TOKENS_SHELF_H
#define HALLMARK_COLLECTOR_TOKENS_SHELF_H

#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/wire/message.h"

struct shelf_token {
	char *audience, *jws; /* owned */
	uint64_t expires_s;
};

/* Of one workload of the configuration, in its place. */
struct shelf_place {
	size_t count; /* of tokens, in the policy's order */
	struct shelf_token token[MESSAGE_TOKENS_MAX];
};

struct shelf {
	const struct collector_config *config; /* borrowed */
	struct shelf_place *place;             /* by workload */
	uint64_t files, failures;              /* written; that could not be, or not be removed */
};

/* Empty, and so are the files: an earlier run may have left some. ERR_MEMORY, or as below. */
enum err shelf_begin(
    struct shelf *s, const struct collector_config *config, struct trouble *t) MUST_USE;
void shelf_end(struct shelf *s);

/*
 * Another configuration: tokens of workloads that it has, too, go over to it, and to its files.
 * ERR_MEMORY: all stays as it was; else as below.
 */
enum err shelf_move(
    struct shelf *s, const struct collector_config *config, struct trouble *t) MUST_USE;

/*
 * In the place of all that there were. A workload that is not there, or whose tokens go nowhere,
 * has none. Files are written and removed as far as that is possible: ERR_IO, ERR_NOT_FOUND, of the
 * last one that was not. What is no token, or over, is left out.
 */
enum err shelf_put(struct shelf *s, const char *workload, const struct view *jws, size_t count,
    uint64_t now_s, struct trouble *t) MUST_USE;

/* Takes away what is over. `*next_s`: when the next one is; UINT64_MAX: none is there. */
enum err shelf_expire(
    struct shelf *s, uint64_t now_s, uint64_t *next_s, struct trouble *t) MUST_USE;

/* For this audience; size 0: the first. NULL: there is none. */
const struct shelf_token *shelf_find(const struct shelf *s, size_t workload, struct view audience);

#endif
