/*
 * A statement that lets this host act, or forbids it (PROTOCOL.md, "On hosts"): as it comes in a
 * file from whoever can write to the directory of grants.
 *
 * Whose statements count stands in the configuration of this host and nowhere else: no signer and
 * no log can add to it.
 */
#ifndef HALLMARK_COLLECTOR_ACT_GRANT_H
#define HALLMARK_COLLECTOR_ACT_GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "config/collector/collector_config.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/identity.h"
#include "proto/statement/statement.h"
#include "proto/tlog/checkpoint.h"

/* Those who may grant; zero-initialised: nobody. */
struct grant_keys {
	struct statement_key **key;
	size_t count;
};

/* Replaces what was there; at an error that stays. `acts` may be NULL. ERR_CONFIG, ERR_MEMORY. */
enum err grant_keys_load(
    struct grant_keys *k, const struct collector_acts *acts, struct trouble *t) MUST_USE;
void grant_keys_free(struct grant_keys *k);

struct grant {
	struct digest name; /* of the statement: SHA-256 of its envelope */
	struct digest key;
	uint64_t number, not_before_s, not_after_s;
	bool is_break_glass; /* else it is an act-grant: */
	enum statement_act act;
	struct digest report; /* leaf hash */
	char origin[CHECKPOINT_ORIGIN_MAX + 1];
	char workload[STATEMENT_VALUE_MAX + 1]; /* name; of a break-glass a pattern */
	char reason[STATEMENT_REASON_MAX + 1];
};

/*
 * What a file says, whoever wrote it: its form, kind and subject, by one of the keys, for this
 * `collector`, and not over at `now_s` (since 1970). ERR_STATEMENT_FORMAT, _KIND, _SUBJECT, _KEY,
 * _SIGNATURE, _TIME with the trouble; ERR_MEMORY.
 */
enum err grant_judge(struct view file, const struct grant_keys *keys, const char *collector,
    uint64_t now_s, struct grant *out, struct trouble *t) MUST_USE;

/* Whether nothing may be done to the workload while it is in force. */
bool grant_suspends(const struct grant *g, const char *workload, uint64_t now_s);

#endif
