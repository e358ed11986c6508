#include "pkcs11/statement_command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/nearest.h"
#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/sandbox.h"
#include "pkcs11/ground/small_file.h"
#include "pkcs11/operator_key.h"
#include "pkcs11/statement_sign.h"
#include "proto/encoding.h"

static const char usage[] =
    "usage: hallmark-hsm statement sign (--kind KIND --subject NAME=VALUE... |\n"
    "                                    --compromised-since TIME --cert FILE) --origin ORIGIN\n"
    "                                   --not-after TIME [--not-before TIME] --reason TEXT\n"
    "                                   --author NAME [--number N] -o FILE\n"
    "                                   (--key FILE | -c FILE --token-key LABEL)\n"
    "       hallmark-hsm statement show FILE\n"
    "       hallmark-hsm statement key  (--cert FILE | --key FILE | -c FILE --token-key LABEL)\n"
    "\n"
    "sign  makes a statement, prints what it does, and writes it to FILE, which hallmark-signer\n"
    "      statement submit takes. Kinds and their subjects:\n"
    "        approve      manifest=SHA256\n"
    "        maintenance  collectors=PATTERN workloads=PATTERN\n"
    "        retire       collector=IDENTITY workload=NAME\n"
    "        revoke       statement=SHA256 (of the file), and it ends; or what is contraindicated\n"
    "                     until --not-after: collectors=PATTERN, workloads=PATTERN, or both;\n"
    "                     digest=SHA256 (a content, wherever it stands); set=SHA256 (of the file\n"
    "                     of a reference set)\n"
    "        clock        from=SECONDS (iat of the log's newest entry, which is too late; from\n"
    "                     --not-before until --not-after lies the right time)\n"
    "        retire-key   key=SHA256 since=SECONDS (of the log's key; --compromised-since makes\n"
    "                     it, by the certificate of that key)\n"
    "        continue-key from=SHA256 to=SHA256 size=N root=SHA256 (of the keys, the lost one "
    "first;\n"
    "                     of the log's newest checkpoint: hallmark-hsm continue --dry-run says "
    "them)\n"
    "        act-grant    act=freeze|stop|isolate collector=IDENTITY workload=NAME report=SHA256\n"
    "                     (leaf hash of a report of the fall: the collector logs it, act-waits)\n"
    "        break-glass  collectors=PATTERN workloads=PATTERN (nothing is done to these)\n"
    "      The last two are files for collectors (acts.grants of collector.yaml), no log takes "
    "them.\n"
    "      TIME is UTC, such as 2027-01-31T00:00:00Z; --not-before is now unless said, --number\n"
    "      the clock's milliseconds. The author is who made what is asked for, the key is whose\n"
    "      statement it is: an approval by its own author does not count\n"
    "show  prints what a statement does and which key it names; the signature is checked by those\n"
    "      who have the operators file\n"
    "key   prints a public key as an operators file has it, and its id; --key takes a file with\n"
    "      either half. A pair is made by: openssl genpkey -algorithm EC -pkeyopt\n"
    "      ec_paramgen_curve:P-256 -out FILE\n";

/* What is looked at is at most a statement. */
#define FILE_SIZE_MAX STATEMENT_SIZE_MAX

/* For whom an option is. */
enum { FOR_SIGN = 1, FOR_SHOW = 2, FOR_KEY = 4 };

struct option {
	const char *name;
	unsigned takes; /* commands that know it */
	unsigned needs; /* those that must have it */
	size_t offset;  /* in struct statement_arguments */
};

struct command {
	const char *name;
	unsigned bit;
	int (*run)(struct statement_arguments *a);
};

static int run_sign(struct statement_arguments *a);
static int run_show(struct statement_arguments *a);
static int run_key(struct statement_arguments *a);
static const struct command *find_command(const char *name);
static bool parse(int argc, char **argv, const struct command *c, struct statement_arguments *a);
static bool parse_option(
    const char *name, const char *value, const struct command *c, struct statement_arguments *a);
static bool check_needed(const struct command *c, const struct statement_arguments *a);
static bool check_said(const struct statement_arguments *a);
static enum err find_public(const struct statement_arguments *a, struct statement_key **out);
static enum err read_statement(const char *path, struct statement_document **out);
static void print_key(const struct statement_key *k);
static int fail_usage(const char *what);

#define OFFSET(member) offsetof(struct statement_arguments, member)
static const struct option options[] = {
    {"--kind", FOR_SIGN, 0, OFFSET(kind)},
    {"--compromised-since", FOR_SIGN, 0, OFFSET(compromised_since)},
    {"--origin", FOR_SIGN, FOR_SIGN, OFFSET(origin)},
    {"--not-before", FOR_SIGN, 0, OFFSET(not_before)},
    {"--not-after", FOR_SIGN, FOR_SIGN, OFFSET(not_after)},
    {"--reason", FOR_SIGN, FOR_SIGN, OFFSET(reason)},
    {"--author", FOR_SIGN, FOR_SIGN, OFFSET(author)},
    {"--number", FOR_SIGN, 0, OFFSET(number)},
    {"-o", FOR_SIGN, FOR_SIGN, OFFSET(output)},
    {"--key", FOR_SIGN | FOR_KEY, 0, OFFSET(key)},
    {"-c", FOR_SIGN | FOR_KEY, 0, OFFSET(config)},
    {"--token-key", FOR_SIGN | FOR_KEY, 0, OFFSET(token_key)},
    {"--cert", FOR_SIGN | FOR_KEY, 0, OFFSET(certificate)},
};

static const struct command commands[] = {
    {"sign", FOR_SIGN, run_sign},
    {"show", FOR_SHOW, run_show},
    {"key", FOR_KEY, run_key},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int
statement_command(int argc, char **argv)
{
	struct statement_arguments a = {0};
	const struct command *c;

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return fputs(usage, stdout) < 0;
	if (argc < 1)
		return fail_usage("expected sign, show or key behind statement");
	if ((c = find_command(argv[0])) == NULL || !parse(argc - 1, argv + 1, c, &a))
		return 2; /* explained */
	return c->run(&a);
}

static int
run_sign(struct statement_arguments *a)
{
	struct hsm_config *config = NULL;
	struct operator_key *key = NULL;
	struct statement s;
	enum err e = a->compromised_since != NULL ? statement_sign_retirement(a) : ERR_OK;

	if (e == ERR_OK && (e = statement_sign_gather(a, &s)) == ERR_OK &&
	    (e = operator_key_open(a->key, a->config, a->token_key, &config, &key)) == ERR_OK &&
	    (e = hsm_sandbox_end()) == ERR_OK)
		e = statement_sign_write(&s, key, a->output);
	operator_key_free(&key);
	hsm_config_free(&config);
	return e == ERR_OK ? 0 : 1;
}

static int
run_show(struct statement_arguments *a)
{
	struct statement_document *d;
	struct buf words = BUF_INIT;
	char hex[2][DIGEST_HEX_SIZE + 1];
	enum err e = read_statement(a->operand, &d);

	if (e == ERR_OK) {
		statement_print(statement_document_statement(d), &words);
		digest_to_hex(statement_document_key_id(d), hex[0]);
		digest_to_hex(statement_document_digest(d), hex[1]);
		printf("%.*skey id     %s, whose signature is not checked here\nsha256     %s\n",
		    (int)words.size, (const char *)words.data, hex[0], hex[1]);
	}
	statement_document_free(&d);
	buf_free(&words);
	return e == ERR_OK ? 0 : 1;
}

static int
run_key(struct statement_arguments *a)
{
	struct hsm_config *config = NULL;
	struct operator_key *key = NULL;
	struct statement_key *public = NULL;
	enum err e;

	if (a->token_key != NULL) {
		if ((e = operator_key_open(a->key, a->config, a->token_key, &config, &key)) ==
		    ERR_OK)
			print_key(operator_key_public(key));
	} else if ((e = find_public(a, &public)) == ERR_OK) {
		print_key(public);
	}
	operator_key_free(&key);
	statement_key_free(&public);
	hsm_config_free(&config);
	return e == ERR_OK ? 0 : 1;
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	complain("there is no command 'statement %s'; see hallmark-hsm statement --help", name);
	return NULL;
}

static bool
parse(int argc, char **argv, const struct command *c, struct statement_arguments *a)
{
	for (int i = 0; i < argc; i++) {
		if (argv[i][0] == '-') {
			if (!parse_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, c, a))
				return false;
			i++;
		} else if (c->bit == FOR_SHOW && a->operand == NULL) {
			a->operand = argv[i];
		} else {
			complain("statement %s does not take '%s'", c->name, argv[i]);
			return false;
		}
	}
	return check_needed(c, a);
}

static bool
parse_option(
    const char *name, const char *value, const struct command *c, struct statement_arguments *a)
{
	const bool subject = c->bit == FOR_SIGN && strcmp(name, "--subject") == 0;
	const struct option *found = NULL;
	struct nearest n;
	const char **to;

	nearest_begin(&n, view_of_string(name));
	for (size_t i = 0; i < COUNT(options); i++) {
		if ((options[i].takes & c->bit) == 0)
			continue;
		nearest_offer(&n, options[i].name);
		if (strcmp(options[i].name, name) == 0)
			found = &options[i];
	}
	if (strstr(name, "pin") != NULL || strstr(name, "pass") != NULL) {
		complain("a PIN or a pass phrase is never an argument: others can read those; set "
			 "pin_file or pin_credential in the configuration");
		return false;
	}
	if (found == NULL && !subject) {
		const char *near = nearest_found(&n);

		complain("statement %s has no option '%s'%s%s%s; see hallmark-hsm statement --help",
		    c->name, name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "'" : "");
		return false;
	}
	if (value == NULL)
		return fail_usage("expected a value behind each option") == 0;
	if (subject) {
		if (a->subject_count == STATEMENT_MEMBERS_MAX)
			return fail_usage("expected at most 8 of --subject") == 0;
		a->subject[a->subject_count++] = value;
		return true;
	}
	to = (const char **)((char *)a + found->offset);
	if (*to != NULL)
		return fail_usage("expected each option once, but for --subject") == 0;
	*to = value;
	return true;
}

static bool
check_needed(const struct command *c, const struct statement_arguments *a)
{
	const bool certified = c->bit == FOR_KEY && a->certificate != NULL;
	const int sources = (a->key != NULL) + certified + (a->token_key != NULL);

	for (size_t i = 0; i < COUNT(options); i++) {
		if ((options[i].needs & c->bit) != 0 &&
		    *(const char *const *)((const char *)a + options[i].offset) == NULL) {
			complain("statement %s: expected %s; see hallmark-hsm statement --help",
			    c->name, options[i].name);
			return false;
		}
	}
	if (c->bit == FOR_SIGN && !check_said(a))
		return false;
	if (c->bit == FOR_SHOW)
		return a->operand != NULL || fail_usage("expected the file of a statement") == 0;
	if (sources != 1)
		return fail_usage("expected one key: of a file, or on a token") == 0;
	if ((a->config != NULL) != (a->token_key != NULL))
		return fail_usage("expected -c FILE and --token-key LABEL together") == 0;
	return true;
}

/* Kind and subject, or what stands for both. */
static bool
check_said(const struct statement_arguments *a)
{
	const bool retired = a->compromised_since != NULL;

	if (retired && (a->kind != NULL || a->subject_count > 0 || a->certificate == NULL))
		return fail_usage("expected --compromised-since with --cert, the certificate of "
				  "the key, in the place of --kind and --subject") == 0;
	if (!retired && a->certificate != NULL)
		return fail_usage("expected --cert with --compromised-since alone") == 0;
	if (!retired && a->kind == NULL)
		return fail_usage("expected --kind") == 0;
	return retired || a->subject_count > 0 ||
	       fail_usage("expected --subject, once or more") == 0;
}

static enum err
find_public(const struct statement_arguments *a, struct statement_key **out)
{
	if (a->certificate != NULL)
		return operator_key_of_certificate(a->certificate, out);
	return operator_key_of_file(a->key, out);
}

/* The file comes from anybody: it is read, then looked at by a process that can do little else. */
static enum err
read_statement(const char *path, struct statement_document **out)
{
	struct buf bytes = BUF_INIT;
	enum err e = small_file_read(path, FILE_SIZE_MAX, &bytes);

	*out = NULL;
	if (e == ERR_OK && (e = hsm_sandbox_begin(STDERR_FILENO)) == ERR_OK &&
	    (e = hsm_sandbox_end()) == ERR_OK &&
	    (e = statement_parse(buf_view(&bytes), out)) != ERR_OK)
		complain("%s: %s", path, err_text(e));
	buf_free(&bytes);
	return e;
}

static void
print_key(const struct statement_key *k)
{
	struct buf base64 = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];

	base64_append(&base64, statement_key_spki(k));
	digest_to_hex(statement_key_id(k), hex);
	printf("key        %.*s\nkey id     %s\nsigns      %s\n", (int)base64.size,
	    (const char *)base64.data, hex, statement_key_algorithm(k));
	buf_free(&base64);
}

static int
fail_usage(const char *what)
{
	fprintf(stderr, "hallmark-hsm: statement: %s\n%s", what, usage);
	return 2;
}
