#include "log/retired_check.h"

#include <inttypes.h>
#include <string.h>

#include "proto/utc.h"

/* What a witness is asked about: what it has seen before that. */
struct sought {
	uint64_t before_s;
	const char *because; /* what that time is */
};

static bool is_by_another(
    const struct seal_wanted *seal, const struct retired_keys *keys, const struct note *n);
static enum outcome check_own(const struct retired_wanted *w, const struct receipt_check *c,
    const struct sought *s, const struct findings *f, struct retired_found *out);
static enum outcome check_cosigned(const struct retired_wanted *w, const struct receipt_check *c,
    const struct sought *s, const struct findings *f, struct retired_found *out);
static enum err prove_entry(
    const struct retired_wanted *w, const struct receipt_check *c, const struct checkpoint *in);
static enum outcome ask(const struct retired_wanted *w, struct view note, const char *what,
    const struct sought *s, const struct findings *f, struct retired_found *out);
static struct sought before_retirement(const struct retired_key *key);
static enum outcome tell_unproved(const struct retired_found *r, const struct findings *f);

enum outcome
retired_check_receipt(const struct retired_wanted *w, const struct receipt_check *c,
    const struct findings *f, struct retired_found *out)
{
	struct sought s;
	enum outcome o;

	*out = (struct retired_found){.key = retired_check_note(w->seal, &w->keys,
					  signercert_key_digest(c->by), c->proof.note)};
	if (out->key == NULL)
		return OUTCOME_GOOD;
	s = before_retirement(out->key);
	if ((o = check_own(w, c, &s, f, out)) != OUTCOME_GOOD || out->witness != NULL ||
	    (o = check_cosigned(w, c, &s, f, out)) != OUTCOME_GOOD || out->witness != NULL)
		return o;
	return tell_unproved(out, f);
}

enum outcome
retired_check_seen(const struct retired_wanted *w, const struct receipt_check *c, uint64_t by_s,
    const struct findings *f)
{
	const struct sought s = {by_s + 1, "the time that was demanded is over"};
	struct retired_found found = {.key = NULL};
	char by[UTC_TEXT_SIZE];
	enum outcome o;

	if ((o = check_own(w, c, &s, f, &found)) != OUTCOME_GOOD || found.witness != NULL ||
	    (o = check_cosigned(w, c, &s, f, &found)) != OUTCOME_GOOD || found.witness != NULL)
		return o;
	return findings_step(f, "witness", OUTCOME_UNKNOWN,
	    "expected a cosignature from %s or before, by a witness that is named (--witness), of "
	    "this checkpoint or of a later one (--cosigned, with --log); found none",
	    utc_text(by_s, by));
}

enum outcome
retired_check_fork(
    const struct retired_wanted *w, const struct fork_check *c, const struct findings *f)
{
	static const char *const what[] = {"the first checkpoint", "the second"};
	enum outcome o = OUTCOME_BAD;

	for (int i = 0; i < 2 && o == OUTCOME_BAD; i++) {
		const struct view note = c->proof.side[i].note;
		struct retired_found found = {.key = retired_check_note(w->seal, &w->keys,
						  signercert_key_digest(c->by[i]), note)};

		struct sought s;

		if (found.key == NULL)
			continue;
		s = before_retirement(found.key);
		if (ask(w, note, what[i], &s, f, &found) != OUTCOME_GOOD)
			o = OUTCOME_UNKNOWN;
		else if (found.witness == NULL)
			o = tell_unproved(&found, f);
	}
	return o;
}

const struct retired_key *
retired_check_note(const struct seal_wanted *seal, const struct retired_keys *keys,
    const struct digest *by, struct view bytes)
{
	const struct retired_key *found = retired_keys_find(keys, by);
	struct note n;

	if (found != NULL && note_parse(bytes, &n) == ERR_OK && is_by_another(seal, keys, &n))
		return NULL;
	return found;
}

/* Of those who may speak for this log, under its name. */
static bool
is_by_another(const struct seal_wanted *seal, const struct retired_keys *keys, const struct note *n)
{
	struct signercerts others = {.count = 0};
	struct note_verifier *v = NULL;
	struct checkpoint c;
	bool is = false;

	if (checkpoint_parse(n->text, &c) != ERR_OK)
		return false;
	for (size_t i = 0; i < seal->certificates.count; i++) {
		struct signercert *one = seal->certificates.certificate[i];

		if (retired_keys_find(keys, signercert_key_digest(one)) == NULL &&
		    seal_named(&seal->certificates, one, c.origin) == NULL)
			others.certificate[others.count++] = one;
	}
	if (others.count > 0 && signercerts_verifier(&others, n, NULL, NULL, &v) == ERR_OK)
		is = strcmp(note_verifier_name(v), c.origin) == 0 && note_verify(n, v) == ERR_OK;
	note_verifier_free(&v);
	return is;
}

static enum outcome
check_own(const struct retired_wanted *w, const struct receipt_check *c, const struct sought *s,
    const struct findings *f, struct retired_found *out)
{
	return ask(w, c->proof.note, "this receipt's checkpoint", s, f, out);
}

/* What is kept apart: its tree has the entry, or nothing follows from it. */
static enum outcome
check_cosigned(const struct retired_wanted *w, const struct receipt_check *c,
    const struct sought *s, const struct findings *f, struct retired_found *out)
{
	const struct anchor *a = w->cosigned;
	struct retired_found seen = *out;
	enum outcome o;
	enum err e;

	if (a == NULL || strcmp(a->checkpoint.origin, c->checkpoint.origin) != 0)
		return OUTCOME_GOOD;
	if ((o = ask(w, buf_view(&a->note), a->name, s, f, &seen)) != OUTCOME_GOOD ||
	    seen.witness == NULL)
		return o;
	if ((e = prove_entry(w, c, &a->checkpoint)) == ERR_OK) {
		*out = seen;
		return findings_step(f, "witness", OUTCOME_GOOD,
		    "%s: its tree of %" PRIu64 " entries has this receipt's entry %" PRIu64,
		    a->name, a->checkpoint.size, c->proof.index);
	}
	findings_warn(f, "witness",
	    "%s: whether its tree of %" PRIu64 " entries has this receipt's entry %" PRIu64
	    " is not shown%s: %s",
	    a->name, a->checkpoint.size, c->proof.index,
	    w->log == NULL ? " without a copy of the log (--log)" : " by the copy of the log",
	    err_text(e));
	return OUTCOME_GOOD;
}

/* By the receipt's own proof where it is the same tree; else by the tiles of the copy. */
static enum err
prove_entry(
    const struct retired_wanted *w, const struct receipt_check *c, const struct checkpoint *in)
{
	struct merkle_proof proof;
	struct log_reader reader;
	enum err e;

	if (in->size == c->checkpoint.size && digest_equal(&in->root, &c->checkpoint.root))
		return ERR_OK;
	if (w->log == NULL || c->proof.index >= in->size || w->log->checkpoint.size < in->size)
		return ERR_NOT_FOUND;
	reader = *w->log;
	e = merkle_prove_inclusion(in->size, c->proof.index, log_read_node, &reader, &proof);
	if (e != ERR_OK)
		return e;
	return merkle_verify_inclusion(&c->leaf, c->proof.index, in->size, &in->root, &proof);
}

static enum outcome
ask(const struct retired_wanted *w, struct view note, const char *what, const struct sought *s,
    const struct findings *f, struct retired_found *out)
{
	const struct cosigner *by;
	char time[UTC_TEXT_SIZE], since[UTC_TEXT_SIZE];
	uint64_t time_s;
	enum err e = cosigners_check(&w->witnesses, note, &by, &time_s);

	if (e == ERR_UNKNOWN_KEY)
		return OUTCOME_GOOD;
	if (e != ERR_OK)
		return findings_step(f, "witness", outcome_of_error(e),
		    "%s: expected cosignatures of the witnesses that were named, or none: %s", what,
		    err_text(e));
	(void)utc_text(time_s, time);
	(void)utc_text(s->before_s, since);
	if (time_s >= s->before_s) {
		findings_warn(f, "witness", "%s saw %s at %s, which is not before %s",
		    cosigner_name(by), what, time, since);
		return OUTCOME_GOOD;
	}
	out->witness = by;
	out->witnessed_s = time_s;
	return findings_step(f, "witness", OUTCOME_GOOD, "%s saw %s at %s, before %s (%s)",
	    cosigner_name(by), what, time, s->because, since);
}

static struct sought
before_retirement(const struct retired_key *key)
{
	return (struct sought){key->since_s, "others may have had its key"};
}

static enum outcome
tell_unproved(const struct retired_found *r, const struct findings *f)
{
	char hex[DIGEST_HEX_SIZE + 1], since[UTC_TEXT_SIZE];

	digest_to_hex(&r->key->key, hex);
	return findings_step(f, "key", OUTCOME_UNKNOWN,
	    "signed by a key that others may have had since %s (%s), and a signature does not tell "
	    "when it was made: expected a cosignature from before then, by a witness that is named "
	    "(--witness), of this checkpoint or of a later one (--cosigned, with --log)",
	    utc_text(r->key->since_s, since), hex);
}
