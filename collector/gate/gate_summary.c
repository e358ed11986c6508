#include "collector/gate/gate_summary.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/ground/small_file.h"
#include "proto/encoding.h"
#include "proto/summary/summary.h"

#define HEX_SIZE (2 * DIGEST_SIZE + 1)

static enum err check_taken(
    const struct summary *s, const struct message_receipt *m, const struct report *r);
static enum err verify_by(const struct summary_document *d, const struct receipt_keys *k);
static enum err verify_by_any(const struct gate_demand *d, const struct collector_config *config,
    const struct receipt_keys *keys, const struct summary_document *document, struct trouble *t);
static enum err judge(const struct gate_demand *d, const struct summary *s, struct view workload,
    const struct bundle_artifact *artifact, struct trouble *t);
static bool is_of_the_time(const struct gate_demand *d, const struct summary *s, struct trouble *t);
static const char *hex_of(const struct digest *d, char to[HEX_SIZE]);

enum err
gate_summary_take(const struct message_receipt *m, const struct receipt_keys *keys, struct buf *to,
    struct trouble *t)
{
	struct summary_document d = SUMMARY_DOCUMENT_INIT;
	struct report_document report = REPORT_DOCUMENT_INIT;
	enum err e;

	if (m->token_count != 1)
		return trouble_set(t, ERR_NOT_FOUND,
		    "with the receipt came no summary: the policy has to name a profile in "
		    "\"start\" (\"summary\"), and hsm.yaml has to have it under \"summaries\"; the "
		    "signer's log says why it gave none");
	if ((e = report_parse(m->report, &report)) == ERR_OK &&
	    (e = summary_parse(m->token[0], &d)) == ERR_OK && (e = verify_by(&d, keys)) == ERR_OK)
		e = check_taken(&d.summary, m, &report.report);
	if (e == ERR_OK) {
		buf_append_view(to, m->token[0]);
		e = buf_status(to);
	} else {
		(void)trouble_set(t, e,
		    "with the receipt came a summary that does not count: expected one of its "
		    "report, by the log's key, found that %s",
		    err_text(e));
	}
	report_document_free(&report);
	summary_document_free(&d);
	return e;
}

enum err
gate_summary_demand(const struct gate_demand *d, const struct collector_config *config,
    const struct receipt_keys *keys, struct view workload, const struct bundle_artifact *artifact,
    struct trouble *t)
{
	struct summary_document document = SUMMARY_DOCUMENT_INIT;
	struct buf file = BUF_INIT;
	enum err e = small_file_read(AT_FDCWD, d->file, SUMMARY_SIZE_MAX, &file);

	if (e != ERR_OK)
		(void)trouble_set(t, e, "%s, the summary that is demanded: %s", d->file,
		    e == ERR_IO ? strerror(errno) : err_text(e));
	else if ((e = summary_parse(buf_view(&file), &document)) != ERR_OK)
		(void)trouble_set(t, e, "%s: expected a verification summary, found that %s",
		    d->file, err_text(e));
	else if ((e = verify_by_any(d, config, keys, &document, t)) == ERR_OK)
		e = judge(d, &document.summary, workload, artifact, t);
	buf_free(&file);
	summary_document_free(&document);
	return e;
}

/* All that it has of the report. */
static enum err
check_taken(const struct summary *s, const struct message_receipt *m, const struct report *r)
{
	const struct bundle_artifact *a = &r->bundle.extensions.artifact;
	struct digest leaf, bytes;

	merkle_leaf(m->report, &leaf);
	digest_of(m->report.data, m->report.size, &bytes);
	return s->index == m->index && digest_equal(&s->leaf, &leaf) &&
		       digest_equal(&s->report, &bytes) && s->artifact.form == a->form &&
		       digest_equal(&s->artifact.digest, &a->digest) && s->status == r->status &&
		       s->verified_s == r->issued_s && view_equal(s->log, r->issuer) &&
		       view_equal(s->collector, r->collector) &&
		       view_equal(s->workload, bundle_chain_workload(r->bundle.workload))
		   ? ERR_OK
		   : ERR_MISMATCH;
}

static enum err
verify_by(const struct summary_document *d, const struct receipt_keys *k)
{
	enum err e = k->now.key != NULL ? summary_verify(d, k->now.key) : ERR_UNKNOWN_KEY;

	if (e == ERR_UNKNOWN_KEY && k->next.key != NULL)
		e = summary_verify(d, k->next.key);
	return e;
}

static enum err
verify_by_any(const struct gate_demand *d, const struct collector_config *config,
    const struct receipt_keys *keys, const struct summary_document *document, struct trouble *t)
{
	enum err e = ERR_UNKNOWN_KEY;

	for (size_t i = 0; i < config->signer_count && e == ERR_UNKNOWN_KEY; i++)
		e = verify_by(document, &keys[i]);
	if (e == ERR_OK)
		return e;
	return trouble_set(t, e,
	    "%s: expected a signature by the key of one of the configuration's "
	    "\"log_certificate\", found that %s",
	    d->file, err_text(e));
}

/* It is what the log's key process has said: what of? */
static enum err
judge(const struct gate_demand *d, const struct summary *s, struct view workload,
    const struct bundle_artifact *artifact, struct trouble *t)
{
	char expected[HEX_SIZE], found[HEX_SIZE];

	if (!view_equal(s->workload, workload))
		return trouble_set(t, ERR_UNSUPPORTED,
		    "%s: expected a summary of %.*s, found one of %.*s", d->file,
		    view_precision(workload), (const char *)workload.data,
		    view_precision(s->workload), (const char *)s->workload.data);
	if (d->verifier != NULL && !view_equal(s->verifier, view_of_string(d->verifier)))
		return trouble_set(t, ERR_UNSUPPORTED, "%s: expected the verifier %s, found %.*s",
		    d->file, d->verifier, view_precision(s->verifier),
		    (const char *)s->verifier.data);
	if (!is_of_the_time(d, s, t))
		return ERR_CLOCK;
	if (s->artifact.form != artifact->form ||
	    !digest_equal(&s->artifact.digest, &artifact->digest))
		return trouble_set(t, ERR_MISMATCH,
		    "%s is about the %s %s, found here the %s %s: another one, or altered since",
		    d->file, bundle_artifact_word(s->artifact.form),
		    hex_of(&s->artifact.digest, expected), bundle_artifact_word(artifact->form),
		    hex_of(&artifact->digest, found));
	return trouble_set(t, s->status == REPORT_AFFIRMING ? ERR_OK : ERR_MISMATCH,
	    "%s, by report %" PRIu64 " of %.*s", report_status_name(s->status), s->index,
	    view_precision(s->log), (const char *)s->log.data);
}

static bool
is_of_the_time(const struct gate_demand *d, const struct summary *s, struct trouble *t)
{
	if (s->verified_s <= d->now_s && d->now_s - s->verified_s <= d->max_age_s)
		return true;
	if (s->verified_s > d->now_s)
		(void)trouble_set(t, ERR_CLOCK,
		    "%s: expected one that was made by now, found one %" PRIu64
		    " s ahead of this machine's clock",
		    d->file, s->verified_s - d->now_s);
	else
		(void)trouble_set(t, ERR_CLOCK,
		    "%s: expected one of the last %" PRIu64 " s (--max-age), found one %" PRIu64
		    " s old",
		    d->file, d->max_age_s, d->now_s - s->verified_s);
	return false;
}

static const char *
hex_of(const struct digest *d, char to[HEX_SIZE])
{
	hex_put((uint8_t *)to, (struct view){d->bytes, DIGEST_SIZE});
	to[HEX_SIZE - 1] = '\0';
	return to;
}
