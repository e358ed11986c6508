#include "signer/cases/case_record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "proto/evidence/component_listing.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "signer/policies/told_report.h"

#define FAILED 2

static bool write_evidence(const struct told_report *r, const char *path);
static void print_case(const struct told_report *r, const char *path, FILE *to);
static void print_text(const char *key, struct view text, FILE *to);

int
case_record(const struct case_record_options *options, FILE *to)
{
	struct told_report r = {.index = 0};
	int result = FAILED;

	if (told_report_read(options->report, options->log, options->evidence, &r)) {
		if (write_evidence(&r, options->evidence_file)) {
			print_case(&r, options->evidence_file, to);
			result = 0;
		} else {
			fprintf(stderr, "hallmark-signer: %s: %s\n", options->evidence_file,
			    strerror(errno));
		}
	}
	told_report_free(&r);
	return result;
}

static bool
write_evidence(const struct told_report *r, const char *path)
{
	struct buf text = BUF_INIT;
	const char *between = "{\"components\":{";
	FILE *to;
	bool good;

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		if (r->measured.component[k] == NULL)
			continue;
		buf_append_format(
		    &text, "%s\"%s\":{", between, component_kind_name((enum component_kind)k));
		component_listing_json(r->measured.component[k], &text);
		buf_append_byte(&text, '}');
		between = ",\n";
	}
	buf_append_string(&text, "}}\n");
	errno = ENOMEM;
	good = buf_status(&text) == ERR_OK && (to = fopen(path, "wxe")) != NULL;
	if (good) {
		good = fwrite(text.data, 1, text.size, to) == text.size;
		good = fclose(to) == 0 && good;
	}
	buf_free(&text);
	return good;
}

static void
print_case(const struct told_report *r, const char *path, FILE *to)
{
	const struct report *report = &r->document.report;
	const char *slash = strrchr(path, '/');
	const uint64_t measured_s = report->bundle.time_ms / 1000;
	char at[UTC_TEXT_SIZE];

	fprintf(to, "cases:\n  - name: entry %" PRIu64 "\n", r->index);
	print_text("workload", report->bundle.workload, to);
	print_text("collector", report->collector, to);
	print_text("evidence", view_of_string(slash != NULL ? slash + 1 : path), to);
	fprintf(to, "    at: %s\n", utc_text(report->issued_s, at));
	if (report->issued_s > measured_s)
		fprintf(to, "    age_s: %" PRIu64 "\n", report->issued_s - measured_s);
	if (report->bundle.offline)
		fputs("    offline: true\n", to);
	if (report->last_signed_s == 0)
		fputs("    unsigned: true\n", to);
	fprintf(to, "    expect: %s\n", report_status_name(report->status));
}

static void
print_text(const char *key, struct view text, FILE *to)
{
	struct buf quoted = BUF_INIT;

	json_append_string(&quoted, text);
	fprintf(to, "    %s: %.*s\n", key, (int)quoted.size, (const char *)quoted.data);
	buf_free(&quoted);
}
