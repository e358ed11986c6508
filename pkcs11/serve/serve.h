/*
 * `hallmark-hsm serve`: answers the signer on descriptor 3 until it closes the channel.
 *
 * Two requests have something signed (proto/wire/keychannel.h), one order for both: parse, let the
 * guard check, make what is signed, sign, verify, answer. Signing and verifying the signature are
 * the signing threads' (signing.h); the rest is the main thread's: it alone reads what the signer
 * sends, holds the guard, derives claims (requests.h) and writes to the channel. So one token
 * signature does not wait for another. The third request, observe, moves the guard and signs
 * nothing. What may move the guard is dealt with one by one: the next is checked when the last has
 * been answered, against the state that this one has made.
 *
 * A checkpoint is signed while the guard's state that covers it is made durable:
 *
 *   main thread                                    a signing thread
 *   check the proof, write the next state
 *   give the checkpoint's text away          --->  sign, verify the signature, make the note
 *   sync the state: it is the state from here on   (waits to be taken)
 *   take the note, answer                    <---
 *
 * Where the log has an Ed25519 key beside the first, "sign" is both signatures, by two signing
 * threads if there are two (signing.h). They are one act: the note is taken whole, with both lines,
 * and where either signature fails it is a checkpoint that failed.
 *
 * No signature leaves before the state that covers it is on the disk, because what leaves is what
 * the main thread takes, and between giving away and the end of the sync it does nothing else.
 * There is no other way out: a signing thread has no channel, a dead token makes the main thread
 * end without taking, the deadline's signal says one fixed sentence, made before, on stderr and to
 * the signer, and ends the process. And a report is proved only in a tree whose checkpoint was
 * taken, or observed and synced: a JWS speaks of durable trees.
 *   - The state cannot be written: nothing was given away. The sync fails: the signature is thrown
 *     away, and nothing is tried again. Both times the signer is told so (ERR_IO), and we end.
 *   - We die between: the state may be on the disk, ahead of what the signer has. It asks again for
 *     the same tree and gets it. If the state was lost with the machine, the signature was too.
 *   - The token fails or hangs meanwhile: as at any other time; the state is ahead. A hang is ended
 *     when the deadline is over, but not before the kernel lets go of a sync that hangs as well.
 *   - The sync takes long: nothing is read or answered meanwhile, tokens given away are signed.
 *
 * How it ends: the signer closes the channel (0); the token fails, the guard's state cannot be
 * written or looked at, or the bytes on the channel are no request (1, explained on stderr). What
 * is being signed then gets no answer, but for that of requests before those bytes. A hanging
 * module is ended by SIGALRM. Whatever the end, the state on the disk is that of the last signature
 * that left, or one ahead of it, which the signer then asks for again. Where no request is there to
 * be answered with it, the signer is told why by a state answer with an error, the last one.
 *
 * A PIN that the token refuses, or has refused (pin_refusal.h), is no end: the signer is told, and
 * the process stays, without the token, until an operator has acted; then it ends, for a fresh one.
 */
#ifndef HALLMARK_PKCS11_SERVE_SERVE_H
#define HALLMARK_PKCS11_SERVE_SERVE_H

#include "config/hsm_config.h"
#include "pkcs11/ground/file_identity.h"

/* `path` is where the configuration was read, from the file `read`; while waiting for an operator
 * it is looked at again. */
int serve(const struct hsm_config *config, const char *path, const struct file_identity *read);

/* Tells the signer, if it is there, why nothing is served: what was complained of last. */
void serve_refuse(enum err e);

#endif
