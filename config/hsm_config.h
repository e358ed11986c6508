/*
 * Configuration of hallmark-hsm, the key process. config/samples/hsm.yaml is the commented
 * reference. Paths are absolute after loading, defaults are filled in.
 */
#ifndef HALLMARK_CONFIG_HSM_CONFIG_H
#define HALLMARK_CONFIG_HSM_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "config/token_profile.h"
#include "proto/err.h"

enum hsm_algorithm {
	HSM_P256,         /* default: notes of type 0x02, JWS ES256 */
	HSM_P384,         /* notes of type 0x02, JWS ES384 */
	HSM_RSA_3072,     /* notes of type 0xff, JWS RS256 */
	HSM_RSA_4096,     /* the same */
	HSM_RSA_3072_PSS, /* notes of type 0xff, JWS PS256 */
	HSM_RSA_4096_PSS, /* the same */
};

/*
 * What some tokens do not tell of a key, as bits: whether it was always sensitive, never
 * extractable, and made on the token. That it is sensitive and not extractable nobody but the token
 * can tell.
 */
enum hsm_untold { HSM_ALWAYS_SENSITIVE = 1, HSM_NEVER_EXTRACTABLE = 2, HSM_LOCAL = 4 };

struct hsm_config {
	const char *origin; /* of the log: the name in every checkpoint this key signs */
	const char *module; /* PKCS#11 module, a shared object */
	/* Labels of the token and of the key on it; where they are chosen by URI, that URI. */
	const char *token_label, *key_label;
	unsigned vouched; /* of enum hsm_untold: the operator says them where the token does not */
	const char *token_uri, *key_uri; /* RFC 7512, not read yet, or NULL: by the labels */
	enum hsm_algorithm algorithm;
	const char *ed25519_label;    /* of the key beside it, which signs notes too; or NULL */
	const char *ed25519_verifier; /* file of its verifier key line; NULL if there is none */
	const char *pin_file; /* secret; or $CREDENTIALS_DIRECTORY/<name> for pin_credential */
	const char *pin_credential; /* its name, or NULL */
	const char *certificate;    /* PEM file of the key's certificate; written by the ceremony */
	const char *guard_directory; /* of the guard's state */
	const char *next;            /* configuration of the key that follows this one; or NULL */
	/* Who may say that this key goes on with a log whose own is lost: SubjectPublicKeyInfo in
	 * base64, of keys that sign statements; and how many of them it takes. 0: nobody may. */
	char *const *continuation_operators;
	uint32_t continuation_operator_count, continuation_count;
	uint32_t sessions;    /* PKCS#11 sessions, a thread that signs in each */
	uint32_t deadline_ms; /* for one call into the token, then the process ends itself */
	uint32_t keepalive_s; /* a signature this often when idle; 0: never */
	const struct token_profile *tokens; /* what tokens are made of; `token_count` of them */
	size_t token_count;                 /* 0: none is made */
	const struct summary_profile *summaries; /* the same of summaries */
	size_t summary_count;
};

/* Adds every fault it finds; ERR_CONFIG and *out NULL if there was any. */
enum err hsm_config_load(const char *path, struct faults *faults, struct hsm_config **out) MUST_USE;

/*
 * The same for one who looks for faults further on: with ERR_CONFIG, *out is what could be had,
 * unless the file is no YAML; never to be run with. What is not there, or cannot be read, is NULL,
 * and so is a PIN file with any fault: a token counts wrong PINs.
 */
enum err hsm_config_inspect(
    const char *path, struct faults *faults, struct hsm_config **out) MUST_USE;
void hsm_config_free(struct hsm_config **c);

#endif
