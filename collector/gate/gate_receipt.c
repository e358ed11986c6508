#include "collector/gate/gate_receipt.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ground/log_key.h"
#include "collector/store/savefile.h"
#include "proto/evidence/bundle_chain.h"
#include "proto/evidence/identity.h"

#define SUFFIX "tlog-proof"

static void name_of(struct view chain, char name[RECEIPT_NAME_SIZE]);
static bool is_own(
    const struct gate_receipt *r, struct view chain, const struct collector_config *config);
static bool is_sealed(const struct gate_receipt *r, const struct receipt_key *k);

enum err
gate_keys_load(const struct collector_config *config, struct receipt_keys **out, struct trouble *t)
{
	struct receipt_keys *keys = calloc(config->signer_count, sizeof(*keys));
	enum err e = keys != NULL ? ERR_OK : ERR_MEMORY;

	for (size_t i = 0; e == ERR_OK && i < config->signer_count; i++) {
		const struct collector_signer *s = &config->signers[i];

		if (s->log_certificate != NULL)
			e = log_key_load(s->log_certificate, &keys[i].now.key, t);
		if (e == ERR_OK && s->log_certificate_next != NULL)
			e = log_key_load(s->log_certificate_next, &keys[i].next.key, t);
	}
	*out = keys;
	return e;
}

void
gate_keys_free(const struct collector_config *config, struct receipt_keys **keys)
{
	for (size_t i = 0; *keys != NULL && i < config->signer_count; i++)
		receipt_keys_free(&(*keys)[i]);
	free(*keys);
	*keys = NULL;
}

void
gate_receipt_read(int dir, struct view chain, const struct collector_config *config,
    const struct receipt_keys *keys, struct gate_receipt *out)
{
	struct trouble t = TROUBLE_INIT;
	char name[RECEIPT_NAME_SIZE];
	bool sealed = false;

	name_of(chain, name);
	if (savefile_read(dir, name, TLOGPROOF_SIZE_MAX, &out->text, &t) != ERR_OK ||
	    tlogproof_parse(buf_view(&out->text), &out->storage, &out->proof) != ERR_OK ||
	    !out->proof.has_extra || report_parse(out->proof.extra, &out->document) != ERR_OK ||
	    !is_own(out, chain, config))
		return;
	for (size_t i = 0; i < config->signer_count && !sealed; i++)
		sealed = is_sealed(out, &keys[i].now) || is_sealed(out, &keys[i].next);
	out->is_there = sealed;
}

void
gate_receipt_free(struct gate_receipt *r)
{
	report_document_free(&r->document);
	buf_free(&r->storage);
	buf_free(&r->text);
	r->is_there = false;
}

enum err
gate_receipt_keep(int dir, struct view chain, const struct message_receipt *m, struct buf *text,
    struct trouble *t)
{
	const struct tlogproof proof = {true, m->report, m->index, m->proof, m->checkpoint};
	char name[RECEIPT_NAME_SIZE];
	enum err e;

	name_of(chain, name);
	tlogproof_write(&proof, text);
	if ((e = buf_status(text)) != ERR_OK)
		return e;
	return dir >= 0 ? savefile_write(dir, name, buf_view(text), t) : ERR_OK;
}

bool
gate_receipt_serves(const struct gate_receipt *r,
    const struct bundle_component component[COMPONENT_KIND_COUNT], uint64_t now_s,
    uint64_t max_age_s)
{
	const struct report *report = &r->document.report;

	if (!r->is_there || report->status != REPORT_AFFIRMING || report->issued_s > now_s ||
	    now_s - report->issued_s > max_age_s || report->expires_s <= now_s)
		return false;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *had = &report->bundle.component[k];

		if (had->present != component[k].present ||
		    (had->present && !digest_equal(&had->digest, &component[k].digest)))
			return false;
	}
	return true;
}

/* In a directory of their own: of the workload's name alone. */
static void
name_of(struct view chain, char name[RECEIPT_NAME_SIZE])
{
	const struct view workload = bundle_chain_workload(chain);

	(void)snprintf(name, RECEIPT_NAME_SIZE, "%.*s." SUFFIX, view_precision(workload),
	    (const char *)workload.data);
}

static bool
is_own(const struct gate_receipt *r, struct view chain, const struct collector_config *config)
{
	const struct report *report = &r->document.report;
	char identity[IDENTITY_SIZE_MAX + 1];
	FILE *file = fopen(config->tls.certificate, "re");
	X509 *own = NULL;
	bool same;

	if (file == NULL)
		return false;
	own = PEM_read_X509(file, NULL, NULL, NULL);
	(void)fclose(file);
	same = own != NULL && identity_of_certificate(own, identity) == ERR_OK &&
	       view_equal(report->collector, view_of_string(identity)) &&
	       view_equal(report->bundle.workload, chain);
	X509_free(own);
	return same;
}

static bool
is_sealed(const struct gate_receipt *r, const struct receipt_key *k)
{
	const struct view issuer = r->document.report.issuer;
	struct note_verifier *verifier = NULL;
	struct checkpoint checkpoint;
	char origin[CHECKPOINT_ORIGIN_MAX + 1];
	bool good = false;

	if (k->key == NULL || issuer.size > CHECKPOINT_ORIGIN_MAX)
		return false;
	memcpy(origin, issuer.data, issuer.size);
	origin[issuer.size] = '\0';
	if (note_verifier_new(origin, k->key, &verifier) == ERR_OK)
		good = tlogproof_verify(&r->proof, r->proof.extra, verifier, &checkpoint) == ERR_OK;
	note_verifier_free(&verifier);
	return good;
}
