/*
 * The guard moves forward to a tree that this key has signed elsewhere: behind another guard of the
 * same key, such as that of the signer for which this one stands by. Nothing is signed.
 *
 * What the signer sends may be false. The note says that the key has signed (size, root), and only
 * the key can make one; the proof says that this tree continues the guard's. So a hijacked signer
 * moves it to no tree that was not signed, and never back. Two trees that were both signed and of
 * which neither continues the other are a fork that has happened: it is said as what it is, and the
 * guard stays where it is.
 */
#ifndef HALLMARK_PKCS11_SERVE_OBSERVE_H
#define HALLMARK_PKCS11_SERVE_OBSERVE_H

#include "pkcs11/serve/guard.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"
#include "proto/wire/keychannel.h"

/*
 * `beside` is the log's Ed25519 key, or NULL. Both sign in one act, so the certificate's key is
 * demanded, as at all times (while the guard waits, the lost key is the log's); a line of the other
 * may be lacking, from before that key was made, and may not be wrong.
 *
 * Not while a checkpoint is being signed. The state is on the disk when it returns, and reports may
 * be proved in the tree. Whether it is one that was signed comes first:
 *   ERR_FORMAT and others of its class   no note, no checkpoint in it, or none by this key
 *   ERR_SIGNATURE                        it claims to be by this key, or that beside it, and is not
 *   ERR_MISMATCH                         it is of another log, or of another size or root
 *   ERR_GUARD_ROLLBACK, ERR_GUARD_FORK   it does not continue the guard's tree (guard_check)
 *   ERR_IO                               final (guard_write, guard_sync)
 * The same tree once more is ERR_OK.
 */
enum err observe(struct guard *g, const struct note_verifier *verifier,
    const struct note_verifier *beside, const struct keychannel_request *r) MUST_USE;

/*
 * What a note shows that this log's key has signed; of `beside` as above. ERR_FORMAT and others of
 * its class, ERR_SIGNATURE; ERR_MISMATCH for the checkpoint of another log.
 */
enum err observe_note(struct view note, const struct note_verifier *verifier,
    const struct note_verifier *beside, struct checkpoint *out) MUST_USE;

#endif
