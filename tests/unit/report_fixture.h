/*
 * The reports of the vectors, as their writer has them, for the tests of writing and of reading.
 */
#ifndef HALLMARK_TESTS_UNIT_REPORT_FIXTURE_H
#define HALLMARK_TESTS_UNIT_REPORT_FIXTURE_H

#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/digest.h"
#include "proto/report/report.h"

#define V(s) VIEW_LITERAL(s)

/* The bundle of the vectors, with digests and sizes from the components' vectors. */
static inline void
example_bundle(struct bundle *b)
{
	static const struct {
		enum component_kind kind;
		const char *vector;
		uint64_t count;
	} parts[] = {
	    {COMPONENT_EXECUTABLE, "component-executable", 1},
	    {COMPONENT_FILES, "component-files", 3},
	    {COMPONENT_RUNTIME, "component-runtime", 5},
	};

	b->workload = V("trading-app");
	b->seq = 1;
	b->time_ms = 1795514400000;
	for (unsigned i = 0; i < NONCE_SIZE; i++)
		b->nonce[i] = (uint8_t)i;
	for (unsigned i = 0; i < BOOT_ID_SIZE; i++)
		b->boot_id[i] = (uint8_t)(0xa0 + i);
	for (size_t i = 0; i < 3; i++) {
		struct bundle_component *c = &b->component[parts[i].kind];
		struct buf bytes = BUF_INIT;

		vector_wire(parts[i].vector, &bytes);
		c->present = true;
		c->count = parts[i].count;
		c->size = bytes.size;
		digest_of(bytes.data, bytes.size, &c->digest);
		buf_free(&bytes);
	}
}

/* jti, as it follows from the bundle. */
static inline void
set_jti(struct report *r)
{
	struct buf bytes = BUF_INIT;

	bundle_encode(&r->bundle, &bytes);
	digest_of(bytes.data, bytes.size, &r->bundle_digest);
	buf_free(&bytes);
}

static inline void
names_notice(struct report *r, uint64_t index, const char *vector)
{
	struct buf text = BUF_INIT;

	vector_file(vector, &text);
	r->notice.index = index;
	digest_of_parts((const struct view[]){V("\0"), buf_view(&text)}, 2, &r->notice.leaf);
	buf_free(&text);
}

static inline void
names_previous(struct report *r, const char *vector)
{
	struct buf text = BUF_INIT;

	vector_file(vector, &text);
	r->has_previous = true;
	digest_of_parts((const struct view[]){V("\0"), buf_view(&text)}, 2, &r->previous);
	buf_free(&text);
}

/* The report of report-deployed.json. */
static inline void
example(struct report *r)
{
	memset(r, 0, sizeof(*r));
	r->profile = REPORT_PROFILE_DEPLOYED;
	r->issued_s = 1795514401;
	r->expires_s = 1795518001;
	r->issuer = V("hallmark.example/prod-1");
	r->collector = V("spiffe://example/collector/host-1");
	r->developer = V("https://example.com");
	r->build = V("hallmark-signer/0.1.0");
	r->status = REPORT_AFFIRMING;
	r->claim[REPORT_INSTANCE_IDENTITY] = 2;
	r->claim[REPORT_EXECUTABLES] = 2;
	r->claim[REPORT_FILE_SYSTEM] = 2;
	r->claim[REPORT_CONFIGURATION] = 2;
	r->policy_id =
	    V("trading@sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f");
	r->reference_count = 1;
	digest_of("reference set", 13, &r->reference[0]);
	example_bundle(&r->bundle);
	set_jti(r);
	names_notice(r, 1, "notice-manifest.json");
}

/* The report of report-draft.json; `signature` stays with the caller. */
static inline void
example_draft(struct report *r, struct buf *signature)
{
	example(r);
	r->profile = REPORT_PROFILE_DRAFT;
	r->issued_s += 60;
	r->expires_s += 60;
	r->status = REPORT_CONTRAINDICATED;
	r->claim[REPORT_CONFIGURATION] = 0;
	r->claim[REPORT_FILE_SYSTEM] = 96;
	r->policy_id =
	    V("stricter@sha256:e7b0c7ca59efa17fc92e5aafb66a8109dd8bac6baf3db6e56c926dfa263ec1ea");
	digest_of("another reference set", 21, &r->reference[0]);
	r->finding_count = r->finding_total = 2;
	r->finding[0] = (struct report_finding){V("files"), V("unknown-file"),
	    V("/etc/trading-app/na\\xff\\x0ame\" \xe2\x82\xac"),
	    V("in no reference set; found sha256 "
	      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")};
	r->finding[1] = (struct report_finding){V("bundle"), V("offline-evidence"), V(""),
	    V("gathered without a nonce: its time of measurement is only the collector's word")};
	r->not_checked[COMPONENT_RUNTIME] = true;
	r->bundle.prev = r->bundle_digest;
	r->bundle.seq = 2;
	r->bundle.time_ms -= 60000;
	r->bundle.offline = true;
	r->bundle.extensions.has_gap = true;
	r->bundle.extensions.bytes = V("\x81\xa3gap\0");
	memset(r->bundle.nonce, 0, NONCE_SIZE);
	set_jti(r);
	names_notice(r, 4, "notice-approved.json");
	names_previous(r, "report-deployed.json");
	r->has_signature = true;
	digest_of("certificate", 11, &r->certificate);
	vector_wire("bundle-2-signature", signature);
	r->signature = buf_view(signature);
	r->last_signed_s = r->issued_s;
}

/* The report of report-challenge.json; `extensions` stays with the caller. */
static inline void
example_challenge(struct report *r, struct buf *extensions)
{
	struct buf before = BUF_INIT, bundle = BUF_INIT;
	struct bundle decoded;

	example(r);
	vector_wire("bundle-3-extensions", &bundle);
	assert_int_equal(bundle_decode(buf_view(&bundle), &decoded), ERR_OK);
	buf_append_view(extensions, decoded.extensions.bytes);
	r->issued_s += 61;
	r->expires_s += 61;
	r->bundle.seq = 3;
	vector_wire("bundle-2-offline", &before);
	digest_of(before.data, before.size, &r->bundle.prev);
	for (unsigned i = 0; i < NONCE_SIZE; i++)
		r->bundle.nonce[i] = (uint8_t)(NONCE_SIZE + i);
	r->bundle.time_ms += 60000;
	r->bundle.next_s = 66;
	assert_int_equal(
	    bundle_extensions_read(buf_view(extensions), &r->bundle.extensions), ERR_OK);
	set_jti(r);
	names_notice(r, 4, "notice-approved.json");
	names_previous(r, "report-draft.json");
	r->last_signed_s = 1795514461;
	r->extensions = V("{\"group\":[\"a\",{\"b\":1}],\"trial\":\"\\\\\"}");
	buf_free(&before);
	buf_free(&bundle);
}

static inline enum err
parse(struct view json)
{
	struct report_document d = REPORT_DOCUMENT_INIT;
	enum err e = report_parse(json, &d);

	report_document_free(&d);
	return e;
}

#endif
