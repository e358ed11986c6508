/*
 * hallmark-audit: verifies what a signer has sealed, with nothing but its certificate.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/fsck.h"
#include "auditor/replay.h"
#include "auditor/sandbox.h"
#include "auditor/show.h"
#include "auditor/verify.h"
#include "proto/encoding.h"
#include "proto/tlog/checkpoint.h"

static const char usage[] =
    "usage: hallmark-audit verify FILE.tlog-proof... --cert CRT [--origin NAME] [--explain]\n"
    "       hallmark-audit verify FILE.tlog-proof --report FILE --cert CRT [--origin NAME] "
    "[--explain]\n"
    "       hallmark-audit show   FILE.tlog-proof [--report FILE] [--json]\n"
    "       hallmark-audit show   --log DIR --index N --cert CRT [--origin NAME] [--json]\n"
    "       hallmark-audit fsck   --log DIR --cert CRT [--origin NAME] [--faults N]\n"
    "                             [--reports [--policy SHA256]...]\n"
    "       hallmark-audit replay --log DIR --evidence DIR --cert CRT [--origin NAME]\n"
    "                             (--index N | --all) [--policy SHA256]... [--faults N]\n"
    "       hallmark-audit --version | --help\n"
    "\n"
    "CRT is the PEM certificate of the log's key: all that is trusted. No network is used.\n"
    "--report: the report's bytes, where the receipt has none in it (no line \"extra\").\n"
    "--policy: what stands behind the name of a policy that is expected (hallmark-signer check\n"
    "prints it); a report by any other is bad. Without it, every policy of the signer's is good.\n"
    "exit status: 0 good; 1 proved bad (also what is malformed: each document has one valid\n"
    "form); 2 could not tell (unreadable, absent, of another key, version or profile; usage)\n";

/* What the command line says; NULL or false where it does not. */
struct arguments {
	const char *certificate, *origin, *log, *evidence, *report;
	char **files;
	size_t file_count;
	struct digest *policies;
	size_t policy_count;
	bool json, explain, reports, all, has_index;
	uint64_t index, faults_max;
};

/* Options a command takes, as letters of the table below; f: files. */
struct command {
	const char *name;
	const char *options;
	int (*run)(const struct arguments *a);
};

static int run_verify(const struct arguments *a);
static int run_show(const struct arguments *a);
static int run_fsck(const struct arguments *a);
static int run_replay(const struct arguments *a);
static const char *parse(int argc, char **argv, const struct command *command, struct arguments *a);
static int take_option(
    const struct command *command, struct arguments *a, const char *option, const char *value);
static int fail_usage(const char *what);
static int fail_argument(const struct command *command, const char *argument);

static const struct command commands[] = {
    {"verify", "fcoxt", run_verify},
    {"show", "fjcolit", run_show},
    {"fsck", "colrnp", run_fsck},
    {"replay", "coleianp", run_replay},
};

static const struct {
	char letter;
	bool has_value;
	const char *name;
} option_names[] = {
    {'c', true, "--cert"},
    {'o', true, "--origin"},
    {'l', true, "--log"},
    {'e', true, "--evidence"},
    {'i', true, "--index"},
    {'n', true, "--faults"},
    {'p', true, "--policy"},
    {'t', true, "--report"},
    {'j', false, "--json"},
    {'x', false, "--explain"},
    {'r', false, "--reports"},
    {'a', false, "--all"},
};

int
main(int argc, char **argv)
{
	const struct command *command = NULL;
	const char *odd;
	struct arguments a = {.faults_max = FSCK_FAULTS_DEFAULT};
	int status;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("hallmark-audit %s\n", HALLMARK_VERSION) < 0 || fflush(stdout) != 0;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
	if (audit_sandbox_enter() != ERR_OK)
		return OUTCOME_UNKNOWN;
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			command = &commands[i];
	if (command == NULL)
		return fail_usage("expected verify, show, fsck or replay");
	if ((a.files = calloc((size_t)argc, sizeof(*a.files))) == NULL ||
	    (a.policies = calloc((size_t)argc, sizeof(*a.policies))) == NULL)
		return OUTCOME_UNKNOWN;
	if ((odd = parse(argc - 2, argv + 2, command, &a)) == NULL)
		status = command->run(&a);
	else
		status = fail_argument(command, odd);
	free(a.files);
	free(a.policies);
	/* An answer that did not get out is none. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fputs("hallmark-audit: the output could not be written\n", stderr);
		return status == OUTCOME_BAD ? OUTCOME_BAD : OUTCOME_UNKNOWN;
	}
	return status;
}

static int
run_verify(const struct arguments *a)
{
	const struct verify_options options = {
	    a->certificate, a->origin, a->explain, a->file_count, a->files, a->report};

	if (a->file_count == 0 || a->certificate == NULL)
		return fail_usage("verify: expected receipts and --cert");
	if (a->report != NULL && a->file_count != 1)
		return fail_usage(
		    "verify: --report is of one receipt: expected no other beside it");
	return (int)verify_run(&options, stdout);
}

static int
run_show(const struct arguments *a)
{
	const bool receipt = a->file_count == 1 && a->log == NULL && !a->has_index &&
			     a->certificate == NULL && a->origin == NULL;
	const bool entry = a->file_count == 0 && a->log != NULL && a->has_index &&
			   a->certificate != NULL && a->report == NULL;
	const struct show_options options = {.file = receipt ? a->files[0] : NULL,
	    .report = a->report,
	    .log = a->log,
	    .certificate = a->certificate,
	    .origin = a->origin,
	    .index = a->index,
	    .json = a->json};

	if (!receipt && !entry)
		return fail_usage("show: expected one receipt, or --log, --index and --cert");
	return (int)show_run(&options, stdout);
}

static int
run_fsck(const struct arguments *a)
{
	const struct fsck_options options = {a->log, a->certificate, a->origin, a->reports,
	    {a->policies, a->policy_count}, a->faults_max};

	if (a->policy_count > 0 && !a->reports)
		return fail_usage("fsck: --policy is of the reports: expected --reports too");
	if (a->log == NULL || a->certificate == NULL)
		return fail_usage("fsck: expected --log and --cert");
	return (int)fsck_run(&options, stdout);
}

static int
run_replay(const struct arguments *a)
{
	const struct replay_options options = {.log = a->log,
	    .evidence = a->evidence,
	    .certificate = a->certificate,
	    .origin = a->origin,
	    .all = a->all,
	    .index = a->index,
	    .policies = {a->policies, a->policy_count},
	    .faults_max = a->faults_max};

	if (a->log == NULL || a->certificate == NULL || a->evidence == NULL ||
	    a->all == a->has_index)
		return fail_usage(
		    "replay: expected --log, --evidence, --cert, and one of --index and --all");
	return (int)replay_run(&options, stdout);
}

/* Options and files in any order; "--" ends the options. NULL, or the one that does not fit. */
static const char *
parse(int argc, char **argv, const struct command *command, struct arguments *a)
{
	bool options_end = false;

	for (int i = 0; i < argc; i++) {
		int taken;

		if (!options_end && strcmp(argv[i], "--") == 0) {
			options_end = true;
			continue;
		}
		if (options_end || argv[i][0] != '-') {
			if (strchr(command->options, 'f') == NULL)
				return argv[i];
			a->files[a->file_count++] = argv[i];
			continue;
		}
		taken = take_option(command, a, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
		if (taken == 0)
			return argv[i];
		i += taken - 1;
	}
	return NULL;
}

/* How many arguments were taken: 0 if it is not known, there twice or lacks a valid value. */
static int
take_option(
    const struct command *command, struct arguments *a, const char *option, const char *value)
{
	const char **text = NULL;
	bool *flag = NULL;
	size_t i = 0;

	while (i < sizeof(option_names) / sizeof(option_names[0]) &&
	       strcmp(option_names[i].name, option) != 0)
		i++;
	if (i == sizeof(option_names) / sizeof(option_names[0]) ||
	    strchr(command->options, option_names[i].letter) == NULL ||
	    (option_names[i].has_value && value == NULL))
		return 0;
	switch (option_names[i].letter) {
	case 'c':
		text = &a->certificate;
		break;
	case 'o':
		/* Else a variable that is not set would prove a good receipt bad. */
		if (checkpoint_origin_check(view_of_string(value)) != ERR_OK)
			return 0;
		text = &a->origin;
		break;
	case 'l':
		text = &a->log;
		break;
	case 'e':
		text = &a->evidence;
		break;
	case 't':
		text = &a->report;
		break;
	case 'p':
		if (digest_from_hex(view_of_string(value), &a->policies[a->policy_count]) != ERR_OK)
			return 0;
		a->policy_count++;
		return 2;
	case 'j':
		flag = &a->json;
		break;
	case 'x':
		flag = &a->explain;
		break;
	case 'r':
		flag = &a->reports;
		break;
	case 'a':
		flag = &a->all;
		break;
	case 'i':
		if (a->has_index || decimal_decode(view_of_string(value), &a->index) != ERR_OK)
			return 0;
		a->has_index = true;
		return 2;
	default:
		if (decimal_decode(view_of_string(value), &a->faults_max) != ERR_OK ||
		    a->faults_max == 0)
			return 0;
		return 2;
	}
	if ((text != NULL && *text != NULL) || (flag != NULL && *flag))
		return 0;
	if (text != NULL)
		*text = value;
	else if (flag != NULL)
		*flag = true;
	return option_names[i].has_value ? 2 : 1;
}

static int
fail_usage(const char *what)
{
	(void)fprintf(stderr, "hallmark-audit: %s\n%s", what, usage);
	return OUTCOME_UNKNOWN;
}

static int
fail_argument(const struct command *command, const char *argument)
{
	const struct display d = {.to = stderr, .margin = ""};

	display_line(&d,
	    "hallmark-audit: %s: \"%s\" is not for this command, is there twice, or lacks a valid "
	    "value",
	    command->name, argument);
	(void)fputs(usage, stderr);
	return OUTCOME_UNKNOWN;
}
