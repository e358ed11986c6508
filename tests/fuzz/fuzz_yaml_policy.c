/*
 * Policies as replay reads them from a store: the walk, libcyaml, the checks, and an appraisal by
 * what came out. The policy may name the references "one" and "two".
 */
#include <stdlib.h>
#include <string.h>

#include "policy/appraise.h"
#include "proto/evidence/component.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char one[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  /a\n";
static const char two[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  /a\n"
			  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  /b\n";

static void write_manifest(struct view policy, bool with_one, bool with_two, struct buf *to);
static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);
static void appraise(const struct policy *p, const struct policy_rule *rule);
static void make_component(enum component_kind kind, struct buf *to);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {data, size};

	for (unsigned with = 0; with < 4; with++) {
		struct faults faults = FAULTS_INIT;
		struct buf manifest = BUF_INIT;
		const struct policy_rule *rule;
		struct policy *p;
		enum err e;

		write_manifest(text, (with & 1) != 0, (with & 2) != 0, &manifest);
		e = policy_from_manifest(buf_view(&manifest), fetch, &text, &faults, &p);
		if ((e == ERR_OK) != (p != NULL) || (e == ERR_OK && faults.count > 0) ||
		    (e == ERR_CONFIG && faults.count == 0))
			abort();
		/* What the walk accepts, libcyaml must accept. */
		for (size_t i = 0; i < faults.count; i++)
			if (strncmp(faults.fault[i].text, "cannot be loaded", 16) == 0)
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
write_manifest(struct view policy, bool with_one, bool with_two, struct buf *to)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest d;

	digest_of(policy.data, policy.size, &d);
	digest_to_hex(&d, hex);
	buf_append_format(to, "hallmark policy manifest v1\npolicy %s\n", hex);
	digest_of(one, strlen(one), &d);
	digest_to_hex(&d, hex);
	if (with_one)
		buf_append_format(to, "reference one %s\n", hex);
	digest_of(two, strlen(two), &d);
	digest_to_hex(&d, hex);
	if (with_two)
		buf_append_format(to, "reference two %s\n", hex);
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	struct digest d;

	if (kind == PACK_POLICY) {
		buf_append_view(to, *(struct view *)context);
		return ERR_OK;
	}
	digest_of(one, strlen(one), &d);
	buf_append_string(to, digest_equal(&d, digest) ? one : two);
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
		    appraise_component(rule, component[k], in.received_s, &verdict[k]) != ERR_OK)
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
