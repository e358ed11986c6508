/*
 * What a collector may do to a workload whose verdict has fallen, where a statement `act-grant`
 * says so.
 */
#ifndef HALLMARK_PROTO_STATEMENT_STATEMENT_ACT_H
#define HALLMARK_PROTO_STATEMENT_STATEMENT_ACT_H

#include "proto/bytes.h"

/* X(identifier, word, name of what ends it, what it is, in words behind "may be") */
#define STATEMENT_ACT_MAP(X)                                                                       \
	X(STATEMENT_FREEZE, "freeze", "thaw", "frozen")                                            \
	X(STATEMENT_STOP, "stop", "", "stopped")                                                   \
	X(STATEMENT_ISOLATE, "isolate", "release", "cut off from the network")

#define STATEMENT_ACT_ENUM(identifier, word, end, participle) identifier,
enum statement_act {
	STATEMENT_ACT_MAP(STATEMENT_ACT_ENUM) STATEMENT_ACT_COUNT,
	STATEMENT_NO_ACT = STATEMENT_ACT_COUNT,
};
#undef STATEMENT_ACT_ENUM

/* STATEMENT_NO_ACT for a word that is none of these. */
enum statement_act statement_act_from_word(struct view word);

/* Of an act. Its end is "" where nothing is left to be ended. */
const char *statement_act_word(enum statement_act act);
const char *statement_act_end(enum statement_act act);
const char *statement_act_participle(enum statement_act act);

#endif
