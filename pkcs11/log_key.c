#include "pkcs11/log_key.h"

#include "pkcs11/serve/guard.h"
#include "pkcs11/token/algorithm.h"
#include "pkcs11/token/certificate.h"
#include "pkcs11/token/token.h"
#include "pkcs11/token/verifier_file.h"

static enum err open_key(
    const struct hsm_config *c, enum token_use use, struct token **token, STACK_OF(X509) * *chain);

enum err
log_key_look(struct log_key *s, const struct hsm_config *c, enum token_use use)
{
	struct token *token;
	STACK_OF(X509) * chain;
	struct digest id;
	enum err e = open_key(c, use, &token, &chain);

	s->config = c;
	if (e == ERR_OK)
		e = certificate_append_spki(X509_get0_pubkey(sk_X509_value(chain, 0)), &s->spki);
	if (e == ERR_OK)
		e = certificate_check_order(c->certificate, chain);
	if (e == ERR_OK && !certificate_is_current(c->certificate, chain))
		e = ERR_MISMATCH;
	if (e == ERR_OK && c->ed25519_label != NULL)
		e = verifier_file_find_key(c, token, &s->beside);
	certificate_free_chain(&chain);
	token_close(&token);
	if (e != ERR_OK)
		return e;
	digest_of(s->spki.data, s->spki.size, &id);
	digest_to_hex(&id, s->id);
	s->has_guard = guard_exists(c->guard_directory, c->origin, buf_view(&s->spki));
	return s->has_guard
		   ? guard_read(c->guard_directory, c->origin, buf_view(&s->spki), &s->guard)
		   : ERR_OK;
}

void
log_key_free(struct log_key *s)
{
	buf_free(&s->spki);
	note_verifier_free(&s->beside);
}

enum err
log_key_sign(const struct log_key *s, struct view text, bool first, struct buf *note)
{
	struct token_signer *signer = NULL;
	struct note_verifier *verifier = NULL;
	struct buf signature = BUF_INIT;
	struct token *token;
	STACK_OF(X509) * chain;
	enum err e = open_key(s->config, TOKEN_CEREMONY, &token, &chain);
	EVP_PKEY *key = e == ERR_OK ? X509_get0_pubkey(sk_X509_value(chain, 0)) : NULL;

	if (e == ERR_OK &&
	    (e = note_verifier_new_of(s->config->origin, key,
		 algorithm_of(s->config->algorithm)->scheme, &verifier)) == ERR_OK &&
	    (e = token_signer_new(token, TOKEN_FIRST, key, &signer)) == ERR_OK &&
	    (e = token_sign(signer, text, &signature)) == ERR_OK)
		e = first ? note_write(text, verifier, buf_view(&signature), note)
			  : note_add(verifier, buf_view(&signature), note);
	token_signer_free(&signer);
	note_verifier_free(&verifier);
	buf_free(&signature);
	certificate_free_chain(&chain);
	token_close(&token);
	return e;
}

static enum err
open_key(
    const struct hsm_config *c, enum token_use use, struct token **token, STACK_OF(X509) * *chain)
{
	enum err e = token_open(c, use, token);

	*chain = NULL;
	if (e != ERR_OK || (e = token_find_key(*token, TOKEN_FIRST)) != ERR_OK ||
	    (e = token_refuse_exportable(*token, TOKEN_FIRST)) != ERR_OK ||
	    (e = certificate_read_chain(c->certificate, chain)) != ERR_OK)
		return e;
	return certificate_check_key(
	    c->certificate, sk_X509_value(*chain, 0), token_public_key(*token, TOKEN_FIRST));
}
