#include "signer/cases/cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/text.h"
#include "signer/cases/case_run.h"
#include "signer/cases/junit.h"

struct testing {
	const struct cases_options *options;
	char *path; /* of the cases */
	struct cases_file file;
	struct policy *policy;
	struct coverage *coverage;
	struct faults faults;
	size_t failed;
	struct junit junit;
	FILE *to;
};

static bool load(struct testing *t);
static char *path_of_cases(const char *given);
static char *path_beside(const char *file, const char *name);
static bool run_case(struct testing *t, size_t index);
static void tell_lines(struct testing *t, struct view words);
static void tell_coverage(const struct testing *t);
static void print_text(const char *text, FILE *to);

int
cases_run(const struct cases_options *options, FILE *to)
{
	struct testing t = {.options = options,
	    .path = path_of_cases(options->cases),
	    .faults = FAULTS_INIT,
	    .to = to};
	bool good = load(&t);

	if (good)
		fprintf(to, "TAP version 14\n1..%zu\n", t.file.count);
	for (size_t i = 0; good && i < t.file.count; i++)
		good = run_case(&t, i);
	if (good)
		tell_coverage(&t);
	if (good && options->junit != NULL && !junit_write(&t.junit, options->junit)) {
		fprintf(stderr, "hallmark-signer: %s: %s\n", options->junit, strerror(errno));
		good = false;
	}
	faults_print(&t.faults, stderr);
	faults_free(&t.faults);
	junit_free(&t.junit);
	coverage_free(&t.coverage);
	policy_free(&t.policy);
	cases_file_free(&t.file);
	free(t.path);
	if (!good)
		return CASES_EXIT_UNKNOWN;
	return t.failed > 0 ? CASES_EXIT_FAILED : 0;
}

static bool
load(struct testing *t)
{
	const char *named = t->options->policy;
	char *beside = NULL;
	bool good;

	if (!cases_file_load(t->path, &t->faults, &t->file))
		return false;
	if (named == NULL)
		named = beside =
		    path_beside(t->path, t->file.policy != NULL ? t->file.policy : "policy.yaml");
	good = policy_load(named, &t->faults, &t->policy) == ERR_OK;
	if (good)
		t->coverage = coverage_new(t->policy);
	free(beside);
	return good;
}

static char *
path_of_cases(const char *given)
{
	struct stat st;
	char *path;

	if (asprintf(&path, "%s%s", given,
		stat(given, &st) == 0 && S_ISDIR(st.st_mode) ? "/cases.yaml" : "") < 0)
		abort();
	return path;
}

static char *
path_beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	char *path;

	if (asprintf(&path, "%.*s%s", slash != NULL && name[0] != '/' ? (int)(slash + 1 - file) : 0,
		file, name) < 0)
		abort();
	return path;
}

/* False where its evidence cannot be read. */
static bool
run_case(struct testing *t, size_t index)
{
	const struct case_entry *c = &t->file.cases[index];
	char *path = path_beside(t->path, c->evidence);
	struct case_result result = {.words = BUF_INIT};
	struct evidence_components evidence;
	bool good = evidence_file_read(path, c, &t->faults, &evidence);
	enum err e = ERR_OK;

	if (good)
		e = case_run(t->policy, c, &evidence, t->coverage, &result);
	if (e != ERR_OK)
		faults_add(&t->faults, path, 0, "%s", err_text(e));
	good = good && e == ERR_OK;
	if (good) {
		t->failed += !result.passed;
		fprintf(t->to, "%s %zu - ", result.passed ? "ok" : "not ok", index + 1);
		print_text(c->name, t->to);
		fputs("\n", t->to);
		if (!result.passed)
			tell_lines(t, buf_view(&result.words));
		junit_add(&t->junit, c->name, result.passed, buf_view(&result.words));
	}
	case_result_free(&result);
	evidence_components_free(&evidence);
	free(path);
	return good;
}

static void
tell_lines(struct testing *t, struct view words)
{
	while (words.size > 0) {
		const uint8_t *end = memchr(words.data, '\n', words.size);
		const size_t size = end != NULL ? (size_t)(end - words.data) : words.size;

		fprintf(t->to, "# %.*s\n", (int)size, (const char *)words.data);
		words.data += size + (end != NULL);
		words.size -= size + (end != NULL);
	}
}

static void
tell_coverage(const struct testing *t)
{
	const size_t count = coverage_count(t->coverage);
	size_t decided = 0;

	for (size_t i = 0; i < count; i++)
		decided += coverage_at(t->coverage, i)->decided;
	fprintf(t->to,
	    "# %zu of %zu cases are as expected; %zu of %zu keys of rules decide in them\n",
	    t->file.count - t->failed, t->file.count, decided, count);
	for (size_t i = 0; i < count; i++) {
		const struct coverage_key *key = coverage_at(t->coverage, i);

		if (key->decided)
			continue;
		fprintf(t->to, "# no case tries workloads[%u].",
		    policy_rule_number(t->policy, key->rule) - 1);
		print_text(key->name, t->to);
		if (key->line > 0)
			fprintf(t->to, ", line %u", key->line);
		fputs("\n", t->to);
	}
}

/* In TAP a "#" begins a directive. */
static void
print_text(const char *text, FILE *to)
{
	for (; *text != '\0'; text++)
		fprintf(to, "%s%c", *text == '#' ? "\\" : "", *text);
}
