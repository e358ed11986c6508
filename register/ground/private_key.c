#include "register/ground/private_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "config/pass_phrase.h"
#include "journal/logger.h"

enum err
private_key_read(const char *path, const char *event, EVP_PKEY **out)
{
	BIO *file = BIO_new_file(path, "r");
	bool asked = false;
	EVP_PKEY *key =
	    file != NULL ? PEM_read_bio_PrivateKey(file, NULL, pass_phrase_refuse, &asked) : NULL;
	const bool good = key != NULL && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519;

	*out = NULL;
	if (!good)
		logger_say(LOGGER_ERROR, event,
		    "%s: expected a private key of Ed25519 in PEM without a pass phrase, found "
		    "%s; openssl genpkey -algorithm ed25519 makes one",
		    path, key != NULL ? "another key" : "none");
	BIO_free(file);
	ERR_clear_error();
	if (good) {
		*out = key;
		return ERR_OK;
	}
	EVP_PKEY_free(key);
	return ERR_CONFIG;
}
