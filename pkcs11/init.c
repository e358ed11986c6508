#include "pkcs11/init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ceremony.h"
#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/token/certificate.h"
#include "pkcs11/token/token.h"
#include "pkcs11/token/verifier_file.h"
#include "proto/tlog/note.h"

static enum err init_new(const struct hsm_config *c, struct token *token, bool made[TOKEN_KEYS]);
static enum err init_existing(
    const struct hsm_config *c, struct token *token, bool made[TOKEN_KEYS]);
static enum err dry_run(
    const struct hsm_config *c, const struct init_options *o, struct token *token);
static enum err would_take(const struct hsm_config *c, struct token *token);
static enum err would_make_beside(const struct hsm_config *c, struct token *token, bool is_next);
static enum err check_place(const char *path);
static enum err make_first(const struct hsm_config *c, struct token *token);
static enum err refuse_used(const struct hsm_config *c);
static void told(const struct token_key_attributes *a);
static void decided(const struct token_key_attributes *a, unsigned attribute, const char *what);
static enum err find_old(const struct hsm_config *c, struct token *token);
static enum err find_safe(struct token *token, struct token_key_attributes *a);
static enum err take_beside(
    const struct hsm_config *c, struct token *token, bool is_next, bool *made);
static enum err find_beside(
    const struct hsm_config *c, struct token *token, bool is_next, bool *found);
static enum err check_beside(const struct hsm_config *c, struct token *token, bool *there);
static enum err make_beside(const struct hsm_config *c, struct token *token, bool *made);
static enum err make_guard(const struct hsm_config *c, struct token *token);

int
init_run(const struct hsm_config *c, const struct init_options *o)
{
	struct transcript *transcript = NULL;
	struct token *token = NULL;
	bool made[TOKEN_KEYS] = {false, false};
	enum err e = o->existing ? refuse_used(c) : ERR_OK;

	if (e == ERR_OK &&
	    (e = transcript_begin(&o->transcript, o->dry_run, &transcript)) == ERR_OK)
		e = token_open(c, o->dry_run ? TOKEN_DRY_RUN : TOKEN_CEREMONY, &token);
	if (e == ERR_OK && o->dry_run)
		e = dry_run(c, o, token);
	else if (e == ERR_OK &&
		 (e = o->existing ? init_existing(c, token, made) : init_new(c, token, made)) ==
		     ERR_OK &&
		 (e = transcript_write(transcript, c, token, made, true)) != ERR_OK)
		complain("all was made but the transcript: hallmark-hsm show --transcript");
	transcript_free(&transcript);
	token_close(&token);
	return e == ERR_OK ? 0 : 1;
}

static enum err
init_new(const struct hsm_config *c, struct token *token, bool made[TOKEN_KEYS])
{
	bool there = false;
	enum err e = ERR_OK;

	/* A log that has its first key gets the second one alone. */
	if (c->ed25519_label != NULL)
		e = token_has_key(token, TOKEN_FIRST, &there);
	if (e == ERR_OK)
		e = there ? find_old(c, token) : make_first(c, token);
	made[TOKEN_FIRST] = e == ERR_OK && !there;
	if (e == ERR_OK && c->ed25519_label != NULL)
		e = take_beside(c, token, !there, &made[TOKEN_ED25519]);
	if (e == ERR_OK && !there)
		printf("next     hallmark-hsm self-sign, or csr and import-cert\n");
	return e;
}

static enum err
make_first(const struct hsm_config *c, struct token *token)
{
	struct token_key_attributes a;
	enum err e = token_generate(token, TOKEN_FIRST);

	if (e != ERR_OK)
		return e;
	if ((e = token_find_key(token, TOKEN_FIRST)) != ERR_OK ||
	    (e = token_key_attributes(token, TOKEN_FIRST, &a)) != ERR_OK ||
	    (e = make_guard(c, token)) != ERR_OK) {
		complain("the key '%s' was made, the rest failed; it has signed nothing: remove it "
			 "with the vendor's tool, mend the cause, and run init again",
		    c->key_label);
		return e;
	}
	printf("made     key '%s' on token '%s', for the log %s\n"
	       "guard    %s\n",
	    c->key_label, token_info(token)->name, c->origin, c->guard_directory);
	if (token_key_is_safe(&a))
		return ERR_OK;
	complain("the token does not say that key '%s' cannot leave it; it will not be "
		 "served: see hallmark-hsm show",
	    c->key_label);
	return ERR_KEY_EXPORTABLE;
}

static enum err
init_existing(const struct hsm_config *c, struct token *token, bool made[TOKEN_KEYS])
{
	struct token_key_attributes a;
	enum err e = find_safe(token, &a);

	if (e == ERR_OK && (e = make_guard(c, token)) == ERR_OK) {
		printf("taken    key '%s' on token '%s', for the log %s\n", c->key_label,
		    token_info(token)->name, c->origin);
		told(&a);
		printf("guard    %s\n", c->guard_directory);
	}
	if (e == ERR_OK && c->ed25519_label != NULL)
		e = take_beside(c, token, true, &made[TOKEN_ED25519]);
	if (e == ERR_OK)
		printf("next     hallmark-hsm self-sign, or csr and import-cert\n");
	return e;
}

/* Whether all of it would go, in the order in which it would be made. */
static enum err
dry_run(const struct hsm_config *c, const struct init_options *o, struct token *token)
{
	const struct token_info *info = token_info(token);
	bool there = false;
	enum err e = ERR_OK;

	printf("good         token '%s' (%s %s, serial %s, firmware %s) takes the PIN\n",
	    info->name, info->manufacturer, info->model, info->serial, info->firmware);
	if (!o->existing && c->ed25519_label != NULL)
		e = token_has_key(token, TOKEN_FIRST, &there);
	if (e == ERR_OK && o->existing) {
		e = would_take(c, token);
	} else if (e == ERR_OK && there) {
		if ((e = find_old(c, token)) == ERR_OK)
			printf(
			    "good         key '%s' is there, with its guard; it stays as it is\n",
			    c->key_label);
	} else if (e == ERR_OK && (e = token_check_generates(token, TOKEN_FIRST)) == ERR_OK) {
		printf("would make   key '%s', %s, on token '%s', for the log %s\n", c->key_label,
		    algorithm_of(c->algorithm)->type, info->name, c->origin);
	}
	if (e == ERR_OK && !there && (e = check_place(c->guard_directory)) == ERR_OK)
		printf(
		    "would make   the guard's state of an empty log in %s\n", c->guard_directory);
	if (e == ERR_OK && c->ed25519_label != NULL)
		e = would_make_beside(c, token, !there);
	if (e == ERR_OK && o->transcript.path != NULL)
		printf("would write  %s\n", o->transcript.path);
	if (e == ERR_OK)
		printf("changed      nothing\n");
	return e;
}

static enum err
would_take(const struct hsm_config *c, struct token *token)
{
	struct token_key_attributes a;
	struct buf spki = BUF_INIT;
	enum err e = find_safe(token, &a);

	if (e == ERR_OK)
		e = certificate_append_spki(token_public_key(token, TOKEN_FIRST), &spki);
	if (e == ERR_OK && guard_exists(c->guard_directory, c->origin, buf_view(&spki))) {
		complain(
		    "%s: there is a guard's state of key '%s' for this log: it has a log already",
		    c->guard_directory, c->key_label);
		e = ERR_MISMATCH;
	}
	if (e == ERR_OK) {
		printf("would take   key '%s' on token '%s', for the log %s\n", c->key_label,
		    token_info(token)->name, c->origin);
		told(&a);
	}
	buf_free(&spki);
	return e;
}

static enum err
would_make_beside(const struct hsm_config *c, struct token *token, bool is_next)
{
	bool there;
	char *directory;
	enum err e = find_beside(c, token, is_next, &there);

	if (e == ERR_OK && there)
		printf("good         key '%s' is there, as %s has it; it stays beside this one\n",
		    c->ed25519_label, c->ed25519_verifier);
	if (e != ERR_OK || there)
		return e;
	e = check_beside(c, token, &there);
	if (e == ERR_OK && there) {
		if ((e = token_find_key(token, TOKEN_ED25519)) == ERR_OK &&
		    (e = token_refuse_exportable(token, TOKEN_ED25519)) == ERR_OK)
			printf("good         key '%s' is there; it stays as it is\n",
			    c->ed25519_label);
	} else if (e == ERR_OK && (e = token_check_generates(token, TOKEN_ED25519)) == ERR_OK) {
		printf("would make   key '%s', %s, beside it\n", c->ed25519_label,
		    algorithm_ed25519()->type);
	}
	if (e != ERR_OK)
		return e;
	if ((directory = strdup(c->ed25519_verifier)) == NULL)
		return ERR_MEMORY;
	*strrchr(directory, '/') = '\0'; /* paths of a configuration are absolute */
	if ((e = check_place(directory[0] != '\0' ? directory : "/")) == ERR_OK)
		printf("would write  %s\n", c->ed25519_verifier);
	free(directory);
	return e;
}

/* In a directory that this user may not write to nothing would be made. */
static enum err
check_place(const char *directory)
{
	if (access(directory, W_OK | X_OK) == 0)
		return ERR_OK;
	complain("%s: nothing can be made in this directory: %s", directory, strerror(errno));
	return ERR_IO;
}

static enum err
find_safe(struct token *token, struct token_key_attributes *a)
{
	enum err e = token_find_key(token, TOKEN_FIRST);

	if (e == ERR_OK && (e = token_refuse_exportable(token, TOKEN_FIRST)) == ERR_OK)
		e = token_key_attributes(token, TOKEN_FIRST, a);
	return e;
}

/* What holds of a key that was made elsewhere, and who says it. */
static void
told(const struct token_key_attributes *a)
{
	printf("told     by the token: it is sensitive and not extractable\n");
	decided(a, HSM_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE, it always was sensitive");
	decided(a, HSM_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE, it never was extractable");
	decided(a, HSM_LOCAL, "CKA_LOCAL, it was made on the token");
	printf("decided  by the operator: it has signed no log yet\n");
}

/* Who lost a guard would make one here that lets a fork be signed. */
static enum err
refuse_used(const struct hsm_config *c)
{
	if (access(c->certificate, F_OK) != 0)
		return ERR_OK;
	complain(
	    "%s: there is a certificate, so the key may have signed a log: if it has, `adopt` goes "
	    "on "
	    "from the newest checkpoint of that; if it has signed none, move the certificate away",
	    c->certificate);
	return ERR_MISMATCH;
}

/* Who says it, for whoever reads the record of the ceremony. */
static void
decided(const struct token_key_attributes *a, unsigned attribute, const char *what)
{
	if ((a->vouched & attribute) != 0)
		printf("decided  by the operator, since the token does not tell: %s\n", what);
	else
		printf("told     by the token: %s\n", what);
}

static enum err
find_old(const struct hsm_config *c, struct token *token)
{
	enum err e = token_find_key(token, TOKEN_FIRST);

	return e == ERR_OK && ceremony_check_guard(c, token) > 0 ? ERR_IO : e;
}

/* `is_next`: the first key is new, and so perhaps the next of a log. */
static enum err
take_beside(const struct hsm_config *c, struct token *token, bool is_next, bool *made)
{
	bool found;
	enum err e = find_beside(c, token, is_next, &found);

	if (e == ERR_OK && found)
		printf("kept     key '%s' beside it, as %s has it\n", c->ed25519_label,
		    c->ed25519_verifier);
	return e != ERR_OK || found ? e : make_beside(c, token, made);
}

/* Beside the next key of a log may be the Ed25519 key that it has: with its verifier key. */
static enum err
find_beside(const struct hsm_config *c, struct token *token, bool is_next, bool *found)
{
	struct note_verifier *verifier = NULL;
	enum err e = ERR_OK;

	*found = false;
	if (is_next && access(c->ed25519_verifier, F_OK) == 0)
		e = token_has_key(token, TOKEN_ED25519, found);
	if (e == ERR_OK && *found)
		e = verifier_file_find_key(c, token, &verifier);
	note_verifier_free(&verifier);
	return e;
}

/* What would be in the way of the Ed25519 key; `there`: the token has it already. */
static enum err
check_beside(const struct hsm_config *c, struct token *token, bool *there)
{
	const char *path = c->ed25519_verifier;
	enum err e = token_has_key(token, TOKEN_ED25519, there);

	if (e == ERR_OK && access(path, F_OK) == 0) {
		complain(
		    *there ? "key '%s' and %s are there already; nothing is overwritten"
			   : "there is no key '%s' on the token, and %s is of one: a log keeps its "
			     "verifier key; move that file away if it is not needed any more",
		    c->ed25519_label, path);
		e = ERR_MISMATCH;
	}
	return e;
}

/* Its verifier key is written again where it was lost, and is never another key's. */
static enum err
make_beside(const struct hsm_config *c, struct token *token, bool *made)
{
	const char *path = c->ed25519_verifier;
	struct note_verifier *verifier = NULL;
	bool there;
	enum err e = check_beside(c, token, &there);

	if (e != ERR_OK)
		return e;
	if (!there && (e = token_generate(token, TOKEN_ED25519)) == ERR_OK) {
		*made = true;
		printf("made     key '%s' on token '%s', beside it\n", c->ed25519_label,
		    token_info(token)->name);
	}
	if (e == ERR_OK && (e = token_find_key(token, TOKEN_ED25519)) == ERR_OK &&
	    (e = token_refuse_exportable(token, TOKEN_ED25519)) == ERR_OK &&
	    (e = note_verifier_new(c->origin, token_public_key(token, TOKEN_ED25519), &verifier)) ==
		ERR_OK &&
	    (e = verifier_file_write(path, verifier)) == ERR_OK)
		printf("written  %s\n", path);
	note_verifier_free(&verifier);
	return e;
}

static enum err
make_guard(const struct hsm_config *c, struct token *token)
{
	struct buf spki = BUF_INIT;
	enum err e = certificate_append_spki(token_public_key(token, TOKEN_FIRST), &spki);

	if (e == ERR_OK)
		e = guard_create(c->guard_directory, c->origin, buf_view(&spki));
	buf_free(&spki);
	return e;
}
