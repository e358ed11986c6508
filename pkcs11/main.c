/*
 * hallmark-hsm: the key process, and the operator's tool for its key. See README.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/ceremony.h"
#include "pkcs11/serve.h"
#include "proto/encoding.h"

#define DAYS_DEFAULT 3650 /* a log's key outlives what it has signed */
#define DAYS_MAX     36500

static const char usage[] =
    "usage: hallmark-hsm init        -c FILE\n"
    "       hallmark-hsm show        -c FILE [--json]\n"
    "       hallmark-hsm csr         -c FILE [--subject /CN=NAME] [-o FILE]\n"
    "       hallmark-hsm self-sign   -c FILE [--subject /CN=NAME] [--days N]\n"
    "       hallmark-hsm import-cert -c FILE CERTIFICATE\n"
    "       hallmark-hsm jwks        -c FILE\n"
    "       hallmark-hsm adopt       -c FILE CHECKPOINT\n"
    "       hallmark-hsm check       -c FILE\n"
    "       hallmark-hsm serve       -c FILE     (started by hallmark-signer or systemd)\n"
    "       hallmark-hsm --version\n";

/* What the command line says; NULL or 0 where it does not. */
struct arguments {
	const char *config, *subject, *output, *operand;
	uint64_t days;
	bool json;
};

/* Options a command takes, as letters: j(son), s(ubject), o(utput), d(ays), f(ile operand). */
struct command {
	const char *name;
	const char *options;
	int (*run)(const struct hsm_config *c, const struct arguments *a);
};

static int run_init(const struct hsm_config *c, const struct arguments *a);
static int run_show(const struct hsm_config *c, const struct arguments *a);
static int run_csr(const struct hsm_config *c, const struct arguments *a);
static int run_self_sign(const struct hsm_config *c, const struct arguments *a);
static int run_import(const struct hsm_config *c, const struct arguments *a);
static int run_jwks(const struct hsm_config *c, const struct arguments *a);
static int run_adopt(const struct hsm_config *c, const struct arguments *a);
static int run_check(const struct hsm_config *c, const struct arguments *a);
static int run_serve(const struct hsm_config *c, const struct arguments *a);
static bool parse(int argc, char **argv, const struct command *command, struct arguments *a);
static int fail_usage(const char *what);

static const struct command commands[] = {
    {"init", "", run_init},
    {"show", "j", run_show},
    {"csr", "so", run_csr},
    {"self-sign", "sd", run_self_sign},
    {"import-cert", "f", run_import},
    {"jwks", "", run_jwks},
    {"adopt", "f", run_adopt},
    {"check", "", run_check},
    {"serve", "", run_serve},
};

int
main(int argc, char **argv)
{
	const struct command *command = NULL;
	struct faults faults = FAULTS_INIT;
	struct hsm_config *config;
	struct arguments arguments;
	int status = 1;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("hallmark-hsm %s\n", HALLMARK_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			command = &commands[i];
	if (command == NULL)
		return fail_usage("expected a command");
	if (!parse(argc - 2, argv + 2, command, &arguments))
		return fail_usage(
		    "these arguments do not fit the command; a PIN is never among them");
	if (hsm_config_load(arguments.config, &faults, &config) == ERR_OK)
		status = command->run(config, &arguments);
	faults_print(&faults, stderr);
	faults_free(&faults);
	hsm_config_free(&config);
	return status;
}

static int
run_init(const struct hsm_config *c, const struct arguments *a)
{
	(void)a;
	return ceremony_init(c);
}

static int
run_show(const struct hsm_config *c, const struct arguments *a)
{
	return ceremony_show(c, a->json);
}

static int
run_csr(const struct hsm_config *c, const struct arguments *a)
{
	return ceremony_csr(c, a->subject, a->output);
}

static int
run_self_sign(const struct hsm_config *c, const struct arguments *a)
{
	return ceremony_self_sign(c, a->subject, a->days == 0 ? DAYS_DEFAULT : (int)a->days);
}

static int
run_import(const struct hsm_config *c, const struct arguments *a)
{
	return ceremony_import_certificate(c, a->operand);
}

static int
run_jwks(const struct hsm_config *c, const struct arguments *a)
{
	(void)a;
	return ceremony_jwks(c);
}

static int
run_adopt(const struct hsm_config *c, const struct arguments *a)
{
	return ceremony_adopt(c, a->operand);
}

static int
run_check(const struct hsm_config *c, const struct arguments *a)
{
	(void)a;
	return ceremony_check(c);
}

static int
run_serve(const struct hsm_config *c, const struct arguments *a)
{
	(void)a;
	return serve(c);
}

static bool
parse(int argc, char **argv, const struct command *command, struct arguments *a)
{
	memset(a, 0, sizeof(*a));
	for (int i = 0; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--json") == 0 && strchr(command->options, 'j') != NULL) {
			a->json = true;
			continue;
		}
		if (argv[i][0] != '-') {
			if (strchr(command->options, 'f') == NULL || a->operand != NULL)
				return false;
			a->operand = argv[i];
			continue;
		}
		if (value == NULL)
			return false;
		if (strcmp(argv[i], "-c") == 0)
			a->config = value;
		else if (strcmp(argv[i], "--subject") == 0 && strchr(command->options, 's') != NULL)
			a->subject = value;
		else if (strcmp(argv[i], "-o") == 0 && strchr(command->options, 'o') != NULL)
			a->output = value;
		else if (strcmp(argv[i], "--days") == 0 && strchr(command->options, 'd') != NULL) {
			if (decimal_decode(view_of_string(value), &a->days) != ERR_OK ||
			    a->days == 0 || a->days > DAYS_MAX)
				return false;
		} else
			return false;
		i++;
	}
	return a->config != NULL && (strchr(command->options, 'f') == NULL || a->operand != NULL);
}

static int
fail_usage(const char *what)
{
	fprintf(stderr, "hallmark-hsm: %s\n%s", what, usage);
	return 2;
}
