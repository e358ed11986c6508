/*
 * What a token would say of an entry: nothing of what is no report, nothing that a profile does not
 * cover, and of the rest what Jansson finds in the report as well. The signer chooses all of the
 * input.
 */
#include "pkcs11/serve/claims.h"
#include "proto/tlog/merkle.h"
#include "tests/fuzz/entry_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIFETIME_S 300
#define INDEX      (1ULL << 62)

static void derive(const struct report_document *d, struct view entry, uint64_t now_s);
static bool is_due_one(const struct report *r, uint64_t now_s);
static void check_claims(const struct report *r, const struct digest *leaf, struct view claims);
static void check_string(const json_t *o, const char *key, struct view expected);
static void check_number(const json_t *o, const char *key, uint64_t expected);
static uint64_t expiry_s(const struct report *r);

static const struct view collectors[] = {VIEW_LITERAL("spiffe://example/collector/*")};
static const struct view workloads[] = {VIEW_LITERAL("trading-*")};
static const struct view audience = VIEW_LITERAL("\"a\"");
static const struct token_profile profile = {VIEW_LITERAL("p"), VIEW_LITERAL("https://i"),
    &audience, 1, LIFETIME_S, {collectors, workloads, 1, 1},
    {REPORT_AFFIRMING, REPORT_CONTRAINDICATED}, 2};
static const struct hsm_config config = {
    .origin = "hallmark.example/prod-1", .tokens = &profile, .token_count = 1};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Kept from one to the next, as the key process does. */
	static struct report_document d;
	const struct view entry = {data, size};
	const struct report_document *report = report_parse(entry, &d) == ERR_OK ? &d : NULL;
	const uint64_t issued_s = report != NULL ? d.report.issued_s : 1;

	derive(report, entry, issued_s);
	derive(report, entry, issued_s + LIFETIME_S);
	derive(report, entry, issued_s - 1);
	derive(report, entry, 0);
	return 0;
}

/* `d` is NULL where the entry is no report. */
static void
derive(const struct report_document *d, struct view entry, uint64_t now_s)
{
	static struct report_document document;
	struct claims_source source = {
	    .profile = profile.name, .report = entry, .index = INDEX, .now_s = now_s};
	struct buf claims = BUF_INIT, why = BUF_INIT;
	enum err e;

	merkle_leaf(entry, &source.leaf);
	e = claims_derive(&config, &source, &document, &claims, &why);
	if ((e == ERR_OK) != (d != NULL && is_due_one(&d->report, now_s)) ||
	    (e != ERR_OK && e != ERR_TOKEN_PROFILE) || (e == ERR_OK) != (why.size == 0) ||
	    (e == ERR_OK) != (claims.size > 0))
		abort();
	if (e == ERR_OK)
		check_claims(&d->report, &source.leaf, buf_view(&claims));
	buf_free(&claims);
	buf_free(&why);
}

/* As the profile above has it, without patterns. */
static bool
is_due_one(const struct report *r, uint64_t now_s)
{
	static const char collector[] = "spiffe://example/collector/", workload[] = "trading-";
	const size_t below = sizeof(collector) - 1;

	return !r->bundle.offline && view_equal(r->issuer, view_of_string(config.origin)) &&
	       r->collector.size >= below && memcmp(r->collector.data, collector, below) == 0 &&
	       memchr(r->collector.data + below, '/', r->collector.size - below) == NULL &&
	       r->bundle.workload.size >= sizeof(workload) - 1 &&
	       memcmp(r->bundle.workload.data, workload, sizeof(workload) - 1) == 0 &&
	       (r->status == REPORT_AFFIRMING || r->status == REPORT_CONTRAINDICATED) &&
	       r->issued_s <= now_s + CLAIMS_AHEAD_S && now_s < expiry_s(r);
}

static void
check_claims(const struct report *r, const struct digest *leaf, struct view claims)
{
	const bool draft = r->profile == REPORT_PROFILE_DRAFT;
	json_t *root =
	    json_loadb((const char *)claims.data, claims.size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *own = draft ? json_object_get(root, "hallmark") : root;
	json_t *submods = json_object_get(root, "submods");
	const json_t *appraisal = json_object_iter_value(json_object_iter(submods));
	struct buf subject = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];

	if (claims.size > CLAIMS_SIZE_MAX || json_object_size(submods) != 1)
		abort();
	buf_append_view(&subject, r->collector);
	buf_append_byte(&subject, '/');
	buf_append_view(&subject, r->bundle.workload);
	digest_to_hex(leaf, hex);
	check_string(root, "iss", profile.issuer);
	check_string(root, "aud", audience);
	check_string(root, "sub", buf_view(&subject));
	check_string(root, "jti", view_of_string(hex));
	check_number(root, "iat", r->issued_s);
	check_number(root, "exp", expiry_s(r));
	check_string(appraisal, draft ? "ear_status" : "ear.status",
	    view_of_string(report_status_name(r->status)));
	check_string(own, draft ? "log" : "hallmark.log", r->issuer);
	check_number(own, draft ? "index" : "hallmark.index", INDEX);
	/* Where the dialect has it, and only there. */
	if ((json_object_get(draft ? appraisal : root, "eat_nonce") == NULL) != r->bundle.offline ||
	    json_object_get(draft ? root : appraisal, "eat_nonce") != NULL ||
	    json_object_size(root) != (draft ? 10U : 11U + !r->bundle.offline))
		abort();
	buf_free(&subject);
	json_decref(root);
}

static void
check_string(const json_t *o, const char *key, struct view expected)
{
	struct view found;

	if (!get_string(o, key, &found) || !view_equal(found, expected))
		abort();
}

static void
check_number(const json_t *o, const char *key, uint64_t expected)
{
	uint64_t found;

	if (!get_number(o, key, &found) || found != expected)
		abort();
}

static uint64_t
expiry_s(const struct report *r)
{
	return r->expires_s < r->issued_s + LIFETIME_S ? r->expires_s : r->issued_s + LIFETIME_S;
}
