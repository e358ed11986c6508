/*
 * What operators and approvers may state. A kind is acted on: in logs, by what the manifest in
 * force says of the key; or on hosts, by what the configuration of their collector says of it, and
 * no log takes it. Or it is reserved: its name and its purpose are settled, and a later version
 * acts on it. A reserved kind may stand among the rights of an operator; no statement of it is
 * taken.
 */
#ifndef HALLMARK_PROTO_STATEMENT_STATEMENT_KIND_H
#define HALLMARK_PROTO_STATEMENT_STATEMENT_KIND_H

#include <stdbool.h>

#include "proto/bytes.h"

#define STATEMENT_KIND_NAME_MAX 32 /* bytes of a-z, 0-9 and '-', as a key of an extension */

/* X(identifier, name, acted on where, purpose) */
#define STATEMENT_KIND_MAP(X)                                                                      \
	X(STATEMENT_APPROVE, "approve", IN_LOG, "a policy may come into force")                    \
	X(STATEMENT_MAINTENANCE, "maintenance", IN_LOG, "silence that is expected")                \
	X(STATEMENT_RETIRE, "retire", IN_LOG, "a workload that is heard of no more")               \
	X(STATEMENT_REVOKE, "revoke", IN_LOG,                                                      \
	    "another statement, a host, a workload, a content or a set counts no more")            \
	X(STATEMENT_CLOCK, "clock", IN_LOG, "the log goes on at an earlier time")                  \
	X(STATEMENT_RETIRE_KEY, "retire-key", IN_LOG, "a key of the log is trusted no more")       \
	X(STATEMENT_CONTINUE_KEY, "continue-key", IN_LOG, "the log goes on without its key")       \
	X(STATEMENT_NOT_AFFECTED, "not-affected", IN_LOG, "an advisory does not apply")            \
	X(STATEMENT_BREAK_GLASS, "break-glass", ON_HOSTS, "nothing is done about verdicts")        \
	X(STATEMENT_ACT_GRANT, "act-grant", ON_HOSTS, "a host may act on a verdict")               \
	X(STATEMENT_DISPOSITION, "disposition", NOWHERE, "what was decided about a finding")       \
	X(STATEMENT_HOLD, "hold", NOWHERE, "evidence that must be kept")                           \
	X(STATEMENT_TAKEOVER, "takeover", NOWHERE, "another guard signs from now on")              \
	X(STATEMENT_PRUNE, "prune", NOWHERE, "entries that may go")                                \
	X(STATEMENT_ENROL, "enrol", NOWHERE, "a host that may have a certificate")                 \
	X(STATEMENT_ALERT_SILENCE, "alert-silence", NOWHERE, "alerts that nobody needs")

#define STATEMENT_KIND_ENUM(identifier, name, acted, purpose) identifier,
enum statement_kind {
	STATEMENT_KIND_MAP(STATEMENT_KIND_ENUM) STATEMENT_KIND_COUNT,
	STATEMENT_KIND_UNKNOWN = STATEMENT_KIND_COUNT, /* of a later version */
};
#undef STATEMENT_KIND_ENUM

/* STATEMENT_KIND_UNKNOWN for a name that is not in the map. */
enum statement_kind statement_kind_from_name(struct view name);

/* Both only for a kind of the map. */
const char *statement_kind_name(enum statement_kind kind);
const char *statement_kind_purpose(enum statement_kind kind);

enum statement_place { STATEMENT_NOWHERE, STATEMENT_IN_LOG, STATEMENT_ON_HOSTS };

/* STATEMENT_NOWHERE for the reserved ones and the unknown one. */
enum statement_place statement_kind_place(enum statement_kind kind);

/* In logs. */
bool statement_kind_is_acted_on(enum statement_kind kind);

#endif
