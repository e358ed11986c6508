/*
 * hallmark-signer: receives evidence, appraises it, keeps the log. See README.md.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/descriptors.h"
#include "config/signer_config.h"
#include "signer/challenge_client.h"
#include "signer/check/check.h"
#include "signer/policy_commands.h"
#include "signer/signer.h"
#include "signer/statement_client.h"
#include "signer/status_client.h"

static const char usage[] =
    "usage: hallmark-signer run    -c FILE\n"
    "       hallmark-signer check  -c FILE [--as CERT] [--json]\n"
    "       hallmark-signer status (-c FILE | --socket PATH) [--all]\n"
    "                       [--json | --prometheus | --numbers]\n"
    "       hallmark-signer challenge (-c FILE | --socket PATH) COLLECTOR WORKLOAD\n"
    "                       [--nonce HEX] [-o FILE]\n"
    "       hallmark-signer statement submit (-c FILE | --socket PATH) FILE\n"
    "       hallmark-signer policy COMMAND ...    (hallmark-signer policy --help)\n"
    "       hallmark-signer --version | --help\n"
    "\n"
    "run        serves until SIGTERM; SIGHUP reloads certificates, policy and limits\n"
    "check      tells every fault of the configuration and of the files that it names; --as: and\n"
    "           whether a collector with this certificate (PEM, with its chain) would be let in\n"
    "status     asks the signer that is running: what needs somebody, the worst first; with\n"
    "           --all each workload. As JSON, metrics, or every number\n"
    "challenge  has a workload measured now: prints the verdict of the report with this nonce\n"
    "           (a random one if none is given), and keeps its receipt in the file\n"
    "statement  shows what an operator has signed (hallmark-hsm statement sign), and has it put\n"
    "           into the log\n"
    "policy     explains policies, tries them on what was logged, makes reference sets\n"
    "\n"
    "exit status: 0 good, affirming, taken; 1 faults, another verdict, a workload that is not\n"
    "affirming (status for people), no signer for status, refused; 2 usage, no verdict, not "
    "submitted\n";

/* Of the signer that is running: one of the first two. */
struct where {
	const char *file;             /* its configuration */
	const char *socket;           /* its socket */
	struct signer_config *config; /* when it was read, for the socket's name */
};

static int run_command(int argc, char **argv);
static int fail_command(const char *found);
static int fail_usage(const char *what);
static int run_check(int argc, char **argv);
static int run_status(int argc, char **argv);
static bool take_format(const char *option, enum status_format *format);
static int run_challenge(int argc, char **argv);
static int run_statement(int argc, char **argv);
static bool parse_challenge(
    int argc, char **argv, struct challenge_words *words, struct where *where);
static const char *find_socket(struct where *where);

int
main(int argc, char **argv)
{
	int status;

	if (descriptors_open_standard() != ERR_OK) {
		fprintf(stderr, "hallmark-signer: cannot open /dev/null: %s\n", strerror(errno));
		return 1;
	}
	status = run_command(argc, argv);
	/* An answer that did not get out is none. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "hallmark-signer: the output could not be written: %s\n",
		    strerror(errno));
		return status != 0 ? status : 1;
	}
	return status;
}

static int
run_command(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("hallmark-signer %s\n", HALLMARK_VERSION);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			if (strcmp(argv[1], "policy") == 0)
				policy_commands_help();
			else
				fputs(usage, stdout);
			return 0;
		}
	}
	if (argc < 2)
		return fail_usage("expected a command");
	if (strcmp(argv[1], "status") == 0)
		return run_status(argc - 2, argv + 2);
	if (strcmp(argv[1], "challenge") == 0)
		return run_challenge(argc - 2, argv + 2);
	if (strcmp(argv[1], "statement") == 0)
		return run_statement(argc - 2, argv + 2);
	if (strcmp(argv[1], "policy") == 0)
		return policy_commands_run(argc - 2, argv + 2);
	if (strcmp(argv[1], "run") != 0 && strcmp(argv[1], "check") != 0)
		return fail_command(argv[1]);
	if (strcmp(argv[1], "check") == 0)
		return run_check(argc - 2, argv + 2);
	if (argc != 4 || strcmp(argv[2], "-c") != 0)
		return fail_usage("expected -c FILE and nothing else");
	return signer_run(argv[3]);
}

static int
fail_command(const char *found)
{
	fprintf(stderr,
	    "hallmark-signer: expected run, check, status, challenge, statement or policy, "
	    "found \"%s\"\n%s",
	    found, usage);
	return 2;
}

static int
fail_usage(const char *what)
{
	fprintf(stderr, "hallmark-signer: %s\n%s", what, usage);
	return 2;
}

static int
run_check(int argc, char **argv)
{
	const char *file = NULL, *as = NULL;
	bool json = false;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc && file == NULL)
			file = argv[++i];
		else if (strcmp(argv[i], "--as") == 0 && i + 1 < argc && as == NULL)
			as = argv[++i];
		else if (strcmp(argv[i], "--json") == 0 && !json)
			json = true;
		else
			return fail_usage("expected -c FILE, and perhaps --as CERT and --json");
	}
	return file != NULL ? signer_check(file, as, json) : fail_usage("expected -c FILE");
}

static int
run_status(int argc, char **argv)
{
	enum status_format format = STATUS_SUMMARY;
	bool all = false;
	struct where where = {NULL, NULL, NULL};
	const char *socket;
	int result = 1;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--all") == 0)
			all = true;
		else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			where.file = argv[++i];
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			where.socket = argv[++i];
		else if (!take_format(argv[i], &format))
			return fail_usage("expected -c FILE or --socket PATH, --all, and one of "
					  "--json, --prometheus and --numbers");
	}
	if ((where.file == NULL) == (where.socket == NULL))
		return fail_usage("expected one of -c FILE and --socket PATH");
	if ((socket = find_socket(&where)) != NULL)
		result = status_client(socket, format, all);
	signer_config_free(&where.config);
	return result;
}

/* One of them. */
static bool
take_format(const char *option, enum status_format *format)
{
	static const struct {
		const char *name;
		enum status_format format;
	} formats[] = {{"--json", STATUS_JSON}, {"--prometheus", STATUS_PROMETHEUS},
	    {"--numbers", STATUS_NUMBERS}};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(option, formats[i].name) != 0)
			continue;
		if (*format != STATUS_SUMMARY)
			return false;
		*format = formats[i].format;
		return true;
	}
	return false;
}

static int
run_challenge(int argc, char **argv)
{
	struct challenge_words words = {NULL, NULL, NULL, NULL};
	struct where where = {NULL, NULL, NULL};
	const char *socket;
	int result = CHALLENGE_FAILED;

	if (!parse_challenge(argc, argv, &words, &where))
		return fail_usage("expected COLLECTOR and WORKLOAD, and no option twice");
	if ((where.file == NULL) == (where.socket == NULL))
		return fail_usage("expected one of -c FILE and --socket PATH");
	if ((socket = find_socket(&where)) != NULL)
		result = challenge_client(socket, &words);
	signer_config_free(&where.config);
	return result;
}

static int
run_statement(int argc, char **argv)
{
	struct where where = {NULL, NULL, NULL};
	const char *file = NULL, *socket;
	int result = STATEMENT_FAILED;

	if (argc < 1 || strcmp(argv[0], "submit") != 0)
		return fail_usage("expected statement submit");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc && where.file == NULL)
			where.file = argv[++i];
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc && where.socket == NULL)
			where.socket = argv[++i];
		else if (argv[i][0] != '-' && file == NULL)
			file = argv[i];
		else
			return fail_usage("expected one FILE, and no option twice");
	}
	if (file == NULL || (where.file == NULL) == (where.socket == NULL))
		return fail_usage("expected FILE, and one of -c FILE and --socket PATH");
	if ((socket = find_socket(&where)) != NULL)
		result = statement_client(socket, file);
	signer_config_free(&where.config);
	return result;
}

static bool
parse_challenge(int argc, char **argv, struct challenge_words *words, struct where *where)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {{"-c", &where->file}, {"--socket", &where->socket},
	    {"--nonce", &words->nonce}, {"-o", &words->output}};

	for (int i = 0; i < argc; i++) {
		const char **to = NULL;

		for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++)
			if (strcmp(argv[i], options[k].name) == 0)
				to = options[k].value;
		if (to != NULL && ++i == argc)
			return false;
		if (to == NULL)
			to = words->collector == NULL ? &words->collector : &words->workload;
		if (*to != NULL)
			return false;
		*to = argv[i];
	}
	return words->workload != NULL;
}

/*
 * Whoever asks may not read the signer's secrets, and the files may have a fault since: only where
 * the socket is matters. NULL, with what is wrong, where that cannot be found.
 */
static const char *
find_socket(struct where *where)
{
	struct faults faults = FAULTS_INIT;
	const char *socket = where->socket;

	if (socket != NULL)
		return socket;
	if (signer_config_inspect(where->file, &faults, &where->config) == ERR_OK ||
	    where->config != NULL)
		socket = where->config->status_socket;
	if (socket == NULL)
		faults_print(&faults, stderr);
	faults_free(&faults);
	return socket;
}
