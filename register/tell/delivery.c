#include "register/tell/delivery.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/logger.h"
#include "log/inputfile.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "register/ground/http_client.h"
#include "register/tell/delivery_command.h"
#include "register/tell/delivery_syslog.h"

#define SECRET_SIZE_MAX 4096  /* bytes of a webhook's key: many times what HMAC makes use of */
#define ANSWER_SIZE_MAX 65536 /* bytes: nobody reads it */
#define FIELD_SIZE      512   /* bytes of a field, with NUL; the id has EVENT_ID_MAX */
#define FIELDS          3

struct delivery {
	const struct teller *whom;
	bool (*cancelled)(void *context);
	void *context;
	struct http_client *client; /* of a webhook */
	struct buf secret;
	struct delivery_syslog syslog;
};

static enum err read_secret(struct delivery *d);
static enum err post(
    struct delivery *d, const struct event_row *event, char why[DELIVERY_WHY_SIZE]);
static enum err sign(const struct delivery *d, struct view body, char field[FIELD_SIZE]);

enum err
delivery_new(const struct teller *whom, bool (*cancelled)(void *context), void *context,
    struct delivery **out)
{
	struct delivery *d = calloc(1, sizeof(*d));
	enum err e = ERR_OK;

	*out = NULL;
	if (d == NULL)
		return ERR_MEMORY;
	d->whom = whom;
	d->cancelled = cancelled;
	d->context = context;
	delivery_syslog_begin(&d->syslog);
	if (whom->form == TELLER_WEBHOOK &&
	    (e = http_client_new(whom->ca, cancelled, context, &d->client)) == ERR_OK)
		e = read_secret(d);
	if (e != ERR_OK)
		delivery_free(&d);
	*out = d;
	return e;
}

void
delivery_free(struct delivery **dp)
{
	struct delivery *d = *dp;

	if (d == NULL)
		return;
	delivery_syslog_end(&d->syslog);
	http_client_free(&d->client);
	OPENSSL_cleanse(d->secret.data, d->secret.size);
	buf_free(&d->secret);
	free(d);
	*dp = NULL;
}

enum err
delivery_try(struct delivery *d, const struct event_row *event, char why[DELIVERY_WHY_SIZE])
{
	why[0] = '\0';
	switch (d->whom->form) {
	case TELLER_WEBHOOK:
		return post(d, event, why);
	case TELLER_COMMAND:
		return delivery_command(d->whom, event, d->cancelled, d->context, why);
	case TELLER_SYSLOG:
		break;
	}
	return delivery_syslog(&d->syslog, d->whom, event, why);
}

/* The configuration has looked at whose it is. */
static enum err
read_secret(struct delivery *d)
{
	const char *path = d->whom->secret;
	enum err e;

	if (path == NULL)
		return ERR_OK;
	if ((e = inputfile_read(AT_FDCWD, path, SECRET_SIZE_MAX, &d->secret)) == ERR_OK &&
	    d->secret.size == 0)
		e = ERR_FORMAT_SIZE;
	if (e != ERR_OK)
		logger_say(LOGGER_ERROR, "teller-secret", "%s: expected a key of 1 to %d bytes: %s",
		    path, SECRET_SIZE_MAX, err_text(e));
	return e == ERR_OK || e == ERR_MEMORY ? e : ERR_CONFIG;
}

static enum err
post(struct delivery *d, const struct event_row *event, char why[DELIVERY_WHY_SIZE])
{
	char id[FIELD_SIZE], signature[FIELD_SIZE];
	const char *fields[FIELDS] = {"Content-Type: application/json", id, signature};
	const struct http_wanted wanted = {.url = d->whom->url,
	    .timeout_ms = d->whom->timeout_s * 1000,
	    .size_max = ANSWER_SIZE_MAX,
	    .post = true,
	    .body = event->json,
	    .fields = fields,
	    .field_count = d->secret.size > 0 ? FIELDS : FIELDS - 1};
	struct buf answer = BUF_INIT;
	char said[HTTP_CLIENT_WHY_SIZE];
	unsigned status;
	enum err e;

	(void)snprintf(id, sizeof(id), "X-Hallmark-Event: %.*s", view_precision(event->id),
	    (const char *)event->id.data);
	if (d->secret.size > 0 && (e = sign(d, event->json, signature)) != ERR_OK) {
		(void)snprintf(why, DELIVERY_WHY_SIZE, "it could not be signed: %s", err_text(e));
		return e;
	}
	e = http_client_ask(d->client, &wanted, &status, &answer, said);
	buf_free(&answer);
	if (e == ERR_OK && status >= 200 && status < 300)
		return ERR_OK;
	if (e == ERR_OK)
		(void)snprintf(
		    why, DELIVERY_WHY_SIZE, "expected a status of 200 to 299, found %u", status);
	else
		(void)snprintf(why, DELIVERY_WHY_SIZE, "%s", said);
	return e == ERR_OK ? ERR_IO : e;
}

/* The time is signed too, so that who reads it can refuse what is old. */
static enum err
sign(const struct delivery *d, struct view body, char field[FIELD_SIZE])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned mac_size = 0;
	const uint64_t now_s = (uint64_t)time(NULL);
	struct buf text = BUF_INIT, hex = BUF_INIT;
	enum err e;

	buf_append_decimal(&text, now_s);
	buf_append_byte(&text, '.');
	buf_append_view(&text, body);
	if ((e = buf_status(&text)) == ERR_OK &&
	    HMAC(EVP_sha256(), d->secret.data, (int)d->secret.size, text.data, text.size, mac,
		&mac_size) == NULL)
		e = ERR_CRYPTO;
	if (e == ERR_OK) {
		hex_append(&hex, (struct view){mac, mac_size});
		e = buf_status(&hex);
	}
	if (e == ERR_OK)
		(void)snprintf(field, FIELD_SIZE, "X-Hallmark-Signature: t=%" PRIu64 ",v1=%.*s",
		    now_s, (int)hex.size, (const char *)hex.data);
	buf_free(&text);
	buf_free(&hex);
	return e;
}
