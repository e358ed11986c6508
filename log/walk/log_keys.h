/*
 * The keys of a log, by its key notices: which of them may have signed a checkpoint of which size.
 *
 * The notice of entry K says that the key before gives way. So the old key signs no tree of more
 * than K + 1 entries, the new one none of fewer; that of K + 1 either has signed, or both.
 */
#ifndef HALLMARK_LOG_WALK_LOG_KEYS_H
#define HALLMARK_LOG_WALK_LOG_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "log/reason.h"
#include "policy/standing.h"
#include "proto/digest.h"
#include "proto/report/notice.h"

/* More changes than a log of decades has; what is behind them could not be told. */
#define LOG_KEYS_MAX 1024

struct log_key_change {
	uint64_t index;         /* of the notice */
	uint64_t issued_s;      /* its iat */
	struct digest from, to; /* SHA-256 of the keys' SubjectPublicKeyInfo */
	size_t statements; /* of operators, by which the log goes on without the key before; 0: it
			      gave way itself */
	uint64_t
	    size; /* of the tree that these name as the newest of the key before, and its root */
	struct digest root;
};

/* All zero is a log of one key. */
struct log_keys {
	size_t count;
	struct log_key_change *change; /* owned */
};

void log_keys_free(struct log_keys *k);

/*
 * The next key notice. What is wrong is added to `reason`: it is no transition that both keys have
 * signed, or one of another log or key than those before it lead to, or a succession whose
 * statements do not count behind the notice before, `standing`; where that is NULL it cannot be
 * told. One that is wrong moves nothing. ERR_MEMORY.
 */
enum err log_keys_take(struct log_keys *k, const struct notice *n, uint64_t index,
    const char *origin, const struct standing *standing, struct reason *reason) MUST_USE;

enum log_key_place {
	LOG_KEY_IN_FORCE, /* also where the log has no key notices */
	LOG_KEY_OUTSIDE,  /* one of the log's keys, and not the one of this size */
	LOG_KEY_OTHER,    /* none of those that its notices name */
};

/* Of a checkpoint of this size; `least` and `most`, of LOG_KEY_OUTSIDE, are the sizes of that
 * key's. */
enum log_key_place log_keys_place(const struct log_keys *k, const struct digest *key, uint64_t size,
    uint64_t *least, uint64_t *most);

#endif
