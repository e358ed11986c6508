/*
 * hallmark-register: follows logs as an auditor does, and answers people and programs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/descriptors.h"
#include "register/acknowledge.h"
#include "register/grant/granting.h"
#include "register/register.h"
#include "register/tell/outbox.h"

static const char usage[] =
    "usage: hallmark-register run   -c FILE\n"
    "       hallmark-register tell  -c FILE\n"
    "       hallmark-register grant -c FILE\n"
    "       hallmark-register check -c FILE\n"
    "       hallmark-register acknowledge -c FILE LOG\n"
    "       hallmark-register --version | --help\n"
    "\n"
    "run          follows the logs that the file names, until SIGTERM\n"
    "tell         tells those whom the file names of what happens, until SIGTERM\n"
    "grant        lets hosts act on workloads that fall, as the file says and no further, until\n"
    "             SIGTERM\n"
    "check        tells every fault of the configuration and of the files that it names\n"
    "acknowledge  removes the alarms of a log that somebody has looked at; what is still wrong\n"
    "             with the log as a whole, such as a fork, is raised again\n"
    "\n"
    "exit status: 0 good; 1 faults; 2 usage\n";

static int run_command(int argc, char **argv);
static int fail_usage(const char *what);

int
main(int argc, char **argv)
{
	int status;

	if (descriptors_open_standard() != ERR_OK) {
		(void)fprintf(
		    stderr, "hallmark-register: cannot open /dev/null: %s\n", strerror(errno));
		return 1;
	}
	status = run_command(argc, argv);
	/* An answer that did not get out is none. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "hallmark-register: the output could not be written: %s\n",
		    strerror(errno));
		return status != 0 ? status : 1;
	}
	return status;
}

static int
run_command(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *config_path);
	} commands[] = {{"run", register_run}, {"tell", outbox_run}, {"grant", granting_run},
	    {"check", register_check}};

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("hallmark-register " HALLMARK_VERSION);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			(void)fputs(usage, stdout);
			return 0;
		}
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (argc != 4 || strcmp(argv[2], "-c") != 0)
			return fail_usage("expected -c FILE and nothing else");
		return commands[i].run(argv[3]);
	}
	if (argc > 1 && strcmp(argv[1], "acknowledge") == 0)
		return argc == 5 && strcmp(argv[2], "-c") == 0
			   ? register_acknowledge(argv[3], argv[4])
			   : fail_usage("expected -c FILE and the name of a log");
	return fail_usage("expected a command: run, tell, check or acknowledge");
}

static int
fail_usage(const char *what)
{
	(void)fprintf(stderr, "hallmark-register: %s\n%s", what, usage);
	return 2;
}
