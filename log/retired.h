/*
 * Keys of logs that others may have had since some time: by statements `retire-key`
 * (proto/statement/statement.h) of whoever the reader believes, or that a log has taken.
 */
#ifndef HALLMARK_LOG_RETIRED_H
#define HALLMARK_LOG_RETIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/outcome.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement.h"

struct retired_key {
	struct digest key; /* SHA-256 of its SubjectPublicKeyInfo */
	uint64_t since_s;  /* the earliest that was said */
};

/* All zero: none is. */
struct retired_keys {
	size_t count;
	struct retired_key *key; /* owned */
};

/*
 * Reads statements in files, each of which has to verify under one of the keys that `by` names
 * (log/approver.h): as files, since an id alone verifies nothing. What is wrong with one is told,
 * and unknown: whoever leaves it out believes more than somebody has said. To be freed whatever
 * comes out.
 */
enum outcome retired_keys_read(const char *const *files, size_t count, const char *const *by,
    size_t by_count, const struct findings *f, struct retired_keys *out) MUST_USE;
void retired_keys_free(struct retired_keys *r);

/* Takes what such a statement says, which was judged; for one of another kind nothing. ERR_MEMORY.
 */
enum err retired_keys_take(struct retired_keys *r, const struct statement *s) MUST_USE;

/* One that was told otherwise; of one key the earliest time counts. ERR_MEMORY. */
enum err retired_keys_add(struct retired_keys *r, const struct retired_key *said) MUST_USE;

/* All of another's. ERR_MEMORY. */
enum err retired_keys_join(struct retired_keys *r, const struct retired_keys *more) MUST_USE;

/* NULL: it is not retired. */
const struct retired_key *retired_keys_find(const struct retired_keys *r, const struct digest *key);

#endif
