#include "collector/act/hook_receipt.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ground/log_key.h"
#include "proto/report/report.h"
#include "proto/text.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/tlogproof.h"
#include "proto/utc.h"

static enum err read_identity(const char *path, char out[IDENTITY_SIZE_MAX + 1], struct trouble *t);
static enum err add_key(struct hook_keys *k, const char *path, struct trouble *t);
static enum err verify(const struct hook_keys *k, const struct tlogproof *p, struct checkpoint *c);
static enum err check(const struct report *r, const char *collector, const struct checkpoint *c,
    uint64_t index, const char *workload, uint64_t now_s, const struct hook_said *said,
    struct trouble *t);
static enum err take(const struct report *r, uint64_t index, struct hook_said *said);
static enum bundle_verdict verdict_of(enum report_status status);
static void write_members(const struct report *r, uint64_t index, struct buf *to);
static void write_findings(const struct report *r, struct buf *to);

enum err
hook_keys_load(struct hook_keys *k, const struct collector_config *config, struct trouble *t)
{
	struct hook_keys fresh = {.key = calloc(2 * config->signer_count, sizeof(*fresh.key))};
	enum err e = fresh.key != NULL ? ERR_OK : ERR_MEMORY;

	for (size_t i = 0; e == ERR_OK && i < config->signer_count; i++)
		if ((e = add_key(&fresh, config->signers[i].log_certificate, t)) == ERR_OK)
			e = add_key(&fresh, config->signers[i].log_certificate_next, t);
	if (e == ERR_OK)
		e = read_identity(config->tls.certificate, fresh.collector, t);
	if (e != ERR_OK) {
		hook_keys_free(&fresh);
		return e;
	}
	hook_keys_free(k);
	*k = fresh;
	return ERR_OK;
}

void
hook_keys_free(struct hook_keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		EVP_PKEY_free(k->key[i]);
	free(k->key);
	*k = (struct hook_keys){.key = NULL};
}

static enum err
read_identity(const char *path, char out[IDENTITY_SIZE_MAX + 1], struct trouble *t)
{
	FILE *file = fopen(path, "re");
	X509 *certificate = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	const enum err e =
	    certificate != NULL ? identity_of_certificate(certificate, out) : ERR_IDENTITY;

	if (file != NULL)
		(void)fclose(file);
	X509_free(certificate);
	return e == ERR_OK
		   ? ERR_OK
		   : trouble_set(t, ERR_CONFIG,
			 "tls.certificate %s: it cannot be told who this collector is", path);
}

static enum err
add_key(struct hook_keys *k, const char *path, struct trouble *t)
{
	enum err e;

	if (path == NULL)
		return ERR_OK;
	if ((e = log_key_load(path, &k->key[k->count], t)) == ERR_OK)
		k->count++;
	return e;
}

enum err
hook_receipt_take(const struct hook_keys *k, struct view file, const char *workload, uint64_t now_s,
    struct hook_said *said, struct trouble *t)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	struct buf storage = BUF_INIT;
	struct checkpoint checkpoint;
	struct tlogproof proof;
	enum err e;

	if ((e = tlogproof_parse(file, &storage, &proof)) == ERR_OK &&
	    (e = verify(k, &proof, &checkpoint)) == ERR_OK)
		e = report_parse(proof.extra, &document);
	if (e != ERR_OK)
		(void)trouble_set(t, e, "a receipt of %s: %s", workload, err_text(e));
	else if ((e = check(&document.report, k->collector, &checkpoint, proof.index, workload,
		      now_s, said, t)) == ERR_OK &&
		 (e = take(&document.report, proof.index, said)) == ERR_OK)
		merkle_leaf(proof.extra, &said->leaf);
	report_document_free(&document);
	buf_free(&storage);
	return e;
}

/* By one of the keys, under whatever name the note has: which is that of the report's log. */
static enum err
verify(const struct hook_keys *k, const struct tlogproof *p, struct checkpoint *c)
{
	enum err e = ERR_UNKNOWN_KEY;
	struct note_verifier *v;
	struct note note;

	if ((e = note_parse(p->note, &note)) != ERR_OK ||
	    (e = checkpoint_parse(note.text, c)) != ERR_OK)
		return e;
	e = ERR_UNKNOWN_KEY;
	for (size_t i = 0; e == ERR_UNKNOWN_KEY && i < k->count; i++) {
		if ((e = note_verifier_new(c->origin, k->key[i], &v)) != ERR_OK)
			return e;
		e = tlogproof_verify(p, p->extra, v, c);
		note_verifier_free(&v);
	}
	return e;
}

static enum err
check(const struct report *r, const char *collector, const struct checkpoint *c, uint64_t index,
    const char *workload, uint64_t now_s, const struct hook_said *said, struct trouble *t)
{
	if (!view_equal(r->collector, view_of_string(collector)))
		return trouble_set(t, ERR_MISMATCH, "a receipt of %s: of another collector than %s",
		    workload, collector);
	if (!view_equal(r->bundle.workload, view_of_string(workload)))
		return trouble_set(
		    t, ERR_MISMATCH, "a receipt of another workload than %s", workload);
	if (!view_equal(r->issuer, view_of_string(c->origin)))
		return trouble_set(t, ERR_MISMATCH, "a receipt of %s: of another log than %s",
		    workload, c->origin);
	if (r->bundle.offline || r->expires_s <= now_s)
		return trouble_set(t, ERR_EVIDENCE_TIME,
		    "a receipt of %s tells of no time that is now: is this host's clock right?",
		    workload);
	if (said->any && (strcmp(said->log, c->origin) == 0 ? index < said->index
							    : r->issued_s < said->issued_s))
		return trouble_set(t, ERR_EVIDENCE_TIME,
		    "a receipt of %s is older than one that was heard before", workload);
	return ERR_OK;
}

static enum err
take(const struct report *r, uint64_t index, struct hook_said *said)
{
	struct buf members = BUF_INIT;
	enum err e;

	write_members(r, index, &members);
	if ((e = buf_status(&members)) != ERR_OK) {
		buf_free(&members);
		return e;
	}
	buf_free(&said->members);
	said->members = members; /* moved */
	said->any = true;
	said->verdict = verdict_of(r->status);
	memcpy(said->log, r->issuer.data, r->issuer.size);
	said->log[r->issuer.size] = '\0';
	said->index = index;
	said->issued_s = r->issued_s;
	return ERR_OK;
}

static enum bundle_verdict
verdict_of(enum report_status status)
{
	switch (status) {
	case REPORT_AFFIRMING:
		return BUNDLE_VERDICT_AFFIRMING;
	case REPORT_WARNING:
		return BUNDLE_VERDICT_WARNING;
	case REPORT_CONTRAINDICATED:
		return BUNDLE_VERDICT_CONTRAINDICATED;
	case REPORT_NONE:
		break;
	}
	return BUNDLE_VERDICT_NONE;
}

static void
write_members(const struct report *r, uint64_t index, struct buf *to)
{
	char issued[UTC_TEXT_SIZE], measured[UTC_TEXT_SIZE];

	buf_append_format(to, ",\"receipt\":{\"index\":%llu,\"log\":", (unsigned long long)index);
	json_append_string(to, r->issuer);
	buf_append_format(to, ",\"issued\":\"%s\",\"measured\":\"%s\",\"seq\":%llu,\"policy\":",
	    utc_text(r->issued_s, issued), utc_text(r->bundle.time_ms / 1000, measured),
	    (unsigned long long)r->bundle.seq);
	json_append_string(to, r->policy_id);
	buf_append_format(to,
	    ",\"status\":\"%s\",\"tier\":%d},\"collector\":", report_status_name(r->status),
	    (int)r->status);
	json_append_string(to, r->collector);
	buf_append_format(
	    to, ",\"finding_count\":%llu,\"findings\":[", (unsigned long long)r->finding_total);
	write_findings(r, to);
	buf_append_byte(to, ']');
}

static void
write_findings(const struct report *r, struct buf *to)
{
	for (size_t i = 0; i < r->finding_count; i++) {
		buf_append_string(to, i > 0 ? ",{\"kind\":" : "{\"kind\":");
		json_append_string(to, r->finding[i].kind);
		buf_append_string(to, ",\"code\":");
		json_append_string(to, r->finding[i].code);
		buf_append_string(to, ",\"subject\":");
		json_append_string(to, r->finding[i].subject);
		buf_append_string(to, ",\"detail\":");
		json_append_string(to, r->finding[i].detail);
		buf_append_byte(to, '}');
	}
}
