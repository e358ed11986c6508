/*
 * What `hallmark-signer policy test` reads: a file of cases and, behind the first zero byte, the
 * evidence of all of them, run against one policy that judges each kind of component.
 */
#include "signer/cases/case_run.h"
#include "tests/fuzz/scratch.h"

#define CASES_TRIED 8 /* of a file: each reads the evidence again */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char set[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  /a\n"
			  "file bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
			  "/b uid=0 mode=0755\n";
static const char text[] = "name: p\n"
			   "references: [{name: s, file: s}]\n"
			   "workloads:\n"
			   "  - match: w*\n"
			   "    collectors: [c*]\n"
			   "    require: [executable]\n"
			   "    executable: {references: [s], path: /a}\n"
			   "    libraries: {references: [s], by: content, symlinks: true}\n"
			   "    files: {references: [s], may_change: [/b], unknown: warning}\n"
			   "    host: {facts: [{name: kernel_release, version: '>= 6.1'}]}\n"
			   "    runtime: {facts: [{name: uid, allow: ['0']}]}\n";

static struct policy *load_policy(void);
static void run_case(const struct policy *p, const struct case_entry *c, struct coverage *coverage);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy; /* of all runs */
	const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
	const size_t first = zero != NULL ? (size_t)(zero - data) : size;
	struct faults faults = FAULTS_INIT;
	struct coverage *coverage;
	struct cases_file cases;
	char path[128];

	if (policy == NULL)
		policy = load_policy();
	scratch_write("cases.yaml", data, first);
	scratch_write(
	    "evidence", zero != NULL ? zero + 1 : NULL, zero != NULL ? size - first - 1 : 0);
	(void)snprintf(path, sizeof(path), "%s/cases.yaml", scratch_directory());
	coverage = coverage_new(policy);
	if (cases_file_load(path, &faults, &cases) != (faults.count == 0))
		abort();
	for (size_t i = 0; faults.count == 0 && i < cases.count && i < CASES_TRIED; i++)
		run_case(policy, &cases.cases[i], coverage);
	for (size_t i = 0; i < coverage_count(coverage); i++)
		if (coverage_at(coverage, i)->name == NULL)
			abort();
	coverage_free(&coverage);
	cases_file_free(&cases);
	faults_free(&faults);
	return 0;
}

static struct policy *
load_policy(void)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p;
	char path[128];

	scratch_write("s", (const uint8_t *)set, strlen(set));
	scratch_write("policy.yaml", (const uint8_t *)text, strlen(text));
	(void)snprintf(path, sizeof(path), "%s/policy.yaml", scratch_directory());
	if (policy_load(path, &faults, &p) != ERR_OK) {
		faults_print(&faults, stderr);
		abort();
	}
	faults_free(&faults);
	return p;
}

/* Who is not as expected is told why, and who is not refused has been judged. */
static void
run_case(const struct policy *p, const struct case_entry *c, struct coverage *coverage)
{
	struct evidence_components evidence;
	struct faults faults = FAULTS_INIT;
	struct case_result result;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/evidence", scratch_directory());
	if (evidence_file_read(path, c, &faults, &evidence) != (faults.count == 0))
		abort();
	if (faults.count == 0) {
		if (case_run(p, c, &evidence, coverage, &result) != ERR_OK ||
		    (result.passed && result.found != c->expect) ||
		    (!result.passed && result.words.size == 0) || result.found == CASE_UNSAID)
			abort();
		case_result_free(&result);
	}
	evidence_components_free(&evidence);
	faults_free(&faults);
}
