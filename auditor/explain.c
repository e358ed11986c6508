#include "auditor/explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/encoding.h"

static void print_assignment(const char *name, const char *path);
static void print_path(const struct tlogproof *p);

static const char leaf_commands[] =
    "\n# 1. The report stands in the receipt's second line, in base64.\n"
    "sed -n '2s/^extra //p' \"$receipt\" | base64 -d > report.json\n"
    "\n# 2. Its leaf hash: SHA-256 of a zero byte and the report (RFC 6962, 2.1).\n"
    "{ printf '\\000'; cat report.json; } | openssl dgst -sha256 -binary > hash\n"
    "\n# 3. Up the tree: SHA-256 of a one byte, the left and the right hash; the other half comes\n"
    "#    from the receipt.\n";

static const char note_commands[] =
    "\n# 4. The checkpoint behind the first empty line: origin, size and root, and its signature.\n"
    "sed '1,/^$/d' \"$receipt\" > note\n"
    "sed '/^$/,$d' note > text\n"
    "[ \"$(base64 < hash)\" = \"$(sed -n 3p text)\" ] && echo 'The report is in the log.'\n"
    "\n# 5. The signature, behind four bytes that name the key.\n"
    "sed -n '$p' note | cut -d' ' -f3 | base64 -d | tail -c +5 > signature\n"
    "openssl x509 -in \"$certificate\" -pubkey -noout > key.pem\n"
    "openssl dgst -sha256 -verify key.pem -signature signature text\n";

void
explain_receipt(const char *receipt, const char *certificate, const struct tlogproof *p)
{
	printf("\n# The same by hand. Paste this into a shell, in an empty directory.\n");
	print_assignment("receipt", receipt);
	print_assignment("certificate", certificate);
	fputs(leaf_commands, stdout);
	print_path(p);
	fputs(note_commands, stdout);
	putchar('\n');
}

/* Quoted for the shell, and absolute where that can be told: the directory will be another one. */
static void
print_assignment(const char *name, const char *path)
{
	char *absolute = realpath(path, NULL);

	printf("%s='", name);
	for (const char *c = absolute != NULL ? absolute : path; *c != '\0'; c++) {
		if (*c == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*c);
	}
	puts("'");
	free(absolute);
}

/* At each level, whether the other half stands left or right follows from index and size. */
static void
print_path(const struct tlogproof *p)
{
	struct view rest = p->note, line;
	struct buf hash = BUF_INIT;
	uint64_t node = p->index, last = 0;

	if (line_next(&rest, &line) != ERR_OK || line_next(&rest, &line) != ERR_OK ||
	    decimal_decode(line, &last) != ERR_OK || last == 0)
		return;
	last--;
	for (size_t i = 0; i < p->proof.count; i++) {
		bool left = (node & 1) != 0 || node == last;

		buf_clear(&hash);
		base64_append(&hash, (struct view){p->proof.hash[i].bytes, DIGEST_SIZE});
		printf(left ? "{ printf '\\001'; echo '%.*s' | base64 -d; cat hash; }"
			    : "{ printf '\\001'; cat hash; echo '%.*s' | base64 -d; }",
		    (int)hash.size, (const char *)hash.data);
		puts(" | openssl dgst -sha256 -binary > next && mv next hash");
		while (left && (node & 1) == 0 && node != 0) {
			node >>= 1;
			last >>= 1;
		}
		node >>= 1;
		last >>= 1;
	}
	buf_free(&hash);
}
