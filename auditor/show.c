#include "auditor/show.h"

#include <string.h>

#include "auditor/input.h"
#include "auditor/log_reader.h"
#include "auditor/verify.h"
#include "proto/report.h"
#include "proto/tlogproof.h"

static enum outcome show_report(struct view bytes, bool json);
static void show_vector(const struct report *r);
static void show_evidence(const struct report *r);
static void say_digest(const char *step, const struct digest *d);

enum outcome
show_receipt(const char *path, bool json)
{
	struct buf text = BUF_INIT, extra = BUF_INIT;
	struct tlogproof p;
	enum outcome o;
	enum err e = input_read(path, TLOGPROOF_SIZE_MAX, &text);

	if (e == ERR_OK)
		e = tlogproof_parse(buf_view(&text), &extra, &p);
	if (e != ERR_OK) {
		fprintf(stderr, "hallmark-audit: %s: expected a receipt: %s\n", path, err_text(e));
		o = outcome_of(e);
	} else {
		o = show_report(p.extra, json);
	}
	buf_free(&text);
	buf_free(&extra);
	return o;
}

enum outcome
show_log(const char *directory, const char *certificate, uint64_t index, bool json)
{
	struct log_reader l;
	struct buf entry = BUF_INIT;
	enum outcome o;
	enum err e = log_open(&l, directory, certificate, NULL);

	if (e == ERR_OK && (e = log_read_entry(&l, index, &entry)) != ERR_OK)
		fprintf(stderr, "hallmark-audit: %s: expected report %llu of %llu: %s\n", directory,
		    (unsigned long long)index, (unsigned long long)l.checkpoint.size, err_text(e));
	o = e == ERR_OK ? show_report(buf_view(&entry), json) : outcome_of(e);
	buf_free(&entry);
	return o;
}

static enum outcome
show_report(struct view bytes, bool json)
{
	struct report_document *document;
	const struct report *r;
	enum err e = report_parse(bytes, &document);

	if (e != ERR_OK) {
		fprintf(stderr, "hallmark-audit: expected a report in its one spelling: %s\n",
		    err_text(e));
		return outcome_of(e);
	}
	if (json) {
		fwrite(bytes.data, 1, bytes.size, stdout);
		putchar('\n');
	} else {
		r = report_document_report(document);
		printf("report\n");
		say_view("log", r->issuer);
		verify_say_report(r);
		show_vector(r);
		show_evidence(r);
	}
	report_document_free(&document);
	return OUTCOME_GOOD;
}

static void
show_vector(const struct report *r)
{
	printf("trustworthiness\n");
	for (unsigned i = 0; i < REPORT_CLAIM_COUNT; i++)
		if (r->claim[i] != 0)
			say(report_claim_name((enum report_claim)i), "%d (%s)", r->claim[i],
			    report_status_name(report_claim_status(r->claim[i])));
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++)
		if (r->not_checked[i])
			say("not checked", "%s", component_kind_name((enum component_kind)i));
}

static void
show_evidence(const struct report *r)
{
	const struct bundle *b = &r->bundle;
	char hex[DIGEST_HEX_SIZE + 1];

	printf("evidence\n");
	say("sequence", "%llu", (unsigned long long)b->seq);
	say("measured", "%llu ms since 1970%s", (unsigned long long)b->time_ms,
	    b->offline ? ", offline: no nonce of the signer" : ", against a nonce of the signer");
	say_digest("bundle", &r->bundle_digest);
	say_digest("bundle before", &b->prev);
	if (r->has_previous)
		say_digest("report before", &r->previous);
	for (unsigned i = 0; i < COMPONENT_KIND_COUNT; i++) {
		const struct bundle_component *c = &b->component[i];

		if (!c->present)
			continue;
		digest_to_hex(&c->digest, hex);
		say(component_kind_name((enum component_kind)i), "%s, %llu items, %llu bytes", hex,
		    (unsigned long long)c->count, (unsigned long long)c->size);
	}
	for (size_t i = 0; i < r->reference_count; i++)
		say_digest("reference set", &r->reference[i]);
	if (r->has_signature)
		say_digest("signed with", &r->certificate);
}

static void
say_digest(const char *step, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	say(step, "%s", hex);
}
