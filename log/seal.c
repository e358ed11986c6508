#include "log/seal.h"

#include <inttypes.h>
#include <string.h>

static enum outcome find_signer(const struct seal_wanted *wanted, const struct note *n,
    const struct findings *f, size_t *line, struct seal *out);
static void tell_stranger(
    const struct seal_wanted *wanted, const struct note *n, const struct findings *f);
static enum outcome check_signatures(const struct seal_wanted *wanted, const struct note *n,
    const struct note_verifier *v, size_t line, const struct findings *f);
static enum outcome check_origin(
    const struct seal_wanted *wanted, struct view text, const struct findings *f, struct seal *s);

enum outcome
seal_check(
    const struct seal_wanted *wanted, struct view bytes, const struct findings *f, struct seal *out)
{
	struct note n;
	size_t line = 0;
	enum outcome o;
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = note_parse(bytes, &n)) != ERR_OK)
		return findings_step(f, "checkpoint", outcome_of_error(e),
		    "expected a signed note: %s", err_text(e));
	if ((o = find_signer(wanted, &n, f, &line, out)) != OUTCOME_GOOD ||
	    (o = check_signatures(wanted, &n, out->verifier, line, f)) != OUTCOME_GOOD ||
	    (o = check_origin(wanted, n.text, f, out)) != OUTCOME_GOOD)
		seal_free(out);
	return o;
}

void
seal_free(struct seal *s)
{
	note_verifier_free(&s->verifier);
	memset(s, 0, sizeof(*s));
}

const struct signercert *
seal_named(const struct signercerts *all, const struct signercert *by, const char *origin)
{
	if (signercert_is_key_alone(by) || signercert_names_origin(by, origin))
		return NULL;
	for (size_t i = 0; i < all->count; i++)
		if (signercert_names_origin(all->certificate[i], origin))
			return all->certificate[i];
	return NULL;
}

static enum outcome
find_signer(const struct seal_wanted *wanted, const struct note *n, const struct findings *f,
    size_t *line, struct seal *out)
{
	const uint8_t *id;
	enum err e = signercerts_verifier(&wanted->certificates, n, &out->by, line, &out->verifier);

	if (e == ERR_UNKNOWN_KEY) {
		tell_stranger(wanted, n, f);
		return OUTCOME_UNKNOWN;
	}
	if (e != ERR_OK)
		return findings_step(f, "certificate", outcome_of_error(e),
		    "the signature's key name: %s", err_text(e));
	id = n->signature[*line].key_id;
	return findings_step(f, "certificate", OUTCOME_GOOD,
	    "%s: key ID %02x%02x%02x%02x as in the signature; %s", signercert_path(out->by), id[0],
	    id[1], id[2], id[3], signercert_description(out->by));
}

static void
tell_stranger(const struct seal_wanted *wanted, const struct note *n, const struct findings *f)
{
	const struct signercerts *all = &wanted->certificates;
	const struct note_signature *s = &n->signature[0];

	(void)findings_step(f, "certificate", OUTCOME_UNKNOWN,
	    "%s%s of the key that signed: found a signature by \"%.*s\", key ID "
	    "%02x%02x%02x%02x%s; give that log's certificate, or, if the log has changed its key, "
	    "also "
	    "that of the key that followed",
	    all->count > 1 ? "none of those given" : signercert_path(all->certificate[0]),
	    all->count > 1 ? " is" : " is not", view_precision(s->name), (const char *)s->name.data,
	    s->key_id[0], s->key_id[1], s->key_id[2], s->key_id[3],
	    n->signature_count > 1 ? ", and others" : "");
}

static enum outcome
check_signatures(const struct seal_wanted *wanted, const struct note *n,
    const struct note_verifier *v, size_t line, const struct findings *f)
{
	struct buf text = BUF_INIT;
	enum err e = note_verify(n, v);
	enum outcome o;
	size_t known;

	if (e != ERR_OK)
		return findings_step(f, "signature", outcome_of_error(e),
		    "expected a signature over the checkpoint by this certificate's key: %s",
		    err_text(e));
	if ((e = signercerts_check_others(
		 &wanted->certificates, n, note_verifier_name(v), line, &known)) != ERR_OK)
		return findings_step(f, "signature", outcome_of_error(e),
		    "of another key that was named too, expected one over the checkpoint or none: "
		    "%s",
		    err_text(e));
	if (known > 1)
		buf_append_format(&text, ", and by %zu other%s that %s named", known - 1,
		    known == 2 ? "" : "s", known == 2 ? "was" : "were");
	if (n->signature_count > known)
		buf_append_format(
		    &text, "; %zu of other keys not looked at", n->signature_count - known);
	o = findings_step(f, "signature", OUTCOME_GOOD,
	    "over the %zu bytes of the checkpoint, by this key%.*s", n->text.size, (int)text.size,
	    text.size > 0 ? (const char *)text.data : "");
	buf_free(&text);
	return o;
}

static enum outcome
check_origin(
    const struct seal_wanted *wanted, struct view text, const struct findings *f, struct seal *s)
{
	const char *name = note_verifier_name(s->verifier);
	struct checkpoint *c = &s->checkpoint;
	const struct signercert *other;
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
	if ((other = seal_named(&wanted->certificates, s->by, c->origin)) != NULL)
		return findings_step(f, "origin", OUTCOME_UNKNOWN,
		    "%s, which %s names, is signed by the key of %s, which does not name it: "
		    "expected "
		    "the certificates of one log",
		    c->origin, signercert_path(other), signercert_path(s->by));
	if (wanted->origin != NULL)
		(void)findings_step(f, "origin", OUTCOME_GOOD, "%s, as demanded", c->origin);
	else if (signercert_names_origin(s->by, c->origin))
		(void)findings_step(f, "origin", OUTCOME_GOOD, "%s, and the %s names it", c->origin,
		    signercert_log(s->by) != NULL ? "verifier key" : "certificate");
	else
		findings_warn(f, "origin", "%s; %s does not name it: demand it with --origin",
		    c->origin,
		    signercert_log(s->by) != NULL    ? "the verifier key"
		    : signercert_is_key_alone(s->by) ? "a key without a certificate"
						     : "the certificate");
	return OUTCOME_GOOD;
}
