/*
 * A certificate (DER) as the signer reads an identity out of it: it is one line of ASCII, and a URI
 * or a name without a colon and without upper case.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char identity[IDENTITY_SIZE_MAX + 1];
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);

	if (certificate == NULL)
		return 0;
	if (identity_of_certificate(certificate, identity) == ERR_OK) {
		if (identity[0] == '\0' || strlen(identity) > IDENTITY_SIZE_MAX)
			abort();
		for (const char *c = identity; *c != '\0'; c++)
			if (*c <= ' ' || *c > '~' ||
			    (strchr(identity, ':') == NULL && *c >= 'A' && *c <= 'Z'))
				abort();
	}
	X509_free(certificate);
	return 0;
}
