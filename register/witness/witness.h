/*
 * The register as a witness (C2SP tlog-cosignature): cosigns each checkpoint that it has followed,
 * so that whoever believes it knows by when an entry was there, and that this log has shown it one
 * tree.
 *
 * It believes nobody about that, nor who follows: from the checkpoint of a log that it cosigned
 * last to the next one there has to be a proof, made anew from the log's tiles, and the newest is
 * on the disk before its cosignature leaves. A log that lies beside its alarm of a fork or of being
 * set back is not cosigned.
 *
 * Of two configured logs with one origin the first that is heard of is cosigned; a copy that is
 * behind would only repeat it.
 */
#ifndef HALLMARK_REGISTER_WITNESS_WITNESS_H
#define HALLMARK_REGISTER_WITNESS_WITNESS_H

#include <stdbool.h>

#include "config/register_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "register/follow/followed.h"

struct witness;

/*
 * Reads the key and opens what was cosigned before. *out is NULL where the configuration names no
 * witness. The configuration must outlive it. What is wrong is said in the log.
 */
enum err witness_open(const struct register_config *config, struct witness **out) MUST_USE;
void witness_free(struct witness **w);

/* Its listener. Not of NULL. */
struct followed_listener witness_listener(struct witness *w);

/* The number of the log of this name. */
bool witness_find_log(const struct witness *w, struct view name, unsigned *log);

/*
 * For whoever asks, from any thread. The verifier key line, with its newline; and the oldest
 * cosigned note of a tree of `size` entries or more: ERR_NOT_FOUND, ERR_IO, ERR_MEMORY.
 */
enum err witness_write_key(const struct witness *w, struct buf *to) MUST_USE;
enum err witness_find(struct witness *w, unsigned log, uint64_t size, struct buf *note) MUST_USE;

#endif
