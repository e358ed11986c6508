#include "pkcs11/rotate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/log_key.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/serve/succession.h"
#include "proto/tlog/note.h"
#include "proto/tlog/transition.h"

struct rotation {
	struct log_key old, new;
	struct buf note;
	struct digest digest;
};

static enum err look(struct rotation *r, const struct hsm_config *c, const struct hsm_config *next,
    enum token_use use);
static enum err check_beside(const struct rotation *r);
static enum err check_guards(const struct rotation *r);
static bool is_ordered(struct rotation *r);
static enum err order(struct rotation *r);
static void tell(const struct rotation *r, bool dry);
static void tell_beside(const struct rotation *r);

int
rotate(const struct hsm_config *c, bool dry)
{
	struct rotation r = {.note = BUF_INIT, .old.spki = BUF_INIT, .new.spki = BUF_INIT};
	const enum token_use use = dry ? TOKEN_DRY_RUN : TOKEN_CEREMONY;
	struct hsm_config *next;
	enum err e = succession_load_next(c, &next);

	if (e == ERR_NOT_FOUND)
		complain(
		    "expected \"next\" in the configuration: the configuration of the key that "
		    "is to follow, made with init and self-sign, or csr and import-cert");
	if (e == ERR_OK && (e = look(&r, c, next, use)) == ERR_OK) {
		if (is_ordered(&r))
			printf("ordered  already\n");
		else if (!dry)
			e = order(&r);
		if (e == ERR_OK)
			tell(&r, dry);
	}
	buf_free(&r.note);
	log_key_free(&r.old);
	log_key_free(&r.new);
	hsm_config_free(&next);
	return e == ERR_OK ? 0 : 1;
}

static enum err
look(struct rotation *r, const struct hsm_config *c, const struct hsm_config *next,
    enum token_use use)
{
	enum err e;

	if ((e = log_key_look(&r->old, c, use)) != ERR_OK ||
	    (e = log_key_look(&r->new, next, use)) != ERR_OK || (e = check_beside(r)) != ERR_OK)
		return e;
	return check_guards(r);
}

/* Whoever knows the log by this key alone loses it by nobody's oversight. */
static enum err
check_beside(const struct rotation *r)
{
	if (r->old.beside == NULL || r->new.beside != NULL)
		return ERR_OK;
	complain(
	    "%s: expected \"ed25519_key\", found none: no checkpoint would have the signature of "
	    "'%s' any more, by which witnesses and tools of C2SP know the log (%s); name the "
	    "same key there or, on another token, another one that init has made; if it is to "
	    "end, take it out of the configuration of the key that gives way first",
	    r->old.config->next, r->old.config->ed25519_label, r->old.config->ed25519_verifier);
	return ERR_MISMATCH;
}

static enum err
check_guards(const struct rotation *r)
{
	const struct guard_state *old = &r->old.guard, *new = &r->new.guard;

	if (view_equal(buf_view(&r->old.spki), buf_view(&r->new.spki))) {
		complain("%s: a key cannot follow itself: make another with init",
		    r->new.config->certificate);
		return ERR_MISMATCH;
	}
	if (!r->old.has_guard) {
		complain("there is no guard of the key '%s': only the log's key can give way; see "
			 "hallmark-hsm adopt",
		    r->old.config->key_label);
		return ERR_NOT_FOUND;
	}
	if (old->phase == GUARD_CLOSED) {
		complain("key '%s' gave way at size %" PRIu64 "; to change the key once more, take "
			 "the configuration of the one that follows it",
		    r->old.config->key_label, old->size);
		return ERR_GUARD_KEY;
	}
	if (old->phase == GUARD_RETIRED) {
		complain("key '%s' is retired: what it signed now would prove nothing",
		    r->old.config->key_label);
		return ERR_GUARD_KEY;
	}
	if (old->phase == GUARD_WAITING) {
		complain("key '%s' is not the log's yet: it waits to follow another",
		    r->old.config->key_label);
		return ERR_GUARD_KEY;
	}
	if (r->new.has_guard &&
	    (new->phase == GUARD_CLOSED || new->phase == GUARD_RETIRED || new->size > 0)) {
		complain("key '%s' has signed a log already: one that is to follow has signed "
			 "nothing; make another",
		    r->new.config->key_label);
		return ERR_MISMATCH;
	}
	return ERR_OK;
}

static bool
is_ordered(struct rotation *r)
{
	const bool waits = r->new.has_guard && r->new.guard.phase == GUARD_WAITING;
	const bool is = waits &&
			succession_read(r->old.config, buf_view(&r->old.spki),
			    buf_view(&r->new.spki), &r->note, &r->digest) == ERR_OK &&
			digest_equal(&r->digest, &r->new.guard.transition);

	buf_clear(&r->note);
	return is;
}

static enum err
order(struct rotation *r)
{
	const struct hsm_config *c = r->old.config;
	struct transition made = {.time_s = 0};
	struct buf text = BUF_INIT;
	enum err e;

	transition_write(
	    c->origin, buf_view(&r->old.spki), buf_view(&r->new.spki), (uint64_t)time(NULL), &text);
	if ((e = buf_status(&text)) == ERR_OK &&
	    (e = log_key_sign(&r->old, buf_view(&text), true, &r->note)) == ERR_OK &&
	    (e = log_key_sign(&r->new, buf_view(&text), false, &r->note)) == ERR_OK &&
	    (e = transition_parse(buf_view(&r->note), &made)) == ERR_OK &&
	    (e = guard_wait(c->guard_directory, c->origin, buf_view(&r->new.spki), &made.digest,
		 NULL)) == ERR_OK)
		e = succession_write(c, buf_view(&r->old.spki), buf_view(&r->note));
	if (e != ERR_OK)
		complain("nothing is ordered, and the log's key is as it was: mend the cause, and "
			 "run rotate again");
	transition_free(&made);
	buf_free(&text);
	return e;
}

static void
tell(const struct rotation *r, bool dry)
{
	printf("log      %s, signed up to size %" PRIu64 "\n"
	       "from     key '%s' on token '%s', sha256 %s\n"
	       "to       key '%s' on token '%s', sha256 %s\n",
	    r->old.config->origin, r->old.guard.size, r->old.config->key_label,
	    r->old.config->token_label, r->old.id, r->new.config->key_label,
	    r->new.config->token_label, r->new.id);
	tell_beside(r);
	if (dry)
		printf("dry run  both keys sign, cannot leave, and have their certificates; "
		       "nothing was "
		       "changed\n");
	else
		printf("ordered  the signer gives the log over at its next batch, once its key "
		       "process "
		       "was started with this \"next\"; give %s to whoever has %s\n",
		    r->new.config->certificate, r->old.config->certificate);
}

/* The transition says nothing of it: checkpoints have its line from the same moment on. */
static void
tell_beside(const struct rotation *r)
{
	const struct hsm_config *old = r->old.config, *new = r->new.config;

	if (r->new.beside == NULL)
		return;
	if (r->old.beside == NULL)
		printf("beside   key '%s' begins with it; give %s to witnesses and tools of C2SP\n",
		    new->ed25519_label, new->ed25519_verifier);
	else if (EVP_PKEY_eq(note_verifier_key(r->old.beside), note_verifier_key(r->new.beside)) ==
		 1)
		printf("beside   key '%s' stays: who has %s needs no other\n", new->ed25519_label,
		    old->ed25519_verifier);
	else
		printf(
		    "beside   key '%s' on token '%s' takes the place of '%s'; give %s to whoever "
		    "has %s, before\n",
		    new->ed25519_label, new->token_label, old->ed25519_label, new->ed25519_verifier,
		    old->ed25519_verifier);
}
