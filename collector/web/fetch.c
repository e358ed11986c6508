#include "collector/web/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* Said where the configuration says nothing. */
static const char agent[] = "Mozilla/5.0 (compatible; hallmark-web)";

struct origin {
	char *text;                    /* scheme://host:port */
	bool is_literal, is_connected; /* by an address; by where the configuration says */
};

struct fetch {
	const struct collector_web *page;
	CURL *curl;
	struct curl_slist *connections;
	struct origin *origins;
	size_t origin_count;
	uint64_t until_ms, bytes_left;
	char words[CURL_ERROR_SIZE];
	/* of the request at hand */
	const struct origin *asked;
	struct fetched *to;
	bool is_too_much, is_elsewhere;
};

static enum err set_up(struct fetch *f, struct trouble *t);
static enum err add_origin(
    struct fetch *f, const char *url, const char *connect, struct trouble *t);
static void lower_host(CURLU *u);
static char *origin_of(CURLU *u, bool *is_literal);
static const struct origin *find_origin(const struct fetch *f, CURLU *u);
static enum err ask(struct fetch *f, const char *url, struct fetched *out, struct trouble *t);
static enum err explain(struct fetch *f, const char *url, CURLcode code, struct trouble *t);
static size_t take_content(char *data, size_t size, size_t count, void *context);
static size_t take_header(char *data, size_t size, size_t count, void *context);
static bool count_bytes(struct fetch *f, size_t size);
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to);
static bool is_near(const struct sockaddr *address);
static void clean(struct view text, struct buf *to);
static size_t scheme_size(struct view v);
static void join(CURLU *base, struct view text, struct buf *to);
static uint64_t clock_ms(void);

void
fetched_free(struct fetched *f)
{
	buf_free(&f->url);
	buf_free(&f->headers);
	buf_free(&f->content);
}

enum err
fetch_prepare(struct trouble *t)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return trouble_set(t, ERR_IO, "libcurl cannot be begun with");
	return ERR_OK;
}

enum err
fetch_new(const struct collector_web *page, struct fetch **out, struct trouble *t)
{
	struct fetch *f = calloc(1, sizeof(*f));
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (f == NULL)
		return e;
	f->page = page;
	f->until_ms = clock_ms() + (uint64_t)page->seconds * 1000;
	f->bytes_left = (uint64_t)page->mebibytes << 20;
	f->origins = calloc(page->origin_count + 1, sizeof(*f->origins));
	f->curl = curl_easy_init();
	if (f->origins != NULL && f->curl != NULL)
		e = add_origin(f, page->url, page->connect, t);
	for (size_t i = 0; e == ERR_OK && i < page->origin_count; i++)
		e = add_origin(f, page->origins[i].url, page->origins[i].connect, t);
	if (e == ERR_OK)
		e = set_up(f, t);
	if (e == ERR_OK)
		*out = f;
	else
		fetch_free(&f);
	return e;
}

void
fetch_free(struct fetch **f)
{
	if (*f == NULL)
		return;
	curl_easy_cleanup((*f)->curl);
	curl_slist_free_all((*f)->connections);
	for (size_t i = 0; i < (*f)->origin_count; i++)
		free((*f)->origins[i].text);
	free((*f)->origins);
	free(*f);
	*f = NULL;
}

uint64_t
fetch_until_ms(const struct fetch *f)
{
	return f->until_ms;
}

static enum err
set_up(struct fetch *f, struct trouble *t)
{
	CURL *c = f->curl;
	const char *said = f->page->agent != NULL ? f->page->agent : agent;
	bool good = true;

#define SET(option, value) good = good && curl_easy_setopt(c, option, value) == CURLE_OK
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	SET(CURLOPT_USERAGENT, said);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_ERRORBUFFER, f->words);
	SET(CURLOPT_WRITEFUNCTION, take_content);
	SET(CURLOPT_WRITEDATA, f);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, f);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, f);
	SET(CURLOPT_CONNECT_TO, f->connections);
	/* That one alone, and not those of the system. */
	if (f->page->ca != NULL) {
		SET(CURLOPT_CAINFO, f->page->ca);
		SET(CURLOPT_CAPATH, NULL);
	}
#undef SET
	return good ? ERR_OK
		    : trouble_set(t, ERR_UNSUPPORTED,
			  "libcurl lacks something that pages are fetched with");
}

static enum err
add_origin(struct fetch *f, const char *url, const char *connect, struct trouble *t)
{
	struct origin *o = &f->origins[f->origin_count];
	CURLU *u = curl_url();
	char *host, *line = NULL;
	struct curl_slist *longer;
	enum err e = ERR_OK;

	if (u == NULL || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    (o->text = origin_of(u, &o->is_literal)) == NULL)
		e = trouble_set(t, ERR_CONFIG, "%s: expected a URL of http or https", url);
	if (e == ERR_OK) {
		f->origin_count++;
		o->is_connected = connect != NULL;
	}
	if (o->text != NULL && connect != NULL) {
		host = o->text + strcspn(o->text, "/") + strlen("//");
		if (asprintf(&line, "%s:%s", host, connect) < 0)
			abort();
		if ((longer = curl_slist_append(f->connections, line)) == NULL)
			e = ERR_MEMORY;
		else
			f->connections = longer;
		free(line);
	}
	curl_url_cleanup(u);
	return e;
}

static void
lower_host(CURLU *u)
{
	char *host = NULL;

	if (curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		for (char *at = host; *at != '\0'; at++)
			if (*at >= 'A' && *at <= 'Z')
				*at = (char)(*at | 0x20);
		(void)curl_url_set(u, CURLUPART_HOST, host, 0);
	}
	curl_free(host);
}

/* Of http and https, else NULL; to be freed. */
static char *
origin_of(CURLU *u, bool *is_literal)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *text = NULL;
	uint8_t address[16];

	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] != '\0' &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0)) {
		for (char *at = host; *at != '\0'; at++)
			if (*at >= 'A' && *at <= 'Z')
				*at = (char)(*at | 0x20);
		*is_literal = host[0] == '[' || inet_pton(AF_INET, host, address) == 1;
		if (asprintf(&text, "%s://%s:%s", scheme, host, port) < 0)
			abort();
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	return text;
}

static const struct origin *
find_origin(const struct fetch *f, CURLU *u)
{
	const struct origin *found = NULL;
	bool is_literal;
	char *text = origin_of(u, &is_literal);

	for (size_t i = 0; text != NULL && found == NULL && i < f->origin_count; i++)
		if (strcmp(f->origins[i].text, text) == 0)
			found = &f->origins[i];
	free(text);
	return found;
}

enum err
fetch_get(struct fetch *f, const char *url, struct fetched *out, struct trouble *t)
{
	struct buf next = BUF_INIT;
	enum err e = ERR_OK;

	buf_clear(&out->url);
	buf_append_string(&out->url, url);
	for (unsigned i = 0; e == ERR_OK; i++) {
		char *to = NULL;

		buf_append_byte(&out->url, '\0');
		if (out->url.failed || next.failed) {
			e = ERR_MEMORY;
			break;
		}
		e = ask(f, (const char *)out->url.data, out, t);
		out->url.size--;
		if (e != ERR_OK || out->status < 300 || out->status > 399 ||
		    curl_easy_getinfo(f->curl, CURLINFO_REDIRECT_URL, &to) != CURLE_OK ||
		    to == NULL)
			break;
		buf_clear(&next);
		if (i >= f->page->redirects)
			e = trouble_set(t, ERR_FORMAT_SIZE,
			    "%s: led on more than %u times (redirects)", url, f->page->redirects);
		else if (fetch_resolve(f, to, view_of_string(to), &next) != FETCH_URL_ALLOWED)
			e = trouble_set(t, ERR_UNAUTHORIZED,
			    "%s: leads to %.200s, which is none of what may be asked (origins)",
			    url, to);
		else if (strncmp(url, "https:", 6) == 0 &&
			 (next.size < 6 || memcmp(next.data, "https:", 6) != 0))
			e = trouble_set(t, ERR_UNAUTHORIZED,
			    "%s: leads to %.200s, which is not encrypted", url, to);
		buf_clear(&out->url);
		buf_append_view(&out->url, buf_view(&next));
	}
	buf_free(&next);
	return e;
}

static enum err
ask(struct fetch *f, const char *url, struct fetched *out, struct trouble *t)
{
	const uint64_t now_ms = clock_ms();
	CURLU *u = curl_url();
	CURLcode code;
	enum err e;

	f->asked = NULL;
	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
		f->asked = find_origin(f, u);
	curl_url_cleanup(u);
	if (f->asked == NULL)
		return trouble_set(
		    t, ERR_UNAUTHORIZED, "%s: is none of what may be asked (origins)", url);
	if (now_ms >= f->until_ms)
		return trouble_set(t, ERR_TIMEOUT_IDLE,
		    "%s: no time is left of the %u s of its page", url, f->page->seconds);
	buf_clear(&out->headers);
	buf_clear(&out->content);
	f->to = out;
	f->is_too_much = f->is_elsewhere = false;
	f->words[0] = '\0';
	if (curl_easy_setopt(f->curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, (long)(f->until_ms - now_ms)) != CURLE_OK)
		return ERR_MEMORY;
	if ((code = curl_easy_perform(f->curl)) != CURLE_OK)
		return explain(f, url, code, t);
	e = buf_status(&out->content) == ERR_OK ? buf_status(&out->headers) : ERR_MEMORY;
	if (e == ERR_OK &&
	    curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &out->status) != CURLE_OK)
		e = ERR_INVARIANT;
	return e;
}

static enum err
explain(struct fetch *f, const char *url, CURLcode code, struct trouble *t)
{
	const char *words = f->words[0] != '\0' ? f->words : curl_easy_strerror(code);

	if (f->is_too_much)
		return trouble_set(t, ERR_FORMAT_SIZE,
		    "%s: the page has more than its %u MiB (mebibytes)", url, f->page->mebibytes);
	if (f->is_elsewhere)
		return trouble_set(t, ERR_UNAUTHORIZED,
		    "%s: its name leads to an address of this host or its link; say where it is "
		    "reached (connect)",
		    url);
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return trouble_set(t, ERR_TIMEOUT_IDLE, "%s: %s; the page may take %u s", url,
		    words, f->page->seconds);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CONNECT_ERROR:
		return trouble_set(t, ERR_CERTIFICATE, "%s: %s", url, words);
	case CURLE_OUT_OF_MEMORY:
		return ERR_MEMORY;
	default:
		return trouble_set(t, ERR_IO, "%s: %s", url, words);
	}
}

static size_t
take_content(char *data, size_t size, size_t count, void *context)
{
	struct fetch *f = context;

	if (!count_bytes(f, size * count))
		return 0;
	buf_append(&f->to->content, data, size * count);
	return f->to->content.failed ? 0 : size * count;
}

/* An answer that another one follows (100) is none. */
static size_t
take_header(char *data, size_t size, size_t count, void *context)
{
	struct fetch *f = context;
	struct view line = {(const uint8_t *)data, size * count};
	const uint8_t *colon = memchr(data, ':', size * count);

	if (!count_bytes(f, size * count))
		return 0;
	if (line.size >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		buf_clear(&f->to->headers);
	} else if (colon != NULL) {
		const size_t name = (size_t)(colon - line.data);

		for (size_t i = 0; i < name; i++)
			buf_append_byte(&f->to->headers, line.data[i] >= 'A' && line.data[i] <= 'Z'
							     ? line.data[i] | 0x20
							     : line.data[i]);
		buf_append_string(&f->to->headers, ": ");
		line = (struct view){colon + 1, line.size - name - 1};
		while (line.size > 0 && memchr(" \t\r\n", line.data[line.size - 1], 4) != NULL)
			line.size--;
		while (line.size > 0 && memchr(" \t", line.data[0], 2) != NULL)
			line = (struct view){line.data + 1, line.size - 1};
		for (size_t i = 0; i < line.size; i++)
			buf_append_byte(&f->to->headers, line.data[i] != '\n' ? line.data[i] : ' ');
		buf_append_byte(&f->to->headers, '\n');
	}
	return f->to->headers.failed ? 0 : size * count;
}

static bool
count_bytes(struct fetch *f, size_t size)
{
	f->is_too_much = f->is_too_much || size > f->bytes_left;
	if (!f->is_too_much)
		f->bytes_left -= size;
	return !f->is_too_much;
}

static curl_socket_t
open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct fetch *f = context;

	if (purpose != CURLSOCKTYPE_IPCXN || (to->family != AF_INET && to->family != AF_INET6))
		return CURL_SOCKET_BAD;
	if (!f->asked->is_literal && !f->asked->is_connected && is_near(&to->addr)) {
		f->is_elsewhere = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Of this host, of the link that it is at (also where clouds answer for secrets), or of many. */
static bool
is_near(const struct sockaddr *address)
{
	const struct in6_addr *six =
	    &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	uint32_t four = ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);

	if (address->sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(six))
		return IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six) ||
		       IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_MULTICAST(six);
	if (address->sa_family == AF_INET6) {
		memcpy(&four, &six->s6_addr[12], sizeof(four));
		four = ntohl(four);
	}
	return four >> 24 == 127 || four >> 24 == 0 || four >> 16 == 0xa9fe || four >> 28 >= 0xe;
}

enum fetch_url
fetch_resolve(const struct fetch *f, const char *base, struct view text, struct buf *to)
{
	const struct view http = VIEW_LITERAL("http"), https = VIEW_LITERAL("https");
	enum fetch_url found = FETCH_URL_BAD;
	struct buf cleaned = BUF_INIT, joined = BUF_INIT;
	CURLU *u = curl_url();
	char *part = NULL;
	struct view scheme;

	clean(text, &cleaned);
	scheme = (struct view){cleaned.data, scheme_size(buf_view(&cleaned))};
	if (cleaned.failed || u == NULL || cleaned.size > FETCH_URL_MAX) {
		found = FETCH_URL_BAD;
	} else if (scheme.size > 0 && !view_equal(scheme, http) && !view_equal(scheme, https)) {
		found = FETCH_URL_OTHER;
	} else if (curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK) {
		join(u, buf_view(&cleaned), &joined);
		buf_append_byte(&joined, '\0');
		if (!joined.failed && strlen((const char *)joined.data) + 1 == joined.size &&
		    curl_url_set(u, CURLUPART_URL, (const char *)joined.data, CURLU_URLENCODE) ==
			CURLUE_OK)
			found = find_origin(f, u) != NULL ? FETCH_URL_ALLOWED : FETCH_URL_ELSEWHERE;
	}
	if (found == FETCH_URL_ALLOWED || found == FETCH_URL_ELSEWHERE) {
		if (curl_url_get(u, CURLUPART_USER, &part, 0) == CURLUE_OK)
			found = FETCH_URL_ELSEWHERE;
		curl_free(part);
		part = NULL;
		lower_host(u);
		(void)curl_url_set(u, CURLUPART_USER, NULL, 0);
		(void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
		(void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
		if (curl_url_get(u, CURLUPART_URL, &part, CURLU_NO_DEFAULT_PORT) == CURLUE_OK &&
		    strlen(part) <= FETCH_URL_MAX)
			buf_append_string(to, part);
		else
			found = FETCH_URL_BAD;
		curl_free(part);
	}
	curl_url_cleanup(u);
	buf_free(&cleaned);
	buf_free(&joined);
	return found;
}

/*
 * Without what a browser takes no notice of, with "/" for "\" before a query, and the scheme in
 * lower case.
 */
static void
clean(struct view text, struct buf *to)
{
	bool in_query = false;
	size_t scheme;

	while (text.size > 0 && text.data[0] <= ' ')
		text = (struct view){text.data + 1, text.size - 1};
	while (text.size > 0 && text.data[text.size - 1] <= ' ')
		text.size--;
	if (text.size > FETCH_URL_MAX * 2)
		text.size = FETCH_URL_MAX * 2;
	scheme = scheme_size(text);
	for (size_t i = 0; i < text.size; i++) {
		uint8_t b = text.data[i];

		if (b == '\t' || b == '\n' || b == '\r')
			continue;
		in_query = in_query || b == '?' || b == '#';
		if (b == '\\' && !in_query)
			b = '/';
		if (i < scheme && b >= 'A' && b <= 'Z')
			b |= 0x20;
		buf_append_byte(to, b);
	}
}

/* 0: there is none. Also line ends and tabs may stand in it. */
static size_t
scheme_size(struct view v)
{
	for (size_t i = 0; i < v.size; i++) {
		const uint8_t b = v.data[i], letter = b | 0x20;
		const bool is_letter = letter >= 'a' && letter <= 'z';

		if (b == ':')
			return i;
		if (!is_letter && memchr("\t\n\r", b, 3) == NULL &&
		    (i == 0 || ((b < '0' || b > '9') && memchr("+-.", b, 3) == NULL)))
			return 0;
	}
	return 0;
}

/*
 * What libcurl resolves as a browser does: "https:x" in a page of https is relative, and however
 * many slashes stand before a host, they are two.
 */
static void
join(CURLU *base, struct view text, struct buf *to)
{
	const size_t scheme = scheme_size(text);
	struct view rest = text;
	char *own = NULL;
	size_t slashes = 0;

	if (scheme > 0)
		rest = (struct view){text.data + scheme + 1, text.size - scheme - 1};
	while (slashes < rest.size && rest.data[slashes] == '/')
		slashes++;
	if (scheme > 0 && slashes == 0 &&
	    curl_url_get(base, CURLUPART_SCHEME, &own, 0) == CURLUE_OK &&
	    view_equal((struct view){text.data, scheme}, view_of_string(own))) {
		buf_append_view(to, rest);
	} else if (scheme > 0 || slashes >= 2) {
		if (scheme > 0)
			buf_append(to, text.data, scheme + 1);
		buf_append_string(to, "//");
		buf_append(to, rest.data + slashes, rest.size - slashes);
	} else {
		buf_append_view(to, text);
	}
	curl_free(own);
}

static uint64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
