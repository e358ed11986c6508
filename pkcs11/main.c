/*
 * hallmark-hsm: the key process, and the operator's tool for its key. See README.md.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/nearest.h"
#include "pkcs11/ceremony.h"
#include "pkcs11/continue.h"
#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/file_identity.h"
#include "pkcs11/ground/sandbox.h"
#include "pkcs11/init.h"
#include "pkcs11/retire.h"
#include "pkcs11/rotate.h"
#include "pkcs11/serve/serve.h"
#include "pkcs11/statement_command.h"
#include "pkcs11/transcript_command.h"
#include "proto/encoding.h"

#define DAYS_DEFAULT 3650 /* a log's key outlives what it has signed */
#define DAYS_MAX     36500

static const char usage[] =
    "usage: hallmark-hsm init        -c FILE [--existing] [--dry-run] [TRANSCRIPT]\n"
    "       hallmark-hsm show        -c FILE [--json] [TRANSCRIPT]\n"
    "       hallmark-hsm csr         -c FILE [--subject /CN=NAME] [-o FILE]\n"
    "       hallmark-hsm self-sign   -c FILE [--subject /CN=NAME] [--days N]\n"
    "       hallmark-hsm import-cert -c FILE CERTIFICATE\n"
    "       hallmark-hsm jwks        -c FILE\n"
    "       hallmark-hsm adopt       -c FILE CHECKPOINT\n"
    "       hallmark-hsm rotate      -c FILE [--dry-run]\n"
    "       hallmark-hsm retire      -c FILE STATEMENT\n"
    "       hallmark-hsm continue    -c FILE --from CERTIFICATE --checkpoint FILE [--witness "
    "VKEY]...\n"
    "                                [--dry-run] [STATEMENT]...\n"
    "       hallmark-hsm check       -c FILE\n"
    "       hallmark-hsm unlock      -c FILE\n"
    "       hallmark-hsm serve       -c FILE [--json | --rfc5424]   (started by hallmark-signer "
    "or\n"
    "                                systemd)\n"
    "       hallmark-hsm statement   (sign | show | key) ...\n"
    "       hallmark-hsm transcript  (sign | show) ...\n"
    "       hallmark-hsm --version | --help\n"
    "\n"
    "init         makes the key pair on the token, where it stays, and the guard's state; and the\n"
    "             Ed25519 key beside it, where the configuration names one, also later;\n"
    "             --existing takes a key that the vendor's tool has made; --dry-run looks whether\n"
    "             all that would go, says what would be made, and makes nothing\n"
    "show         token, key, the attributes that prove that it cannot leave, certificate, guard\n"
    "csr          a request for a certificate of the key, signed by it\n"
    "self-sign    a certificate of the key, signed by itself\n"
    "import-cert  takes over the certificate that a CA made, with the CAs' behind it in the file, "
    "in\n"
    "             order; it must be of this key; one that is renewed is taken while it serves\n"
    "jwks         the public key as a JWK set, for relying parties that take tokens\n"
    "adopt        where the guard's state was lost: goes on from a checkpoint of the log, the\n"
    "             newest that anybody has; whatever was signed behind it could be forked\n"
    "rotate       orders that the key that `next` names follows the log's: both sign that; the\n"
    "             signer then gives the log over without stopping\n"
    "retire       where others may have the key: it signs nothing any more, for good, also while "
    "it\n"
    "             serves; STATEMENT is the operators' (retire-key), for this key\n"
    "continue     where the log's key is lost: this one goes on from the newest checkpoint that\n"
    "             anybody has, by the word of operators whom the configuration names; without\n"
    "             STATEMENT says what they are to sign\n"
    "check        tells every fault of the configuration, the token and the key\n"
    "unlock       tries a PIN once more that the token has refused; until then, or until the PIN\n"
    "             file is another, nothing does: a token locks after a few\n"
    "serve        checks and signs what the signer asks for\n"
    "TRANSCRIPT   --transcript FILE --present NAME=KEY... [--attestation FILE]...: writes a new "
    "file\n"
    "             with all that the token says of itself and of the log's keys, the time, who was\n"
    "             present, by the file of a public key of theirs, and what the vendor attests\n"
    "transcript   those present sign that; see hallmark-hsm transcript --help\n"
    "statement    what operators approve, announce or revoke: signed by a key of theirs, shown\n"
    "             in words; see hallmark-hsm statement --help\n"
    "\n"
    "exit status: 0 good; 1 not done, and why; 2 usage; by a signal, which a shell shows as 128 "
    "and its\n"
    "number, where the token did not answer within deadline_ms (SIGALRM) or its module crashed: "
    "said\n"
    "on stderr\n";

/* What the command line says; NULL or 0 where it does not. */
struct arguments {
	struct file_identity read; /* of the configuration's file */
	const char *config, *subject, *output, *operand;
	uint64_t days;
	bool json;
	bool rfc5424;
	bool existing;
	bool dry_run;
	struct transcript_request transcript;
	struct continue_request continuation;
	bool faulty; /* the configuration; faults are told, and only `check` goes on */
};

/* What a command takes besides -c. */
enum {
	TAKES_JSON = 1,
	TAKES_SUBJECT = 2,
	TAKES_OUTPUT = 4,
	TAKES_DAYS = 8,
	TAKES_FILE = 16, /* and needs it */
	TAKES_RFC5424 = 32,
	TAKES_EXISTING = 64,
	TAKES_DRY_RUN = 128,
	TAKES_TRANSCRIPT = 256,
	TAKES_CONTINUATION = 512, /* and statements */
};

struct command {
	const char *name;
	unsigned takes;
	int (*run)(const struct hsm_config *c, const struct arguments *a);
};

/* An option with a value: where it goes. */
struct option {
	const char *name;
	unsigned needed; /* of the command's `takes`; 0: every command */
	size_t offset;   /* in struct arguments: of a string, but for --days */
};

static _Noreturn void run_apart(int (*command)(int, char **), int argc, char **argv);
static _Noreturn void end(int status);
static int run_init(const struct hsm_config *c, const struct arguments *a);
static int run_show(const struct hsm_config *c, const struct arguments *a);
static int run_csr(const struct hsm_config *c, const struct arguments *a);
static int run_self_sign(const struct hsm_config *c, const struct arguments *a);
static int run_import(const struct hsm_config *c, const struct arguments *a);
static int run_jwks(const struct hsm_config *c, const struct arguments *a);
static int run_adopt(const struct hsm_config *c, const struct arguments *a);
static int run_rotate(const struct hsm_config *c, const struct arguments *a);
static int run_retire(const struct hsm_config *c, const struct arguments *a);
static int run_continue(const struct hsm_config *c, const struct arguments *a);
static int run_check(const struct hsm_config *c, const struct arguments *a);
static int run_unlock(const struct hsm_config *c, const struct arguments *a);
static int run_serve(const struct hsm_config *c, const struct arguments *a);
static bool parse(int argc, char **argv, const struct command *command, struct arguments *a);
static bool parse_value(const char *name, const char *value, struct arguments *a);
static const struct command *find_command(const char *name);
static const struct option *find_option(const char *name, const struct command *command);
static void refuse_option(const char *name, const struct command *command);
static void refuse_service(const struct faults *faults);
static int fail_usage(const char *what);

static const struct command commands[] = {
    {"init", TAKES_EXISTING | TAKES_DRY_RUN | TAKES_TRANSCRIPT, run_init},
    {"show", TAKES_JSON | TAKES_TRANSCRIPT, run_show},
    {"csr", TAKES_SUBJECT | TAKES_OUTPUT, run_csr},
    {"self-sign", TAKES_SUBJECT | TAKES_DAYS, run_self_sign},
    {"import-cert", TAKES_FILE, run_import}, {"jwks", 0, run_jwks},
    {"adopt", TAKES_FILE, run_adopt}, {"rotate", TAKES_DRY_RUN, run_rotate},
    {"retire", TAKES_FILE, run_retire},
    {"continue", TAKES_CONTINUATION | TAKES_DRY_RUN, run_continue}, {"check", 0, run_check},
    {"unlock", 0, run_unlock}, {"serve", TAKES_JSON | TAKES_RFC5424, run_serve}, /* its log */
};

static const struct option options[] = {
    {"-c", 0, offsetof(struct arguments, config)},
    {"--subject", TAKES_SUBJECT, offsetof(struct arguments, subject)},
    {"-o", TAKES_OUTPUT, offsetof(struct arguments, output)},
    {"--days", TAKES_DAYS, offsetof(struct arguments, days)},
    {"--transcript", TAKES_TRANSCRIPT, offsetof(struct arguments, transcript.path)},
    {"--present", TAKES_TRANSCRIPT, offsetof(struct arguments, transcript.present)},
    {"--from", TAKES_CONTINUATION, offsetof(struct arguments, continuation.from)},
    {"--checkpoint", TAKES_CONTINUATION, offsetof(struct arguments, continuation.checkpoint)},
    {"--witness", TAKES_CONTINUATION, offsetof(struct arguments, continuation.witness)},
    {"--attestation", TAKES_TRANSCRIPT, offsetof(struct arguments, transcript.attestation)},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int
main(int argc, char **argv)
{
	const struct command *command = NULL;
	struct faults faults = FAULTS_INIT;
	struct hsm_config *config;
	struct arguments arguments;
	int status = 1;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return printf("hallmark-hsm %s\n", HALLMARK_VERSION) < 0 || fflush(stdout) != 0;
	if (argc >= 2 && strcmp(argv[1], "statement") == 0)
		run_apart(statement_command, argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "transcript") == 0)
		run_apart(transcript_command, argc - 2, argv + 2);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
	if (argc < 2)
		return fail_usage("expected a command");
	if ((command = find_command(argv[1])) == NULL ||
	    !parse(argc - 2, argv + 2, command, &arguments))
		return 2; /* explained */
	if (command->run == run_serve)
		complain_as_log(arguments.json      ? LOGGER_JSON
				: arguments.rfc5424 ? LOGGER_RFC5424
						    : LOGGER_TEXT);
	if (hsm_sandbox_prepare() != ERR_OK)
		return 1;
	file_identity_of(
	    arguments.config, &arguments.read); /* before, so that no change is missed */
	arguments.faulty = hsm_config_inspect(arguments.config, &faults, &config) != ERR_OK;
	if (command->run == run_serve)
		refuse_service(&faults);
	else
		faults_print(&faults, stderr);
	if (!arguments.faulty || (config != NULL && command->run == run_check))
		status = command->run(config, &arguments);
	faults_free(&faults);
	hsm_config_free(&config);
	end(status);
}

/* Its own options, and a configuration only where the key is on a token. */
static _Noreturn void
run_apart(int (*command)(int, char **), int argc, char **argv)
{
	int status = hsm_sandbox_prepare() == ERR_OK ? command(argc, argv) : 1;

	end(status);
}

/* Some modules crash in their destructors, although they have been finalised. */
static _Noreturn void
end(int status)
{
	logger_finish();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("cannot write the result to stdout");
		status = 1;
	}
	_exit(status);
}

static int
run_init(const struct hsm_config *c, const struct arguments *a)
{
	const struct init_options o = {a->existing, a->dry_run, a->transcript};

	return init_run(c, &o);
}

static int
run_show(const struct hsm_config *c, const struct arguments *a)
{
	return ceremony_show(c, a->json, &a->transcript);
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
run_rotate(const struct hsm_config *c, const struct arguments *a)
{
	return rotate(c, a->dry_run);
}

static int
run_retire(const struct hsm_config *c, const struct arguments *a)
{
	return retire(c, a->operand);
}

static int
run_continue(const struct hsm_config *c, const struct arguments *a)
{
	struct continue_request r = a->continuation;

	r.dry = a->dry_run;
	return continue_log(c, &r);
}

static int
run_check(const struct hsm_config *c, const struct arguments *a)
{
	return ceremony_check(c, a->faulty);
}

static int
run_unlock(const struct hsm_config *c, const struct arguments *a)
{
	(void)a;
	return ceremony_unlock(c);
}

static int
run_serve(const struct hsm_config *c, const struct arguments *a)
{
	return serve(c, a->config, &a->read);
}

static bool
parse(int argc, char **argv, const struct command *command, struct arguments *a)
{
	memset(a, 0, sizeof(*a));
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0 && (command->takes & TAKES_JSON) != 0) {
			a->json = true;
		} else if (strcmp(argv[i], "--rfc5424") == 0 &&
			   (command->takes & TAKES_RFC5424) != 0) {
			a->rfc5424 = true;
		} else if (strcmp(argv[i], "--existing") == 0 &&
			   (command->takes & TAKES_EXISTING) != 0) {
			a->existing = true;
		} else if (strcmp(argv[i], "--dry-run") == 0 &&
			   (command->takes & TAKES_DRY_RUN) != 0) {
			a->dry_run = true;
		} else if (find_option(argv[i], command) != NULL) {
			if (i + 1 == argc || !parse_value(argv[i], argv[i + 1], a))
				return fail_usage("expected one value behind each option, at "
						  "most 16 present and 4 attestations, and "
						  "--days from 1 to 36500") == 0;
			i++;
		} else if (argv[i][0] == '-') {
			refuse_option(argv[i], command);
			return false;
		} else if ((command->takes & TAKES_FILE) != 0 && a->operand == NULL) {
			a->operand = argv[i];
		} else if ((command->takes & TAKES_CONTINUATION) != 0 &&
			   a->continuation.statement_count < TRANSITION_STATEMENTS_MAX) {
			a->continuation.statement[a->continuation.statement_count++] = argv[i];
		} else {
			complain("%s does not take '%s'", command->name, argv[i]);
			return false;
		}
	}
	if (a->config == NULL)
		return fail_usage("expected -c FILE, the configuration") == 0;
	if ((command->takes & TAKES_FILE) != 0 && a->operand == NULL)
		return fail_usage("expected a file to work on") == 0;
	if ((command->takes & TAKES_CONTINUATION) != 0 &&
	    (a->continuation.from == NULL || a->continuation.checkpoint == NULL))
		return fail_usage("expected --from and --checkpoint, each with a file") == 0;
	return true;
}

/* False for a second value of one option, too. */
static bool
parse_value(const char *name, const char *value, struct arguments *a)
{
	const struct option *option = find_option(name, NULL);
	const char **to = (const char **)((char *)a + option->offset);

	if (option->offset == offsetof(struct arguments, days))
		return a->days == 0 && decimal_decode(view_of_string(value), &a->days) == ERR_OK &&
		       a->days > 0 && a->days <= DAYS_MAX;
	if (to == a->transcript.present && a->transcript.present_count < TRANSCRIPT_PRESENT_MAX)
		to += a->transcript.present_count++;
	if (to == a->transcript.attestation &&
	    a->transcript.attestation_count < TRANSCRIPT_ATTESTATIONS_MAX)
		to += a->transcript.attestation_count++;
	if (to == a->continuation.witness && a->continuation.witness_count < CONTINUE_WITNESSES_MAX)
		to += a->continuation.witness_count++;
	if (*to != NULL)
		return false;
	*to = value;
	return true;
}

static const struct command *
find_command(const char *name)
{
	struct nearest n;
	const char *near;

	nearest_begin(&n, view_of_string(name));
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
		nearest_offer(&n, commands[i].name);
	}
	near = nearest_found(&n);
	complain("there is no command '%s'%s%s%s; see hallmark-hsm --help", name,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'" : "");
	return NULL;
}

/* Among those of the command, or among all. */
static const struct option *
find_option(const char *name, const struct command *command)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (strcmp(name, options[i].name) == 0 &&
		    (command == NULL || options[i].needed == 0 ||
			(command->takes & options[i].needed) != 0))
			return &options[i];
	return NULL;
}

static void
refuse_option(const char *name, const struct command *command)
{
	struct nearest n;
	const char *near;

	if (strstr(name, "pin") != NULL) {
		complain("a PIN is never an argument: others can read those; set pin_file or "
			 "pin_credential in the configuration");
		return;
	}
	nearest_begin(&n, view_of_string(name));
	for (size_t i = 0; i < COUNT(options); i++)
		if (find_option(options[i].name, command) != NULL)
			nearest_offer(&n, options[i].name);
	if ((command->takes & TAKES_JSON) != 0)
		nearest_offer(&n, "--json");
	if ((command->takes & TAKES_RFC5424) != 0)
		nearest_offer(&n, "--rfc5424");
	if ((command->takes & TAKES_EXISTING) != 0)
		nearest_offer(&n, "--existing");
	if ((command->takes & TAKES_DRY_RUN) != 0)
		nearest_offer(&n, "--dry-run");
	near = nearest_found(&n);
	complain("%s has no option '%s'%s%s%s; see hallmark-hsm --help", command->name, name,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'" : "");
}

/* Each fault is logged; the signer is told the first, which is the last to be said. */
static void
refuse_service(const struct faults *faults)
{
	for (size_t i = faults->count; i > 0; i--) {
		const struct fault *f = &faults->fault[i - 1];

		if (f->line > 0)
			complain("%s:%u: %s", f->file, f->line, f->text);
		else
			complain("%s: %s", f->file, f->text);
	}
	if (faults->count > 0)
		serve_refuse(ERR_CONFIG);
}

static int
fail_usage(const char *what)
{
	fprintf(stderr, "hallmark-hsm: %s\n%s", what, usage);
	return 2;
}
