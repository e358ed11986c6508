#include "pkcs11/token/token.h"

#include <errno.h>
#include <libp11.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/module.h"
#include "pkcs11/token/pin_refusal.h"
#include "pkcs11/token/token_state.h"

#define PIN_SIZE_MAX 256 /* bytes; PKCS#11 tokens take far less */

static enum err open_and_login(struct token *t, struct pin_refusal *refusal);
static enum err load(struct token *t);
static enum err find_slot(struct token *t);
static enum err refuse_labels(const struct token *t);
static enum err open_session(struct token *t);
static ck_rv_t probe_session(const struct token *t, ck_flags_t flags);
static enum err login(struct token *t, struct pin_refusal *refusal);
static enum err refuse_login(struct token *t, ck_rv_t rv, struct pin_refusal *refusal);
static enum err read_pin(const char *path, int fd, char pin[PIN_SIZE_MAX], size_t *size);
static bool has_control(const char *pin, size_t size);

enum err
token_open(const struct hsm_config *config, enum token_use use, struct token **out)
{
	struct token *t = calloc(1, sizeof(*t));
	struct pin_refusal refusal;
	enum err e;

	*out = NULL;
	if (t == NULL)
		return ERR_MEMORY;
	t->config = config;
	t->use = use;
	token_deadline_prepare();
	if ((e = pin_refusal_begin(config, use == TOKEN_UNLOCK, &refusal)) == ERR_OK) {
		e = open_and_login(t, &refusal);
		pin_refusal_end(&refusal, e == ERR_OK);
	}
	if (e != ERR_OK) {
		token_close(&t);
		return e;
	}
	*out = t;
	return ERR_OK;
}

/* Each step has the deadline for itself: a network HSM may take seconds to start. */
static enum err
open_and_login(struct token *t, struct pin_refusal *refusal)
{
	enum err e;

	token_call_begin(t);
	if ((e = load(t)) == ERR_OK) {
		token_call_begin(t);
		e = find_slot(t);
	}
	if (e == ERR_OK) {
		token_call_begin(t);
		if ((e = open_session(t)) == ERR_OK)
			e = login(t, refusal);
	}
	token_call_end();
	return e;
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
token_end_setup(struct token *t)
{
	ck_rv_t rv;

	token_call_begin(t);
	rv = t->functions->C_CloseSession(t->session);
	token_call_end();
	if (rv == CKR_OK)
		return ERR_OK;
	complain("token '%s' does not close a session: PKCS#11 error 0x%lx, %s", t->info.label, rv,
	    module_error_text(rv));
	return ERR_TOKEN;
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

struct view
token_key_id(const struct token *t)
{
	return (struct view){t->key->id, t->key->id_len};
}

bool
token_key_is_safe(const struct token_key_attributes *a)
{
	return a->sensitive && a->always_sensitive && !a->extractable && a->never_extractable &&
	       a->local;
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
	if (t->slot == NULL)
		return refuse_labels(t);
	t->slot_id = PKCS11_get_slotid_from_slot(t->slot);
	t->info.label = t->slot->token->label;
	t->info.manufacturer = t->slot->token->manufacturer;
	t->info.model = t->slot->token->model;
	t->info.serial = t->slot->token->serialnr;
	return ERR_OK;
}

static enum err
refuse_labels(const struct token *t)
{
	const char *label = t->config->token_label;
	struct buf found = BUF_INIT;

	for (unsigned i = 0; i < t->slot_count; i++) {
		const PKCS11_TOKEN *token = t->slots[i].token;

		if (token != NULL && token->initialized)
			buf_append_format(&found, " '%s'", token->label);
	}
	complain("%s: expected a token labelled '%s', found%.*s; make it with the vendor's tool: "
		 "softhsm2-util --init-token --free --label '%s', or pkcs11-tool --module %s "
		 "--init-token --slot-index N --label '%s' and then --init-pin, where slot N is "
		 "empty: a token that is in it is erased",
	    t->config->module, label, found.size > 0 ? (int)found.size : 5,
	    found.size > 0 ? (const char *)found.data : " none", label, t->config->module, label);
	buf_free(&found);
	return ERR_NOT_FOUND;
}

/* libp11's pool first: setting its mode closes all sessions, and with the last the login ends. */
static enum err
open_session(struct token *t)
{
	const PKCS11_TOKEN *token = t->slot->token;
	bool write = t->use == TOKEN_CEREMONY && !token->readOnly;
	ck_flags_t flags = CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0);
	ck_rv_t rv;

	if (t->config->sessions < TOKEN_SESSIONS) {
		complain("expected at least %d sessions in the configuration, found %u",
		    TOKEN_SESSIONS, t->config->sessions);
		return ERR_CONFIG;
	}
	if (PKCS11_open_session(t->slot, write ? 1 : 0) != 0) {
		complain_crypto("token '%s' gives no session", t->info.label);
		return ERR_TOKEN;
	}
	rv = t->functions->C_OpenSession(t->slot_id, flags, NULL, NULL, &t->session);
	if (rv == CKR_OK && (rv = probe_session(t, flags)) == CKR_OK)
		return ERR_OK;
	complain("token '%s' gives no session: PKCS#11 error 0x%lx, %s", t->info.label, rv,
	    module_error_text(rv));
	return ERR_TOKEN;
}

/* libp11 opens its session when it needs one, and waits for ever if the token has none left. */
static ck_rv_t
probe_session(const struct token *t, ck_flags_t flags)
{
	ck_session_handle_t session;
	ck_rv_t rv = t->functions->C_OpenSession(t->slot_id, flags, NULL, NULL, &session);

	return rv != CKR_OK ? rv : t->functions->C_CloseSession(session);
}

/* By the module's own call, because libp11 keeps a copy of the PIN. Login counts for both. */
static enum err
login(struct token *t, struct pin_refusal *refusal)
{
	const PKCS11_TOKEN *token = t->slot->token;
	char pin[PIN_SIZE_MAX] = "";
	size_t size;
	ck_rv_t rv;
	enum err e;

	if (t->use == TOKEN_SERVE && token->userPinLocked)
		return pin_refusal_keep(refusal, module_error_text(CKR_PIN_LOCKED));
	if (t->use == TOKEN_SERVE && token->userPinFinalTry)
		return pin_refusal_keep(refusal,
		    "the PIN was wrong too often, here or elsewhere; the "
		    "last try is the operator's, by hallmark-hsm "
		    "unlock");
	(void)mlock(pin, sizeof(pin)); /* not allowed everywhere; the process has no core dumps */
	if ((e = read_pin(t->config->pin_file, refusal->pin_fd, pin, &size)) == ERR_OK) {
		rv = t->functions->C_Login(t->session, CKU_USER, (unsigned char *)pin, size);
		if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
			e = refuse_login(t, rv, refusal);
	}
	OPENSSL_cleanse(pin, sizeof(pin));
	(void)munlock(pin, sizeof(pin));
	return e;
}

/* The PIN, or only this try: a token that is gone or busy comes back by itself. */
static enum err
refuse_login(struct token *t, ck_rv_t rv, struct pin_refusal *refusal)
{
	char why[256];

	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_EXPIRED:
	case CKR_PIN_LOCKED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		snprintf(why, sizeof(why), "PKCS#11 error 0x%lx, %s", rv, module_error_text(rv));
		return pin_refusal_keep(refusal, why);
	default:
		complain("token '%s' does not take a login: PKCS#11 error 0x%lx, %s", t->info.label,
		    rv, module_error_text(rv));
		return ERR_TOKEN;
	}
}

/* The file's content without its last newline. */
static enum err
read_pin(const char *path, int fd, char pin[PIN_SIZE_MAX], size_t *size)
{
	ssize_t got = read(fd, pin, PIN_SIZE_MAX);

	if (got < 0) {
		complain("%s: cannot read the PIN: %s", path, strerror(errno));
		return ERR_IO;
	}
	*size = (size_t)got;
	if (*size > 0 && pin[*size - 1] == '\n')
		(*size)--;
	if (*size > 0 && *size < PIN_SIZE_MAX && !has_control(pin, *size))
		return ERR_OK;
	complain("%s: expected a PIN of 1 to %d bytes on one line, without control characters (an "
		 "editor of Windows ends lines with one)",
	    path, PIN_SIZE_MAX - 1);
	return ERR_CONFIG;
}

/* A wrong PIN costs one of few tries: what cannot be meant is better not tried. */
static bool
has_control(const char *pin, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)pin[i] < ' ' || pin[i] == 0x7f)
			return true;
	return false;
}
