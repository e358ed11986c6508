/*
 * Records of a queue file (collector/store/chain.h): one bundle and its signature each.
 */
#ifndef HALLMARK_COLLECTOR_STORE_CHAIN_QUEUE_H
#define HALLMARK_COLLECTOR_STORE_CHAIN_QUEUE_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"

struct chain_record {
	struct view bundle;
	struct view signature;
	struct bundle content; /* decoded; points into the storage */
	uint64_t size;         /* bytes of the record in the file */
};

void chain_record_write(struct view bundle, struct view signature, struct buf *to);

/*
 * Reads the record at `offset` of `fd` into `storage`. ERR_NOT_FOUND at the end of the file, also
 * where the record there is cut off or nothing but zero bytes follow; ERR_FORMAT; ERR_IO.
 */
enum err chain_record_read(
    int fd, uint64_t offset, struct buf *storage, struct chain_record *out) MUST_USE;

#endif
