/*
 * hallmark-audit: verifies what a signer has sealed, with nothing but its certificate.
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "auditor/arguments.h"
#include "auditor/consistency.h"
#include "auditor/fsck.h"
#include "auditor/handover.h"
#include "auditor/history.h"
#include "auditor/pack.h"
#include "auditor/pack/parcel.h"
#include "auditor/replay.h"
#include "auditor/sandbox.h"
#include "auditor/show.h"
#include "auditor/show_two.h"
#include "auditor/verify.h"

static const char usage[] =
    "usage: hallmark-audit verify FILE... --cert CRT... [--origin NAME] [--report FILE]\n"
    "                             [--ca PEM]... [--ca-crl PEM]...\n"
    "                             [--status STATUS]... [--workload NAME] [--collector NAME]\n"
    "                             [--max-age S] [--at TIME] [RETIRED...]\n"
    "                             [--cosigned-by TIME]\n"
    "                             [--fork-proof FILE] [--full | --explain | --json]\n"
    "       hallmark-audit show   FILE.tlog-proof [--report FILE] [MADE] [--json]\n"
    "       hallmark-audit show   --log DIR --index N --cert CRT... [--origin NAME]\n"
    "                             [MADE] [--json]\n"
    "       hallmark-audit show   (A B | --log DIR --index A --index B --cert CRT...\n"
    "                             [--origin NAME]) [--evidence DIR] [--full | --json]\n"
    "       hallmark-audit fsck   --log DIR --cert CRT... [--origin NAME]\n"
    "                             [--tree-only | [--evidence DIR [--approver KEY]...]\n"
    "                             [--policy SHA256]... [--transcript FILE]]\n"
    "                             [KEPT...] [--retired STATEMENT --operator PEM]...\n"
    "                             [--witness VKEY]... [--faults N] [--json]\n"
    "       hallmark-audit replay --log DIR --evidence DIR --cert CRT... [--origin NAME]\n"
    "                             (--index N | --all [--approver KEY]...) [--policy SHA256]...\n"
    "                             [--collectors-ca PEM]... [--collectors-crl PEM]... [--vouched]\n"
    "                             [KEPT...] [--retired STATEMENT --operator PEM]...\n"
    "                             [--witness VKEY]... [--faults N] [--full] [--json]\n"
    "       hallmark-audit history --log DIR --evidence DIR --cert CRT... --from TIME --to TIME\n"
    "                             [--workload NAME] [--host NAME] [--origin NAME]\n"
    "                             [--approver KEY]... [--policy SHA256]...\n"
    "                             [--collectors-ca PEM]... [--collectors-crl PEM]...\n"
    "                             [KEPT...] [--faults N] [--csv | --json]\n"
    "       hallmark-audit pack   --log DIR --evidence DIR --cert CRT... [--origin NAME]\n"
    "                             --from TIME --to TIME --framework NAME --out DIR [--zip]\n"
    "                             [--inventory FILE] [what replay takes of whom to trust]\n"
    "       hallmark-audit consistency OLDER NEWER --cert CRT... [--origin NAME]\n"
    "                             [--fork-proof FILE] [--json]\n"
    "       hallmark-audit --version | --help\n"
    "\n"
    "KEPT: --receipt FILE..., --at-least CHECKPOINT, --newest-within S, --fork-proof FILE\n"
    "MADE: --evidence DIR [--findings] [--components]\n"
    "RETIRED: --retired STATEMENT --operator PEM, --witness VKEY, --cosigned CHECKPOINT,\n"
    "         --log DIR\n"
    "\n"
    "What an auditor trusts, the auditor names; of what was not named it could not tell. No\n"
    "network is used.\n"
    "--cert: the log's key: its certificate, or the public key alone, in PEM or DER, or its\n"
    "verifier key (NAME+HASH+KEY); several where it has changed, or where the log has an Ed25519\n"
    "key too: a signature by one of them is enough, and a wrong one by any is refused.\n"
    "--ca: who has to stand behind the log's certificate, which has the CAs' between behind it in "
    "its\n"
    "file and names the log, as of the time of each receipt's entry: one that is over since then\n"
    "proves it for ever. Where nobody does, or one of them was not valid then, it could not tell;\n"
    "what was revoked by then (--ca-crl) is bad. Revoked at any time because others may have the\n"
    "key, it is one that is retired.\n"
    "verify: FILE is a receipt, or the proof of a fork. What is PROVED, and what it SAYS, are\n"
    "two lines; what it says decides the exit status only where it is demanded: a status\n"
    "(affirming, warning, contraindicated, none), a workload, a collector, an age. With a status,\n"
    "--max-age or --at the report has to be in force, now or at the time. Files that cannot all "
    "be\n"
    "true are a fork; --fork-proof writes a new file with its evidence.\n"
    "--report: the report's bytes, where the receipt has none in it (no line \"extra\").\n"
    "--approver: a key that may approve the log's first policy: a PEM file (public key or\n"
    "certificate) or the id that `hallmark-hsm statement key` prints; each later policy has to\n"
    "rest on what the one before it demands. For sites without approvers, --policy: what stands\n"
    "behind the name of a policy that is expected (hallmark-signer check prints it); any other is\n"
    "bad. Without either, every policy of the signer's is good.\n"
    "--retired: a statement retire-key, signed by the key that --operator names: others\n"
    "may have had that key of the log since a time. What it has signed is proved only if a "
    "witness\n"
    "(--witness: its verifier key, or a file with it) saw the checkpoint before: the receipt's "
    "own,\n"
    "or --cosigned, in whose tree the copy (--log) has the entry. Else: could not tell. fsck and\n"
    "replay tell it of a whole log, also by the statements in it; verify takes none from a copy\n"
    "(--log), only those that --retired names.\n"
    "--cosigned-by: a witness that is named has to have seen the entry by then, as above; a log's\n"
    "own signature does not tell when it was made. A register is one (doc/register.md).\n"
    "--collectors-ca: CAs that may stand behind a collector's signature, and no others; without\n"
    "it, those of a policy that is named or approved. --vouched: demands it of every report.\n"
    "--transcript: the record of the ceremony that the log's first notice names, of this log's\n"
    "first key, and signed by all who were present.\n"
    "--findings, --components: all findings of a report, also those that it has no room for, and\n"
    "all that was measured for it, as the evidence has it.\n"
    "show A B: in what two reports differ, of one workload or of two hosts: what they say, their\n"
    "findings, and with --evidence what was measured, item by item; --full leaves none out.\n"
    "--evidence: checks also what statements, policies and silence rest on. --tree-only: the\n"
    "entries are hashed, and not read.\n"
    "--receipt, --at-least: the log has these entries and grew from this checkpoint.\n"
    "--newest-within: its newest entry is not older than so many seconds.\n"
    "history: what was so from when to when, of the time from --from up to --to, a time or a date\n"
    "in UTC: verdicts, findings, silences, gaps, notices. With --csv what was checked is said on\n"
    "standard error.\n"
    "pack: the same as a folder for an auditor who trusts nobody: receipts, proofs, policies, and "
    "a\n"
    "script that verifies them by openssl. --framework: " FRAMEWORK_NAMES ".\n"
    "--inventory: lines \"host\" or \"host,workload\", held against who has reported.\n"
    "consistency: of two checkpoints, receipts or copies of a log: did it only grow.\n"
    "exit status: 0 good; 1 proved bad (also what is malformed: each document has one valid\n"
    "form; what was demanded and is not so; a fork); 2 could not tell (unreadable, absent, of\n"
    "another key, version or profile; not vouched; usage)\n";

/*
 * Bytes from which memory is the kernel's again as soon as it is given up. By itself glibc raises
 * this to the largest that was ever given up, up to 32 MiB: then the pieces of policies, each of
 * some megabytes, leave holes that the next ones do not fit into, and take twice what they need.
 */
#define LARGE_MEMORY (1024 * 1024)

struct command {
	const char *name;
	const char *options; /* as arguments_read takes them */
	/* `fork_proof` takes the proof of a fork; or NULL. */
	int (*run)(const struct arguments *a, FILE *fork_proof);
};

static int run_command(const struct command *command, int argc, char **argv);
static int run_verify(const struct arguments *a, FILE *fork_proof);
static int run_show(const struct arguments *a, FILE *fork_proof);
static int run_show_two(const struct arguments *a);
static int run_fsck(const struct arguments *a, FILE *fork_proof);
static int run_replay(const struct arguments *a, FILE *fork_proof);
static int run_history(const struct arguments *a, FILE *fork_proof);
static int run_pack(const struct arguments *a, FILE *parcel);
static int run_consistency(const struct arguments *a, FILE *fork_proof);
static struct audited_options audited_of(const struct arguments *a, FILE *fork_proof);
static int fail_command(const char *found);
static int fail_usage(const char *what);
static int fail_argument(const struct command *command, const char *argument);

static const struct command commands[] = {
    {"verify", "fcBLoxtsWCATFujODSGly", run_verify},
    {"show", "fjcolItedMu", run_show},
    {"fsck", "ODScolenpyPkrmwFj", run_fsck},
    {"replay", "ODScoleianpkKRvrmwFuj", run_replay},
    {"history", "coleXYWHVpkKRrmwFnj", run_history},
    {"pack", "coleXY1234pkKRrmwn", run_pack},
    {"consistency", "fcoFj", run_consistency},
};

int
main(int argc, char **argv)
{
	const struct command *command = NULL;

	(void)mallopt(M_MMAP_THRESHOLD, LARGE_MEMORY); /* without it more memory is taken */
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("hallmark-audit %s\n", HALLMARK_VERSION) < 0 || fflush(stdout) != 0;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			command = &commands[i];
	return command != NULL ? run_command(command, argc - 2, argv + 2)
			       : fail_command(argc > 1 ? argv[1] : "");
}

static int
fail_command(const char *found)
{
	fprintf(stderr,
	    "hallmark-audit: expected verify, show, fsck, replay, history, pack or consistency, "
	    "found "
	    "\"%s\"\n%s",
	    found, usage);
	return 2;
}

static int
run_command(const struct command *command, int argc, char **argv)
{
	struct arguments a = {.faults_max = AUDITED_FAULTS_DEFAULT};
	FILE *fork_proof = NULL;
	const char *odd;
	int status = OUTCOME_UNKNOWN;

	if (arguments_read(argc, argv, command->options, &a, &odd) != ERR_OK) {
		(void)fputs("hallmark-audit: out of memory\n", stderr);
	} else if (odd != NULL) {
		status = fail_argument(command, odd);
	} else {
		/* From here on another process has what writes files: this one cannot. */
		if (a.fork_proof != NULL)
			handover_begin(a.fork_proof, &fork_proof);
		else if (a.out != NULL)
			parcel_begin(a.out, a.zip, &fork_proof);
		if (((a.fork_proof == NULL && a.out == NULL) || fork_proof != NULL) &&
		    audit_sandbox_enter() == ERR_OK)
			status = command->run(&a, fork_proof);
	}
	arguments_free(&a);
	if (fork_proof != NULL && fclose(fork_proof) != 0 && status != OUTCOME_BAD)
		status = OUTCOME_UNKNOWN;
	/* An answer that did not get out is none. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fputs("hallmark-audit: the output could not be written\n", stderr);
		return status == OUTCOME_BAD ? OUTCOME_BAD : OUTCOME_UNKNOWN;
	}
	return status;
}

static int
run_verify(const struct arguments *a, FILE *fork_proof)
{
	struct verify_options options = {.certificates = &a->certificates,
	    .ca = &a->log_ca,
	    .ca_crl = &a->log_crl,
	    .origin = a->origin,
	    .explain = a->explain,
	    .full = a->full,
	    .json = a->json,
	    .file_count = a->file_count,
	    .files = a->files,
	    .report = a->report,
	    .demands = {.any_status = a->any_status,
		.workload = a->workload,
		.collector = a->collector,
		.has_max_age = a->has_max_age,
		.has_at = a->has_at,
		.max_age_s = a->max_age_s,
		.at_s = a->at_s},
	    .retirement = {.statements = &a->retired,
		.by = &a->operators,
		.witnesses = &a->witnesses,
		.cosigned = a->cosigned,
		.log = a->log},
	    .has_cosigned_by = a->has_cosigned_by,
	    .cosigned_by_s = a->cosigned_by_s,
	    .fork_proof = fork_proof};

	memcpy(options.demands.status, a->status, sizeof(a->status));
	if (a->file_count == 0 || a->certificates.count == 0)
		return fail_usage("verify: expected receipts and --cert");
	if (a->log_crl.count > 0 && a->log_ca.count == 0)
		return fail_usage("verify: expected --ca with --ca-crl");
	if (a->report != NULL && a->file_count != 1)
		return fail_usage(
		    "verify: --report is of one receipt: expected no other beside it");
	if (a->retired.count == 0 && a->operators.count > 0)
		return fail_usage("verify: operators say which key is retired: expected --retired "
				  "with --operator");
	if (a->has_cosigned_by && a->witnesses.count == 0)
		return fail_usage("verify: whose cosignature is demanded, you name: expected "
				  "--witness with --cosigned-by");
	if (a->retired.count + a->log_crl.count == 0 && !a->has_cosigned_by &&
	    (a->witnesses.count > 0 || a->cosigned != NULL || a->log != NULL))
		return fail_usage("verify: witnesses and a copy of the log are for what a key "
				  "proves that is retired, and for when an entry was there: "
				  "expected --retired, --ca-crl or --cosigned-by with them");
	if (a->full + a->explain + a->json > 1)
		return fail_usage("verify: expected one of --full, --explain and --json");
	return (int)verify_run(&options, stdout);
}

static int
run_show(const struct arguments *a, FILE *fork_proof)
{
	const bool receipt = a->file_count == 1 && a->log == NULL && !a->has_index &&
			     a->certificates.count == 0 && a->origin == NULL;
	const bool entry = a->file_count == 0 && a->log != NULL && a->has_index &&
			   a->certificates.count > 0 && a->report == NULL;
	const struct show_options options = {.file = receipt ? a->files[0] : NULL,
	    .report = a->report,
	    .log = a->log,
	    .certificates = &a->certificates,
	    .origin = a->origin,
	    .index = a->index,
	    .evidence = a->evidence,
	    .measured = {.components = a->components, .findings = a->findings},
	    .json = a->json};

	(void)fork_proof;
	if (a->file_count == 2 || a->has_second_index)
		return run_show_two(a);
	if (a->full)
		return fail_usage("show: --full is for two reports: expected another one");
	if ((a->findings || a->components) && a->evidence == NULL)
		return fail_usage("show: what was measured is in the evidence: expected "
				  "--evidence with --findings and --components");
	if (!receipt && !entry)
		return fail_usage("show: expected one receipt, or --log, --index and --cert");
	return (int)show_run(&options, stdout);
}

static int
run_show_two(const struct arguments *a)
{
	const bool receipts = a->file_count == 2 && a->log == NULL && !a->has_index &&
			      a->certificates.count == 0 && a->origin == NULL;
	const bool entries = a->file_count == 0 && a->log != NULL && a->has_second_index &&
			     a->certificates.count > 0;
	struct show_options first = {.log = a->log,
	    .certificates = &a->certificates,
	    .origin = a->origin,
	    .index = a->index,
	    .evidence = a->evidence,
	    .json = a->json,
	    .full = a->full};
	struct show_options second = first;

	if ((!receipts && !entries) || a->report != NULL || a->findings || a->components ||
	    (a->full && a->json))
		return fail_usage("show: of two reports expected two receipts, or --log, --cert "
				  "and --index twice; and perhaps --evidence, --full or --json");
	second.index = a->second_index;
	if (receipts) {
		first.file = a->files[0];
		second.file = a->files[1];
	}
	return (int)show_two_run(&first, &second, stdout);
}

static int
run_fsck(const struct arguments *a, FILE *fork_proof)
{
	const struct fsck_options options = {.log = audited_of(a, fork_proof),
	    .tree_only = a->tree_only,
	    .transcript = a->transcript};

	if (a->log == NULL || a->certificates.count == 0)
		return fail_usage("fsck: expected --log and --cert");
	if (a->tree_only && (a->evidence != NULL || a->policy_count + a->approvers.count > 0))
		return fail_usage("fsck: with --tree-only nobody reads what policies are about");
	if (a->tree_only && a->transcript != NULL)
		return fail_usage("fsck: with --tree-only nobody reads which transcript is named");
	if (a->approvers.count > 0 && a->evidence == NULL)
		return fail_usage(
		    "fsck: approvals are in the evidence: expected --evidence with --approver");
	return (int)fsck_run(&options, stdout);
}

static int
run_replay(const struct arguments *a, FILE *fork_proof)
{
	const struct replay_options options = {.log = audited_of(a, fork_proof),
	    .all = a->all,
	    .index = a->index,
	    .vouched = a->vouched};

	if (a->log == NULL || a->certificates.count == 0 || a->evidence == NULL ||
	    a->all == a->has_index)
		return fail_usage(
		    "replay: expected --log, --evidence, --cert, and one of --index and --all");
	if (a->retired.count + a->witnesses.count > 0 && !a->all)
		return fail_usage("replay: what a retired key has signed is told of a whole log: "
				  "expected --all with --retired and --witness");
	if (a->approvers.count > 0 && !a->all)
		return fail_usage(
		    "replay: an approval stands elsewhere in the log: expected --all with "
		    "--approver");
	return (int)replay_run(&options, stdout);
}

static int
run_history(const struct arguments *a, FILE *fork_proof)
{
	const struct history_options options = {.log = audited_of(a, fork_proof),
	    .wanted = {.from_s = a->from_s,
		.to_s = a->to_s,
		.host = a->host,
		.workload = a->workload},
	    .csv = a->csv};

	if (a->log == NULL || a->certificates.count == 0 || a->evidence == NULL || !a->has_from ||
	    !a->has_to)
		return fail_usage("history: expected --log, --evidence, --cert, --from and --to");
	if (a->from_s >= a->to_s)
		return fail_usage("history: expected a time --to that is after --from");
	if (a->csv && a->json)
		return fail_usage("history: expected one of --csv and --json");
	return (int)history_run(&options, stdout, stderr);
}

static int
run_pack(const struct arguments *a, FILE *parcel)
{
	const struct pack_options options = {.log = audited_of(a, NULL),
	    .wanted = {.from_s = a->from_s, .to_s = a->to_s},
	    .framework = a->framework != NULL ? framework_find(a->framework) : NULL,
	    .inventory = a->inventory};

	if (a->log == NULL || a->certificates.count == 0 || a->evidence == NULL || !a->has_from ||
	    !a->has_to || parcel == NULL)
		return fail_usage("pack: expected --log, --evidence, --cert, --from, --to, "
				  "--framework and --out");
	if (options.framework == NULL)
		return fail_usage("pack: expected --framework, one of " FRAMEWORK_NAMES);
	if (a->from_s >= a->to_s)
		return fail_usage("pack: expected a time --to that is after --from");
	return (int)pack_run(&options, parcel, stdout);
}

static int
run_consistency(const struct arguments *a, FILE *fork_proof)
{
	const struct consistency_options options = {.certificates = &a->certificates,
	    .origin = a->origin,
	    .older = a->file_count > 0 ? a->files[0] : NULL,
	    .newer = a->file_count > 1 ? a->files[1] : NULL,
	    .json = a->json,
	    .fork_proof = fork_proof};

	if (a->file_count != 2 || a->certificates.count == 0)
		return fail_usage("consistency: expected OLDER, NEWER and --cert");
	return (int)consistency_run(&options, stdout);
}

static struct audited_options
audited_of(const struct arguments *a, FILE *fork_proof)
{
	return (struct audited_options){.log = a->log,
	    .evidence = a->evidence,
	    .certificates = &a->certificates,
	    .origin = a->origin,
	    .trusted = {.manifests = {a->policies, a->policy_count},
		.approvers = &a->approvers,
		.approver_ids = a->approver_ids,
		.collectors_ca = &a->collectors_ca,
		.crl = &a->crl},
	    .kept = {.receipts = &a->receipts,
		.at_least = &a->at_least,
		.has_newest_within = a->has_newest_within,
		.newest_within_s = a->newest_within_s,
		.fork_proof = fork_proof},
	    .retirement = {.statements = &a->retired,
		.by = &a->operators,
		.witnesses = &a->witnesses},
	    .faults_max = a->faults_max,
	    .json = a->json,
	    .full = a->full};
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
