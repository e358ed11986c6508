/*
 * hallmark-signer: receives evidence, appraises it, keeps the log. See README.md.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/descriptors.h"
#include "config/signer_config.h"
#include "signer/check.h"
#include "signer/signer.h"
#include "signer/status_client.h"

static const char usage[] =
    "usage: hallmark-signer run    -c FILE\n"
    "       hallmark-signer check  -c FILE\n"
    "       hallmark-signer status (-c FILE | --socket PATH) [--json | --prometheus]\n"
    "       hallmark-signer --version | --help\n"
    "\n"
    "run     serves until SIGTERM; SIGHUP reloads certificates, policy and limits\n"
    "check   tells every fault of the configuration and of the files that it names\n"
    "status  asks the signer that is running: counters, refusals, log, token, latencies\n"
    "\n"
    "exit status: 0 good; 1 faults, or no signer to ask; 2 usage\n";

static int run_command(int argc, char **argv);
static int fail_usage(const char *what);
static int run_status(int argc, char **argv);
static int status_of_config(const char *path, enum status_format format);

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
			fputs(usage, stdout);
			return 0;
		}
	}
	if (argc < 2)
		return fail_usage("expected a command");
	if (strcmp(argv[1], "status") == 0)
		return run_status(argc - 2, argv + 2);
	if (strcmp(argv[1], "run") != 0 && strcmp(argv[1], "check") != 0)
		return fail_usage("expected run, check or status");
	if (argc != 4 || strcmp(argv[2], "-c") != 0)
		return fail_usage("expected -c FILE and nothing else");
	return strcmp(argv[1], "run") == 0 ? signer_run(argv[3]) : signer_check(argv[3]);
}

static int
fail_usage(const char *what)
{
	fprintf(stderr, "hallmark-signer: %s\n%s", what, usage);
	return 2;
}

static int
run_status(int argc, char **argv)
{
	const char *config = NULL, *socket = NULL;
	enum status_format format = STATUS_TABLE;

	for (int i = 0; i < argc; i++) {
		if (format != STATUS_TABLE && strncmp(argv[i], "--", 2) == 0 &&
		    strcmp(argv[i], "--socket") != 0)
			return fail_usage("expected one of --json and --prometheus");
		if (strcmp(argv[i], "--json") == 0)
			format = STATUS_JSON;
		else if (strcmp(argv[i], "--prometheus") == 0)
			format = STATUS_PROMETHEUS;
		else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			config = argv[++i];
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			socket = argv[++i];
		else
			return fail_usage(
			    "expected -c FILE or --socket PATH, --json or --prometheus");
	}
	if ((config == NULL) == (socket == NULL))
		return fail_usage("expected one of -c FILE and --socket PATH");
	return socket != NULL ? status_client(socket, format) : status_of_config(config, format);
}

/*
 * Whoever asks may not read the signer's secrets, and the files may have a fault since: only where
 * the socket is matters.
 */
static int
status_of_config(const char *path, enum status_format format)
{
	struct faults faults = FAULTS_INIT;
	struct signer_config *config;
	int result = 1;

	if ((signer_config_inspect(path, &faults, &config) == ERR_OK || config != NULL) &&
	    config->status_socket != NULL)
		result = status_client(config->status_socket, format);
	else
		faults_print(&faults, stderr);
	faults_free(&faults);
	signer_config_free(&config);
	return result;
}
