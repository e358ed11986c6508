#include "pkcs11/serve/sealer.h"

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/jws.h"
#include "proto/summary/summary.h"

/* Never a checkpoint (no newline), a JWS (a blank) or an envelope (another word). */
#define KEEPALIVE_TEXT "hallmark keep-alive"

static enum err know_key(struct sealing *s);
static enum err finish(const struct sealing *of, struct signing_job *job, struct view signature);
static enum err finish_summary(
    const struct sealing *of, struct signing_job *job, struct view signature);

enum err
sealing_begin(struct sealing *s, const struct hsm_config *config,
    const struct note_verifier *verifier, const struct note_verifier *beside)
{
	enum err e;

	*s = (struct sealing){.verifier = verifier, .beside = beside, .jws_header = BUF_INIT};
	s->is_ecdsa = algorithm_of(config->algorithm)->scheme == NOTE_ECDSA;
	if ((e = summary_key_id(note_verifier_key(verifier), &s->key_id)) == ERR_OK)
		e = jws_append_header(note_verifier_key(verifier),
		    algorithm_of(config->algorithm)->jws, &s->jws_header);
	return e == ERR_OK && config->token_count + config->summary_count > 0 ? know_key(s) : e;
}

/* What takes a while to make, where there may be tokens. */
static enum err
know_key(struct sealing *s)
{
	enum err e = ecdsa_known_new(note_verifier_key(s->verifier), &s->known);

	if (e == ERR_OK || e == ERR_UNSUPPORTED)
		return ERR_OK;
	complain("the table by which tokens are verified cannot be made: %s", err_text(e));
	return e;
}

void
sealing_end(struct sealing *s)
{
	ecdsa_known_free(&s->known);
	buf_free(&s->jws_header);
}

enum err
sealer_open(struct sealer *s, const struct sealing *of, struct token *token)
{
	enum err e;

	*s = (struct sealer){.of = of, .signature = BUF_INIT};
	if ((e = token_signer_new(
		 token, TOKEN_FIRST, note_verifier_key(of->verifier), &s->signer)) != ERR_OK)
		return e;
	token_signer_know(s->signer, of->known);
	if (of->beside != NULL && (e = token_signer_new_beside(s->signer, TOKEN_ED25519,
				       note_verifier_key(of->beside), &s->beside)) != ERR_OK)
		sealer_close(s);
	return e;
}

void
sealer_close(struct sealer *s)
{
	token_signer_free(&s->beside); /* before the one whose session it has */
	token_signer_free(&s->signer);
	buf_free(&s->signature);
}

enum err
sealer_note(struct sealer *s, struct signing_job *job)
{
	const struct view text = buf_view(&job->input);
	enum err e;

	buf_clear(&s->signature);
	if ((e = token_sign(s->signer, text, &s->signature)) != ERR_OK)
		return e;
	return note_write(text, s->of->verifier, buf_view(&s->signature), &job->body);
}

enum err
sealer_line_beside(struct sealer *s, struct signing_job *job)
{
	enum err e;

	buf_clear(&s->signature);
	if ((e = token_sign(s->beside, buf_view(&job->input), &s->signature)) != ERR_OK)
		return e;
	return note_add(s->of->beside, buf_view(&s->signature), &job->beside);
}

enum err
sealer_begin_jws(struct sealer *s, struct signing_job *job)
{
	enum err e;

	if (job->is_summary) {
		summary_signed_bytes(buf_view(&job->input), &job->body);
	} else {
		buf_append_view(&job->body, buf_view(&s->of->jws_header));
		jws_append_payload(buf_view(&job->input), &job->body);
	}
	if ((e = buf_status(&job->body)) != ERR_OK)
		return e;
	return token_sign_jws(s->signer, buf_view(&job->body));
}

void
sealer_end_jws(struct sealer *s, struct signing_job *first)
{
	struct view signature[TOKEN_KEPT_MAX];
	size_t count, i = 0;
	const enum err e = token_take_jws(s->signer, signature, &count);

	for (struct signing_job *job = first; job != NULL; job = job->next) {
		if (job->result != ERR_OK || (job->result = e) != ERR_OK)
			continue;
		job->result = finish(s->of, job, signature[i++]);
	}
}

enum err
sealer_keep_alive(struct sealer *s)
{
	buf_clear(&s->signature);
	return token_sign(s->signer, VIEW_LITERAL(KEEPALIVE_TEXT), &s->signature);
}

static enum err
finish(const struct sealing *of, struct signing_job *job, struct view signature)
{
	if (job->is_summary)
		return finish_summary(of, job, signature);
	jws_append_signature(signature, &job->body);
	return buf_status(&job->body);
}

/* What was signed gives way to the envelope that says it again. */
static enum err
finish_summary(const struct sealing *of, struct signing_job *job, struct view signature)
{
	struct buf der = BUF_INIT;
	enum err e = of->is_ecdsa ? note_ecdsa_from_raw(signature, &der) : ERR_OK;

	buf_clear(&job->body);
	if (e == ERR_OK)
		e = summary_write_envelope(buf_view(&job->input), &of->key_id,
		    of->is_ecdsa ? buf_view(&der) : signature, &job->body);
	buf_free(&der);
	return e;
}
