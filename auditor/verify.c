#include "auditor/verify.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "auditor/explain.h"
#include "auditor/input.h"
#include "proto/tlogproof.h"

/* Everything that one verification holds. */
struct audit {
	struct buf text, extra, origin;
	struct tlogproof proof;
	struct note_verifier *verifier;
	struct checkpoint checkpoint;
	struct report_document *report;
};

static enum err read_receipt(struct audit *a, const char *path);
static enum err read_key(struct audit *a, const char *certificate, const char *origin);
static enum err check_proof(struct audit *a);
static enum err check_report(struct audit *a);
static void audit_free(struct audit *a);

enum outcome
verify_receipt(const char *path, const char *certificate, const char *origin, bool explain)
{
	struct audit a;
	enum err e;

	memset(&a, 0, sizeof(a));
	printf("%s\n", path);
	if ((e = read_receipt(&a, path)) == ERR_OK &&
	    (e = read_key(&a, certificate, origin)) == ERR_OK && (e = check_proof(&a)) == ERR_OK)
		e = check_report(&a);
	if (explain && a.proof.note.size > 0)
		explain_receipt(path, certificate, &a.proof);
	say("verdict", "%s", outcome_text(outcome_of(e)));
	audit_free(&a);
	return outcome_of(e);
}

void
verify_say_report(const struct report *r)
{
	char time_text[32];
	time_t issued = (time_t)r->issued_s;
	struct tm utc;

	gmtime_r(&issued, &utc);
	strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	say_view("workload", r->bundle.workload);
	say_view("collector", r->collector);
	say("issued", "%s", time_text);
	say("status", "%s", report_status_name(r->status));
	say_view("policy", r->policy_id);
	for (size_t i = 0; i < r->finding_count; i++) {
		const struct report_finding *f = &r->finding[i];

		say("finding", "%.*s: %.*s: %.*s: %.*s", (int)f->kind.size,
		    (const char *)f->kind.data, (int)f->code.size, (const char *)f->code.data,
		    (int)f->subject.size, (const char *)f->subject.data, (int)f->detail.size,
		    (const char *)f->detail.data);
	}
	if (r->finding_total > r->finding_count)
		say("finding", "and %llu more",
		    (unsigned long long)(r->finding_total - r->finding_count));
}

static enum err
read_receipt(struct audit *a, const char *path)
{
	enum err e = input_read(path, TLOGPROOF_SIZE_MAX, &a->text);

	if (e != ERR_OK) {
		say_fault("read", e, "expected a receipt");
		return e;
	}
	say("read", "%zu bytes", a->text.size);
	e = tlogproof_parse(buf_view(&a->text), &a->extra, &a->proof);
	if (e != ERR_OK) {
		say_fault("format", e,
		    "expected a receipt in c2sp.org/tlog-proof@v1, in its one spelling");
		return e;
	}
	say("format", "c2sp.org/tlog-proof@v1: report of %zu bytes, index %llu, %zu hashes",
	    a->proof.extra.size, (unsigned long long)a->proof.index, a->proof.proof.count);
	return ERR_OK;
}

static enum err
read_key(struct audit *a, const char *certificate, const char *origin)
{
	enum err e = input_claimed_origin(a->proof.note, &a->origin);

	if (e != ERR_OK) {
		say_fault("log", e, "expected a checkpoint that names its log");
		return e;
	}
	if (origin != NULL && strcmp(origin, (char *)a->origin.data) != 0) {
		say("log", "expected %s, found %s", origin, (char *)a->origin.data);
		return ERR_MISMATCH;
	}
	say("log", "%s%s", (char *)a->origin.data,
	    origin == NULL ? " (as the receipt says; --origin demands one)" : "");
	if ((e = input_verifier(certificate, (char *)a->origin.data, &a->verifier)) != ERR_OK)
		return e;
	say("certificate", "%s", certificate);
	return ERR_OK;
}

static enum err
check_proof(struct audit *a)
{
	enum err e = tlogproof_verify(&a->proof, a->verifier, &a->checkpoint);
	char root[DIGEST_HEX_SIZE + 1];

	if (e != ERR_OK && e != ERR_PROOF) {
		say_fault("signature", e, "the checkpoint");
		return e;
	}
	say("signature", "good: the key of the certificate signed this checkpoint");
	digest_to_hex(&a->checkpoint.root, root);
	say("checkpoint", "%llu reports, root %s", (unsigned long long)a->checkpoint.size, root);
	if (e != ERR_OK) {
		say_fault("inclusion", e, "report %llu", (unsigned long long)a->proof.index);
		return e;
	}
	say("inclusion", "good: this report is number %llu of that log",
	    (unsigned long long)a->proof.index);
	return ERR_OK;
}

/* What the log holds must also be a report, of this log. */
static enum err
check_report(struct audit *a)
{
	enum err e = report_parse(a->proof.extra, &a->report);
	const struct report *r;

	if (e != ERR_OK) {
		say_fault("report", e, "expected a report in its one spelling");
		return e;
	}
	r = report_document_report(a->report);
	if (!view_equal(r->issuer, view_of_string(a->checkpoint.origin))) {
		say("report", "expected one of this log, found issuer %.*s", (int)r->issuer.size,
		    (const char *)r->issuer.data);
		return ERR_MISMATCH;
	}
	say("report", "good: an attestation result (EAR) of this log");
	verify_say_report(r);
	return ERR_OK;
}

static void
audit_free(struct audit *a)
{
	report_document_free(&a->report);
	note_verifier_free(&a->verifier);
	buf_free(&a->text);
	buf_free(&a->extra);
	buf_free(&a->origin);
}
