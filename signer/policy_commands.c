#include "signer/policy_commands.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config/signer_config.h"
#include "signer/cases/case_record.h"
#include "signer/cases/cases.h"
#include "signer/learn/learn.h"
#include "signer/policies/approval.h"
#include "signer/policies/differ.h"
#include "signer/policies/explain.h"
#include "signer/policies/formatting.h"
#include "signer/policies/stored.h"
#include "signer/policies/window.h"
#include "signer/policies/written_out.h"
#include "signer/policy_advisories.h"
#include "signer/policy_import.h"
#include "signer/trial/trial_arguments.h"

static const char usage[] =
    "usage: hallmark-signer policy try NEW (-c FILE | --log DIR --evidence DIR)\n"
    "                       [--workload PATTERN] [--last TIME] [--all] [--json]\n"
    "       hallmark-signer policy learn --workload PATTERN -o DIR\n"
    "                       (-c FILE | --log DIR --evidence DIR) [--last TIME]\n"
    "       hallmark-signer policy explain WORKLOAD (-c FILE | --policy FILE) [--json]\n"
    "       hallmark-signer policy explain WORKLOAD --report N\n"
    "                       (-c FILE | --log DIR --evidence DIR) [--policy FILE]\n"
    "                       [--all] [--json]\n"
    "       hallmark-signer policy diff OLD NEW [--all] [--json]\n"
    "       hallmark-signer policy show ID (-c FILE | [--log DIR] --evidence DIR)\n"
    "                       [-o DIR] [--json]\n"
    "       hallmark-signer policy approve NEW (-c FILE | --log DIR --evidence DIR)\n"
    "                       [--author NAME] [--all] [--json]\n"
    "       hallmark-signer policy fmt FILE [--check | --expanded [--workload "
    "NAME]]\n"
    "       hallmark-signer policy window FILE [--family FAMILY --old A --new B --until "
    "TIME]\n"
    "       hallmark-signer policy window FILE --family FAMILY [--old A --new B] "
    "--close\n" POLICY_CASES_SYNOPSIS POLICY_IMPORT_SYNOPSIS POLICY_ADVISORIES_SYNOPSIS "\n"
    "try      appraises the evidence of the log again under the policy file NEW,\n"
    "         and tells whose verdict would be another and why. --last: of the\n"
    "         newest 90s, 15m, 36h, 7d; --all names every workload. 1: a verdict\n"
    "         would fall; 2: not all could be told\n"
    "learn    proposes a policy and its reference sets in a new directory, from\n"
    "         what was seen of the workloads that match, as strict as that was.\n"
    "         review.txt says what varied, was on one host only, or was left out.\n"
    "         Nothing applies it. 1: not all of what it was learned from would be\n"
    "         affirming by it; 2: not all could be read\n"
    "explain  says in sentences what the policy wants of the workload. --report:\n"
    "         why the report with this number in the log is as it is: for each\n"
    "         cause the rule, what was expected and found, and what would mend it;\n"
    "         --all names every file. 1: no entry is for the workload, or the\n"
    "         report is not affirming; 2: it could not be told\n"
    "diff     says what changes from the policy file OLD to NEW; --all names every\n"
    "         path. 0: they are one policy, to the byte; 1: they are not; 2: one of\n"
    "         them could not be read\n"
    "show     shows a policy that the evidence keeps: by its id, the digest in that,\n"
    "         or the number of a report in the log. -o writes it and all the files\n"
    "         that it names to a new directory. 2: there is none\n"
    "approve  says what changes if the policy file NEW follows what is in force in\n"
    "         the log, whose approvals that takes, and how they are given. 1: none\n"
    "         is needed, or none any more; 2: it could not be told\n"
    "fmt      writes the file in the one spelling, with its comments; --check says\n"
    "         whether it has that, and writes nothing: 1: no; 2: it cannot be "
    "read\n"
    "window   shows the windows of the policy file, and how long they are open;\n"
    "         --family: writes one into it, in which the releases from A to B\n"
    "         count until TIME, or gives it another end; --close: takes it out.\n"
    "         All else stays as it is.\n"
    "         2: nothing was written, or it cannot be read\n" POLICY_CASES_HELP POLICY_IMPORT_HELP
	POLICY_ADVISORIES_HELP;

/* What is on the command line. */
struct words {
	const char *config, *policy, *log, *evidence, *report, *output, *author;
	const char *workload, *last, *junit;
	const char *family, *old, *new, *until;
	bool all, json, check, expanded, close;
	const char *operand[2];
	size_t operands;
};

/* A command and what it takes; bits of `takes` are places in the tables of options. */
struct command {
	const char *name;
	size_t operands;
	unsigned takes;
	int (*run)(struct words *w);
};

enum {
	TAKES_CONFIG = 1,
	TAKES_POLICY = 2,
	TAKES_LOG = 4,
	TAKES_REPORT = 8,
	TAKES_ALL = 16,
	TAKES_JSON = 32,
	TAKES_OUTPUT = 64,
	TAKES_SEEN = 128, /* whose reports, and of which time */
	TAKES_AUTHOR = 256,
	TAKES_JUNIT = 512,
	TAKES_CHECK = 1024, /* what is done instead of spelling anew */
	TAKES_WORKLOAD = 2048,
	TAKES_WINDOW = 4096,
};

static const struct {
	const char *name;
	unsigned bit;
	size_t offset; /* of a string in struct words */
} values[] = {
    {"-c", TAKES_CONFIG, offsetof(struct words, config)},
    {"--policy", TAKES_POLICY, offsetof(struct words, policy)},
    {"--log", TAKES_LOG, offsetof(struct words, log)},
    {"--evidence", TAKES_LOG, offsetof(struct words, evidence)},
    {"--report", TAKES_REPORT, offsetof(struct words, report)},
    {"-o", TAKES_OUTPUT, offsetof(struct words, output)},
    {"--junit", TAKES_JUNIT, offsetof(struct words, junit)},
    {"--workload", TAKES_SEEN | TAKES_WORKLOAD, offsetof(struct words, workload)},
    {"--last", TAKES_SEEN, offsetof(struct words, last)},
    {"--author", TAKES_AUTHOR, offsetof(struct words, author)},
    {"--family", TAKES_WINDOW, offsetof(struct words, family)},
    {"--old", TAKES_WINDOW, offsetof(struct words, old)},
    {"--new", TAKES_WINDOW, offsetof(struct words, new)},
    {"--until", TAKES_WINDOW, offsetof(struct words, until)},
};

static const struct {
	const char *name;
	unsigned bit;
	size_t offset; /* of a bool */
} flags[] = {
    {"--all", TAKES_ALL, offsetof(struct words, all)},
    {"--json", TAKES_JSON, offsetof(struct words, json)},
    {"--check", TAKES_CHECK, offsetof(struct words, check)},
    {"--expanded", TAKES_CHECK, offsetof(struct words, expanded)},
    {"--close", TAKES_WINDOW, offsetof(struct words, close)},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int run_try(int argc, char **argv);
static int run_import(int argc, char **argv);
static int run_advisories(int argc, char **argv);
static int run_explain(struct words *w);
static int run_diff(struct words *w);
static int run_show(struct words *w);
static int run_fmt(struct words *w);
static int run_window(struct words *w);
static int run_learn(struct words *w);
static int run_test(struct words *w);
static int run_record(struct words *w);
static int run_approve(struct words *w);
static bool read_words(int argc, char **argv, const struct command *c, struct words *w);
static bool take_value(const char *name, const char *value, unsigned takes, struct words *w);
static bool take_flag(const char *name, unsigned takes, struct words *w);
static int run_with_config(const struct command *c, struct words *w);
static bool refuse(const char *what, const char *found);
static int fail_usage(const char *what, const char *found);

static const struct command commands[] = {
    {"approve", 1, TAKES_CONFIG | TAKES_LOG | TAKES_AUTHOR | TAKES_ALL | TAKES_JSON, run_approve},
    {"diff", 2, TAKES_ALL | TAKES_JSON, run_diff},
    {"explain", 1, TAKES_CONFIG | TAKES_POLICY | TAKES_LOG | TAKES_REPORT | TAKES_ALL | TAKES_JSON,
	run_explain},
    {"fmt", 1, TAKES_CHECK | TAKES_WORKLOAD, run_fmt},
    {"show", 1, TAKES_CONFIG | TAKES_LOG | TAKES_OUTPUT | TAKES_JSON, run_show},
    {"learn", 0, TAKES_CONFIG | TAKES_LOG | TAKES_SEEN | TAKES_OUTPUT, run_learn},
    {"window", 1, TAKES_WINDOW, run_window},
    {"test", 1, TAKES_POLICY | TAKES_JUNIT, run_test},
    {"record", 1, TAKES_CONFIG | TAKES_LOG | TAKES_OUTPUT, run_record},
};

int
policy_commands_run(int argc, char **argv)
{
	if (argc < 1)
		return fail_usage("expected a command", NULL);
	if (strcmp(argv[0], "try") == 0)
		return run_try(argc - 1, argv + 1);
	if (strcmp(argv[0], "import") == 0)
		return run_import(argc - 1, argv + 1);
	if (strcmp(argv[0], "advisories") == 0)
		return run_advisories(argc - 1, argv + 1);
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct words w = {.operands = 0};

		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		if (!read_words(argc - 1, argv + 1, &commands[i], &w))
			return POLICY_COMMANDS_USAGE;
		return run_with_config(&commands[i], &w);
	}
	return fail_usage("expected one of the commands below", argv[0]);
}

void
policy_commands_help(void)
{
	fputs(usage, stdout);
}

static int
run_try(int argc, char **argv)
{
	struct faults faults = FAULTS_INIT;
	struct signer_config *config = NULL;
	struct trial_options options;
	const char *file;
	int result = TRIAL_EXIT_UNKNOWN;

	if (!trial_arguments_read(argc, argv, &options, &file))
		return fail_usage(
		    "expected policy try NEW, -c FILE or both --log DIR and --evidence DIR, and "
		    "no option twice",
		    NULL);
	/* Where log and evidence are is all that is wanted of it. */
	if (file != NULL && signer_config_inspect(file, &faults, &config) != ERR_OK &&
	    config == NULL)
		faults_print(&faults, stderr);
	if (config != NULL) {
		options.log = config->log_directory;
		options.evidence = config->evidence_directory;
	}
	if (options.log != NULL)
		result = trial_run(&options, stdout);
	faults_free(&faults);
	signer_config_free(&config);
	return result;
}

static int
run_import(int argc, char **argv)
{
	struct policy_import_words words;
	int result;

	if (!policy_import_arguments(argc, argv, &words))
		return fail_usage(
		    "expected policy import FROM..., -o SET, and no option twice", NULL);
	result = policy_import(&words);
	policy_import_words_free(&words);
	return result;
}

static int
run_advisories(int argc, char **argv)
{
	struct policy_advisories_words words;
	int result;

	if (!policy_advisories_arguments(argc, argv, &words))
		return fail_usage(
		    "expected policy advisories FROM..., -o FEED, and no option twice", NULL);
	result = policy_advisories(&words);
	policy_advisories_words_free(&words);
	return result;
}

static int
run_explain(struct words *w)
{
	const struct explain_options options = {.workload = w->operand[0],
	    .policy = w->policy,
	    .report = w->report,
	    .log = w->log,
	    .evidence = w->evidence,
	    .all = w->all,
	    .json = w->json};

	if (w->report == NULL && w->policy == NULL)
		return fail_usage("expected -c FILE or --policy FILE", NULL);
	if (w->report != NULL && (w->log == NULL || w->evidence == NULL))
		return fail_usage("expected -c FILE, or both --log DIR and --evidence DIR", NULL);
	return w->report != NULL ? explain_report(&options, stdout)
				 : explain_policy(&options, stdout);
}

static int
run_diff(struct words *w)
{
	const struct differ_options options = {
	    .was = w->operand[0], .is = w->operand[1], .all = w->all, .json = w->json};

	return differ_run(&options, stdout);
}

static int
run_show(struct words *w)
{
	const struct stored_options options = {.id = w->operand[0],
	    .log = w->log,
	    .evidence = w->evidence,
	    .output = w->output,
	    .json = w->json};

	if (w->evidence == NULL)
		return fail_usage("expected -c FILE or --evidence DIR", NULL);
	return stored_show(&options, stdout);
}

static int
run_learn(struct words *w)
{
	struct learn_options options = {
	    .workloads = w->workload, .to = w->output, .log = w->log, .evidence = w->evidence};

	if (w->workload == NULL || w->output == NULL)
		return fail_usage("expected --workload PATTERN and -o DIR", NULL);
	if (w->log == NULL || w->evidence == NULL)
		return fail_usage("expected -c FILE, or both --log DIR and --evidence DIR", NULL);
	if (w->last != NULL && !trial_last_parse(w->last, &options.last_s))
		return fail_usage("expected a time such as 90s, 15m, 36h or 7d", w->last);
	return learn_run(&options, stdout);
}

static int
run_approve(struct words *w)
{
	const struct approval_options options = {.policy = w->operand[0],
	    .log = w->log,
	    .evidence = w->evidence,
	    .author = w->author,
	    .config = w->config,
	    .all = w->all,
	    .json = w->json};

	if (w->log == NULL || w->evidence == NULL)
		return fail_usage("expected -c FILE, or both --log DIR and --evidence DIR", NULL);
	return approval_tell(&options, stdout);
}

static int
run_test(struct words *w)
{
	const struct cases_options options = {
	    .cases = w->operand[0], .policy = w->policy, .junit = w->junit};

	return cases_run(&options, stdout);
}

static int
run_record(struct words *w)
{
	const struct case_record_options options = {.report = w->operand[0],
	    .evidence_file = w->output,
	    .log = w->log,
	    .evidence = w->evidence};

	if (w->output == NULL)
		return fail_usage("expected -o FILE", NULL);
	if (w->log == NULL || w->evidence == NULL)
		return fail_usage("expected -c FILE, or both --log DIR and --evidence DIR", NULL);
	return case_record(&options, stdout);
}

static int
run_fmt(struct words *w)
{
	if (w->expanded && !w->check)
		return written_out_print(w->operand[0], w->workload, stdout);
	if (w->expanded || w->workload != NULL)
		return fail_usage("expected --check, or --expanded and perhaps --workload", NULL);
	return formatting_run(w->operand[0], w->check, stdout);
}

static int
run_window(struct words *w)
{
	const struct window_options options = {.policy = w->operand[0],
	    .family = w->family,
	    .from = w->old,
	    .to = w->new,
	    .until = w->until,
	    .close = w->close};
	const int said =
	    (w->family != NULL) + (w->old != NULL) + (w->new != NULL) + (w->until != NULL);

	if (w->close &&
	    (w->family == NULL || w->until != NULL || (w->old == NULL) != (w->new == NULL)))
		return fail_usage(
		    "expected --close with --family, and perhaps --old and --new", NULL);
	if (!w->close && said != 0 && said != 4)
		return fail_usage(
		    "expected --family, --old, --new and --until, or none of them", NULL);
	return window_run(&options, stdout);
}

/* What is not named is where the signer's configuration says. */
static int
run_with_config(const struct command *c, struct words *w)
{
	struct faults faults = FAULTS_INIT;
	struct signer_config *config = NULL;
	int result = POLICY_COMMANDS_USAGE;

	if (w->config != NULL && signer_config_inspect(w->config, &faults, &config) != ERR_OK &&
	    config == NULL) {
		faults_print(&faults, stderr);
	} else {
		if (config != NULL && w->policy == NULL)
			w->policy = config->policy_file;
		if (config != NULL && w->log == NULL)
			w->log = config->log_directory;
		if (config != NULL && w->evidence == NULL)
			w->evidence = config->evidence_directory;
		result = c->run(w);
	}
	faults_free(&faults);
	signer_config_free(&config);
	return result;
}

static bool
read_words(int argc, char **argv, const struct command *c, struct words *w)
{
	for (int i = 0; i < argc; i++) {
		if (argv[i][0] != '-') {
			if (w->operands == c->operands)
				return refuse("expected less", argv[i]);
			w->operand[w->operands++] = argv[i];
		} else if (i + 1 < argc && take_value(argv[i], argv[i + 1], c->takes, w)) {
			i++;
		} else if (!take_flag(argv[i], c->takes, w)) {
			return fail_usage(
				   "expected an option that the command has, once, with its value",
				   argv[i]) == 0;
		}
	}
	return w->operands == c->operands || refuse("expected more behind the command", c->name);
}

static bool
take_value(const char *name, const char *value, unsigned takes, struct words *w)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		const char **to = (const char **)(void *)((char *)w + values[i].offset);

		if (strcmp(values[i].name, name) != 0 || (values[i].bit & takes) == 0 ||
		    *to != NULL)
			continue;
		*to = value;
		return true;
	}
	return false;
}

static bool
take_flag(const char *name, unsigned takes, struct words *w)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		bool *to = (bool *)(void *)((char *)w + flags[i].offset);

		if (strcmp(flags[i].name, name) != 0 || (flags[i].bit & takes) == 0 || *to)
			continue;
		*to = true;
		return true;
	}
	return false;
}

static bool
refuse(const char *what, const char *found)
{
	(void)fail_usage(what, found);
	return false;
}

static int
fail_usage(const char *what, const char *found)
{
	fprintf(stderr, "hallmark-signer: policy: %s", what);
	if (found != NULL)
		fprintf(stderr, ", found \"%s\"", found);
	fprintf(stderr, "\n%s", usage);
	return POLICY_COMMANDS_USAGE;
}
