#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "collector/command_image.h"
#include "collector/command_redact.h"
#include "collector/command_references.h"
#include "collector/commands.h"
#include "collector/ground/interrupt.h"
#include "config/descriptors.h"
#include "journal/logger.h"

static const char usage_text[] =
    "usage: hallmark-collector check -c FILE [--json]\n"
    "       hallmark-collector measure NAME -c FILE [--json]\n"
    "       hallmark-collector once -c FILE [NAME...]\n"
    "       hallmark-collector run -c FILE\n"
    "       hallmark-collector gate NAME -c FILE [--program FILE | --root DIR | --image IMAGE\n"
    "                              [--platform P] [--tag T]] [--max-age S]\n"
    "                              [--timeout S] [--summary FILE] [--receipt FILE]\n"
    "                              [--demand-summary FILE [--verifier URI]] [-- COMMAND...]\n"
    "       hallmark-collector status -c FILE [--json | --prometheus]\n"
    "       hallmark-collector image IMAGE [-o SET] [--manifest sha256:HEX] [--json] [OPTION...]\n"
    "       hallmark-collector references SOURCE... [--root DIR] [-o SET] [OPTION...]\n"
    "       hallmark-collector references NAME -c FILE [-o SET] [--content-only | --web]\n"
    "       hallmark-collector redact id --key FILE\n"
    "       hallmark-collector redact KIND FACT --key FILE [--whole]\n"
    "       hallmark-collector redact set PATTERN... --key FILE\n"
    "       hallmark-collector --version | --help\n"
    "\n"
    "check    tells every fault of the configuration, and whether the workloads are there\n"
    "measure  prints what would be sent of a workload, and notes what it names and is not there\n"
    "once     measures, reports and saves the receipts; exit 0 if there are all of them\n"
    "run      does so at the configured interval until SIGTERM; SIGHUP reloads\n"
    "gate     measures what is to start, asks the signer, and goes on as COMMAND if it may; exit "
    "1: "
    "denied,\n"
    "         2: not known\n"
    "status   asks the running one how it goes: the workloads' verdicts, what waits, what is "
    "wrong\n"
    "image    verifies an image (OCI layout, docker save, skopeo's dir:, qcow2, raw) and prints "
    "what "
    "it is;\n"
    "         --platform OS/ARCHITECTURE[/VARIANT], --tag NAME, --mebibytes N (what it may unpack "
    "to),\n"
    "         --content-only (a set without owners and modes)\n"
    "references  makes a reference set: of .deb, images, SBOMs, sets; of a root directory; of a "
    "workload;\n"
    "         --web: a list of what its pages have\n"
    "redact   prints what values from stdin, one a line, are hidden as, for a policy; of a "
    "reference "
    "set, files\n"
    "\n"
    "exit status: 0 good; 1 faults, or not all could be done, or the status needs somebody; 2 "
    "usage\n";

struct arguments {
	const char *config; /* or the redaction key */
	bool json, prometheus, whole;
	char **names; /* what is no option, in place */
	size_t name_count;
};

struct command {
	const char *name;
	bool takes_json, takes_prometheus;
	size_t names_min, names_max;
	int (*run)(const struct arguments *a);
	bool takes_key; /* and no configuration */
};

static int run_check(const struct arguments *a);
static int run_measure(const struct arguments *a);
static int run_once(const struct arguments *a);
static int run_run(const struct arguments *a);
static int run_status(const struct arguments *a);
static int run_redact(const struct arguments *a);
static bool run_on_sources(int argc, char **argv, int *status);
static int fail_command(const char *found);
static int fail_usage(const char *what);
static const char *check_options(const struct arguments *a, const struct command *command);
static const char *parse(
    int count, char **list, const struct command *command, struct arguments *out);

static const struct command commands[] = {
    {"check", true, false, 0, 0, run_check, false},
    {"measure", true, false, 1, 1, run_measure, false},
    {"once", false, false, 0, SIZE_MAX, run_once, false},
    {"run", false, false, 0, 0, run_run, false},
    {"status", true, true, 0, 0, run_status, false},
    {"redact", false, false, 1, SIZE_MAX, run_redact, true},
};

int
main(int argc, char **argv)
{
	const struct command *command = NULL;
	const char *wrong;
	struct arguments a;
	int status;

	if (descriptors_open_standard() != ERR_OK) {
		(void)fprintf(
		    stderr, "hallmark-collector: cannot open /dev/null: %s\n", strerror(errno));
		return 1;
	}
	/* It has children of its own before signals are steered, and goes on as another program. */
	if (argc > 1 && strcmp(argv[1], "gate") == 0)
		return command_gate(argc - 2, argv + 2);
	interrupt_setup();
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("hallmark-collector %s\n", HALLMARK_VERSION) < 0 ||
		       fflush(stdout) != 0;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return fputs(usage_text, stdout) < 0 || fflush(stdout) != 0;
	if (argc < 2)
		return fail_usage("expected a command");
	if (run_on_sources(argc, argv, &status))
		return status;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			command = &commands[i];
	if (command == NULL)
		return fail_command(argv[1]);
	if ((wrong = parse(argc - 2, argv + 2, command, &a)) != NULL)
		return fail_usage(wrong);
	return command->run(&a);
}

static int
run_check(const struct arguments *a)
{
	return command_check(a->config, a->json);
}

static int
run_measure(const struct arguments *a)
{
	return command_measure(a->config, a->names[0], a->json);
}

static int
run_once(const struct arguments *a)
{
	return command_once(a->config, a->names, a->name_count);
}

static int
run_run(const struct arguments *a)
{
	return command_run(a->config);
}

static int
run_status(const struct arguments *a)
{
	return command_status(a->config, a->json         ? STATUS_JSON
					 : a->prometheus ? STATUS_PROMETHEUS
							 : STATUS_PAGE);
}

static int
run_redact(const struct arguments *a)
{
	return command_redact(a->config, a->names, a->name_count, a->whole);
}

/* Commands with options of their own; false if it is none of them. */
static bool
run_on_sources(int argc, char **argv, int *status)
{
	struct references_words references;
	struct image_words image;
	const char *wrong;

	logger_open("hallmark-collector");
	if (strcmp(argv[1], "image") == 0) {
		wrong = command_image_parse(argc - 2, argv + 2, &image);
		*status = wrong != NULL ? fail_usage(wrong) : command_image(&image);
		return true;
	}
	if (strcmp(argv[1], "references") != 0)
		return false;
	wrong = command_references_parse(argc - 2, argv + 2, &references);
	*status = wrong != NULL ? fail_usage(wrong) : command_references(&references);
	references_words_free(&references);
	return true;
}

static int
fail_command(const char *found)
{
	fprintf(stderr,
	    "hallmark-collector: expected check, measure, once, run, status, image, references or "
	    "redact, found "
	    "\"%s\"\n%s",
	    found, usage_text);
	return 2;
}

static int
fail_usage(const char *what)
{
	(void)fprintf(stderr, "hallmark-collector: %s\n%s", what, usage_text);
	return 2;
}

/*
 * Options may stand anywhere; the names move together at the front of the list. Returns what is
 * wrong, or NULL.
 */
static const char *
parse(int count, char **list, const struct command *command, struct arguments *out)
{
	const char *const file = command->takes_key ? "--key" : "-c";

	*out = (struct arguments){.names = list};
	for (int i = 0; i < count; i++) {
		if (strcmp(list[i], file) == 0) {
			if (i + 1 == count || out->config != NULL)
				return command->takes_key
					   ? "expected --key once, and a file behind it"
					   : "expected -c once, and a file behind it";
			out->config = list[++i];
		} else if (strcmp(list[i], "--json") == 0) {
			out->json = true;
		} else if (strcmp(list[i], "--prometheus") == 0) {
			out->prometheus = true;
		} else if (strcmp(list[i], "--whole") == 0) {
			out->whole = true;
		} else if (list[i][0] == '-') {
			return command->takes_key
				   ? "expected no options but --key and --whole"
				   : "expected no options but -c, --json and --prometheus";
		} else {
			list[out->name_count++] = list[i];
		}
	}
	return check_options(out, command);
}

static const char *
check_options(const struct arguments *a, const struct command *command)
{
	if (a->config == NULL)
		return command->takes_key ? "expected --key FILE, the redaction key"
					  : "expected -c FILE, the configuration";
	if (a->json && !command->takes_json)
		return "expected no --json: it belongs to check, measure and status";
	if (a->prometheus && !command->takes_prometheus)
		return "expected no --prometheus: it belongs to status";
	if (a->prometheus && a->json)
		return "expected one of --json and --prometheus";
	if (a->whole && !command->takes_key)
		return "expected no --whole: it belongs to redact";
	if (a->name_count < command->names_min)
		return command->takes_key ? "expected id, a kind and a fact, or set and patterns"
					  : "expected the name of a workload";
	if (a->name_count > command->names_max)
		return command->names_max == 0 ? "expected no names of workloads here"
					       : "expected one name of a workload";
	return NULL;
}
