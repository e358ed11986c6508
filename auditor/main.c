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

static const char usage[] =
    "usage: hallmark-audit verify FILE.tlog-proof... --cert CRT [--origin NAME] [--explain]\n"
    "       hallmark-audit show   FILE.tlog-proof [--json]\n"
    "       hallmark-audit show   --log DIR --cert CRT --index N [--json]\n"
    "       hallmark-audit fsck   --log DIR --cert CRT [--origin NAME] [--reports]\n"
    "       hallmark-audit replay --log DIR --evidence DIR --cert CRT (--index N | --all)\n"
    "       hallmark-audit --version\n"
    "exit status: 0 good, 1 proved bad, 2 could not tell\n";

/* What the command line says; NULL or false where it does not. */
struct arguments {
	const char *certificate, *origin, *log, *evidence;
	char **files;
	int file_count;
	bool json, explain, reports, all, has_index;
	uint64_t index;
};

static bool parse(int argc, char **argv, struct arguments *a);
static bool take_value(struct arguments *a, const char *option, const char *value);
static int run_verify(const struct arguments *a);
static int run_show(const struct arguments *a);
static int run_fsck(const struct arguments *a);
static int run_replay(const struct arguments *a);
static int fail_usage(const char *what);

static const struct {
	const char *name;
	int (*run)(const struct arguments *a);
} commands[] = {
    {"verify", run_verify},
    {"show", run_show},
    {"fsck", run_fsck},
    {"replay", run_replay},
};

int
main(int argc, char **argv)
{
	struct arguments a;
	int status = -1;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("hallmark-audit %s\n", HALLMARK_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 2)
		return fail_usage("expected a command");
	if (audit_sandbox() != ERR_OK)
		return OUTCOME_UNKNOWN;
	if (!parse(argc - 2, argv + 2, &a)) {
		free(a.files);
		return fail_usage("these arguments are not known");
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			status = commands[i].run(&a);
	free(a.files);
	return status >= 0 ? status : fail_usage("expected verify, show, fsck or replay");
}

static bool
parse(int argc, char **argv, struct arguments *a)
{
	memset(a, 0, sizeof(*a));
	if ((a->files = calloc((size_t)argc + 1, sizeof(*a->files))) == NULL)
		abort();
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			a->json = true;
		else if (strcmp(argv[i], "--explain") == 0)
			a->explain = true;
		else if (strcmp(argv[i], "--reports") == 0)
			a->reports = true;
		else if (strcmp(argv[i], "--all") == 0)
			a->all = true;
		else if (argv[i][0] != '-')
			a->files[a->file_count++] = argv[i];
		else if (i + 1 >= argc || !take_value(a, argv[i], argv[i + 1]))
			return false;
		else
			i++;
	}
	return true;
}

static bool
take_value(struct arguments *a, const char *option, const char *value)
{
	if (strcmp(option, "--cert") == 0)
		a->certificate = value;
	else if (strcmp(option, "--origin") == 0)
		a->origin = value;
	else if (strcmp(option, "--log") == 0)
		a->log = value;
	else if (strcmp(option, "--evidence") == 0)
		a->evidence = value;
	else if (strcmp(option, "--index") == 0)
		return a->has_index = decimal_decode(view_of_string(value), &a->index) == ERR_OK;
	else
		return false;
	return true;
}

static int
run_verify(const struct arguments *a)
{
	enum outcome o = OUTCOME_GOOD;

	if (a->file_count == 0 || a->certificate == NULL)
		return fail_usage("expected receipts and --cert");
	for (int i = 0; i < a->file_count; i++)
		o = outcome_worse(
		    o, verify_receipt(a->files[i], a->certificate, a->origin, a->explain));
	return (int)o;
}

static int
run_show(const struct arguments *a)
{
	if (a->file_count == 1 && a->log == NULL)
		return (int)show_receipt(a->files[0], a->json);
	if (a->file_count != 0 || a->log == NULL || a->certificate == NULL || !a->has_index)
		return fail_usage("expected one receipt, or --log, --cert and --index");
	return (int)show_log(a->log, a->certificate, a->index, a->json);
}

static int
run_fsck(const struct arguments *a)
{
	if (a->file_count != 0 || a->log == NULL || a->certificate == NULL)
		return fail_usage("expected --log and --cert");
	return (int)fsck(a->log, a->certificate, a->origin, a->reports);
}

static int
run_replay(const struct arguments *a)
{
	if (a->file_count != 0 || a->log == NULL || a->certificate == NULL || a->evidence == NULL ||
	    a->all == a->has_index)
		return fail_usage(
		    "expected --log, --evidence, --cert, and one of --index and --all");
	return (int)replay(a->log, a->evidence, a->certificate, a->all, a->index);
}

static int
fail_usage(const char *what)
{
	fprintf(stderr, "hallmark-audit: %s\n%s", what, usage);
	return OUTCOME_UNKNOWN;
}
