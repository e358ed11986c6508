#include "register/ground/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is fetched slower than so many bytes a second for so long is given up. */
#define SLOWEST   1024L
#define SLOWEST_S 20L

#define RANGE_SIZE 48 /* bytes of "<decimal>-<decimal>" with NUL */

struct http_client {
	CURL *curl;
	bool (*cancelled)(void *context);
	void *context;
	/* of the request that is under way */
	struct buf *body;
	size_t left; /* bytes that it may still have */
	bool too_long;
};

static size_t take_body(char *bytes, size_t one, size_t count, void *client);
static int ask_cancelled(void *client, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d);
static struct curl_slist *list_fields(const struct http_wanted *wanted);
static void set_request(
    struct http_client *c, const struct http_wanted *wanted, struct curl_slist *fields);
static enum err reason(const struct http_client *c, CURLcode code);

enum err
http_client_begin_library(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? ERR_OK : ERR_MEMORY;
}

enum err
http_client_new(
    const char *ca, bool (*cancelled)(void *context), void *context, struct http_client **out)
{
	struct http_client *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL || (c->curl = curl_easy_init()) == NULL) {
		free(c);
		return ERR_MEMORY;
	}
	c->cancelled = cancelled;
	c->context = context;
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(c->curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, ask_cancelled);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
	curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "hallmark-register/" HALLMARK_VERSION);
	if (ca != NULL) {
		curl_easy_setopt(c->curl, CURLOPT_CAINFO, ca);
		curl_easy_setopt(c->curl, CURLOPT_CAPATH, NULL);
	}
	*out = c;
	return ERR_OK;
}

void
http_client_free(struct http_client **c)
{
	if (*c == NULL)
		return;
	curl_easy_cleanup((*c)->curl);
	free(*c);
	*c = NULL;
}

enum err
http_client_ask(struct http_client *c, const struct http_wanted *wanted, unsigned *status,
    struct buf *body, char why[HTTP_CLIENT_WHY_SIZE])
{
	char said[CURL_ERROR_SIZE] = "";
	struct curl_slist *fields = list_fields(wanted);
	CURLcode code;
	long answered = 0;
	enum err e;

	*status = 0;
	why[0] = '\0';
	if (fields == NULL)
		return ERR_MEMORY;
	c->body = body;
	c->left = wanted->size_max;
	c->too_long = false;
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, said);
	set_request(c, wanted, fields);
	code = curl_easy_perform(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
	if ((e = reason(c, code)) == ERR_OK) {
		curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &answered);
		*status = (unsigned)answered;
	} else if (e == ERR_FORMAT_SIZE) {
		(void)snprintf(why, HTTP_CLIENT_WHY_SIZE,
		    "the answer is longer than the %zu bytes that it may have", wanted->size_max);
	} else {
		(void)snprintf(why, HTTP_CLIENT_WHY_SIZE, "%s",
		    said[0] != '\0' ? said : curl_easy_strerror(code));
	}
	curl_slist_free_all(fields);
	return e;
}

static size_t
take_body(char *bytes, size_t one, size_t count, void *client)
{
	struct http_client *c = client;
	const size_t size = one * count;

	if (size > c->left) {
		c->too_long = true;
		return 0;
	}
	c->left -= size;
	buf_append(c->body, bytes, size);
	return buf_status(c->body) == ERR_OK ? size : 0;
}

static int
ask_cancelled(void *client, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct http_client *own = client;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return own->cancelled != NULL && own->cancelled(own->context);
}

/* "Expect:" is taken away: some wait a second for an answer to it. */
static struct curl_slist *
list_fields(const struct http_wanted *wanted)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *more;

	for (size_t i = 0; list != NULL && i < wanted->field_count; i++) {
		if ((more = curl_slist_append(list, wanted->fields[i])) == NULL)
			curl_slist_free_all(list);
		list = more;
	}
	return list;
}

static void
set_request(struct http_client *c, const struct http_wanted *wanted, struct curl_slist *fields)
{
	char range[RANGE_SIZE];

	curl_easy_setopt(c->curl, CURLOPT_URL, wanted->url);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)wanted->timeout_ms);
	curl_easy_setopt(c->curl, CURLOPT_RANGE, NULL);
	if (wanted->post) {
		curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, (const char *)wanted->body.data);
		curl_easy_setopt(
		    c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)wanted->body.size);
		return;
	}
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, SLOWEST);
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, SLOWEST_S);
	curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	if (wanted->ranged) {
		(void)snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)wanted->from,
		    (unsigned long long)(wanted->from + wanted->length - 1));
		curl_easy_setopt(c->curl, CURLOPT_RANGE, range);
	}
}

static enum err
reason(const struct http_client *c, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return ERR_OK;
	case CURLE_OUT_OF_MEMORY:
		return ERR_MEMORY;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return ERR_UNSUPPORTED;
	case CURLE_WRITE_ERROR:
		return c->too_long ? ERR_FORMAT_SIZE : ERR_MEMORY;
	default:
		return ERR_IO;
	}
}
