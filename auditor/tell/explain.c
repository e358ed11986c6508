#include "auditor/tell/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/text.h"

static enum err append_assignment(struct buf *to, const char *name, const char *path);
static size_t first_hash_line(const struct receipt_check *c);
static const char *through(bool is_printable);
static void explain_parts(FILE *to, const struct receipt_check *c);
static void explain_key(FILE *to, const struct receipt_check *c);
static void explain_public(FILE *to, const struct receipt_check *c);
static void explain_key_id(FILE *to, enum note_scheme scheme);
static void explain_signature(FILE *to, enum note_scheme scheme);
static void explain_leaf(FILE *to, const struct receipt_check *c);
static void explain_path(FILE *to, const struct receipt_check *c);
static void explain_step(FILE *to, size_t line, bool sibling_is_left);
static void explain_root(FILE *to, const struct receipt_check *c);
static void explain_spelling(FILE *to, const struct receipt_check *c);
static void spell_signatures(FILE *to, const struct receipt_check *c);
static void explain_report(FILE *to, const struct receipt_check *c);
static void expect_origin(FILE *to, const struct receipt_check *c);

enum err
explain_write(FILE *to, const char *receipt_path, const char *report_path,
    const char *certificate_path, const struct receipt_check *c)
{
	struct buf names = BUF_INIT;
	enum err e;

	if ((e = append_assignment(&names, "receipt", receipt_path)) == ERR_OK &&
	    (c->proof.has_extra ||
		(e = append_assignment(&names, "report", report_path)) == ERR_OK) &&
	    (e = append_assignment(&names, "cert", certificate_path)) == ERR_OK)
		e = buf_status(&names);
	if (e == ERR_OK) {
		fputs("# The same steps with coreutils, sed and openssl. They make files: begin in "
		      "an "
		      "empty directory.\n",
		    to);
		fwrite(names.data, 1, names.size, to);
		explain_parts(to, c);
		explain_key(to, c);
		explain_signature(to, c->scheme);
		explain_leaf(to, c);
		if (c->sealed)
			explain_path(to, c);
		explain_root(to, c);
		explain_spelling(to, c);
		explain_report(to, c);
	}
	buf_free(&names);
	return e;
}

/* name='path' with every ' as '\'', so that the shell takes it as it stands. */
static enum err
append_assignment(struct buf *to, const char *name, const char *path)
{
	char *absolute = realpath(path, NULL);
	enum err e = ERR_OK;

	if (absolute == NULL)
		return ERR_IO;
	if (!text_is_printable(view_of_string(absolute), true))
		e = ERR_UNSUPPORTED;
	buf_append_format(to, "%s='", name);
	for (const char *p = absolute; *p != '\0'; p++) {
		if (*p == '\'')
			buf_append_string(to, "'\\''");
		else
			buf_append_byte(to, (uint8_t)*p);
	}
	buf_append_string(to, "'\n");
	free(absolute);
	return e;
}

/* Before it: format, extra if there is one, index. */
static size_t
first_hash_line(const struct receipt_check *c)
{
	return c->proof.has_extra ? 4 : 3;
}

/* What was not read may write to the terminal of whoever pastes this. */
static const char *
through(bool is_printable)
{
	return is_printable ? "" : " | cat -v";
}

static void
explain_parts(FILE *to, const struct receipt_check *c)
{
	if (c->proof.has_extra)
		fputs(
		    "\n# 1. Take the receipt apart: the report, then the signed checkpoint behind "
		    "the first empty line.\n"
		    "sed -n '2s/^extra //p' \"$receipt\" | base64 -d > report.json\n",
		    to);
	else
		fputs(
		    "\n# 1. The report, which stands beside the receipt; then the receipt's signed "
		    "checkpoint, behind the first empty line.\n"
		    "cat \"$report\" > report.json\n",
		    to);
	fprintf(to,
	    "sed '1,/^$/d' \"$receipt\" > note.txt\n"
	    "sed '/^$/,$d' note.txt > checkpoint.txt\n"
	    "cat checkpoint.txt%s; echo\n"
	    "#    The log's signature line, which may stand among those of others.\n"
	    "sed '1,/^$/d' note.txt > lines.txt\n"
	    "sed -n %zup lines.txt > line.txt\n",
	    through(c->sealed), c->line + 1);
}

static void
explain_key(FILE *to, const struct receipt_check *c)
{
	const bool alone = c->by != NULL && signercert_is_key_alone(c->by);

	fprintf(to, "\n# 2. The log's name, in the checkpoint and in the signature line%s.\n",
	    alone ? "" : "; and who the certificate is for");
	expect_origin(to, c);
	fprintf(to,
	    "head -n 1 checkpoint.txt%s\n"
	    "cut -d ' ' -f 2 line.txt\n"
	    "%s"
	    "#    The key: of Ed25519, on P-256 or P-384, or of RSA with 2048 bits or more.\n",
	    through(c->sealed), alone ? "" : "openssl x509 -in \"$cert\" -noout -subject -dates\n");
	explain_public(to, c);
	fputs("openssl pkey -pubin -in signer.pem -noout -text_pub | sed -n -e 1p -e '/CURVE/p'\n",
	    to);
	explain_key_id(to, c->scheme);
	fputs("cut -d ' ' -f 3 line.txt | base64 -d > signature.bin\n"
	      "head -c 4 signature.bin | od -An -tx1 | tr -d ' '\n",
	    to);
}

/* Out of the certificate, or out of a verifier key line: what stands behind its type. */
static void
explain_public(FILE *to, const struct receipt_check *c)
{
	const bool alone = c->by != NULL && signercert_is_key_alone(c->by);

	if (c->by == NULL || signercert_log(c->by) == NULL)
		fprintf(to, "openssl %s > signer.pem\n",
		    alone ? "pkey -pubin -in \"$cert\" -pubout"
			  : "x509 -in \"$cert\" -noout -pubkey");
	else if (c->scheme == NOTE_ED25519)
		fputs(
		    "{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; cut "
		    "-d + -f 3- \"$cert\" | base64 -d | tail -c 32; } | openssl pkey -pubin "
		    "-inform DER -pubout > signer.pem\n",
		    to);
	else
		fprintf(to,
		    "cut -d + -f 3- \"$cert\" | base64 -d | tail -c +%zu | openssl pkey -pubin "
		    "-inform DER -pubout > signer.pem\n",
		    strlen(note_scheme_identifier(c->scheme)) + 2);
}

static void
explain_key_id(FILE *to, enum note_scheme scheme)
{
	const char *key = scheme == NOTE_ED25519
			      ? "openssl pkey -pubin -in signer.pem -outform DER | tail -c 32"
			      : "openssl pkey -pubin -in signer.pem -outform DER";

	if (scheme == NOTE_ECDSA)
		fprintf(to,
		    "#    The signature line begins with the first 4 bytes of its SHA-256. Both "
		    "lines "
		    "must be equal.\n"
		    "%s | sha256sum | head -c 8; echo\n",
		    key);
	else
		fprintf(to,
		    "#    The signature line begins with the first 4 bytes of the SHA-256 of its "
		    "name, "
		    "type and key. Both lines must be equal.\n"
		    "{ cut -d ' ' -f 2 line.txt; printf '\\%03o%s'; %s; } | sha256sum | head -c 8; "
		    "echo\n",
		    note_scheme_type(scheme), note_scheme_identifier(scheme), key);
}

static void
explain_signature(FILE *to, enum note_scheme scheme)
{
	fprintf(to,
	    "\n# 3. The signature over the checkpoint's three lines.\n"
	    "# expect: %s\n"
	    "tail -c +5 signature.bin > signature.der\n",
	    scheme == NOTE_ED25519 ? "Signature Verified Successfully" : "Verified OK");
	if (scheme == NOTE_ED25519)
		fputs("openssl pkeyutl -verify -pubin -inkey signer.pem -rawin -in checkpoint.txt "
		      "-sigfile signature.der\n",
		    to);
	else
		fprintf(to,
		    "openssl dgst -sha256%s -verify signer.pem -signature signature.der "
		    "checkpoint.txt\n",
		    scheme == NOTE_RSA_PSS
			? " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32"
			: "");
}

static void
explain_leaf(FILE *to, const struct receipt_check *c)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest leaf;

	merkle_leaf(c->entry, &leaf);
	digest_to_hex(&leaf, hex);
	fprintf(to,
	    "\n# 4. The leaf: SHA-256 of a zero byte and the report.\n"
	    "# expect: %s\n"
	    "{ printf '\\000'; cat report.json; } | openssl dgst -sha256 -binary > hash.bin\n"
	    "od -An -v -tx1 hash.bin | tr -d ' \\n'; echo\n",
	    hex);
}

/* As merkle_verify_inclusion goes; the path of a proof that does not verify may end early. */
static void
explain_path(FILE *to, const struct receipt_check *c)
{
	uint64_t node = c->proof.index, last = c->checkpoint.size - 1;

	fprintf(to,
	    "\n# 5. Up the tree: SHA-256 of a one byte, the left hash, the right hash. Which side "
	    "the\n"
	    "#    receipt's hash is on follows from index %" PRIu64 " and size %" PRIu64 ".\n",
	    c->proof.index, c->checkpoint.size);
	if (c->proof.index >= c->checkpoint.size)
		return;
	for (size_t i = 0; i < c->proof.proof.count && last > 0; i++) {
		const bool left = (node & 1) != 0 || node == last;

		explain_step(to, first_hash_line(c) + i, left);
		while (left && (node & 1) == 0 && node != 0) {
			node >>= 1;
			last >>= 1;
		}
		node >>= 1;
		last >>= 1;
	}
}

static void
explain_step(FILE *to, size_t line, bool sibling_is_left)
{
	fprintf(to,
	    "sed -n %zup \"$receipt\" | base64 -d > sibling.bin\n"
	    "{ printf '\\001'; cat %s; } | openssl dgst -sha256 -binary > parent.bin\n"
	    "mv parent.bin hash.bin\n",
	    line, sibling_is_left ? "sibling.bin hash.bin" : "hash.bin sibling.bin");
}

static void
explain_root(FILE *to, const struct receipt_check *c)
{
	struct buf root = BUF_INIT;

	if (c->sealed) {
		base64_append(&root, (struct view){c->checkpoint.root.bytes, DIGEST_SIZE});
		buf_append_byte(&root, '\0');
	}
	fprintf(to,
	    "\n# 6. The root that was reached, and the one that was signed: both lines must be "
	    "equal.\n");
	if (c->sealed && buf_status(&root) == ERR_OK)
		fprintf(to, "# expect: %s\n", (const char *)root.data);
	fprintf(to,
	    "base64 hash.bin\n"
	    "sed -n 3p checkpoint.txt%s\n",
	    through(c->sealed));
	buf_free(&root);
}

/* Whatever else could stand in the file (a CR, a blank line, bits that base64 drops) would differ.
 */
static void
explain_spelling(FILE *to, const struct receipt_check *c)
{
	fprintf(to,
	    "\n# 7. The one way to write this receipt: made again from its parts. Both lines must "
	    "be "
	    "equal.\n"
	    "{ echo 'c2sp.org/tlog-proof@v1'; %secho 'index %" PRIu64 "'; } > again.txt\n",
	    c->proof.has_extra ? "printf 'extra '; base64 -w 0 report.json; echo; " : "",
	    c->proof.index);
	for (size_t i = 0; i < c->proof.proof.count; i++)
		fprintf(to, "sed -n %zup \"$receipt\" | base64 -d | base64 >> again.txt\n",
		    first_hash_line(c) + i);
	fputs("{ echo; cat checkpoint.txt; echo; } >> again.txt\n", to);
	spell_signatures(to, c);
	fputs("sha256sum < again.txt\n"
	      "sha256sum < \"$receipt\"\n",
	    to);
}

/* The log's under its own name; the others as they are, made again from their parts. */
static void
spell_signatures(FILE *to, const struct receipt_check *c)
{
	struct note n;

	if (note_parse(c->proof.note, &n) != ERR_OK)
		return;
	for (size_t i = 0; i < n.signature_count; i++) {
		fputs("printf '\\342\\200\\224 ' >> again.txt\n", to);
		if (i == c->line)
			fputs("{ head -n 1 checkpoint.txt | tr '\\n' ' '; base64 -w 0 "
			      "signature.bin; echo; } >> again.txt\n",
			    to);
		else
			fprintf(to,
			    "{ sed -n %zup lines.txt | cut -d ' ' -f 2 | tr '\\n' ' '; sed -n "
			    "%zup lines.txt | cut -d ' ' -f 3 | base64 -d | base64 -w 0; echo; } "
			    ">> again.txt\n",
			    i + 1, i + 1);
	}
}

static void
explain_report(FILE *to, const struct receipt_check *c)
{
	fputs("\n# 8. What is proved: the report, issued by this log.\n", to);
	expect_origin(to, c);
	fprintf(to,
	    "sed -n 's/.*\"iss\":\"\\([^\"]*\\)\".*/\\1/p' report.json%s; echo\n"
	    "cat report.json%s; echo\n",
	    through(c->read), through(c->read));
	fputs("#    Not done again here: that this is JSON in its one form, with all that belongs "
	      "to its "
	      "kind;\n"
	      "#    that its time (iat) is within the certificate's dates; that an ECDSA signature "
	      "has the lower s;\n"
	      "#    that a CA stands behind the certificate (--ca);\n"
	      "#    that what other keys have signed that were named as well verifies (--explain "
	      "with "
	      "one of them alone).\n",
	    to);
}

static void
expect_origin(FILE *to, const struct receipt_check *c)
{
	if (c->sealed)
		fprintf(to, "# expect: %s\n", c->checkpoint.origin);
}
