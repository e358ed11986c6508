/*
 * What this version knows of a bundle's extension map (proto/evidence/extension_map.h). The keys:
 *
 *   actions        1 to 4 of str, str,  what was done on the host about a verdict: the name of the
 *                  and uint; of acts    hook, the verdict, and how its program ended; of an act
 *                  a bin32 behind       its name, and by which statement
 *   artifact       str and bin32        what is to be started: "file", "tree" or "image", and its
 *                                       SHA-256 (the component `files`'s for a tree); with `phase`,
 *                                       and only then
 *   cached         three uints          of how many files the content was not read again for this,
 *                                       of how many it is told, and when the one was read that was
 *                                       read first, in seconds since 1970; left out where all were
 *   challenge      bin, 8 to 64 bytes   somebody's nonce that this measurement answers; only with
 *                                       a nonce of the signer
 *   configuration  bin32                SHA-256 of the collector's configuration file, as read
 *   dropped        two uints            so many bundles at most were made since the newest one with
 *                                       a receipt, and not kept until they had one; and since when,
 *                                       in seconds since 1970; left out where none was
 *   gap            uint                 of evidence gathered offline, and only of that: its place,
 *                                       the seq of the newest bundle with a nonce that had its
 *                                       receipt when this was measured; 0: none had
 *   leaving        str                  this is the workload's last bundle, and why: "stopped",
 *                                       "scaled-in", "moved" (to another log), "retired"; `next_s`
 *                                       is 0, and there is a nonce
 *   moved_to       str                  the origin of the other log; with "moved", and only then
 *   phase          str                  "start": measured before the workload runs, to decide
 *                                       whether it may; of the chains that bundle_chain_is_start
 *                                       knows (bundle_chain.h)
 *   program        bin32                SHA-256 of the collector's executable
 *   workload_key   bin32                of the workload's public key, as the collector was given
 *                                       it: the thumbprint of its JWK (RFC 7638, SHA-256)
 *
 * Reserved (PROTOCOL.md says what for): budgets_exceeded, group. They are as unknown to this
 * version as any other key.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_BUNDLE_EXTENSIONS_H
#define HALLMARK_PROTO_EVIDENCE_BUNDLE_EXTENSIONS_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

/* As EAT has it (RFC 9711, section 4.1): eat_nonce is 8 to 64 bytes. */
#define BUNDLE_CHALLENGE_MIN 8
#define BUNDLE_CHALLENGE_MAX 64

/* A bundle's seq; which it is less than, bundle_check sees to. */
#define EXTENSION_GAP_MAX ((1ULL << 53) - 1)

/* Files; their sum in all components of a bundle. */
#define BUNDLE_CACHED_MAX        ((1ULL << 53) - 1)
#define BUNDLE_CACHED_OLDEST_MAX 253402300799ULL /* the year 9999 */

/* Content that was read for an earlier bundle; `files` 0: none. */
struct bundle_cached {
	uint64_t known;    /* 1 to `files` */
	uint64_t files;    /* BUNDLE_CACHED_MAX at most */
	uint64_t oldest_s; /* since 1970; BUNDLE_CACHED_OLDEST_MAX at most */
};

/* Bundles that are not there; `bundles` 0: none is known of. */
#define BUNDLE_DROPPED_MAX ((1ULL << 53) - 1)
struct bundle_dropped {
	uint64_t bundles; /* BUNDLE_DROPPED_MAX at most */
	uint64_t since_s; /* since 1970; BUNDLE_CACHED_OLDEST_MAX at most */
};

/* X(identifier, word) */
#define BUNDLE_LEAVING_MAP(X)                                                                      \
	X(BUNDLE_STOPPED, "stopped")                                                               \
	X(BUNDLE_SCALED_IN, "scaled-in")                                                           \
	X(BUNDLE_MOVED, "moved")                                                                   \
	X(BUNDLE_RETIRED, "retired")

#define BUNDLE_LEAVING_ENUM(identifier, word) identifier,
enum bundle_leaving {
	BUNDLE_STAYING,
	BUNDLE_LEAVING_MAP(BUNDLE_LEAVING_ENUM) BUNDLE_LEAVING_COUNT
};
#undef BUNDLE_LEAVING_ENUM

/* X(identifier, word) */
#define BUNDLE_ARTIFACT_MAP(X)                                                                     \
	X(BUNDLE_ARTIFACT_FILE, "file")                                                            \
	X(BUNDLE_ARTIFACT_TREE, "tree")                                                            \
	X(BUNDLE_ARTIFACT_IMAGE, "image")

#define BUNDLE_ARTIFACT_ENUM(identifier, word) identifier,
enum bundle_artifact_form {
	BUNDLE_ARTIFACT_NONE,
	BUNDLE_ARTIFACT_MAP(BUNDLE_ARTIFACT_ENUM) BUNDLE_ARTIFACT_COUNT
};
#undef BUNDLE_ARTIFACT_ENUM

/* X(identifier, word): what a collector acts on. A report's statuses, and that there is none. */
#define BUNDLE_VERDICT_MAP(X)                                                                      \
	X(BUNDLE_VERDICT_NONE, "none")                                                             \
	X(BUNDLE_VERDICT_AFFIRMING, "affirming")                                                   \
	X(BUNDLE_VERDICT_WARNING, "warning")                                                       \
	X(BUNDLE_VERDICT_CONTRAINDICATED, "contraindicated")                                       \
	X(BUNDLE_VERDICT_UNKNOWN, "unknown")

#define BUNDLE_VERDICT_ENUM(identifier, word) identifier,
enum bundle_verdict { BUNDLE_VERDICT_MAP(BUNDLE_VERDICT_ENUM) BUNDLE_VERDICT_COUNT };
#undef BUNDLE_VERDICT_ENUM

#define BUNDLE_ACTIONS_MAX     4
#define BUNDLE_ACTION_NAME_MAX 24 /* bytes */

/* How the program of a hook ended: 0 to 255, its exit status; or one of these. */
#define BUNDLE_ACTION_SIGNALLED 256 /* and the signal's number, 1 to 64, that was none of ours */
#define BUNDLE_ACTION_OVERDUE   512 /* it was ended, for its time was over */
#define BUNDLE_ACTION_REFUSED   513 /* it was not started */
#define BUNDLE_ACTION_LOST      514 /* nobody knows: who started it is gone */

/* Of an act: its words are those of proto/statement/statement_act.h, and this one. */
#define BUNDLE_ACTION_SUSPENDED "break-glass" /* none is done from now on */
#define BUNDLE_ACTION_DONE      0
#define BUNDLE_ACTION_FAILED    1

struct bundle_action {
	struct view hook; /* 1 to BUNDLE_ACTION_NAME_MAX of a-z, 0-9, "-" and "_" */
	enum bundle_verdict verdict;
	uint64_t result;
	bool is_act;           /* and no hook */
	struct digest granted; /* by the statement of this name */
};

struct bundle_artifact {
	enum bundle_artifact_form form; /* NONE: there is none */
	struct digest digest;
};

/*
 * `bytes` are what a bundle carries, to the byte; the other members say what is in them, and are
 * not looked at where a bundle is encoded. All views point into the bytes that were read.
 */
struct bundle_extensions {
	struct view bytes; /* the canonical map, with its header; size 0: there is none */
	bool has_unknown;  /* there are keys that this version does not know */
	bool has_configuration;
	bool has_gap;
	bool has_program;
	bool is_start; /* `phase` */
	struct digest configuration;
	struct digest program;
	bool has_workload_key;
	struct digest workload_key;
	size_t action_count;                             /* 0: none; BUNDLE_ACTIONS_MAX at most */
	struct bundle_action action[BUNDLE_ACTIONS_MAX]; /* in the order in which they ended */
	struct bundle_artifact artifact;
	struct bundle_cached cached;
	struct bundle_dropped dropped;
	struct view challenge; /* size 0: none */
	uint64_t gap_after;
	enum bundle_leaving leaving;
	struct view moved_to; /* size 0: none */
};

/*
 * Reads the map at the front of `rest` and moves `rest` behind it. `canonical` is cleared where the
 * content is fine and the spelling is not. Else the errors of extension_map.h; ERR_MSG_TYPE and
 * ERR_MSG_RANGE for a known key with a wrong value.
 */
enum err bundle_extensions_take(
    struct view *rest, bool *canonical, struct bundle_extensions *out) MUST_USE;

/* Reads bytes that are to be exactly one canonical map: also ERR_MSG_CANONICAL, ERR_MSG_TRAILING.
 */
enum err bundle_extensions_read(struct view bytes, struct bundle_extensions *out) MUST_USE;

/*
 * Appends the canonical map of the known members, and nothing where none is set. The caller sets
 * `bytes` to what was appended.
 */
void bundle_extensions_write(const struct bundle_extensions *x, struct buf *to);

/* Whether this version knows the key of an extension map: for words to people about those it does
 * not. */
bool bundle_extension_is_known(struct view key);

/* The word of `leaving`; "" for BUNDLE_STAYING. */
const char *bundle_leaving_word(enum bundle_leaving leaving);

/* The word of a verdict, and whether `name` may be that of a hook. */
const char *bundle_verdict_word(enum bundle_verdict v);
bool bundle_action_name_is_good(struct view name);

/* The word of `artifact`; "" for BUNDLE_ARTIFACT_NONE. */
const char *bundle_artifact_word(enum bundle_artifact_form form);

#endif
