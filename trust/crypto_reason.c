#include "trust/crypto_reason.h"

#include <openssl/err.h>
#include <string.h>

/* Of the reasons that all of OpenSSL's libraries share, those below are names of libraries. */
#define NAMES_OF_LIBRARIES 128
#define REASON_NUMBER      0x3ffff /* without the flags */

static const char *words(unsigned long code);

const char *
crypto_reason(void)
{
	const char *found = NULL;
	unsigned long code;

	while (found == NULL && (code = ERR_get_error()) != 0)
		found = words(code);
	ERR_clear_error();
	return found;
}

const char *
crypto_reason_newest(void)
{
	const char *found = NULL, *next;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		if ((next = words(code)) != NULL)
			found = next;
	return found;
}

/* NULL for one that names a library, or has no words. */
static const char *
words(unsigned long code)
{
	const int reason = ERR_GET_REASON(code);

	if (ERR_SYSTEM_ERROR(code))
		return strerrordesc_np(reason);
	if ((reason & ERR_RFLAG_COMMON) != 0 && (reason & ERR_RFLAG_FATAL) == 0 &&
	    (reason & REASON_NUMBER) < NAMES_OF_LIBRARIES)
		return NULL;
	return ERR_reason_error_string(code);
}
