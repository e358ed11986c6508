/*
 * The guard: what this key has signed last, and whether it may sign what is asked now.
 *
 * The state is the size and root of the last tree that was signed, here or elsewhere. It lives in
 * one small file of two slots, written in turn, each with a rising sequence number and a checksum:
 * one write and one fdatasync a checkpoint, and a write never touches the slot that counts. The two
 * are two calls, so that the token can sign while the disk syncs. The state is on the disk before
 * the signature over it leaves the process (serve.h), so it may be ahead of what the signer has,
 * never behind. A damaged slot is refused, not worked around: it might have held the newer state.
 *
 * Beside it the guard keeps the last trees that it has seen signed, in memory: each is a beginning
 * of every later one, so a report that is proved to be in one of them is in the log for good.
 *
 * Knows nothing of PKCS#11. RFC 6962 section 2.1.2, RFC 9162 section 2.1.4.2.
 */
#ifndef HALLMARK_PKCS11_SERVE_GUARD_H
#define HALLMARK_PKCS11_SERVE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "pkcs11/serve/guard_state.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/merkle.h"

struct guard;

/*
 * `spki` is the key's SubjectPublicKeyInfo (DER). Key and origin name the file, so that one key
 * under two origins has two states. Each function says on stderr what failed. A file that anybody
 * but this user or root owns or may write, and a symbolic link, is refused: ERR_IO. The directory
 * is looked at with the configuration (settings_guarded_directory).
 */

/* Makes the state of an empty log. ERR_MISMATCH if there is a state already; ERR_IO. */
enum err guard_create(const char *directory, const char *origin, struct view spki) MUST_USE;

/*
 * Whether there is something of that name, whatever is in it: also what cannot be looked at, since
 * a key that may have signed is not one that has not.
 */
bool guard_exists(const char *directory, const char *origin, struct view spki);

/*
 * Opens and locks the state. ERR_NOT_FOUND if `init` never made it; ERR_FORMAT if a slot is
 * damaged; ERR_GUARD_KEY if it is closed, or waits for another succession than `awaited`, which may
 * be NULL; ERR_IO if it cannot be read or another process holds it. In one that waits no reports
 * are proved.
 */
enum err guard_open(const char *directory, const char *origin, struct view spki,
    const struct digest *awaited, struct guard **out) MUST_USE;
void guard_close(struct guard **g);

/* The state as it is on the disk now, to be shown: without the lock, so also while serving. */
enum err guard_read(
    const char *directory, const char *origin, struct view spki, struct guard_state *out) MUST_USE;

/*
 * Replaces a lost or damaged state by that of a checkpoint whose signature by this key the caller
 * has verified. A slot that is whole and knows a larger tree is kept in its stead; if nothing is
 * damaged that is refused: ERR_GUARD_ROLLBACK. ERR_GUARD_FORK if a slot has another root at the
 * same size; ERR_GUARD_KEY if a slot is closed. `*state` becomes what was adopted.
 */
enum err guard_adopt(const char *directory, const char *origin, struct view spki,
    struct guard_state *state) MUST_USE;

/*
 * Makes a state that waits for the transition, which is a digest of its note: where there is none,
 * or one that has signed nothing. For a succession `from` is the newest tree that anybody has of
 * the key before, from which this one goes on; else NULL. ERR_MISMATCH if it has; ERR_IO.
 */
enum err guard_wait(const char *directory, const char *origin, struct view spki,
    const struct digest *transition, const struct checkpoint *from) MUST_USE;

/*
 * A succession: retires the state of the key before by it, where there is one here, and has the one
 * that waits for it (`spki`) go on from that tree, if it is the larger. Done again it changes
 * nothing. ERR_GUARD_KEY if the key before has given way to another; ERR_GUARD_FORK if it has
 * signed another tree of that size; else as guard_open.
 */
enum err guard_inherit(const char *directory, const char *origin, struct view before,
    struct view spki, const struct digest *succession, uint64_t now_s) MUST_USE;

/*
 * Makes of the state that waits for a transition the open one that begins where `closed`, by the
 * same transition, was closed. The only way for a key to begin with what another has signed, and
 * once. ERR_GUARD_KEY if it does not wait for that; else as guard_open.
 */
enum err guard_begin(const char *directory, const char *origin, struct view spki,
    const struct guard_state *closed) MUST_USE;

/*
 * Closes it for good by this statement, also while a key process serves, which ends then: returns
 * when it has. What signs nothing any more stays as it is; `state` becomes what there is then.
 * ERR_FORMAT for a damaged one; ERR_IO, also where that process does not end.
 */
enum err guard_retire(const char *directory, const char *origin, struct view spki,
    const struct digest *statement, uint64_t now_s, struct guard_state *state) MUST_USE;

/*
 * Whether somebody has done that since it was opened: ERR_GUARD_KEY, of which the caller is to
 * speak. ERR_IO, explained, if the file of its name cannot be opened, ERR_FORMAT if it cannot be
 * read or is damaged: then nobody can say. One that is not there any more, or is another,
 * guard_write finds.
 */
enum err guard_look(const struct guard *g) MUST_USE;

/* What is known to be on the disk. */
const struct guard_state *guard_state(const struct guard *g);

/*
 * For how long the state had not been written when guard_open found it, by the clock of the file;
 * 0 where that is ahead of ours.
 */
uint64_t guard_rested_us(const struct guard *g);

/*
 * Whether the tree (size, root) extends the last signed one: ERR_GUARD_ROLLBACK if it is smaller,
 * ERR_GUARD_FORK if it does not. The same tree once more is allowed: an answer may have been lost.
 * ERR_GUARD_KEY of a closed one. Of one that waits, the last signed one is of the key before.
 */
enum err guard_check(const struct guard *g, uint64_t size, const struct digest *root,
    const struct merkle_proof *consistency) MUST_USE;

/*
 * Writes (size, root), which guard_check has allowed, down as the next state. The present one stays
 * the state until guard_sync: nothing is to be checked in between. ERR_IO is final: nobody can say
 * what the disk holds then, and the caller ends. ERR_IO also if the file is not the one any more
 * that has the state's name: the lock would not keep out who opens that one.
 */
enum err guard_write(struct guard *g, uint64_t size, const struct digest *root) MUST_USE;

/*
 * The same for the last state of this key, whatever the present one is: it is closed by the
 * transition when it is synced.
 */
enum err guard_write_last(struct guard *g, uint64_t size, const struct digest *root,
    const struct digest *transition, uint64_t now_s) MUST_USE;

/* The same for the first state of a key that waits for a succession: it is open then. */
enum err guard_write_first(struct guard *g, uint64_t size, const struct digest *root) MUST_USE;

/*
 * Before the first token that may live so long (KEYCHANNEL_LIFETIME_MAX_S at most): how long tokens
 * of this key may still be about when it is closed is not to hang on a configuration that was
 * changed since. On the disk when it returns; the longest ever stays. ERR_IO as guard_write and
 * guard_sync.
 */
enum err guard_note_lifetime(struct guard *g, uint32_t lifetime_s) MUST_USE;

/*
 * Makes what was written the state: on the disk when it returns. Nothing to do if nothing was.
 * ERR_IO is final, and what was signed meanwhile must not leave: never once more, the kernel would
 * say yes to a sync of pages that it has given up.
 */
enum err guard_sync(struct guard *g) MUST_USE;

/*
 * The state's checkpoint has been signed and may leave, or was signed elsewhere (observe.h):
 * reports may be proved in its tree from here on. A state that is written and not synced here is a
 * defect, and ends the process.
 */
void guard_signed(struct guard *g);

/*
 * Whether the report is leaf `index` of a signed tree, the one of `size` leaves: the state that
 * guard_open found, or one that guard_signed was told of, of all these the last KEYCHANNEL_TREES.
 * ERR_GUARD_UNLOGGED. `leaf` becomes the report's leaf hash.
 */
enum err guard_check_report(const struct guard *g, struct view report, uint64_t index,
    uint64_t size, const struct merkle_proof *inclusion, struct digest *leaf) MUST_USE;

/* Whether a tree of that size is one of those; for the sentence that explains a refusal. */
bool guard_knows_tree(const struct guard *g, uint64_t size);

#endif
