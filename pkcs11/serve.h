/*
 * `hallmark-hsm serve`: answers the signer on descriptor 3 until it closes the channel.
 *
 * Two requests (proto/keychannel.h), one order for both: parse, let the guard check, make the
 * guard's new state durable, build what is signed, sign, verify, answer. The main thread does all
 * of this but building, signing and verifying the signature, which are the signing threads'
 * (signing.h): it alone reads what the signer sends, holds the guard and writes to the channel. So
 * one token signature does not wait for another. Checkpoints are one at a time: the next is checked
 * when the last has been answered, against the state that this one has made.
 *
 * How it ends: the signer closes the channel (0); the token fails, the guard's state cannot be
 * written, or the bytes on the channel are no request (1, explained on stderr). What is being
 * signed then gets no answer, but for that of requests before those bytes. A hanging module is
 * ended by SIGALRM. Whatever the end, the state on the disk is that of the last signature that
 * left, or one ahead of it, which the signer then asks for again.
 */
#ifndef HALLMARK_PKCS11_SERVE_H
#define HALLMARK_PKCS11_SERVE_H

#include "config/hsm_config.h"

int serve(const struct hsm_config *config);

#endif
