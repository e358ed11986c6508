/*
 * The last bundle of a chain that the signer has acknowledged, as it is kept. One valid spelling:
 *
 *   hallmark chain 1\n
 *   seq <decimal>\n            0: nothing was acknowledged
 *   bundle <sha256>\n
 *   fresh <decimal>\n          seq of the last one that is no gap record; 0: none
 *   signed <decimal>\n         seconds since 1970, of the last bundle with a signature; 0: none
 *   dropped <decimal>\n        bundles behind it that are to be said to be dropped
 *   since <decimal>\n          seconds since 1970, of the first of these; 0: there is none
 */
#ifndef HALLMARK_COLLECTOR_STORE_CHAIN_FILE_H
#define HALLMARK_COLLECTOR_STORE_CHAIN_FILE_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle_extensions.h"

struct chain_last {
	uint64_t seq;
	struct digest bundle;
	uint64_t fresh;
	uint64_t signed_s;
	struct bundle_dropped dropped;
};

/*
 * From the file `name` of a directory. Nothing was acknowledged where it is not there. ERR_FORMAT,
 * with the mend; ERR_IO.
 */
enum err chain_file_load(
    int dir, const char *name, struct chain_last *out, struct trouble *t) MUST_USE;

/* Durably. ERR_IO (collector/store/savefile.h), ERR_MEMORY. */
enum err chain_file_save(
    int dir, const char *name, const struct chain_last *last, struct trouble *t) MUST_USE;

#endif
