#include "signer/policies/stored.h"

#include <inttypes.h>
#include <string.h>

#include "log/evidence_reader.h"
#include "policy/governance/manifest.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "signer/policies/told.h"
#include "signer/policies/told_report.h"
#include "signer/policies/written.h"

#define DIGEST_SHOWN 16 /* digits, on a terminal */

struct shown {
	const struct stored_options *options;
	struct evidence_reader *evidence;
	struct buf manifest;
	struct policy *policy;
	struct manifest *lines; /* of it */
};

static bool find(struct shown *s);
static bool find_digest(const struct stored_options *options, struct digest *out);
static void print_text(const struct shown *s, FILE *to);
static bool print_json(const struct shown *s, FILE *to);
static size_t size_of(const struct shown *s, const struct digest *digest);
static const char *file_of(const struct shown *s, const struct manifest_line *line);

int
stored_show(const struct stored_options *options, FILE *to)
{
	struct shown s = {.options = options, .manifest = BUF_INIT};
	int result = STORED_EXIT_UNKNOWN;

	if (find(&s) && (options->output == NULL || written_policy(options->output, s.policy))) {
		result = 0;
		if (!options->json)
			print_text(&s, to);
		else if (!print_json(&s, to))
			result = STORED_EXIT_UNKNOWN;
	}
	manifest_free(&s.lines);
	policy_free(&s.policy);
	buf_free(&s.manifest);
	evidence_reader_close(&s.evidence);
	return result;
}

static bool
find(struct shown *s)
{
	const struct findings quiet = {.tell = NULL};
	struct faults faults = FAULTS_INIT;
	struct digest digest;
	enum err e;

	if (!find_digest(s->options, &digest))
		return false;
	if (evidence_reader_open(s->options->evidence, &quiet, &s->evidence) != OUTCOME_GOOD)
		return told_failure(s->options->evidence,
		    "expected the signer's evidence, found none that can be read");
	e = evidence_reader_get(s->evidence, PACK_MANIFEST, &digest, &s->manifest);
	if (e == ERR_NOT_FOUND)
		return told_failure(s->options->id, "the evidence has no such policy");
	if (e == ERR_OK)
		e = policy_from_manifest(
		    buf_view(&s->manifest), told_fetch, s->evidence, &faults, &s->policy);
	if (e == ERR_OK)
		e = manifest_parse(buf_view(&s->manifest), &s->lines);
	faults_print(&faults, stderr);
	faults_free(&faults);
	return e == ERR_OK || told_failure(s->options->id, err_text(e));
}

static bool
find_digest(const struct stored_options *options, struct digest *out)
{
	const struct view id = view_of_string(options->id);
	struct told_report r;
	uint64_t number;
	bool good;

	if (digest_from_hex(id, out) == ERR_OK || policy_id_digest(id, out) == ERR_OK)
		return true;
	if (decimal_decode(id, &number) != ERR_OK || options->log == NULL)
		return told_failure(options->id,
		    "expected NAME@sha256:HEX, the digest alone, or with --log the number of a "
		    "report");
	good = told_report_entry(options->id, options->log, &r) &&
	       policy_id_digest(r.document.report.policy_id, out) == ERR_OK;
	told_report_free(&r);
	return good;
}

static void
print_text(const struct shown *s, FILE *to)
{
	const struct view id = policy_id(s->policy);
	size_t width = strlen("NAME");

	for (size_t i = 0; i < s->lines->count; i++)
		if (s->lines->line[i].name.size > width)
			width = s->lines->line[i].name.size;
	fprintf(to, "%.*s\n\n", view_precision(id), (const char *)id.data);
	fprintf(to, "%-13s  %-*s  %10s  %-*s  FILE\n", "KIND", (int)width, "NAME", "BYTES",
	    DIGEST_SHOWN, "SHA-256");
	for (size_t i = 0; i < s->lines->count; i++) {
		const struct manifest_line *l = &s->lines->line[i];
		char hex[DIGEST_HEX_SIZE + 1];

		digest_to_hex(&l->digest, hex);
		fprintf(to, "%-13s  %-*.*s  %10zu  %.*s  %s\n", manifest_kind_name(l->kind),
		    (int)width, view_precision(l->name), (const char *)l->name.data,
		    size_of(s, &l->digest), DIGEST_SHOWN, hex, file_of(s, l));
	}
	if (s->options->output != NULL)
		fprintf(to, "\nwritten to %s\n", s->options->output);
}

static bool
print_json(const struct shown *s, FILE *to)
{
	struct buf text = BUF_INIT;

	buf_append_byte(&text, '{');
	told_text(&text, "policy", policy_id(s->policy));
	buf_append_string(&text, ",\"files\":[");
	for (size_t i = 0; i < s->lines->count; i++) {
		const struct manifest_line *l = &s->lines->line[i];
		char hex[DIGEST_HEX_SIZE + 1];

		digest_to_hex(&l->digest, hex);
		buf_append_string(&text, i > 0 ? ",{" : "{");
		told_text(&text, "kind", view_of_string(manifest_kind_name(l->kind)));
		told_text(&text, "name", l->name);
		told_text(&text, "file", view_of_string(file_of(s, l)));
		told_text(&text, "sha256", view_of_string(hex));
		told_number(&text, "size", size_of(s, &l->digest));
		buf_append_byte(&text, '}');
	}
	buf_append_string(&text, "]}\n");
	return told_print(&text, to);
}

static size_t
size_of(const struct shown *s, const struct digest *digest)
{
	for (size_t i = 0; i < policy_object_count(s->policy); i++)
		if (digest_equal(&policy_object_at(s->policy, i)->digest, digest))
			return policy_object_at(s->policy, i)->content.size;
	return 0;
}

/* As the policy has it; of itself it does not say. */
static const char *
file_of(const struct shown *s, const struct manifest_line *line)
{
	for (size_t i = 0; i < policy_file_count(s->policy); i++) {
		const struct policy_file *f = policy_file_at(s->policy, i);

		if (f->kind == line->kind && view_equal(view_of_string(f->name), line->name))
			return f->file;
	}
	return WRITTEN_POLICY;
}
