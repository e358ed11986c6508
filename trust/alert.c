#include "trust/alert.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>

/* An alert that comes is a reason of its own: the alert's number and an offset. */
const char *
alert_received(void)
{
	const unsigned long code = ERR_peek_error();
	const int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;

	return ERR_GET_LIB(code) == ERR_LIB_SSL && alert >= 0 && alert <= UINT8_MAX
		   ? SSL_alert_desc_string_long(alert)
		   : NULL;
}
