#include "collector/ground/log_key.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

enum err
log_key_load(const char *path, EVP_PKEY **out, struct trouble *t)
{
	FILE *file = fopen(path, "re");
	X509 *certificate = NULL;

	*out = NULL;
	if (file == NULL)
		return trouble_set(t, ERR_CONFIG, "log_certificate %s: %s", path, strerror(errno));
	certificate = PEM_read_X509(file, NULL, NULL, NULL);
	(void)fclose(file);
	if (certificate != NULL)
		*out = X509_get_pubkey(certificate);
	X509_free(certificate);
	if (*out == NULL)
		return trouble_set(t, ERR_CONFIG,
		    "log_certificate %s: expected the PEM certificate of the log's key", path);
	return ERR_OK;
}
