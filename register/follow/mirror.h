/*
 * A log that lies elsewhere, brought here by HTTP: what is new of it is fetched into directories of
 * the forms that log/ reads (mirror_files.h), and nothing is believed because it came. PROTOCOL.md,
 * "Publishing", has the addresses.
 *
 * In the order that leaves nothing missing: the checkpoint, and whether a key that was named has
 * signed it; the evidence that there is by then; tiles and entries up to it; at last the
 * checkpoint takes its place.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_MIRROR_H
#define HALLMARK_REGISTER_FOLLOW_MIRROR_H

#include <stdbool.h>

#include "config/register_config.h"
#include "log/seal.h"
#include "proto/err.h"

#define MIRROR_WHY_SIZE 512 /* bytes, with NUL */

struct mirror;

/* All of it must outlive the mirror. */
struct mirror_wanted {
	const struct register_log *log; /* with a URL */
	const struct seal_wanted *seal;
	bool (*cancelled)(void *context); /* asked while it waits */
	void *context;
};

/* ERR_IO, explained in the journal; ERR_MEMORY. */
enum err mirror_new(const struct mirror_wanted *wanted, struct mirror **out) MUST_USE;
void mirror_free(struct mirror **m);

enum mirror_outcome {
	MIRROR_TAKEN,    /* it is here as it is there */
	MIRROR_LACKS,    /* the other side does not answer, or not with what is to be there */
	MIRROR_UNSEALED, /* its checkpoint is signed by none of the keys that were named */
};

/* Fetches what is new. Where it is not taken, why in words; what was here before is unchanged. */
enum mirror_outcome mirror_take(struct mirror *m, char why[MIRROR_WHY_SIZE]) MUST_USE;

/* Evidence alone: what is wanted of it may have come since. What fails is told by the next taking.
 */
void mirror_take_evidence(struct mirror *m);

/*
 * What was fetched does not lead to the checkpoint: a tile may have been spoilt on its way, or be
 * of another tree. Tiles and entries are fetched once more from the first one on, at the next
 * taking; but not again and again.
 */
void mirror_doubt(struct mirror *m);

#endif
