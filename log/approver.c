#include "log/approver.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "config/pass_phrase.h"
#include "log/inputfile.h"

static EVP_PKEY *parse_pem(struct view text);

enum outcome
approver_read(const char *named, const struct findings *f, struct digest *key_id)
{
	struct statement_key *key;
	enum outcome o;

	if (digest_from_hex(view_of_string(named), key_id) == ERR_OK)
		return OUTCOME_GOOD;
	if ((o = approver_read_key(named, f, &key)) == OUTCOME_GOOD)
		*key_id = *statement_key_id(key);
	statement_key_free(&key);
	return o;
}

enum outcome
approver_read_key(const char *named, const struct findings *f, struct statement_key **out)
{
	struct buf text = BUF_INIT;
	EVP_PKEY *held = NULL;
	enum outcome o = OUTCOME_GOOD;
	enum err e;

	*out = NULL;
	if ((e = inputfile_read(AT_FDCWD, named, APPROVER_SIZE_MAX, &text)) != ERR_OK)
		o = findings_step(f, "approver", OUTCOME_UNKNOWN,
		    "%s is no key id of 64 hexadecimal digits, and as a file: %s", named,
		    inputfile_reason(e));
	else if ((held = parse_pem(buf_view(&text))) == NULL)
		o = findings_step(f, "approver", OUTCOME_UNKNOWN,
		    "%s: expected a public key or a certificate in PEM", named);
	else if ((e = statement_key_from_held(held, out)) != ERR_OK)
		o = findings_step(f, "approver", OUTCOME_UNKNOWN,
		    "%s: expected a key that signs statements: %s", named, err_text(e));
	EVP_PKEY_free(held);
	buf_free(&text);
	return o;
}

/* A certificate before a public key; what else stands in the file is skipped. */
static EVP_PKEY *
parse_pem(struct view text)
{
	BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
	X509 *x509 = bio != NULL ? PEM_read_bio_X509(bio, NULL, pass_phrase_refuse, NULL) : NULL;
	EVP_PKEY *key = NULL;

	if (x509 != NULL)
		key = X509_get_pubkey(x509);
	else if (bio != NULL && BIO_reset(bio) == 1)
		key = PEM_read_bio_PUBKEY(bio, NULL, pass_phrase_refuse, NULL);
	X509_free(x509);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}
