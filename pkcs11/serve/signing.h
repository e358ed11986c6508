/*
 * The threads that sign, one for each session of the token. They are given what the main thread has
 * verified: the text of a checkpoint that is written down as the guard's next state, or claims that
 * were derived from a logged report. They have it signed, verify the signature with the certificate
 * and make the note or the JWS. They see neither the channel nor the guard: a signature
 * may be done before the state under it is synced (serve.h), so it waits here until the main thread
 * takes it, and no other way leads out.
 *
 * Where the log has an Ed25519 key beside the first, a checkpoint is two signatures over one text:
 * two threads make them at the same time where there are two, else one after the other. It is done
 * when both are, and good if both are: nobody can take one of them alone.
 *
 * A checkpoint goes before every token that waits. A thread that had nothing to sign for
 * keepalive_s signs a text of no meaning: idle sessions of network HSMs die, and this shows early
 * whether one has.
 */
#ifndef HALLMARK_PKCS11_SERVE_SIGNING_H
#define HALLMARK_PKCS11_SERVE_SIGNING_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/serve/signing_job.h"
#include "pkcs11/serve/watch.h"
#include "pkcs11/token/token.h"
#include "proto/tlog/note.h"
#include "proto/wire/keychannel.h"

struct signing;

/*
 * Starts the threads. The verifiers are of the certificate's key, and of the Ed25519 key beside it,
 * or NULL; they, the watch, which looks beside keep-alives, and the token must outlive them.
 * ERR_TOKEN, ERR_MEMORY; explained on stderr.
 */
enum err signing_start(const struct hsm_config *config, struct token *token,
    const struct note_verifier *verifier, const struct note_verifier *beside, struct watch *watch,
    struct signing **out) MUST_USE;

/* Gives a job away. One checkpoint at a time: the next when the last was taken back. */
void signing_put(struct signing *s, struct signing_job **job);

/* Readable when there is something to take, or the keep-alive has failed. */
int signing_fd(const struct signing *s);

/* All that is done, linked in the order in which it was; NULL if nothing is. */
struct signing_job *signing_take(struct signing *s);

/* A keep-alive signature failed: the token is gone. */
bool signing_is_dead(struct signing *s);

/* Waits for what is being signed, drops what waits, ends the threads. Not when the token failed. */
void signing_stop(struct signing **s);

#endif
