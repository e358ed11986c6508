#include "pkcs11/ceremony.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/small_file.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/observe.h"
#include "pkcs11/serve/succession.h"
#include "pkcs11/subject.h"
#include "pkcs11/token/certificate.h"
#include "pkcs11/token/token.h"
#include "pkcs11/token/verifier_file.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"
#include "proto/utc.h"

static unsigned check_beside(const struct hsm_config *c, struct token *token);
static enum err open_with_key(const struct hsm_config *c, struct token **token);
static enum err open_with_safe_key(const struct hsm_config *c, struct token **token);
static enum err open_with_certificate(
    const struct hsm_config *c, struct token **token, X509 **certificate);
static enum err write_request(X509_REQ *request, const char *path);
static enum err keep_issued(const struct hsm_config *c, X509 *present, X509 *new);
static enum err install(
    const struct hsm_config *c, struct token *token, const STACK_OF(X509) * chain);
static void show_phase(const struct hsm_config *c, const struct token *token);
static void show_profiles(const struct hsm_config *c);
static unsigned check_key(const struct hsm_config *c, struct token *token, X509 *certificate);
static enum err read_adopted(
    const struct hsm_config *c, X509 *certificate, const char *path, struct guard_state *state);

int
ceremony_csr(const struct hsm_config *c, const char *subject, const char *path)
{
	struct token *token;
	X509_REQ *request = NULL;
	enum err e = open_with_safe_key(c, &token);

	if (e == ERR_OK && (e = subject_make_request(c, subject, token, &request)) == ERR_OK)
		e = write_request(request, path);
	X509_REQ_free(request);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

int
ceremony_self_sign(const struct hsm_config *c, const char *subject, int days)
{
	struct token *token;
	X509 *certificate = NULL;
	STACK_OF(X509) *chain = sk_X509_new_null();
	enum err e = open_with_safe_key(c, &token);

	if (e == ERR_OK &&
	    (e = subject_make_certificate(c, subject, days, token, &certificate)) == ERR_OK)
		e = sk_X509_push(chain, certificate) > 0 ? install(c, token, chain) : ERR_MEMORY;
	certificate_free_chain(&chain);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

int
ceremony_import_certificate(const struct hsm_config *c, const char *path)
{
	struct token *token;
	STACK_OF(X509) *chain = NULL;
	enum err e = open_with_safe_key(c, &token);

	if (e == ERR_OK && (e = certificate_read_chain(path, &chain)) == ERR_OK &&
	    /* Before the key: of a file in another order the first one is another's. */
	    (e = certificate_check_order(path, chain)) == ERR_OK &&
	    (e = certificate_check_key(
		 path, sk_X509_value(chain, 0), token_public_key(token, TOKEN_FIRST))) == ERR_OK &&
	    (e = install(c, token, chain)) == ERR_OK) {
		(void)certificate_is_current(path, chain); /* said, no more */
		if (sk_X509_num(chain) == 1 && X509_check_issued(sk_X509_value(chain, 0),
						   sk_X509_value(chain, 0)) != X509_V_OK)
			printf("note     no CA's certificate is behind it: if there are CAs below "
			       "the root, auditors who name that one need theirs in this file\n");
	}
	certificate_free_chain(&chain);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

int
ceremony_adopt(const struct hsm_config *c, const char *checkpoint)
{
	struct token *token;
	X509 *certificate = NULL;
	struct guard_state state;
	struct buf spki = BUF_INIT;
	enum err e = open_with_certificate(c, &token, &certificate);

	if (e == ERR_OK && (e = read_adopted(c, certificate, checkpoint, &state)) == ERR_OK &&
	    (e = certificate_append_spki(token_public_key(token, TOKEN_FIRST), &spki)) == ERR_OK &&
	    (e = guard_adopt(c->guard_directory, c->origin, buf_view(&spki), &state)) == ERR_OK)
		printf("adopted  a log of size %llu\n", (unsigned long long)state.size);
	buf_free(&spki);
	X509_free(certificate);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

int
ceremony_unlock(const struct hsm_config *c)
{
	struct token *token;
	enum err e = token_open(c, TOKEN_UNLOCK, &token);

	if (e == ERR_OK)
		printf("good     token '%s' takes the PIN; a key process that waits for that goes "
		       "on within a second\n",
		    token_info(token)->name);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

/* `serve` does not begin with a configuration of the next key that it cannot read. */
static unsigned
check_next(const struct hsm_config *c, bool faulty)
{
	struct hsm_config *next = NULL;
	enum err e = faulty ? ERR_NOT_FOUND : succession_load_next(c, &next);

	hsm_config_free(&next);
	return e == ERR_OK || e == ERR_NOT_FOUND ? 0 : 1;
}

int
ceremony_check(const struct hsm_config *c, bool faulty)
{
	/* No PIN is tried where it could not be kept that it was refused. */
	const bool token_known = c->module != NULL && c->token_label != NULL &&
				 c->key_label != NULL && c->pin_file != NULL &&
				 c->guard_directory != NULL;
	struct token *token = NULL;
	STACK_OF(X509) *chain = NULL;
	unsigned bad = faulty ? 1 : 0;

	if (c->certificate != NULL && certificate_read_chain(c->certificate, &chain) != ERR_OK)
		bad++;
	if (chain != NULL && certificate_check_order(c->certificate, chain) != ERR_OK)
		bad++;
	if (chain != NULL && !certificate_is_current(c->certificate, chain))
		bad++;
	if (token_known && open_with_key(c, &token) != ERR_OK)
		bad++;
	else if (token_known)
		bad += check_key(c, token, chain != NULL ? sk_X509_value(chain, 0) : NULL) +
		       ceremony_check_guard(c, token) + check_beside(c, token);
	bad += check_next(c, faulty);
	certificate_free_chain(&chain);
	if (bad == 0) {
		printf("good     key '%s' signs, cannot leave, and has its certificate and guard\n",
		    c->key_label);
		if (c->ed25519_label != NULL)
			printf("good     key '%s' signs, cannot leave, and has its verifier key\n",
			    c->ed25519_label);
		show_phase(c, token);
		show_profiles(c);
	}
	token_close(&token);
	return bad == 0 ? 0 : 1;
}

/* A key that has given way, or waits, is as it should be: said, no more. */
static void
show_phase(const struct hsm_config *c, const struct token *token)
{
	struct guard_state state;
	struct buf spki = BUF_INIT;
	char words[CEREMONY_PHASE_SIZE];

	if (certificate_append_spki(token_public_key(token, TOKEN_FIRST), &spki) == ERR_OK &&
	    guard_read(c->guard_directory, c->origin, buf_view(&spki), &state) == ERR_OK &&
	    state.phase != GUARD_OPEN)
		printf("note     guard: %s\n", ceremony_phase(&state, words));
	buf_free(&spki);
}

const char *
ceremony_phase(const struct guard_state *state, char to[CEREMONY_PHASE_SIZE])
{
	char date[UTC_TEXT_SIZE];

	switch (state->phase) {
	case GUARD_OPEN:
		return "the key signs";
	case GUARD_WAITING:
		return "the key waits to follow the log's, and signs nothing yet";
	case GUARD_CLOSED:
		(void)snprintf(to, CEREMONY_PHASE_SIZE,
		    "the key gave way to another, %s, and signs nothing any more",
		    utc_text(state->closed_s, date));
		return to;
	case GUARD_RETIRED:
		(void)snprintf(to, CEREMONY_PHASE_SIZE,
		    "the key was retired by operators, %s, and signs nothing any more",
		    utc_text(state->closed_s, date));
		return to;
	}
	return "";
}

unsigned
ceremony_check_guard(const struct hsm_config *c, const struct token *token)
{
	struct guard_state state;
	struct buf spki = BUF_INIT;
	enum err e;

	if (c->guard_directory == NULL || c->origin == NULL)
		return 0; /* told, where they are looked at */
	e = certificate_append_spki(token_public_key(token, TOKEN_FIRST), &spki);
	if (e == ERR_OK)
		e = guard_read(c->guard_directory, c->origin, buf_view(&spki), &state);
	if (e == ERR_OK && state.phase == GUARD_RETIRED) {
		complain("key '%s' is retired by operators, since others may have it, and signs "
			 "nothing any more: serve with a key that follows it (doc/operations.md: A "
			 "key that must go at once)",
		    c->key_label);
		e = ERR_GUARD_KEY;
	}
	buf_free(&spki);
	return e == ERR_OK ? 0 : 1;
}

/* What the policy may ask for; all of it is printable. */
static void
show_profiles(const struct hsm_config *c)
{
	for (size_t i = 0; i < c->token_count; i++) {
		const struct token_profile *t = &c->tokens[i];

		for (size_t j = 0; j < t->audience_count; j++)
			printf("profile  '%.*s' gives tokens of %.*s for %.*s, for %u s\n",
			    view_precision(t->name), (const char *)t->name.data,
			    view_precision(t->issuer), (const char *)t->issuer.data,
			    view_precision(t->audiences[j]), (const char *)t->audiences[j].data,
			    t->lifetime_s);
	}
	for (size_t i = 0; i < c->summary_count; i++)
		printf("profile  '%.*s' gives summaries of %.*s\n",
		    view_precision(c->summaries[i].name), (const char *)c->summaries[i].name.data,
		    view_precision(c->summaries[i].verifier),
		    (const char *)c->summaries[i].verifier.data);
}

static unsigned
check_key(const struct hsm_config *c, struct token *token, X509 *certificate)
{
	struct token_signer *signer = NULL;
	struct buf signature = BUF_INIT;
	unsigned bad = token_refuse_exportable(token, TOKEN_FIRST) == ERR_OK ? 0 : 1;

	if (certificate != NULL &&
	    (certificate_check_key(
		 c->certificate, certificate, token_public_key(token, TOKEN_FIRST)) != ERR_OK ||
		token_signer_new(token, TOKEN_FIRST, X509_get0_pubkey(certificate), &signer) !=
		    ERR_OK ||
		token_sign(signer, VIEW_LITERAL(TOKEN_TEST_TEXT), &signature) != ERR_OK))
		bad++;
	token_signer_free(&signer);
	buf_free(&signature);
	return bad;
}

/* token_find_key has had it sign, in a ceremony. */
static unsigned
check_beside(const struct hsm_config *c, struct token *token)
{
	struct note_verifier *verifier = NULL;
	unsigned bad = 0;

	if (c->ed25519_label == NULL)
		return 0;
	if (c->origin != NULL && c->ed25519_verifier != NULL &&
	    verifier_file_read(c->ed25519_verifier, c->origin, &verifier) != ERR_OK)
		bad++;
	if (token_find_key(token, TOKEN_ED25519) != ERR_OK ||
	    token_refuse_exportable(token, TOKEN_ED25519) != ERR_OK ||
	    (verifier != NULL && verifier_file_check_key(c->ed25519_verifier, verifier,
				     token_public_key(token, TOKEN_ED25519)) != ERR_OK))
		bad++;
	note_verifier_free(&verifier);
	return bad;
}

static enum err
open_with_key(const struct hsm_config *c, struct token **token)
{
	enum err e = token_open(c, TOKEN_CEREMONY, token);

	return e == ERR_OK ? token_find_key(*token, TOKEN_FIRST) : e;
}

/* Nobody is asked to vouch for a key that `serve` would refuse. */
static enum err
open_with_safe_key(const struct hsm_config *c, struct token **token)
{
	enum err e = open_with_key(c, token);

	return e == ERR_OK ? token_refuse_exportable(*token, TOKEN_FIRST) : e;
}

static enum err
open_with_certificate(const struct hsm_config *c, struct token **token, X509 **certificate)
{
	enum err e = open_with_safe_key(c, token);

	*certificate = NULL;
	if (e == ERR_OK && (e = certificate_read(c->certificate, certificate)) == ERR_OK)
		e = certificate_check_key(
		    c->certificate, *certificate, token_public_key(*token, TOKEN_FIRST));
	return e;
}

/* NULL: to stdout. */
static enum err
write_request(X509_REQ *request, const char *path)
{
	FILE *out = path != NULL ? fopen(path, "we") : stdout;
	bool good = out != NULL && PEM_write_X509_REQ(out, request) == 1 && fflush(out) == 0;

	if (out != NULL && out != stdout)
		good = fclose(out) == 0 && good;
	if (good)
		return ERR_OK;
	complain(
	    "%s: cannot write the request: %s", path != NULL ? path : "stdout", strerror(errno));
	return ERR_IO;
}

/* What a CA has issued is worth more than what can be made again at any time. */
static enum err
keep_issued(const struct hsm_config *c, X509 *present, X509 *new)
{
	if (X509_self_signed(new, 0) != 1 || X509_self_signed(present, 1) == 1)
		return ERR_OK;
	complain("%s: the certificate was issued by a CA; renew it with csr and import-cert",
	    c->certificate);
	return ERR_MISMATCH;
}

/* To the file, which counts, and to the token. A certificate of another key is not overwritten. */
static enum err
install(const struct hsm_config *c, struct token *token, const STACK_OF(X509) * chain)
{
	X509 *present = NULL;
	enum err e = ERR_OK;

	if (access(c->certificate, F_OK) == 0 &&
	    ((e = certificate_read(c->certificate, &present)) != ERR_OK ||
		(e = certificate_check_key(
		     c->certificate, present, token_public_key(token, TOKEN_FIRST))) != ERR_OK ||
		(e = keep_issued(c, present, sk_X509_value(chain, 0))) != ERR_OK))
		complain("%s is not overwritten; move it away if it is not needed any more",
		    c->certificate);
	X509_free(present);
	if (e != ERR_OK || (e = certificate_write(c->certificate, chain)) != ERR_OK)
		return e;
	printf("written  %s\n", c->certificate);
	if (token_store_certificate(token, sk_X509_value(chain, 0)) == ERR_OK)
		printf("stored   on token '%s'\n", token_info(token)->name);
	return ERR_OK;
}

/* The checkpoint counts only if this key signed it, for this log. */
static enum err
read_adopted(
    const struct hsm_config *c, X509 *certificate, const char *path, struct guard_state *state)
{
	struct note_verifier *verifier = NULL, *beside = NULL;
	struct buf bytes = BUF_INIT;
	struct checkpoint checkpoint;
	enum err e = note_verifier_new(c->origin, X509_get0_pubkey(certificate), &verifier);

	if (e == ERR_OK && c->ed25519_verifier != NULL)
		e = verifier_file_read(c->ed25519_verifier, c->origin, &beside);
	if (e == ERR_OK && (e = small_file_read(path, NOTE_SIZE_MAX, &bytes)) == ERR_OK &&
	    (e = observe_note(buf_view(&bytes), verifier, beside, &checkpoint)) != ERR_OK)
		complain("%s: expected a checkpoint of %s signed by this key: %s", path, c->origin,
		    err_text(e));
	if (e == ERR_OK)
		*state = (struct guard_state){.size = checkpoint.size, .root = checkpoint.root};
	buf_free(&bytes);
	note_verifier_free(&verifier);
	note_verifier_free(&beside);
	return e;
}
