/*
 * The token: module, login, key, signatures. Nearly all of it is raw Cryptoki, and each file says
 * why: libp11 0.4.12 reaches a key only by reading all of them, finds none where one is of a type
 * that it does not know, and hides the module's errors. It stores the certificate (shelf.c).
 *
 * Every call into the module runs against a deadline: a module that hangs (TRAPS of network HSMs:
 * for ever) ends this process by SIGALRM, with a line on stderr. After an error the token is not
 * usable any more: end the process and start a fresh one. Failures are explained on stderr.
 *
 * One thread opens the token and finds its key. After that as many threads may sign as there are
 * sessions in the configuration, each with a signer, and so a session, of its own.
 */
#ifndef HALLMARK_PKCS11_TOKEN_TOKEN_H
#define HALLMARK_PKCS11_TOKEN_TOKEN_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/token/algorithm.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/ecdsa_known.h"
#include "proto/err.h"

struct token;

/*
 * The ceremony has an operator: it may write, and may use up the last try of the PIN. Serving has
 * none and is started again and again: it leaves that last try, so that it never locks the token.
 * For a statement there is an operator too, who may have another key than the configured one: any
 * of P-256 or RSA; nothing is written. None of these tries a PIN that was refused (pin_refusal.h):
 * to unlock is to do just that, for an operator who has looked at it. A dry run looks as a ceremony
 * does, in a session that can change nothing, leaves the last try of the PIN, and, where the PIN
 * was taken, no record of it that was not there.
 */
enum token_use { TOKEN_SERVE, TOKEN_CEREMONY, TOKEN_DRY_RUN, TOKEN_STATEMENT, TOKEN_UNLOCK };

/*
 * The log's key, whose certificate auditors have; and the one of Ed25519 beside it, where the
 * configuration names one. The key of a statement takes the place of the first.
 */
enum token_which { TOKEN_FIRST, TOKEN_ED25519 };
#define TOKEN_KEYS 2

/* Signed to see whether the key signs. Never a checkpoint (no newline) and never a JWS (a blank).
 */
#define TOKEN_TEST_TEXT "hallmark test signature"

/* What the token says of itself; views into the token, blanks trimmed. */
struct token_info {
	const char *label, *manufacturer, *model, *serial;
	const char *name;                /* for people: its label, or, where it has none, its URI */
	const char *hardware, *firmware; /* versions, "2.6" */
};

/*
 * The attributes that tell whether a private key can, or could, leave (PKCS#11 v2.40, 4.9). What
 * the token does not tell has the value that the configuration vouches for, and its bit in
 * `vouched`.
 */
struct token_key_attributes {
	bool sensitive;
	bool always_sensitive;
	bool extractable;
	bool never_extractable;
	bool local;       /* made on the token */
	unsigned vouched; /* of enum hsm_untold */
};

/* A key whose attributes say all of this cannot leave, and never could: promise 3. */
bool token_key_is_safe(const struct token_key_attributes *a);

/*
 * Loads the module, finds the token by its label or URI, logs in with the PIN from the configured
 * file. The PIN is in locked memory, goes to the module directly (libp11 would keep a copy) and is
 * wiped at once. ERR_NOT_FOUND, ERR_CONFIG, ERR_TOKEN, ERR_IO; ERR_PIN_REFUSED: now, or when it was
 * tried last, and then without a look at the token.
 */
enum err token_open(
    const struct hsm_config *config, enum token_use use, struct token **out) MUST_USE;

/*
 * The same, and calls `before` first, when the record of the PIN is locked and says nothing against
 * it: of several processes that start together one is there at a time, and none behind one whose
 * PIN was refused. Its error is the result, and the token is left alone.
 */
enum err token_open_after(const struct hsm_config *config, enum token_use use,
    enum err (*before)(void *context), void *context, struct token **out) MUST_USE;

/* Logs out and finalises the module. */
void token_close(struct token **t);

const struct token_info *token_info(const struct token *t);

/* Whether the token has a private key of that label or URI, whatever it is. ERR_TOKEN. */
enum err token_has_key(struct token *t, enum token_which which, bool *out) MUST_USE;

/*
 * Whether token_generate would begin: it has a label to make the key with, the label is free, and
 * the token may be written and knows the mechanisms. Explained: ERR_CONFIG, ERR_MISMATCH,
 * ERR_TOKEN_UNFIT, ERR_TOKEN. Whether the token then makes the key, nobody can know before.
 */
enum err token_check_generates(struct token *t, enum token_which which) MUST_USE;

#define TOKEN_MECHANISMS_MAX 1024 /* those that are defined are some 400; vendors add tens */

/* Numbers of the mechanisms (CKM_...) that it says it has, rising. ERR_TOKEN, explained. */
enum err token_list_mechanisms(
    struct token *t, unsigned long out[TOKEN_MECHANISMS_MAX], size_t *count) MUST_USE;

/* What the module says of itself, blanks trimmed. ERR_TOKEN, explained. */
struct token_module {
	char manufacturer[32 + 1], description[32 + 1];
	char version[8], cryptoki[8]; /* "2.6" */
};
enum err token_read_module(struct token *t, struct token_module *out) MUST_USE;

/* Makes the key pair of the configured algorithm. ERR_MISMATCH if the label is taken. */
enum err token_generate(struct token *t, enum token_which which) MUST_USE;

/*
 * Finds the key pair by its label or URI. ERR_NOT_FOUND if there is none, or only one half;
 * ERR_MISMATCH if there are several, the public half is of another type or no key, or it is not of
 * the configured algorithm. Other keys on the token are not looked at. In a ceremony also
 * ERR_KEY_MISMATCH: the public half is another key's.
 */
enum err token_find_key(struct token *t, enum token_which which) MUST_USE;

/* From here on, after token_find_key of that key. */

/*
 * ERR_KEY_MISMATCH, explained, unless the private half makes what the public one verifies: the
 * token pairs them by CKA_ID alone. In a ceremony token_find_key has done this.
 */
enum err token_check_halves(struct token *t, enum token_which which) MUST_USE;

/* Public half; owned by the token. */
EVP_PKEY *token_public_key(const struct token *t, enum token_which which);

/* Whether the first key is also the one that this configuration means: a private key with its
 * CKA_ID. */
enum err token_is_key_of(struct token *t, const struct hsm_config *other, bool *out) MUST_USE;

/* CKA_ID of the key; a view into the token. */
struct view token_key_id(const struct token *t, enum token_which which);

/* ERR_TOKEN_UNFIT, explained, where one is neither told nor vouched for. */
enum err token_key_attributes(
    struct token *t, enum token_which which, struct token_key_attributes *out) MUST_USE;

/* ERR_KEY_EXPORTABLE, explained, for a key that can leave, or could once: it proves nothing. */
enum err token_refuse_exportable(struct token *t, enum token_which which) MUST_USE;

/*
 * From here on only signers are used: the next one takes over the setup's session, so that all
 * sessions can sign.
 */
void token_end_setup(struct token *t);

/*
 * What one thread signs with, in a session of its own; before token_end_setup in the setup's.
 * `certificate_key` must outlive it: the public key that the signatures are for. ERR_TOKEN,
 * ERR_MEMORY.
 */
struct token_signer;
enum err token_signer_new(struct token *t, enum token_which which, EVP_PKEY *certificate_key,
    struct token_signer **out) MUST_USE;

/* Another for the same thread, and in the same session, which it must not outlive. */
enum err token_signer_new_beside(struct token_signer *of, enum token_which which,
    EVP_PKEY *certificate_key, struct token_signer **out) MUST_USE;
void token_signer_free(struct token_signer **s);

/*
 * Signs `bytes`, as notes and certificates have it: SHA-256 of them by ECDSA, in DER with the lower
 * s, or by RSA in the algorithm's padding; by Ed25519 as they are. The signature has been verified
 * with the certificate's key when it is returned: after a reset a handle may name another key.
 * ERR_KEY_MISMATCH, ERR_TOKEN.
 */
enum err token_sign(struct token_signer *s, struct view bytes, struct buf *signature) MUST_USE;

/*
 * The same as tokens have it (RFC 7518, 3): the hash of `jws`, and of ECDSA raw r || s with
 * the lower s. The signature is kept until it has been verified, which takes less time for several
 * together. Not of Ed25519. ERR_KEY_MISMATCH, ERR_TOKEN: then none was made, and those that are
 * kept stay.
 */
#define TOKEN_KEPT_MAX ECDSA_KNOWN_AT_ONCE
enum err token_sign_jws(struct token_signer *s, struct view bytes) MUST_USE;

/*
 * Verifies all that are kept with the certificate's key, and gives them in their order: views into
 * the signer, until it signs again. ERR_KEY_MISMATCH if one is bad: then none is given, nor kept.
 */
enum err token_take_jws(
    struct token_signer *s, struct view out[TOKEN_KEPT_MAX], size_t *count) MUST_USE;

/* What verifies them faster: of the certificate's key, and must outlive the signer. */
void token_signer_know(struct token_signer *s, const struct ecdsa_known *known);

/* What is seen of the token by who watches it; bits of `signs` as flags of CK_TOKEN_INFO have it.
 */
enum token_sign_of {
	TOKEN_USER_LOW = 1, /* CKF_USER_PIN_COUNT_LOW */
	TOKEN_USER_FINAL = 2,
	TOKEN_USER_LOCKED = 4,
	TOKEN_SO_LOW = 8,
	TOKEN_SO_FINAL = 16,
	TOKEN_SO_LOCKED = 32,
};

#define TOKEN_OBJECTS_MAX                                                                          \
	65536 /* some more may be counted; a token of that many is not watched                     \
	       */

struct token_sight {
	char label[32 + 1], manufacturer[32 + 1], model[16 + 1]; /* printable ASCII, or empty */
	char serial[16 + 1], firmware[7 + 1]; /* printable ASCII without blanks, never empty */
	uint64_t signs;                       /* of enum token_sign_of */
	uint64_t objects;                     /* that the key's user sees; 0: not counted */
};

/* As it was told before the login, without its objects. */
void token_sight_before(const struct token *t, struct token_sight *out);

/* As it is now, in the signer's session. ERR_TOKEN, explained. */
enum err token_look(struct token_signer *s, struct token_sight *out) MUST_USE;

/*
 * Puts the certificate on the token beside the key, in the place of earlier ones with its label.
 * Tokens without room for it may refuse. The last that is done with a token.
 */
enum err token_store_certificate(struct token *t, X509 *certificate) MUST_USE;

/* What is said when the deadline is over. */
#define TOKEN_DEADLINE_TEXT                                                                        \
	"the token did not answer within deadline_ms: this process ends, a fresh one may find "    \
	"it well again"

/* What is then also sent, to a socket; not waited for. `bytes` must stay. */
void token_deadline_tell(int socket, struct view bytes);

/*
 * Bracket a call into the module: ends the process if it takes longer than deadline_ms. Each
 * thread, and so each session, has its own time; a second begin starts it anew.
 */
void token_call_begin(const struct token *t);
void token_call_end(void);

#endif
