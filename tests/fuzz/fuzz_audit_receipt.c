/*
 * Receipts as hallmark-audit verifies them, with the key of the wire vectors: what is good is, to
 * the byte, what a writer makes of its content, with a report of its own or one given beside it.
 * All that would be shown is formatted.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/tell/display.h"
#include "log/receipt_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* SubjectPublicKeyInfo of tests/vectors/wire-signer.pem. */
static const uint8_t spki[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    0x90, 0xd7, 0x7d, 0xb1, 0x83, 0x0f, 0x21, 0xb9, 0xa0, 0xdd, 0x3d, 0x1c, 0x0e, 0x65, 0x47, 0xdb,
    0x8a, 0x95, 0x3f, 0xb6, 0x53, 0x95, 0xd9, 0x3f, 0x17, 0xdc, 0x3e, 0xee, 0xda, 0x3b, 0x32, 0xaf,
    0xa3, 0xcb, 0x7d, 0xee, 0xbf, 0x94, 0x68, 0x4a, 0x6c, 0x87, 0xde, 0xe8, 0x4c, 0xb3, 0x2f, 0xa7,
    0x28, 0x98, 0xb4, 0x4f, 0xc9, 0x8e, 0x89, 0xdb, 0x99, 0x35, 0x29, 0xa9, 0x4d, 0xb1, 0xa8, 0x21};

static struct signercert *
make_certificate(void)
{
	const unsigned char *p = spki;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, sizeof(spki));
	X509 *x509 = X509_new();
	struct signercert *c;

	if (key == NULL || x509 == NULL || X509_set_pubkey(x509, key) != 1 ||
	    signercert_from_x509(x509, "signer.crt", &c) != ERR_OK)
		abort();
	EVP_PKEY_free(key);
	X509_free(x509);
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct signercert *certificate;
	static struct display nowhere = {.margin = "  "};
	const struct view bytes = {data, size}, other = VIEW_LITERAL("{}");
	struct seal_wanted wanted = {.origin = NULL};
	struct receipt_check c, beside;
	struct buf again = BUF_INIT;
	enum outcome o;
	struct findings f;

	if (certificate == NULL) {
		certificate = make_certificate();
		nowhere.to = fopen("/dev/null", "we");
	}
	wanted.certificates = (struct signercerts){1, {certificate}};
	f = display_findings(&nowhere);
	o = receipt_check_run(&wanted, bytes, NULL, &f, &c);
	if (o == OUTCOME_GOOD) {
		tlogproof_write(&c.proof, &again);
		if (!c.parsed || !c.sealed || !c.proof.has_extra ||
		    !view_equal(buf_view(&again), bytes))
			abort();
	} else if (c.sealed && !c.parsed) {
		abort();
	}
	/* Beside it the same report changes nothing; another proves nothing. */
	if (receipt_check_run(&wanted, bytes, c.parsed ? &c.entry : &other, &f, &beside) != o &&
	    c.parsed)
		abort();
	if (!c.parsed && beside.read)
		abort();
	receipt_check_free(&beside);
	receipt_check_free(&c);
	buf_free(&again);
	return 0;
}
