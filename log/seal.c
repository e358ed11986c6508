#include "log/seal.h"

#include <inttypes.h>
#include <string.h>

static enum outcome find_signer(const struct seal_wanted *wanted, const struct note *n,
    const struct findings *f, struct note_verifier **v);
static enum outcome check_signature(
    const struct note *n, const struct note_verifier *v, const struct findings *f);
static enum outcome check_origin(const struct seal_wanted *wanted, struct view text,
    const struct note_verifier *v, const struct findings *f, struct checkpoint *c);

enum outcome
seal_check(const struct seal_wanted *wanted, struct view bytes, const struct findings *f,
    struct checkpoint *out, struct note_verifier **verifier)
{
	struct note_verifier *v = NULL;
	struct checkpoint c;
	struct note n;
	enum outcome o;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (verifier != NULL)
		*verifier = NULL;
	if ((e = note_parse(bytes, &n)) != ERR_OK)
		return findings_step(f, "checkpoint", outcome_of_error(e),
		    "expected a signed note: %s", err_text(e));
	if ((o = find_signer(wanted, &n, f, &v)) == OUTCOME_GOOD &&
	    (o = check_signature(&n, v, f)) == OUTCOME_GOOD &&
	    (o = check_origin(wanted, n.text, v, f, &c)) == OUTCOME_GOOD) {
		*out = c;
		if (verifier != NULL) {
			*verifier = v;
			v = NULL; /* moved */
		}
	}
	note_verifier_free(&v);
	return o;
}

static enum outcome
find_signer(const struct seal_wanted *wanted, const struct note *n, const struct findings *f,
    struct note_verifier **v)
{
	const struct signercert *c = wanted->certificate;
	const struct note_signature *s = &n->signature[0];
	const uint8_t *id;
	enum err e = signercert_verifier(c, n, NULL, v);

	if (e == ERR_UNKNOWN_KEY)
		return findings_step(f, "certificate", OUTCOME_UNKNOWN,
		    "%s is not of the key that signed: found a signature by \"%.*s\", key ID "
		    "%02x%02x%02x%02x%s; give that log's certificate",
		    signercert_path(c), view_precision(s->name), (const char *)s->name.data,
		    s->key_id[0], s->key_id[1], s->key_id[2], s->key_id[3],
		    n->signature_count > 1 ? ", and others" : "");
	if (e != ERR_OK)
		return findings_step(f, "certificate", outcome_of_error(e),
		    "the signature's key name: %s", err_text(e));
	id = note_verifier_key_id(*v);
	return findings_step(f, "certificate", OUTCOME_GOOD,
	    "%s: key ID %02x%02x%02x%02x as in the signature; %s", signercert_path(c), id[0], id[1],
	    id[2], id[3], signercert_description(c));
}

static enum outcome
check_signature(const struct note *n, const struct note_verifier *v, const struct findings *f)
{
	enum err e = note_verify(n, v);

	if (e != ERR_OK)
		return findings_step(f, "signature", outcome_of_error(e),
		    "expected a signature over the checkpoint by this certificate's key: %s",
		    err_text(e));
	if (n->signature_count == 1)
		return findings_step(f, "signature", OUTCOME_GOOD,
		    "over the %zu bytes of the checkpoint, by this key", n->text.size);
	return findings_step(f, "signature", OUTCOME_GOOD,
	    "over the %zu bytes of the checkpoint, by this key; %zu of other keys not looked at",
	    n->text.size, n->signature_count - 1);
}

static enum outcome
check_origin(const struct seal_wanted *wanted, struct view text, const struct note_verifier *v,
    const struct findings *f, struct checkpoint *c)
{
	const char *name = note_verifier_name(v);
	enum err e = checkpoint_parse(text, c);

	if (e != ERR_OK)
		return findings_step(f, "checkpoint", outcome_of_error(e),
		    "expected origin, size and root on three lines: %s", err_text(e));
	if (strcmp(c->origin, name) != 0)
		return findings_step(f, "origin", OUTCOME_BAD,
		    "the checkpoint says %s, its signature line says %s", c->origin, name);
	if (wanted->origin != NULL && strcmp(c->origin, wanted->origin) != 0)
		return findings_step(f, "origin", OUTCOME_BAD, "expected the log %s, found %s",
		    wanted->origin, c->origin);
	if (wanted->origin != NULL)
		(void)findings_step(f, "origin", OUTCOME_GOOD, "%s, as demanded", c->origin);
	else if (signercert_names_origin(wanted->certificate, c->origin))
		(void)findings_step(
		    f, "origin", OUTCOME_GOOD, "%s, and the certificate names it", c->origin);
	else
		findings_warn(f, "origin",
		    "%s; the certificate does not name it: demand it with --origin", c->origin);
	return OUTCOME_GOOD;
}
