/*
 * hallmark-audit: verifies what a signer has sealed, with nothing but its certificate.
 */
#include <stdio.h>
#include <string.h>

#include "auditor/arguments.h"
#include "auditor/fsck.h"
#include "auditor/replay.h"
#include "auditor/sandbox.h"
#include "auditor/show.h"
#include "auditor/verify.h"

static const char usage[] =
    "usage: hallmark-audit verify FILE.tlog-proof... --cert CRT [--origin NAME] [--explain]\n"
    "       hallmark-audit verify FILE.tlog-proof --report FILE --cert CRT [--origin NAME] "
    "[--explain]\n"
    "       hallmark-audit show   FILE.tlog-proof [--report FILE] [--evidence DIR] [--json]\n"
    "       hallmark-audit show   --log DIR --index N --cert CRT [--origin NAME] [--evidence DIR]\n"
    "                             [--json]\n"
    "       hallmark-audit fsck   --log DIR --cert CRT [--origin NAME] [--faults N]\n"
    "                             [--tree-only | [--evidence DIR [--approver KEY]...]\n"
    "                             [--policy SHA256]...]\n"
    "       hallmark-audit replay --log DIR --evidence DIR --cert CRT [--origin NAME]\n"
    "                             (--index N | --all [--approver KEY]...)\n"
    "                             [--policy SHA256]... [--faults N]\n"
    "       hallmark-audit --version | --help\n"
    "\n"
    "CRT is the PEM certificate of the log's key: all that is trusted. No network is used.\n"
    "--report: the report's bytes, where the receipt has none in it (no line \"extra\").\n"
    "--approver: a key that may approve the log's first policy: a PEM file (public key or\n"
    "certificate) or the id that `hallmark-hsm statement key` prints; each later policy has to\n"
    "rest on what the one before it demands. For sites without approvers, --policy: what stands\n"
    "behind the name of a policy that is expected (hallmark-signer check prints it); any other is\n"
    "bad. Without either, every policy of the signer's is good.\n"
    "--evidence: checks also what statements, policies and silence rest on. --tree-only: the\n"
    "entries are hashed, and not read.\n"
    "exit status: 0 good; 1 proved bad (also what is malformed: each document has one valid\n"
    "form); 2 could not tell (unreadable, absent, of another key, version or profile; usage)\n";

struct command {
	const char *name;
	const char *options; /* as arguments_read takes them */
	int (*run)(const struct arguments *a);
};

static int run_verify(const struct arguments *a);
static int run_show(const struct arguments *a);
static int run_fsck(const struct arguments *a);
static int run_replay(const struct arguments *a);
static struct trusted trusted_of(const struct arguments *a);
static int fail_usage(const char *what);
static int fail_argument(const struct command *command, const char *argument);

static const struct command commands[] = {
    {"verify", "fcoxt", run_verify},
    {"show", "fjcolite", run_show},
    {"fsck", "colenpyk", run_fsck},
    {"replay", "coleianpk", run_replay},
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
	if (arguments_read(argc - 2, argv + 2, command->options, &a, &odd) != ERR_OK)
		status = OUTCOME_UNKNOWN;
	else if (odd != NULL)
		status = fail_argument(command, odd);
	else
		status = command->run(&a);
	arguments_free(&a);
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
	    .evidence = a->evidence,
	    .json = a->json};

	if (!receipt && !entry)
		return fail_usage("show: expected one receipt, or --log, --index and --cert");
	return (int)show_run(&options, stdout);
}

static int
run_fsck(const struct arguments *a)
{
	const struct fsck_options options = {.log = a->log,
	    .evidence = a->evidence,
	    .certificate = a->certificate,
	    .origin = a->origin,
	    .tree_only = a->tree_only,
	    .trusted = trusted_of(a),
	    .faults_max = a->faults_max};

	if (a->log == NULL || a->certificate == NULL)
		return fail_usage("fsck: expected --log and --cert");
	if (a->tree_only && (a->evidence != NULL || a->policy_count + a->approver_count > 0))
		return fail_usage("fsck: with --tree-only nobody reads what policies are about");
	if (a->approver_count > 0 && a->evidence == NULL)
		return fail_usage(
		    "fsck: approvals are in the evidence: expected --evidence with --approver");
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
	    .trusted = trusted_of(a),
	    .faults_max = a->faults_max};

	if (a->log == NULL || a->certificate == NULL || a->evidence == NULL ||
	    a->all == a->has_index)
		return fail_usage(
		    "replay: expected --log, --evidence, --cert, and one of --index and --all");
	if (a->approver_count > 0 && !a->all)
		return fail_usage(
		    "replay: an approval stands elsewhere in the log: expected --all with "
		    "--approver");
	return (int)replay_run(&options, stdout);
}

static struct trusted
trusted_of(const struct arguments *a)
{
	return (struct trusted){.manifests = {a->policies, a->policy_count},
	    .approvers = a->approvers,
	    .approver_ids = a->approver_ids,
	    .approver_count = a->approver_count};
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
