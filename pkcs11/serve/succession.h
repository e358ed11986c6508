/*
 * Which of a log's keys signs: that of the configuration, or the one that follows it, whose
 * configuration is named in it (`next`). The two guards decide, and nobody else: `rotate` orders
 * the transition (rotate.h), the signer has it written into the log, and the old key's last
 * checkpoint, the first over that entry, closes its guard.
 *
 *   old key's guard   new key's guard   signs   what it is
 *   open              none, or unused   old     nothing was ordered
 *   open              waits for T       old     T is ordered, if its file is there: told to the
 *                                               signer; else rotate was ended, and is run again
 *   closed by T       waits for T       new     it begins where the old one was closed, here
 *   closed or none    open, begun       new     all later starts
 *   open              open, begun       nobody  an older copy of a guard was put back
 *   closed            none              nobody  the new key's guard was lost: adopt
 *   closed by T       waits for other   nobody  somebody else's doing
 *   retired           none, or unused   nobody  operators have closed it for good: the log has
 *                                               ended, unless they have another key continue it
 *
 * Between two rows lies one write that a disk does whole or not at all: the file of the transition
 * appears, the old guard's slot is closed, the new guard's slot begins. So a rotation that is ended
 * anywhere has happened or has not, and the next start knows which.
 *
 * Where the log's key is lost, `continue` (continue.h) makes of another key's guard one that waits
 * for a succession, at the newest tree that anybody has. Its configuration is the one to serve
 * with, and names no other:
 *
 *   old key's guard   new key's guard     signs   what it is
 *   any               waits for S         nobody  S is not there: continue is run again
 *   open or none      waits for S, there  nobody  at the next start the old one is retired, and
 *                                                 the new one goes on from the larger tree
 *   retired or none   waits for S, there  nobody  the signer is told; the first tree that ends
 *                                                 in the notice of S, and continues that one,
 *                                                 opens it
 *   retired or none   open, begun by S    new     all later starts
 *   closed            waits for S         nobody  the log has another key
 */
#ifndef HALLMARK_PKCS11_SERVE_SUCCESSION_H
#define HALLMARK_PKCS11_SERVE_SUCCESSION_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/token/certificate.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/transition.h"
#include "proto/wire/keychannel.h"

/* Bytes of a succession with its statements: certificates stand before it in one answer. */
#define SUCCESSION_SIZE_MAX (KEYCHANNEL_BODY_MAX - CERTIFICATE_CHAIN_BYTES_MAX)

struct succession {
	const struct hsm_config *config; /* of the key that signs: the one given, or `next` */
	struct hsm_config *next;         /* owned; NULL where the configuration names none */
	struct buf ordered;       /* the transition that the signer is to be told; or empty */
	struct digest transition; /* its digest, by which the old key's guard may be closed */
	EVP_PKEY *
	    lost; /* owned; it is a succession, which the guard waits for, from this key; or NULL */
};

/*
 * Finds out which key signs, and has the new key's guard begin where that is due. ERR_CONFIG if the
 * configuration of the next key has faults or is of another log or guard; ERR_GUARD_KEY where
 * nobody signs; what reading certificates and guards gives. Explained. To be freed also after an
 * error.
 */
enum err succession_find(const struct hsm_config *config, struct succession *out) MUST_USE;
void succession_free(struct succession *s);

/*
 * Loads the configuration of the next key: of the same log, with the same directory of guards.
 * ERR_NOT_FOUND, nothing said, if there is none; ERR_CONFIG.
 */
enum err succession_load_next(const struct hsm_config *config, struct hsm_config **out) MUST_USE;

/*
 * The succession to this key: the note, and behind it the statements that it names, as the signer
 * is told (transition_part). `parsed` is to be freed also after an error. ERR_NOT_FOUND, nothing
 * said, if there is no file; else explained.
 */
enum err succession_read_continuation(const struct hsm_config *config, struct view spki,
    struct buf *brought, struct transition *parsed) MUST_USE;

/* Puts it there, as a whole, durable. ERR_IO, explained. */
enum err succession_write_continuation(
    const struct hsm_config *config, struct view spki, struct view brought) MUST_USE;

/* The file of the transition away from this key; from malloc. */
char *succession_file(const struct hsm_config *config, struct view spki);

/* SubjectPublicKeyInfo of the configured certificate's key, appended. Explained. */
enum err succession_append_spki(const struct hsm_config *config, struct buf *spki) MUST_USE;

/*
 * Reads the transition between these keys, of this log. ERR_NOT_FOUND, nothing said, if there is no
 * file; else explained.
 */
enum err succession_read(const struct hsm_config *config, struct view from, struct view to,
    struct buf *note, struct digest *digest) MUST_USE;

/* Puts it there, as a whole, durable. ERR_IO, explained. */
enum err succession_write(
    const struct hsm_config *config, struct view from, struct view note) MUST_USE;

#endif
