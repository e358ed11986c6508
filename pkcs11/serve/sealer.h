/*
 * What one thread signs with, in a session of its own, and what it makes of signatures: notes of
 * checkpoints, JWS of claims, and envelopes of summaries.
 */
#ifndef HALLMARK_PKCS11_SERVE_SEALER_H
#define HALLMARK_PKCS11_SERVE_SEALER_H

#include "config/hsm_config.h"
#include "pkcs11/serve/signing_job.h"
#include "pkcs11/token/token.h"
#include "proto/tlog/note.h"

/* What all threads share: it does not change while there is a sealer. */
struct sealing {
	const struct note_verifier *verifier, *beside; /* the second NULL: one signature a note */
	struct buf jws_header;
	struct digest key_id;      /* of the first key, in envelopes */
	bool is_ecdsa;             /* whose signatures are DER in envelopes, and not in JWS */
	struct ecdsa_known *known; /* for these, or NULL: none is signed, or not with P-256 */
};

/* The verifiers as signing_start has them. After an error sealing_end follows, too. */
enum err sealing_begin(struct sealing *s, const struct hsm_config *config,
    const struct note_verifier *verifier, const struct note_verifier *beside) MUST_USE;
void sealing_end(struct sealing *s);

struct sealer {
	const struct sealing *of;
	struct token_signer *signer;
	struct token_signer *beside; /* of the Ed25519 key, or NULL; in the same session */
	struct buf signature;
};

enum err sealer_open(struct sealer *s, const struct sealing *of, struct token *token) MUST_USE;
void sealer_close(struct sealer *s);

/* The checkpoint's text and the first key's line: the body of the job. */
enum err sealer_note(struct sealer *s, struct signing_job *job) MUST_USE;

/* The other key's line, beside it. */
enum err sealer_line_beside(struct sealer *s, struct signing_job *job) MUST_USE;

/*
 * Has a JWS signed, or a summary. Its signature is with the signer until it has been verified, as
 * those of up to TOKEN_KEPT_MAX jobs may be.
 */
enum err sealer_begin_jws(struct sealer *s, struct signing_job *job) MUST_USE;

/*
 * Verifies the signatures of all that were begun, and gives them to the jobs, or each an error. In
 * their order; of one that could not be begun its result says so already.
 */
void sealer_end_jws(struct sealer *s, struct signing_job *first);

/* Signs a text of no meaning. */
enum err sealer_keep_alive(struct sealer *s) MUST_USE;

#endif
