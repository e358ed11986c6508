/*
 * Policies as replay reads them from a store: the walk, the struct made of it, the checks, and an
 * appraisal by what came out. A policy "p" may name the references "one" and "two", releases of
 * these names of the family "f", and an operators file together with the CAs "ca".
 */
#include <stdlib.h>
#include <string.h>

#include "policy/appraisal/appraise.h"
#include "proto/evidence/component.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char one[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  /a\n";
static const char two[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  /a\n"
			  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  /b\n";

static const char operators[] = "operators:\n"
				"  - {name: o, rights: [approve], key: MCowBQYDK2VwAyEAMtlB"
				"hfkemYJ+xfIBBBNcIf/lFaO5JxN6IYQqVDIW6pA=}\n";
static const char ca[] = "-----BEGIN CERTIFICATE-----\n"
			 "MIIBNDCB56ADAgECAhRnnhlcMFX7rPJHlrGKZEYF8ovYdTAFBgMrZXAwDzENMAsG\n"
			 "A1UEAwwEZnV6ejAgFw0yNjExMjkxOTE3MDVaGA8yMTI2MTEwNTE5MTcwNVowDzEN\n"
			 "MAsGA1UEAwwEZnV6ejAqMAUGAytlcAMhAGN//jsq2EuYBWHZd0hBWGh28w9nMviE\n"
			 "gdh1O9aoACHUo1MwUTAdBgNVHQ4EFgQUNUk0M7gYWqIg8Pnw+pnsqxrJSaowHwYD\n"
			 "VR0jBBgwFoAUNUk0M7gYWqIg8Pnw+pnsqxrJSaowDwYDVR0TAQH/BAUwAwEB/zAF\n"
			 "BgMrZXADQQDKgkKKGvQY+T/pwr0Fpd9gKEdVYmKu5oRQ3ZEjDqJrf3ukluarXnNm\n"
			 "DBn4X3jIudjZ7+j2H5qZ0KupNm2eRXcL\n"
			 "-----END CERTIFICATE-----\n";

static const char common[] =
    "rules:\n"
    "  - name: sealed\n"
    "    max_age_s: 1\n"
    "    host: {unmatched: none, facts: [{name: f, allow: [a]}]}\n"
    "  - {name: files, files: {unknown: none}, libraries: {references: [one]}}\n";

/* What the manifest names, as bits. */
enum {
	WITH_ONE = 1,
	WITH_TWO = 2,
	WITH_OTHERS = 4,
	WITH_RELEASES = 8,
	WITH_COMMON = 16,
	WITH_ALL = 31
};

static void write_manifest(struct view policy, unsigned with, struct buf *to);
static void write_line(const char *kind_and_name, struct view content, struct buf *to);
static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);
static void appraise(const struct policy *p, const struct policy_rule *rule);
static void make_component(enum component_kind kind, struct buf *to);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {data, size};

	for (unsigned with = 0; with <= WITH_ALL; with++) {
		struct faults faults = FAULTS_INIT;
		struct buf manifest = BUF_INIT;
		const struct policy_rule *rule;
		struct policy *p;
		enum err e;

		write_manifest(text, with, &manifest);
		e = policy_from_manifest(buf_view(&manifest), fetch, &text, &faults, &p);
		if ((e == ERR_OK) != (p != NULL) || (e == ERR_OK && faults.count > 0) ||
		    (e == ERR_CONFIG && faults.count == 0))
			abort();
		if (p != NULL && (rule = policy_find(p, VIEW_LITERAL("w"), VIEW_LITERAL("c"))))
			appraise(p, rule);
		policy_free(&p);
		faults_free(&faults);
		buf_free(&manifest);
	}
	return 0;
}

static void
write_manifest(struct view policy, unsigned with, struct buf *to)
{
	buf_append_string(to, "hallmark manifest v1\nsemantics 1\n");
	if ((with & WITH_OTHERS) != 0)
		write_line("collectors-ca ca", view_of_string(ca), to);
	if ((with & WITH_COMMON) != 0)
		write_line("include common", view_of_string(common), to);
	if ((with & WITH_OTHERS) != 0)
		write_line("operators operators", view_of_string(operators), to);
	write_line("policy p", policy, to);
	if ((with & WITH_RELEASES) != 0) {
		write_line("reference f@one", view_of_string(one), to);
		write_line("reference f@two", view_of_string(two), to);
	}
	if ((with & WITH_ONE) != 0)
		write_line("reference one", view_of_string(one), to);
	if ((with & WITH_TWO) != 0)
		write_line("reference two", view_of_string(two), to);
}

static void
write_line(const char *kind_and_name, struct view content, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest d;

	digest_of(content.data, content.size, &d);
	digest_to_hex(&d, hex);
	buf_append_format(to, "%s %s\n", kind_and_name, hex);
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	struct digest d;

	digest_of(common, strlen(common), &d);
	switch (kind) {
	case PACK_POLICY:
		if (digest_equal(&d, digest))
			buf_append_string(to, common);
		else
			buf_append_view(to, *(struct view *)context);
		break;
	case PACK_OPERATORS:
		buf_append_string(to, operators);
		break;
	case PACK_CA:
		buf_append_string(to, ca);
		break;
	default:
		digest_of(one, strlen(one), &d);
		buf_append_string(to, digest_equal(&d, digest) ? one : two);
	}
	return ERR_OK;
}

/* Whatever the policy says, the report may stand in a log. */
static void
appraise(const struct policy *p, const struct policy_rule *rule)
{
	struct component_verdict *verdict[COMPONENT_KIND_COUNT] = {NULL};
	struct component *component[COMPONENT_KIND_COUNT] = {NULL};
	struct buf bytes[COMPONENT_KIND_COUNT];
	struct bundle bundle = {.workload = VIEW_LITERAL("w"), .seq = 1, .time_ms = 1000};
	struct appraise_input in = {.bundle = &bundle, .received_s = 1800000000};
	struct buf storage = BUF_INIT;
	struct report r = {0};

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		bytes[k] = BUF_INIT;
		make_component((enum component_kind)k, &bytes[k]);
		if (component_decode(buf_view(&bytes[k]), &component[k]) != ERR_OK ||
		    appraise_component(rule, NULL, component[k], in.received_s, &verdict[k]) !=
			ERR_OK)
			abort();
		bundle.component[k] = (struct bundle_component){.present = true, .size = 1};
		in.component[k] = verdict[k];
	}
	appraise_conclude(p, rule, &in, &storage, &r);
	r.issued_s = in.received_s;
	r.expires_s = r.issued_s + 1;
	r.issuer = r.collector = r.developer = r.build = VIEW_LITERAL("x");
	r.bundle = bundle;
	/* The evidence is years old. */
	if (report_check(&r) != ERR_OK || r.status == REPORT_AFFIRMING || r.finding_total == 0)
		abort();
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		component_verdict_free(&verdict[k]);
		component_free(&component[k]);
		buf_free(&bytes[k]);
	}
	buf_free(&storage);
}

static void
make_component(enum component_kind kind, struct buf *to)
{
	struct component_builder *b = component_builder_new(kind);
	const struct view values[] = {VIEW_LITERAL("1"), VIEW_LITERAL("a*b")};
	const struct component_fact fact = {VIEW_LITERAL("f"), 2, values};
	struct component_file file = {.path = VIEW_LITERAL("/a")};
	size_t count;

	if (b == NULL)
		abort();
	if (component_kind_shape(kind) == COMPONENT_SHAPE_FACT) {
		if (component_add_fact(b, &fact) != ERR_OK)
			abort();
	} else {
		memset(file.digest.bytes, 0xaa, DIGEST_SIZE);
		if (component_add_file(b, &file) != ERR_OK)
			abort();
		file.path = VIEW_LITERAL("/c\n");
		file.flags = COMPONENT_FILE_DELETED;
		if (component_add_file(b, &file) != ERR_OK)
			abort();
	}
	if (component_finish(b, to, &count) != ERR_OK)
		abort();
	component_builder_free(&b);
}
