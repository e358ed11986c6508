#include "policy/sources/source_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "config/yaml_check.h"

enum err
source_key_load(const char *file, struct faults *faults, struct source_keys *to)
{
	struct buf text = BUF_INIT;
	EVP_PKEY *key = NULL;
	BIO *from = NULL;
	enum err e = yaml_read_file(file, 0, NULL, file, SOURCE_KEY_SIZE_MAX, faults, &text);

	if (e == ERR_OK && (from = BIO_new_mem_buf(text.data, (int)text.size)) != NULL)
		key = PEM_read_bio_PUBKEY(from, NULL, NULL, NULL);
	if (e == ERR_OK && key != NULL && to->count < SOURCE_TEXTS_MAX &&
	    statement_key_from_held(key, &to->key[to->count]) == ERR_OK)
		to->count++;
	else if (e == ERR_OK)
		e = source_fail(file, faults,
		    "must be a public key in PEM (\"BEGIN PUBLIC KEY\"): ECDSA on P-256 or P-384, "
		    "Ed25519, or RSA of 2,048 to 8,192 bits",
		    (struct view){NULL, 0});
	ERR_clear_error();
	EVP_PKEY_free(key);
	BIO_free(from);
	buf_free(&text);
	return e;
}
