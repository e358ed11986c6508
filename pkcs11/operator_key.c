#include "pkcs11/operator_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/pass_phrase.h"
#include "config/yaml_check.h"
#include "pkcs11/ground/complain.h"
#include "pkcs11/token/certificate.h"
#include "pkcs11/token/token.h"

#define FILE_SIZE_MAX 65536 /* bytes of a PEM file: an RSA key of 8,192 bits takes 6,500 */

struct operator_key {
	struct statement_key *public;
	EVP_PKEY *private; /* of a file; NULL: on the token */
	struct hsm_config config;
	struct token *token;
	struct token_signer *signer;
};

static enum err read_file(const char *path, bool secret, struct buf *to);
static enum err read_private(const char *path, struct view pem, EVP_PKEY **out);
static enum err take_public(const char *what, EVP_PKEY *key, struct statement_key **out);
static enum err refuse_log_key(const struct hsm_config *config, const struct operator_key *k);
static enum err sign_by_file(struct operator_key *k, struct view message, struct buf *to);

enum err
operator_key_open_file(const char *path, struct operator_key **out)
{
	struct operator_key *k = calloc(1, sizeof(*k));
	struct buf pem = BUF_INIT;
	enum err e = k != NULL ? ERR_OK : ERR_MEMORY;

	*out = NULL;
	if (e == ERR_OK && (e = read_file(path, true, &pem)) == ERR_OK &&
	    (e = read_private(path, buf_view(&pem), &k->private)) == ERR_OK)
		e = take_public(path, k->private, &k->public);
	if (pem.data != NULL)
		OPENSSL_cleanse(pem.data, pem.capacity);
	buf_free(&pem);
	if (e == ERR_OK)
		*out = k;
	else
		operator_key_free(&k);
	return e;
}

enum err
operator_key_open_token(
    const struct hsm_config *config, const char *label, struct operator_key **out)
{
	struct operator_key *k;
	enum err e;

	*out = NULL;
	if (strcmp(label, config->key_label) == 0) {
		complain("--token-key: '%s' is the log's own key, which signs no statements: "
			 "expected an operator's",
		    label);
		return ERR_CONFIG;
	}
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return ERR_MEMORY;
	k->config = *config;
	k->config.key_label = label;
	k->config.key_uri = NULL;
	if ((e = token_open(&k->config, TOKEN_STATEMENT, &k->token)) == ERR_OK &&
	    (e = token_find_key(k->token, TOKEN_FIRST)) == ERR_OK &&
	    (e = take_public(label, token_public_key(k->token, TOKEN_FIRST), &k->public)) ==
		ERR_OK &&
	    (e = refuse_log_key(config, k)) == ERR_OK)
		e = token_signer_new(
		    k->token, TOKEN_FIRST, token_public_key(k->token, TOKEN_FIRST), &k->signer);
	if (e == ERR_OK)
		*out = k;
	else
		operator_key_free(&k);
	return e;
}

enum err
operator_key_open(const char *path, const char *config_path, const char *label,
    struct hsm_config **config, struct operator_key **out)
{
	struct faults faults = FAULTS_INIT;
	enum err e;

	*out = NULL;
	if (path != NULL)
		return operator_key_open_file(path, out);
	e = hsm_config_load(config_path, &faults, config);
	faults_print(&faults, stderr);
	faults_free(&faults);
	return e == ERR_OK ? operator_key_open_token(*config, label, out) : e;
}

void
operator_key_free(struct operator_key **k)
{
	if (*k == NULL)
		return;
	token_signer_free(&(*k)->signer);
	statement_key_free(&(*k)->public);
	token_close(&(*k)->token);
	EVP_PKEY_free((*k)->private);
	free(*k);
	*k = NULL;
}

const struct statement_key *
operator_key_public(const struct operator_key *k)
{
	return k->public;
}

enum err
operator_key_sign(struct operator_key *k, struct view message, struct buf *to)
{
	return k->private != NULL ? sign_by_file(k, message, to)
				  : token_sign(k->signer, message, to);
}

enum err
operator_key_of_certificate(const char *path, struct statement_key **out)
{
	X509 *certificate;
	enum err e = certificate_read(path, &certificate);

	*out = NULL;
	if (e == ERR_OK)
		e = take_public(path, X509_get0_pubkey(certificate), out);
	X509_free(certificate);
	return e;
}

enum err
operator_key_of_file(const char *path, struct statement_key **out)
{
	struct operator_key *k = NULL;
	struct buf pem = BUF_INIT;
	EVP_PKEY *key = NULL;
	bool asked = false; /* the private key's reader says what that means */
	BIO *bio = NULL;
	enum err e = read_file(path, false, &pem);

	*out = NULL;
	if (e == ERR_OK && (bio = BIO_new_mem_buf(pem.data, (int)pem.size)) != NULL)
		key = PEM_read_bio_PUBKEY(bio, NULL, pass_phrase_refuse, &asked);
	ERR_clear_error();
	BIO_free(bio);
	if (pem.data != NULL)
		OPENSSL_cleanse(pem.data, pem.capacity);
	buf_free(&pem);
	if (e != ERR_OK)
		return e;
	if (key != NULL) {
		e = take_public(path, key, out);
	} else if ((e = operator_key_open_file(path, &k)) == ERR_OK) {
		*out = k->public;
		k->public = NULL; /* moved */
	}
	EVP_PKEY_free(key);
	operator_key_free(&k);
	return e;
}

static enum err
read_file(const char *path, bool secret, struct buf *to)
{
	struct faults faults = FAULTS_INIT;
	enum err e = ERR_CONFIG;

	if (!secret || yaml_check_secret(path, 0, "--key", path, &faults))
		e = yaml_read_file(path, 0, NULL, path, FILE_SIZE_MAX, &faults, to);
	for (size_t i = 0; i < faults.count; i++)
		complain("%s: %s", faults.fault[i].file, faults.fault[i].text);
	faults_free(&faults);
	return e;
}

static enum err
read_private(const char *path, struct view pem, EVP_PKEY **out)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	bool asked = false;

	if (bio != NULL)
		*out = PEM_read_bio_PrivateKey(bio, NULL, pass_phrase_refuse, &asked);
	BIO_free(bio);
	if (*out != NULL)
		return ERR_OK;
	ERR_clear_error();
	complain("%s: expected a private key in PEM, found %s", path,
	    asked ? "a key behind a pass phrase, which nobody is asked for here: write it without "
		    "one (openssl pkey) to a file that only you can read"
		  : "none");
	return ERR_CONFIG;
}

static enum err
take_public(const char *what, EVP_PKEY *key, struct statement_key **out)
{
	enum err e = ERR_UNSUPPORTED;

	*out = NULL;
	if (key != NULL)
		e = statement_key_from_held(key, out);
	if (e == ERR_UNSUPPORTED)
		complain("%s: expected a key of ECDSA on P-256 or P-384, Ed25519, or RSA of %d to "
			 "%d bits, found another",
		    what, STATEMENT_RSA_BITS_MIN, STATEMENT_RSA_BITS_MAX);
	else if (e != ERR_OK)
		complain("%s: %s", what, err_text(e));
	return e;
}

/* A key may have two labels; the log's certificate, where it is, says which is its. */
static enum err
refuse_log_key(const struct hsm_config *config, const struct operator_key *k)
{
	X509 *certificate = NULL;
	bool same;
	enum err e = token_is_key_of(k->token, config, &same);

	if (e == ERR_OK && !same && access(config->certificate, F_OK) == 0 &&
	    (e = certificate_read(config->certificate, &certificate)) == ERR_OK)
		same = EVP_PKEY_eq(X509_get0_pubkey(certificate),
			   token_public_key(k->token, TOKEN_FIRST)) == 1;
	X509_free(certificate);
	if (same) {
		complain("--token-key: '%s' is the log's own key under another label; it signs no "
			 "statements: expected an operator's",
		    k->config.key_label);
		e = ERR_CONFIG;
	}
	return e;
}

static enum err
sign_by_file(struct operator_key *k, struct view message, struct buf *to)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = 0;
	uint8_t *room;
	enum err e = ERR_CRYPTO;

	if (ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, statement_key_hash(k->public), NULL, k->private) == 1 &&
	    EVP_DigestSign(ctx, NULL, &size, message.data, message.size) == 1 &&
	    (room = buf_reserve(to, size)) != NULL &&
	    EVP_DigestSign(ctx, room, &size, message.data, message.size) == 1) {
		to->size += size;
		e = ERR_OK;
	} else {
		complain_crypto("the key does not sign");
	}
	EVP_MD_CTX_free(ctx);
	return e;
}
