#include "pkcs11/transcript_command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/sandbox.h"
#include "pkcs11/ground/small_file.h"
#include "pkcs11/new_file.h"
#include "pkcs11/operator_key.h"
#include "proto/statement/transcript_document.h"

static const char usage[] =
    "usage: hallmark-hsm transcript sign FILE -o NEW (--key FILE | -c FILE --token-key LABEL)\n"
    "       hallmark-hsm transcript show FILE [--json]\n"
    "\n"
    "sign  signs the transcript of a ceremony, as somebody who was present and whose key it "
    "names;\n"
    "      FILE is the transcript, or what the one before has signed of it; NEW has all "
    "signatures\n"
    "show  what it says, and who of those present has signed it, each signature verified; with\n"
    "      --json the transcript itself. Whether their keys are theirs, it cannot tell\n"
    "\n"
    "exit status: 0 good; 1 not done, or a signature or the form is bad; 2 usage\n";

struct arguments {
	const char *operand, *output, *key, *config, *token_key;
	bool json;
};

static bool parse(int argc, char **argv, bool sign, struct arguments *a);
static const char **place_of(const char *option, bool sign, struct arguments *a);
static int run_sign(const struct arguments *a);
static enum err sign(struct transcript_document *d, struct operator_key *key, const char *output);
static int run_show(const struct arguments *a);
static enum err understand(const char *path, struct view file, struct transcript_document *d);
static int fail_usage(const char *what);

int
transcript_command(int argc, char **argv)
{
	struct arguments a = {0};
	bool sign;

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return fputs(usage, stdout) < 0;
	if (argc < 1 || (strcmp(argv[0], "sign") != 0 && strcmp(argv[0], "show") != 0))
		return fail_usage("expected sign or show behind transcript");
	sign = strcmp(argv[0], "sign") == 0;
	if (!parse(argc - 1, argv + 1, sign, &a))
		return 2; /* explained */
	return sign ? run_sign(&a) : run_show(&a);
}

static bool
parse(int argc, char **argv, bool sign, struct arguments *a)
{
	for (int i = 0; i < argc; i++) {
		const char **to = place_of(argv[i], sign, a);

		if (!sign && strcmp(argv[i], "--json") == 0) {
			a->json = true;
		} else if (to != NULL && i + 1 < argc && *to == NULL) {
			*to = argv[++i];
		} else if (to == NULL && argv[i][0] != '-' && a->operand == NULL) {
			a->operand = argv[i];
		} else {
			complain("transcript %s does not take '%s' here", sign ? "sign" : "show",
			    argv[i]);
			return fail_usage("expected each option once, with its value") == 0;
		}
	}
	if (a->operand == NULL)
		return fail_usage("expected the file of a transcript") == 0;
	if (!sign)
		return true;
	if (a->output == NULL)
		return fail_usage("expected -o FILE, which is not there yet") == 0;
	if ((a->key != NULL) == (a->token_key != NULL) ||
	    (a->config != NULL) != (a->token_key != NULL))
		return fail_usage("expected one key: --key FILE, or -c FILE and --token-key "
				  "LABEL") == 0;
	return true;
}

static const char **
place_of(const char *option, bool sign, struct arguments *a)
{
	if (!sign)
		return NULL;
	return strcmp(option, "-o") == 0            ? &a->output
	       : strcmp(option, "--key") == 0       ? &a->key
	       : strcmp(option, "-c") == 0          ? &a->config
	       : strcmp(option, "--token-key") == 0 ? &a->token_key
						    : NULL;
}

/* The key first: what comes from others is looked at by a process that can do little else. */
static int
run_sign(const struct arguments *a)
{
	struct hsm_config *config = NULL;
	struct operator_key *key = NULL;
	struct transcript_document d = {0};
	struct buf file = BUF_INIT;
	enum err e = small_file_read(a->operand, TRANSCRIPT_SIZE_MAX, &file);

	if (e == ERR_OK &&
	    (e = operator_key_open(a->key, a->config, a->token_key, &config, &key)) == ERR_OK &&
	    (e = hsm_sandbox_end()) == ERR_OK &&
	    (e = understand(a->operand, buf_view(&file), &d)) == ERR_OK)
		e = sign(&d, key, a->output);
	transcript_document_free(&d);
	operator_key_free(&key);
	hsm_config_free(&config);
	buf_free(&file);
	return e == ERR_OK ? 0 : 1;
}

static enum err
sign(struct transcript_document *d, struct operator_key *key, const char *output)
{
	struct transcript_signer *s =
	    transcript_find(d, statement_key_id(operator_key_public(key)));
	struct buf text = BUF_INIT, envelope = BUF_INIT;
	struct transcript_document again = {0};
	struct new_file file;
	enum err e;

	if (s == NULL || s->signature.size > 0) {
		complain(s == NULL ? "nobody who was present has this key: the transcript says who "
				     "was there, see transcript show"
				   : "this key has signed it already");
		return ERR_STATEMENT_KEY;
	}
	transcript_signed_bytes(buf_view(&d->payload), &text);
	/* Read again and verified as its readers do, before anybody sees it. */
	if ((e = buf_status(&text)) == ERR_OK &&
	    (e = operator_key_sign(key, buf_view(&text), &s->signature)) == ERR_OK &&
	    (e = transcript_write_envelope(d, &envelope)) == ERR_OK &&
	    (e = understand("the signed transcript", buf_view(&envelope), &again)) == ERR_OK &&
	    (e = new_file_make(output, "the transcript", &file)) == ERR_OK &&
	    (e = new_file_write(&file, "the transcript", buf_view(&envelope))) == ERR_OK) {
		char hex[DIGEST_HEX_SIZE + 1];
		unsigned missing = 0;

		for (size_t i = 0; i < d->count; i++)
			missing += d->signer[i].signature.size == 0 ? 1 : 0;
		digest_to_hex(&again.digest, hex);
		printf("signed   by %.*s\nwritten  %s, sha256 %s\nmissing  %u of %zu\n",
		    view_precision(s->name), (const char *)s->name.data, output, hex, missing,
		    d->count);
	}
	transcript_document_free(&again);
	buf_free(&text);
	buf_free(&envelope);
	return e;
}

static int
run_show(const struct arguments *a)
{
	struct transcript_document d = {0};
	struct buf file = BUF_INIT, text = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];
	enum err e = small_file_read(a->operand, TRANSCRIPT_SIZE_MAX, &file);

	if (e == ERR_OK && (e = hsm_sandbox_begin(STDERR_FILENO)) == ERR_OK &&
	    (e = hsm_sandbox_end()) == ERR_OK &&
	    (e = understand(a->operand, buf_view(&file), &d)) == ERR_OK) {
		if (a->json) {
			buf_append_view(&text, buf_view(&d.payload));
			buf_append_byte(&text, '\n');
		} else {
			transcript_print(&d, &text);
			digest_to_hex(&d.digest, hex);
			buf_append_format(
			    &text, "%-" TRANSCRIPT_NAME_WIDTH "s %s\n", "sha256 of this file", hex);
		}
		e = buf_status(&text);
		fwrite(text.data, 1, text.size, stdout);
	}
	transcript_document_free(&d);
	buf_free(&file);
	buf_free(&text);
	return e == ERR_OK ? 0 : 1;
}

static enum err
understand(const char *path, struct view file, struct transcript_document *d)
{
	enum err e = transcript_parse(file, d);

	if (e == ERR_STATEMENT_KEY)
		complain("%s: signed by somebody who was not present, or twice by one", path);
	else if (e == ERR_SIGNATURE)
		complain("%s: a signature does not verify", path);
	else if (e != ERR_OK)
		complain("%s: expected the transcript of a ceremony: %s", path, err_text(e));
	return e;
}

static int
fail_usage(const char *what)
{
	fprintf(stderr, "hallmark-hsm: transcript: %s\n%s", what, usage);
	return 2;
}
