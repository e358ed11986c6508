#include "log/receipt_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/report/report.h"

static enum outcome check_inclusion(struct receipt_check *c, const struct display *d);
static enum outcome check_report(
    const struct receipt_check *c, const struct signercert *certificate, const struct display *d);
static void tell_report(
    const struct report *r, const struct signercert *certificate, const struct display *d);

enum outcome
receipt_check_run(const struct seal_wanted *wanted, struct view bytes, const struct display *d,
    struct receipt_check *out)
{
	struct note_verifier *v = NULL;
	struct checkpoint again;
	enum outcome o;
	enum err e;

	memset(out, 0, sizeof(*out));
	out->storage = BUF_INIT;
	if ((e = receipt_check_parse(bytes, &out->storage, &out->proof)) != ERR_OK)
		return display_step(d, "format", outcome_of_error(e),
		    "expected a receipt in the form c2sp.org/tlog-proof@v1, and in no other "
		    "spelling: "
		    "%s",
		    err_text(e));
	out->parsed = true;
	(void)display_step(d, "format", OUTCOME_GOOD,
	    "canonical: report of %zu bytes, index %" PRIu64 ", %zu hash%s, signed checkpoint",
	    out->proof.extra.size, out->proof.index, out->proof.proof.count,
	    out->proof.proof.count == 1 ? "" : "es");
	if ((o = seal_check(wanted, out->proof.note, d, &out->checkpoint, &v)) == OUTCOME_GOOD) {
		out->sealed = true;
		o = check_inclusion(out, d);
	}
	/* Two ways to the same answer, or the program is broken. */
	if (o == OUTCOME_GOOD && tlogproof_verify(&out->proof, v, &again) != ERR_OK)
		abort();
	note_verifier_free(&v);
	return o == OUTCOME_GOOD ? check_report(out, wanted->certificate, d) : o;
}

enum err
receipt_check_parse(struct view bytes, struct buf *storage, struct tlogproof *out)
{
	const struct view start = VIEW_LITERAL("c2sp.org/tlog-proof@v");
	struct view rest = bytes, line;
	uint64_t version;
	enum err e = tlogproof_parse(bytes, storage, out);

	if (e != ERR_UNSUPPORTED)
		return e;
	if (line_next(&rest, &line) != ERR_OK || line.size < start.size ||
	    memcmp(line.data, start.data, start.size) != 0)
		return ERR_FORMAT;
	line.data += start.size;
	line.size -= start.size;
	return decimal_decode(line, &version) == ERR_OK && version > 1 ? e : ERR_FORMAT;
}

void
receipt_check_free(struct receipt_check *c)
{
	buf_free(&c->storage);
}

static enum outcome
check_inclusion(struct receipt_check *c, const struct display *d)
{
	char leaf[DIGEST_HEX_SIZE + 1], root[DIGEST_HEX_SIZE + 1];

	merkle_leaf(c->proof.extra, &c->leaf);
	digest_to_hex(&c->leaf, leaf);
	digest_to_hex(&c->checkpoint.root, root);
	(void)display_step(d, "leaf", OUTCOME_GOOD, "sha256(00 || report) = %s", leaf);
	if (merkle_verify_inclusion(&c->leaf, c->proof.index, c->checkpoint.size,
		&c->checkpoint.root, &c->proof.proof) != ERR_OK)
		return display_step(d, "inclusion", OUTCOME_BAD,
		    "expected root %s of %" PRIu64 " leaves: index %" PRIu64
		    " and %zu hashes do not lead there",
		    root, c->checkpoint.size, c->proof.index, c->proof.proof.count);
	return display_step(d, "inclusion", OUTCOME_GOOD,
	    "leaf %" PRIu64 " of %" PRIu64 ", by %zu hash%s to root %s", c->proof.index,
	    c->checkpoint.size, c->proof.proof.count, c->proof.proof.count == 1 ? "" : "es", root);
}

static enum outcome
check_report(
    const struct receipt_check *c, const struct signercert *certificate, const struct display *d)
{
	struct report_document *document;
	const struct report *r;
	enum outcome o = OUTCOME_GOOD;
	enum err e = report_parse(c->proof.extra, &document);

	if (e != ERR_OK)
		return display_step(d, "report", outcome_of_error(e),
		    "the log has this entry, but it is no report in its one valid form: %s",
		    err_text(e));
	r = report_document_report(document);
	if (!view_equal(r->issuer, view_of_string(c->checkpoint.origin)))
		o = display_step(d, "report", OUTCOME_BAD, "expected issuer %s, found %.*s",
		    c->checkpoint.origin, display_size(r->issuer), (const char *)r->issuer.data);
	else
		tell_report(r, certificate, d);
	report_document_free(&document);
	return o;
}

static void
tell_report(const struct report *r, const struct signercert *certificate, const struct display *d)
{
	char issued[DISPLAY_TIME_SIZE], measured[DISPLAY_TIME_SIZE], expires[DISPLAY_TIME_SIZE];

	display_time(r->issued_s, issued);
	if (signercert_valid_at(certificate, r->issued_s))
		(void)display_step(d, "report", OUTCOME_GOOD,
		    "canonical EAR claims-set, issued by this log within the certificate's dates");
	else
		display_warn(d, "report",
		    "canonical EAR claims-set, issued at %s, outside the certificate's dates",
		    issued);
	display_field(d, "  workload", "%.*s", display_size(r->bundle.workload),
	    (const char *)r->bundle.workload.data);
	display_field(
	    d, "  collector", "%.*s", display_size(r->collector), (const char *)r->collector.data);
	display_field(d, "  status", "%s (%" PRIu64 " finding%s)", report_status_name(r->status),
	    r->finding_total, display_plural(r->finding_total));
	display_field(d, "  measured", "%s%s", display_time(r->bundle.time_ms / 1000, measured),
	    r->bundle.offline ? " by the collector's clock, without a nonce" : "");
	display_field(d, "  issued", "%s", issued);
	display_field(d, "  expires", "%s", display_time(r->expires_s, expires));
	display_field(
	    d, "  policy", "%.*s", display_size(r->policy_id), (const char *)r->policy_id.data);
}
