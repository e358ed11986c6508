#include "trust/certificate_text.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/text.h"

/* As RFC 2253 has it, but for its escapes: a comma in a name stays one. */
#define NAME_FLAGS                                                                                 \
	(XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_DN_REV | XN_FLAG_FN_SN | XN_FLAG_DUMP_UNKNOWN_FIELDS |   \
	    ASN1_STRFLGS_UTF8_CONVERT)

#define SERIAL_SHOWN 40 /* hex digits: the 20 bytes that RFC 5280 allows */

static void serial_text(const X509 *certificate, char to[SERIAL_SHOWN + 4]);

const char *
certificate_name(const X509_NAME *name, char to[CERTIFICATE_NAME_SIZE])
{
	struct buf text = BUF_INIT;
	BIO *bio = BIO_new(BIO_s_mem());
	char *said = NULL;
	long size = 0;

	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) >= 0)
		size = BIO_get_mem_data(bio, &said);
	/* Dots show that it was cut. */
	if (size > 0)
		text_append_printable(&text, (struct view){(const uint8_t *)said, (size_t)size},
		    CERTIFICATE_NAME_SIZE - 1);
	if (buf_status(&text) == ERR_OK && text.size > 0)
		(void)snprintf(
		    to, CERTIFICATE_NAME_SIZE, "%.*s", (int)text.size, (const char *)text.data);
	else
		(void)snprintf(to, CERTIFICATE_NAME_SIZE, "(no name)");
	buf_free(&text);
	BIO_free(bio);
	return to;
}

const char *
certificate_text(const X509 *certificate, char to[CERTIFICATE_TEXT_SIZE])
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	const X509_NAME *issuer = X509_get_issuer_name(certificate);
	char name[CERTIFICATE_NAME_SIZE], by[CERTIFICATE_NAME_SIZE], serial[SERIAL_SHOWN + 4];

	serial_text(certificate, serial);
	(void)certificate_name(subject, name);
	if (X509_NAME_cmp(subject, issuer) == 0)
		(void)snprintf(to, CERTIFICATE_TEXT_SIZE, "%s (serial %s)", name, serial);
	else
		(void)snprintf(to, CERTIFICATE_TEXT_SIZE, "%s (serial %s, issued by %s)", name,
		    serial, certificate_name(issuer, by));
	return to;
}

int64_t
certificate_date_s(const ASN1_TIME *date)
{
	struct tm tm;

	if (date == NULL)
		return INT64_MAX;
	return ASN1_TIME_to_tm(date, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MIN;
}

static void
serial_text(const X509 *certificate, char to[SERIAL_SHOWN + 4])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *hex = number != NULL ? BN_bn2hex(number) : NULL;

	(void)snprintf(to, SERIAL_SHOWN + 4, "%.*s%s", SERIAL_SHOWN, hex != NULL ? hex : "unknown",
	    hex != NULL && strlen(hex) > SERIAL_SHOWN ? "..." : "");
	OPENSSL_free(hex);
	BN_free(number);
}
