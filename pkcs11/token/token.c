#include "pkcs11/token/token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/pin_refusal.h"
#include "pkcs11/token/token_state.h"

#define PIN_SIZE_MAX 256 /* bytes; PKCS#11 tokens take far less */

static enum err open_and_login(struct token *t, struct pin_refusal *refusal);
static enum err load(struct token *t);
static enum err open_session(struct token *t);
static enum err login(struct token *t, struct pin_refusal *refusal);
static enum err refuse_login(struct token *t, ck_rv_t rv, struct pin_refusal *refusal);
static enum err read_pin(const char *path, int fd, char pin[PIN_SIZE_MAX], size_t *size);
static bool has_control(const char *pin, size_t size);

enum err
token_open(const struct hsm_config *config, enum token_use use, struct token **out)
{
	return token_open_after(config, use, NULL, NULL, out);
}

enum err
token_open_after(const struct hsm_config *config, enum token_use use,
    enum err (*before)(void *context), void *context, struct token **out)
{
	struct token *t = calloc(1, sizeof(*t));
	struct pin_refusal refusal;
	enum err e;

	*out = NULL;
	if (t == NULL)
		return ERR_MEMORY;
	t->config = config;
	t->use = use;
	t->key[TOKEN_FIRST].label = config->key_label;
	t->key[TOKEN_FIRST].algorithm = algorithm_of(config->algorithm);
	t->key[TOKEN_ED25519].label = config->ed25519_label;
	t->key[TOKEN_ED25519].algorithm = algorithm_ed25519();
	token_deadline_prepare();
	e = choice_new(config, &t->choice);
	t->key[TOKEN_FIRST].choice = t->choice;
	if (e == ERR_OK &&
	    (e = pin_refusal_begin(config, use == TOKEN_UNLOCK, &refusal)) == ERR_OK) {
		if (before == NULL || (e = before(context)) == ERR_OK)
			e = open_and_login(t, &refusal);
		if (use == TOKEN_DRY_RUN)
			pin_refusal_forget(&refusal);
		pin_refusal_end(&refusal, e == ERR_OK);
	}
	if (e != ERR_OK) {
		token_close(&t);
		return e;
	}
	*out = t;
	return ERR_OK;
}

static enum err
open_and_login(struct token *t, struct pin_refusal *refusal)
{
	enum err e;

	if ((e = load(t)) == ERR_OK && (e = token_find_slot(t)) == ERR_OK &&
	    (e = open_session(t)) == ERR_OK)
		e = login(t, refusal);
	return e;
}

void
token_close(struct token **tp)
{
	struct token *t = *tp;

	if (t == NULL)
		return;
	(void)fflush(stdout); /* whatever the end of the module does to this process */
	for (size_t i = 0; i < TOKEN_KEYS; i++)
		EVP_PKEY_free(t->key[i].public);
	token_shelf_free(&t->shelf);
	if (t->functions != NULL) {
		token_deadline_say(
		    "the PKCS#11 module did not end (C_Finalize) within deadline_ms; "
		    "what was said before was done, and holds");
		(void)TOKEN_CALL(t, C_Finalize, NULL);
		token_deadline_say(NULL);
	}
	choice_free(&t->choice);
	free(t);
	*tp = NULL;
}

const struct token_info *
token_info(const struct token *t)
{
	return &t->info;
}

void
token_end_setup(struct token *t)
{
	t->setup_done = true;
}

EVP_PKEY *
token_public_key(const struct token *t, enum token_which which)
{
	return t->key[which].public;
}

struct view
token_key_id(const struct token *t, enum token_which which)
{
	return (struct view){t->key[which].id, t->key[which].id_size};
}

/* Each step has the deadline for itself: a network HSM may take seconds to start. */
static enum err
load(struct token *t)
{
	struct ck_function_list *functions;
	enum err e;

	token_deadline_say(
	    "the PKCS#11 module did not load within deadline_ms: see whether the file is "
	    "the vendor's, and reads what it reads in time");
	token_call_begin(t);
	e = module_load(t->config->module, &functions);
	token_call_end();
	if (e == ERR_OK) {
		token_deadline_say(
		    "the PKCS#11 module did not start (C_Initialize) within deadline_ms: see "
		    "whether what it needs is there (its daemon, its network), or give it "
		    "longer; a fresh process may find it well again");
		token_call_begin(t);
		if ((e = module_initialize(t->config->module, functions)) == ERR_OK)
			t->functions = functions;
		token_call_end();
	}
	token_deadline_say(NULL);
	return e;
}

static enum err
open_session(struct token *t)
{
	bool write = t->use == TOKEN_CEREMONY && (t->flags & CKF_WRITE_PROTECTED) == 0;
	enum err e = token_open_session(t, write, &t->session);

	t->session_open = e == ERR_OK;
	return e;
}

/* Raw Cryptoki, as libp11 keeps a copy of the PIN. It counts for all sessions of this process. */
static enum err
login(struct token *t, struct pin_refusal *refusal)
{
	const bool leaves_last = t->use == TOKEN_SERVE || t->use == TOKEN_DRY_RUN;
	char pin[PIN_SIZE_MAX] = "";
	size_t size;
	ck_rv_t rv;
	enum err e;

	if (leaves_last && (t->flags & CKF_USER_PIN_LOCKED) != 0)
		return pin_refusal_keep(refusal, failure_text(CKR_PIN_LOCKED));
	if (leaves_last && (t->flags & CKF_USER_PIN_FINAL_TRY) != 0)
		return pin_refusal_keep(refusal,
		    "the PIN was wrong too often, here or elsewhere; the "
		    "last try is the operator's, by hallmark-hsm "
		    "unlock");
	/* Most take the login then, and refuse every call behind it. */
	if ((t->flags & CKF_USER_PIN_TO_BE_CHANGED) != 0)
		return pin_refusal_keep(refusal, failure_text(CKR_PIN_EXPIRED));
	(void)mlock(pin, sizeof(pin)); /* not allowed everywhere; the process has no core dumps */
	if ((e = read_pin(t->config->pin_file, refusal->pin_fd, pin, &size)) == ERR_OK) {
		rv = TOKEN_CALL(t, C_Login, t->session, CKU_USER, (unsigned char *)pin, size);
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
	char why[200];
	enum err e;

	snprintf(why, sizeof(why), "PKCS#11 error 0x%lx, %s", rv, failure_text(rv));
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_EXPIRED:
	case CKR_PIN_LOCKED:
	case CKR_USER_PIN_NOT_INITIALIZED:
		return pin_refusal_keep(refusal, why);
	default:
		if (!failure_spares_pin(rv) && (e = pin_refusal_doubt(refusal, why)) != ERR_OK)
			return e;
		return token_refuse_call(t, FAILURE_LOGIN, "does not take a login", "C_Login", rv);
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
