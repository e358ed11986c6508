#include "pkcs11/token.h"

#include <errno.h>
#include <fcntl.h>
#include <libp11.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "pkcs11/complain.h"
#include "pkcs11/module.h"
#include "pkcs11/token_state.h"

#define PIN_SIZE_MAX  256 /* bytes; PKCS#11 tokens take far less */
#define RAW_HALF_SIZE 32  /* bytes of r, and of s */

static enum err load(struct token *t);
static enum err find_slot(struct token *t);
static enum err login(struct token *t);
static enum err read_pin(const char *path, char pin[PIN_SIZE_MAX]);
static enum err sign_digest(struct token *t, const struct digest *digest, struct buf *out);
static enum err ecdsa_to_raw(const uint8_t *der, size_t size, struct buf *raw);
static enum err verify(EVP_PKEY *key, struct view bytes, struct view signature);

enum err
token_open(const struct hsm_config *config, struct token **out)
{
	struct token *t = calloc(1, sizeof(*t));
	enum err e;

	*out = NULL;
	if (t == NULL)
		return ERR_MEMORY;
	t->config = config;
	signal(SIGPIPE, SIG_IGN); /* a module's transport that is gone must not end us silently */
	signal(SIGALRM, SIG_DFL);
	token_call_begin(t);
	if ((e = load(t)) == ERR_OK && (e = find_slot(t)) == ERR_OK)
		e = login(t);
	token_call_end();
	if (e != ERR_OK) {
		token_close(&t);
		return e;
	}
	*out = t;
	return ERR_OK;
}

void
token_close(struct token **tp)
{
	struct token *t = *tp;

	if (t == NULL)
		return;
	token_call_begin(t);
	EVP_PKEY_free(t->private_key);
	EVP_PKEY_free(t->public_key);
	if (t->slots != NULL)
		PKCS11_release_all_slots(t->context, t->slots, t->slot_count);
	if (t->context != NULL) {
		if (t->loaded)
			PKCS11_CTX_unload(t->context);
		PKCS11_CTX_free(t->context);
	}
	token_call_end();
	free(t);
	*tp = NULL;
}

const struct token_info *
token_info(const struct token *t)
{
	return &t->info;
}

enum err
token_find_key(struct token *t)
{
	PKCS11_KEY *keys = NULL, *found = NULL;
	unsigned count = 0;
	enum err e = ERR_OK;

	token_call_begin(t);
	if (PKCS11_enumerate_keys(t->slot->token, &keys, &count) != 0) {
		complain_crypto("token '%s': cannot list its keys", t->config->token_label);
		e = ERR_TOKEN;
	}
	for (unsigned i = 0; i < count && e == ERR_OK; i++) {
		if (keys[i].label == NULL || strcmp(keys[i].label, t->config->key_label) != 0)
			continue;
		if (found != NULL)
			e = ERR_MISMATCH;
		found = &keys[i];
	}
	if (e == ERR_MISMATCH)
		complain("token '%s' has several private keys '%s'; remove or rename all but one",
		    t->config->token_label, t->config->key_label);
	else if (e == ERR_OK && found == NULL) {
		complain(
		    "token '%s' has no private key '%s' (of %u that can be listed; an Ed25519 key "
		    "hides the others); make one with: hallmark-hsm init",
		    t->config->token_label, t->config->key_label, count);
		e = ERR_NOT_FOUND;
	}
	if (e == ERR_OK && ((t->private_key = PKCS11_get_private_key(found)) == NULL ||
			       (t->public_key = PKCS11_get_public_key(found)) == NULL)) {
		complain_crypto("key '%s': cannot be used", t->config->key_label);
		e = ERR_TOKEN;
	}
	token_call_end();
	if (e == ERR_OK)
		t->ecdsa = EVP_PKEY_base_id(t->private_key) == EVP_PKEY_EC;
	if (e == ERR_OK && t->ecdsa != (t->config->algorithm == HSM_P256)) {
		complain("key '%s' is %s; the configuration's algorithm says otherwise",
		    t->config->key_label, t->ecdsa ? "an EC key" : "an RSA key");
		e = ERR_MISMATCH;
	}
	return e;
}

EVP_PKEY *
token_public_key(const struct token *t)
{
	return t->public_key;
}

EVP_PKEY *
token_private_key(const struct token *t)
{
	return t->private_key;
}

enum err
token_sign(struct token *t, EVP_PKEY *certificate_key, struct view bytes, struct buf *signature)
{
	struct buf made = BUF_INIT;
	struct digest digest;
	size_t before = signature->size;
	enum err e;

	digest_of(bytes.data, bytes.size, &digest);
	token_call_begin(t);
	e = sign_digest(t, &digest, &made);
	token_call_end();
	if (e == ERR_OK && (e = verify(certificate_key, bytes, buf_view(&made))) != ERR_OK)
		complain(
		    "key '%s' made a signature that its certificate does not verify; the token may "
		    "have been reset or replaced",
		    t->config->key_label);
	if (e == ERR_OK && t->ecdsa)
		e = ecdsa_to_raw(made.data, made.size, signature);
	else if (e == ERR_OK)
		buf_append_view(signature, buf_view(&made));
	if (e == ERR_OK)
		e = buf_status(signature);
	if (e != ERR_OK)
		signature->size = before;
	buf_free(&made);
	return e;
}

enum err
token_store_certificate(struct token *t, X509 *certificate)
{
	enum err e = ERR_OK;

	token_call_begin(t);
	if (PKCS11_store_certificate(
		t->slot->token, certificate, (char *)t->config->key_label, NULL, 0, NULL) != 0) {
		complain_crypto("token '%s': cannot store the certificate", t->config->token_label);
		e = ERR_TOKEN;
	}
	token_call_end();
	return e;
}

void
token_call_begin(const struct token *t)
{
	struct itimerval timer = {.it_value = {.tv_sec = t->config->deadline_ms / 1000,
				      .tv_usec = t->config->deadline_ms % 1000 * 1000}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

void
token_call_end(void)
{
	struct itimerval none = {.it_value = {0, 0}};

	setitimer(ITIMER_REAL, &none, NULL);
}

static enum err
load(struct token *t)
{
	if ((t->context = PKCS11_CTX_new()) == NULL)
		return ERR_MEMORY;
	if (PKCS11_CTX_load(t->context, t->config->module) != 0) {
		complain_crypto("%s: cannot load the PKCS#11 module", t->config->module);
		return ERR_TOKEN;
	}
	t->loaded = true;
	return module_functions(t->config->module, &t->functions);
}

static enum err
find_slot(struct token *t)
{
	if (PKCS11_enumerate_slots(t->context, &t->slots, &t->slot_count) != 0) {
		complain_crypto("%s: cannot list its slots", t->config->module);
		return ERR_TOKEN;
	}
	for (unsigned i = 0; i < t->slot_count; i++) {
		PKCS11_TOKEN *token = t->slots[i].token;

		if (token == NULL || token->label == NULL ||
		    strcmp(token->label, t->config->token_label) != 0)
			continue;
		if (t->slot != NULL) {
			complain("several tokens are labelled '%s'; give them different labels",
			    t->config->token_label);
			return ERR_MISMATCH;
		}
		t->slot = &t->slots[i];
	}
	if (t->slot == NULL) {
		complain(
		    "%s: expected a token labelled '%s' in %u slots, found none; make it with the "
		    "vendor's tool (softhsm2-util --init-token --free --label '%s')",
		    t->config->module, t->config->token_label, t->slot_count,
		    t->config->token_label);
		return ERR_NOT_FOUND;
	}
	t->info.label = t->slot->token->label;
	t->info.manufacturer = t->slot->token->manufacturer;
	t->info.model = t->slot->token->model;
	t->info.serial = t->slot->token->serialnr;
	return module_slot(t->functions, t->info.serial, t->info.label, &t->slot_id);
}

static enum err
login(struct token *t)
{
	char pin[PIN_SIZE_MAX] = "";
	enum err e;

	(void)mlock(pin, sizeof(pin)); /* not allowed everywhere; the process has no core dumps */
	if ((e = read_pin(t->config->pin_file, pin)) == ERR_OK &&
	    (PKCS11_open_session(t->slot, 1) != 0 || PKCS11_login(t->slot, 0, pin) != 0)) {
		complain_crypto("token '%s': login failed; check the PIN in %s",
		    t->config->token_label, t->config->pin_file);
		e = ERR_TOKEN;
	}
	OPENSSL_cleanse(pin, sizeof(pin));
	(void)munlock(pin, sizeof(pin));
	return e;
}

/* The file's content without its last newline. */
static enum err
read_pin(const char *path, char pin[PIN_SIZE_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd >= 0 ? read(fd, pin, PIN_SIZE_MAX) : -1;

	if (size < 0)
		complain("%s: cannot read the PIN: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (size > 0 && pin[size - 1] == '\n')
		size--;
	if (size < 0)
		return ERR_IO;
	if (size == 0 || size == PIN_SIZE_MAX || memchr(pin, '\0', (size_t)size) != NULL) {
		complain("%s: expected a PIN of 1 to %d bytes on one line", path, PIN_SIZE_MAX - 1);
		return ERR_CONFIG;
	}
	pin[size] = '\0';
	return ERR_OK;
}

static enum err
sign_digest(struct token *t, const struct digest *digest, struct buf *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(t->private_key, NULL);
	size_t size = 0;
	uint8_t *room;
	enum err e = ERR_TOKEN;

	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    (t->ecdsa || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	    EVP_PKEY_sign(ctx, NULL, &size, digest->bytes, DIGEST_SIZE) == 1 &&
	    (room = buf_reserve(out, size)) != NULL &&
	    EVP_PKEY_sign(ctx, room, &size, digest->bytes, DIGEST_SIZE) == 1) {
		out->size += size;
		e = ERR_OK;
	} else {
		complain_crypto("key '%s': the token does not sign", t->config->key_label);
	}
	EVP_PKEY_CTX_free(ctx);
	return e;
}

static enum err
ecdsa_to_raw(const uint8_t *der, size_t size, struct buf *raw)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
	uint8_t *room = buf_reserve(raw, 2 * RAW_HALF_SIZE);
	enum err e = ERR_TOKEN;

	if (signature != NULL && room != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), room, RAW_HALF_SIZE) == RAW_HALF_SIZE &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), room + RAW_HALF_SIZE, RAW_HALF_SIZE) ==
		RAW_HALF_SIZE) {
		raw->size += 2 * RAW_HALF_SIZE;
		e = ERR_OK;
	}
	ECDSA_SIG_free(signature);
	return e;
}

static enum err
verify(EVP_PKEY *key, struct view bytes, struct view signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_KEY_MISMATCH;

	if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, signature.data, signature.size, bytes.data, bytes.size) == 1)
		e = ERR_OK;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return e;
}
