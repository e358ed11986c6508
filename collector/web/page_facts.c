#include "collector/web/page_facts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/web/page.h"
#include "proto/digest.h"
#include "proto/encoding.h"

/* Of the parser: a node of some 150 bytes for each three of a page of 1 MiB, twice over. */
#define PARSER_MEMORY_MAX (128u << 20)

#define URL_SHOWN_MAX   1024 /* bytes of a URL that stands in a value; a longer one by digest */
#define VALUE_SHOWN_MAX 8192 /* bytes of a header; a longer one by digest */

/* What a server says to a browser of what a page may do, and what it is. */
static const char *const told_headers[] = {
    "access-control-allow-origin",
    "content-security-policy",
    "content-security-policy-report-only",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-embedder-policy-report-only",
    "cross-origin-opener-policy",
    "cross-origin-opener-policy-report-only",
    "cross-origin-resource-policy",
    "feature-policy",
    "link",
    "origin-agent-cluster",
    "permissions-policy",
    "referrer-policy",
    "refresh",
    "reporting-endpoints",
    "service-worker-allowed",
    "speculation-rules",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
    "x-xss-protection",
};

/* A line, in three parts of `text`: fact and key, and what follows, which may be nothing. */
struct line {
	size_t at, key_size, size;
};

/* A script that was fetched. */
struct known {
	char *url;
	struct buf words; /* what is told of it */
};

struct facts {
	const struct collector_web *page;
	struct fetch *fetch;
	struct trouble *trouble;
	bool fetches;
	struct buf base; /* URL, with NUL */
	bool has_base;
	struct buf text, lines; /* struct line each */
	struct known *known;
	size_t known_count;
};

/* A line's two parts while they are written. */
struct writing {
	struct buf key, rest;
};

static enum err take_answer(struct facts *f, const struct fetched *answer);
static enum err check_content_type(struct facts *f, struct view headers);
static enum err take_headers(struct facts *f, struct view headers);
static enum err take_header(struct facts *f, struct view headers, const char *name);
static bool next_header(struct view *rest, struct view *name, struct view *value);
static void append_header(struct buf *to, struct view value, bool is_policy);
static enum err take_cookie(struct facts *f, struct view value);
static page_visit take_thing;
static enum err take_base(struct facts *f, const struct page_thing *thing);
static enum err take_script(struct facts *f, const struct page_thing *thing);
static enum fetch_url append_url(struct facts *f, struct view url, struct buf *to);
static enum err take_content(struct facts *f, const struct page_thing *thing);
static enum err take_frame(struct facts *f, const struct page_thing *thing);
static enum err take_meta(struct facts *f, const struct page_thing *thing);
static enum err fetch_script(struct facts *f, const char *url, const struct buf **words);
static void append_digest(struct buf *to, struct view content);
static void begin(struct facts *f, struct writing *w, const char *fact);
static enum err end(struct facts *f, struct writing *w, enum err e);
static void write_lines(struct facts *f, struct buf *to);
static int line_compare(const void *a, const void *b, void *context);
static bool same_key(const struct facts *f, const struct line *a, const struct line *b);

enum err
page_facts_append(const struct collector_web *page, struct buf *to, struct trouble *t)
{
	struct fetched answer = FETCHED_INIT;
	struct fetch *fetch;
	struct buf url = BUF_INIT;
	enum err e;

	if ((e = fetch_new(page, &fetch, t)) != ERR_OK)
		return e;
	if (fetch_resolve(fetch, page->url, view_of_string(page->url), &url) != FETCH_URL_ALLOWED)
		e = trouble_set(
		    t, ERR_CONFIG, "%s: expected a URL without a user's name", page->url);
	buf_append_byte(&url, '\0');
	if (e == ERR_OK && (e = fetch_get(fetch, (const char *)url.data, &answer, t)) == ERR_OK)
		e = page_facts_of(page, fetch, &answer, true, to, t);
	fetched_free(&answer);
	fetch_free(&fetch);
	buf_free(&url);
	return e;
}

enum err
page_facts_of(const struct collector_web *page, struct fetch *fetch, const struct fetched *answer,
    bool fetches, struct buf *to, struct trouble *t)
{
	struct facts f = {.page = page,
	    .fetch = fetch,
	    .trouble = t,
	    .fetches = fetches,
	    .base = BUF_INIT,
	    .text = BUF_INIT,
	    .lines = BUF_INIT};
	enum err e = take_answer(&f, answer);

	if (e == ERR_OK && (f.text.failed || f.lines.failed))
		e = ERR_MEMORY;
	if (e == ERR_OK) {
		write_lines(&f, to);
		e = buf_status(to);
	}
	for (size_t i = 0; i < f.known_count; i++) {
		free(f.known[i].url);
		buf_free(&f.known[i].words);
	}
	free(f.known);
	buf_free(&f.base);
	buf_free(&f.text);
	buf_free(&f.lines);
	return e;
}

static enum err
take_answer(struct facts *f, const struct fetched *answer)
{
	struct writing w;
	enum err e;

	buf_append_view(&f->base, buf_view(&answer->url));
	buf_append_byte(&f->base, '\0');
	begin(f, &w, "header");
	buf_append_string(&w.key, ":status");
	buf_append_format(&w.rest, " %ld", answer->status);
	if ((e = end(f, &w, ERR_OK)) != ERR_OK)
		return e;
	begin(f, &w, "header");
	buf_append_string(&w.key, ":url");
	buf_append_byte(&w.rest, ' ');
	page_word_append(&w.rest, buf_view(&answer->url));
	if ((e = end(f, &w, ERR_OK)) != ERR_OK)
		return e;
	if (f->page->connect != NULL) {
		begin(f, &w, "header");
		buf_append_string(&w.key, ":connect");
		buf_append_byte(&w.rest, ' ');
		page_word_append(&w.rest, view_of_string(f->page->connect));
		if ((e = end(f, &w, ERR_OK)) != ERR_OK)
			return e;
	}
	if ((e = check_content_type(f, buf_view(&answer->headers))) != ERR_OK ||
	    (e = take_headers(f, buf_view(&answer->headers))) != ERR_OK)
		return e;
	e = page_read(
	    buf_view(&answer->content), PARSER_MEMORY_MAX, fetch_until_ms(f->fetch), take_thing, f);
	if (f->trouble->text[0] == '\0' && e == ERR_FORMAT_SIZE)
		return trouble_set(f->trouble, e,
		    "page %s: its HTML has more in it than is looked at (%d things, or %u MiB to "
		    "parse it)",
		    f->page->name, PAGE_THINGS_MAX, PARSER_MEMORY_MAX >> 20);
	if (f->trouble->text[0] == '\0' && e == ERR_TIMEOUT_IDLE)
		return trouble_set(f->trouble, e, "page %s: it took longer than its %u s",
		    f->page->name, f->page->seconds);
	if (f->trouble->text[0] == '\0' && e == ERR_UNSUPPORTED)
		return trouble_set(f->trouble, e,
		    "page %s: it says that it has an encoding that is not UTF-8, nor like ASCII",
		    f->page->name);
	return e;
}

/* What is no HTML is read otherwise by a browser; and bytes of another encoding are other text. */
static enum err
check_content_type(struct facts *f, struct view headers)
{
	struct view name, value, found = {NULL, 0};
	const char *charset;
	char text[256];

	while (next_header(&headers, &name, &value))
		if (view_equal(name, VIEW_LITERAL("content-type")))
			found = value;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(found.size < 255 ? found.size : 255),
	    found.size > 0 ? (const char *)found.data : "");
	if (found.size > 0 && strncasecmp(text, "text/html", 9) != 0)
		return trouble_set(f->trouble, ERR_UNSUPPORTED,
		    "page %s: expected text/html, found %s", f->page->name, text);
	if ((charset = strcasestr(text, "charset=")) == NULL)
		return ERR_OK;
	charset += strlen("charset=");
	charset += strspn(charset, " \"'");
	return page_encoding_is_plain(view_of_string(charset))
		   ? ERR_OK
		   : trouble_set(f->trouble, ERR_UNSUPPORTED,
			 "page %s: expected UTF-8, or an encoding like ASCII, found %s",
			 f->page->name, text);
}

static enum err
take_headers(struct facts *f, struct view headers)
{
	struct view rest = headers, name, value;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < sizeof(told_headers) / sizeof(told_headers[0]); i++)
		e = take_header(f, headers, told_headers[i]);
	while (e == ERR_OK && next_header(&rest, &name, &value))
		if (view_equal(name, VIEW_LITERAL("set-cookie")))
			e = take_cookie(f, value);
	return e;
}

/* Several of one name are one, as HTTP has it. */
static enum err
take_header(struct facts *f, struct view headers, const char *name)
{
	const bool is_policy = strncmp(name, "content-security-policy", 23) == 0;
	struct view found, value;
	bool any = false;
	struct writing w;

	begin(f, &w, "header");
	buf_append_string(&w.key, name);
	while (next_header(&headers, &found, &value)) {
		if (!view_equal(found, view_of_string(name)))
			continue;
		buf_append_string(&w.rest, any ? ", " : " ");
		append_header(&w.rest, value, is_policy);
		any = true;
	}
	if (w.rest.size > VALUE_SHOWN_MAX) {
		struct buf short_one = BUF_INIT;

		buf_append_byte(&short_one, ' ');
		append_digest(&short_one, buf_view(&w.rest));
		buf_free(&w.rest);
		w.rest = short_one;
	}
	return end(f, &w, any ? ERR_OK : ERR_NOT_FOUND);
}

static bool
next_header(struct view *rest, struct view *name, struct view *value)
{
	struct view line;
	const uint8_t *colon;

	while (rest->size > 0 && line_next(rest, &line) == ERR_OK) {
		if (line.size == 0 || (colon = memchr(line.data, ':', line.size)) == NULL)
			continue;
		*name = (struct view){line.data, (size_t)(colon - line.data)};
		*value = (struct view){colon + 1, line.size - name->size - 1};
		if (value->size > 0 && value->data[0] == ' ')
			*value = (struct view){value->data + 1, value->size - 1};
		return true;
	}
	return false;
}

/* Spaces are one; a nonce is another one each time, and stands for any. */
static void
append_header(struct buf *to, struct view value, bool is_policy)
{
	static const char nonce[] = "'nonce-";
	bool space = false;

	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] == ' ' || value.data[i] == '\t') {
			space = true;
			continue;
		}
		if (space)
			buf_append_byte(to, ' ');
		space = false;
		if (is_policy && value.size - i > sizeof(nonce) &&
		    memcmp(value.data + i, nonce, sizeof(nonce) - 1) == 0) {
			const uint8_t *quote = memchr(value.data + i + 1, '\'', value.size - i - 1);

			if (quote != NULL) {
				buf_append_string(to, "'nonce-*'");
				i = (size_t)(quote - value.data);
				continue;
			}
		}
		page_word_append(to, (struct view){value.data + i, 1});
	}
}

/* Its name, and how it is kept; its value is of one visitor. */
static enum err
take_cookie(struct facts *f, struct view value)
{
	static const char *const told[] = {
	    "domain", "httponly", "partitioned", "path", "samesite", "secure"};
	char text[2048], *rest, *attribute;
	struct writing w;
	size_t name;

	(void)snprintf(text, sizeof(text), "%.*s", (int)(value.size < 2047 ? value.size : 2047),
	    value.size > 0 ? (const char *)value.data : "");
	name = strcspn(text, "=;");
	begin(f, &w, "cookie");
	page_word_append(&w.key, (struct view){(const uint8_t *)text, name});
	if (name == 0)
		buf_append_byte(&w.key, '-');
	rest = text + strcspn(text, ";");
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		char *copy = strdup(rest), *place = NULL;

		if (copy == NULL)
			return end(f, &w, ERR_MEMORY);
		for (attribute = strtok_r(copy, ";", &place); attribute != NULL;
		     attribute = strtok_r(NULL, ";", &place)) {
			attribute += strspn(attribute, " \t");
			if (strncasecmp(attribute, told[i], strlen(told[i])) != 0 ||
			    strchr("= \t", attribute[strlen(told[i])]) == NULL)
				continue;
			buf_append_format(&w.rest, " %s", told[i]);
			if ((attribute = strchr(attribute, '=')) != NULL) {
				for (char *c = attribute; *c != '\0'; c++)
					*c = (char)tolower((unsigned char)*c);
				page_word_append(&w.rest, view_of_string(attribute));
			}
			break;
		}
		free(copy);
	}
	return end(f, &w, ERR_OK);
}

static enum err
take_thing(void *context, const struct page_thing *thing)
{
	struct facts *f = context;

	switch (thing->kind) {
	case PAGE_BASE:
		return take_base(f, thing);
	case PAGE_SCRIPT:
		return take_script(f, thing);
	case PAGE_INLINE:
	case PAGE_HANDLER:
		return take_content(f, thing);
	case PAGE_FRAME:
		return take_frame(f, thing);
	case PAGE_META:
		return take_meta(f, thing);
	}
	return ERR_INVARIANT;
}

/* The first one counts, from there on. */
static enum err
take_base(struct facts *f, const struct page_thing *thing)
{
	struct buf url = BUF_INIT;
	struct writing w;
	enum fetch_url found;

	begin(f, &w, "base");
	found = append_url(f, thing->url, &w.key);
	if (!f->has_base && (found == FETCH_URL_ALLOWED || found == FETCH_URL_ELSEWHERE) &&
	    fetch_resolve(f->fetch, (const char *)f->base.data, thing->url, &url) == found) {
		f->has_base = true;
		buf_append_byte(&url, '\0');
		buf_free(&f->base);
		f->base = url;
		url = BUF_INIT; /* moved */
	}
	buf_free(&url);
	return end(f, &w, f->base.failed ? ERR_MEMORY : ERR_OK);
}

static enum err
take_script(struct facts *f, const struct page_thing *thing)
{
	const struct buf *words = NULL;
	struct buf url = BUF_INIT;
	enum err e = ERR_OK;
	struct writing w;

	begin(f, &w, "script");
	switch (append_url(f, thing->url, &w.key)) {
	case FETCH_URL_ALLOWED:
		(void)fetch_resolve(f->fetch, (const char *)f->base.data, thing->url, &url);
		buf_append_byte(&url, '\0');
		if (url.failed)
			e = ERR_MEMORY;
		else if (f->fetches &&
			 (e = fetch_script(f, (const char *)url.data, &words)) == ERR_OK)
			buf_append_view(&w.rest, buf_view(words));
		break;
	case FETCH_URL_ELSEWHERE:
		buf_append_string(&w.rest, " elsewhere");
		break;
	case FETCH_URL_OTHER:
	case FETCH_URL_BAD:
		break;
	}
	buf_append_view(&w.rest, thing->words);
	buf_free(&url);
	return end(f, &w, e);
}

/* As a word: absolute, or, of what no server answers for, its scheme and a digest. */
static enum fetch_url
append_url(struct facts *f, struct view url, struct buf *to)
{
	struct buf absolute = BUF_INIT;
	const enum fetch_url found =
	    fetch_resolve(f->fetch, (const char *)f->base.data, url, &absolute);
	size_t scheme = 0;

	if (found == FETCH_URL_OTHER || found == FETCH_URL_BAD) {
		while (found == FETCH_URL_OTHER && scheme < url.size && url.data[scheme] != ':')
			scheme++;
		page_word_append(to, (struct view){url.data, scheme < 16 ? scheme : 16});
		buf_append_string(to, found == FETCH_URL_OTHER ? ":" : "bad:");
		append_digest(to, url);
	} else if (absolute.size > URL_SHOWN_MAX) {
		page_word_append(to, (struct view){absolute.data, URL_SHOWN_MAX});
		buf_append_string(to, "...");
		append_digest(to, buf_view(&absolute));
	} else {
		page_word_append(to, buf_view(&absolute));
	}
	buf_free(&absolute);
	return found;
}

static enum err
take_content(struct facts *f, const struct page_thing *thing)
{
	struct writing w;

	begin(f, &w, thing->kind == PAGE_INLINE ? "inline" : "handler");
	append_digest(&w.key, thing->content);
	if (thing->kind == PAGE_INLINE)
		buf_append_format(&w.rest, " %s", thing->place);
	buf_append_view(&w.rest, thing->words);
	return end(f, &w, ERR_OK);
}

static enum err
take_frame(struct facts *f, const struct page_thing *thing)
{
	struct writing w;

	begin(f, &w, "frame");
	(void)append_url(f, thing->url, &w.key);
	buf_append_view(&w.rest, thing->words);
	return end(f, &w, ERR_OK);
}

static enum err
take_meta(struct facts *f, const struct page_thing *thing)
{
	struct buf name = BUF_INIT;
	struct writing w;

	for (const char *c = thing->name; *c != '\0' && c < thing->name + 64; c++)
		buf_append_byte(&name, (uint8_t)tolower((unsigned char)*c));
	begin(f, &w, "header");
	buf_append_string(&w.key, "meta:");
	page_word_append(&w.key, buf_view(&name));
	buf_append_byte(&w.rest, ' ');
	if (thing->content.size <= VALUE_SHOWN_MAX)
		append_header(&w.rest, thing->content,
		    view_equal(buf_view(&name), VIEW_LITERAL("content-security-policy")));
	else
		append_digest(&w.rest, thing->content);
	buf_free(&name);
	return end(f, &w, ERR_OK);
}

/* Each once. An answer that is no success is told by its status: what it brings is not run. */
static enum err
fetch_script(struct facts *f, const char *url, const struct buf **words)
{
	struct fetched answer = FETCHED_INIT;
	struct known *grown, *one;
	enum err e;

	for (size_t i = 0; i < f->known_count; i++)
		if (strcmp(f->known[i].url, url) == 0) {
			*words = &f->known[i].words;
			return ERR_OK;
		}
	if (f->known_count >= f->page->scripts)
		return trouble_set(f->trouble, ERR_FORMAT_SIZE,
		    "page %s: it has more than %u scripts to be fetched (scripts)", f->page->name,
		    f->page->scripts);
	if ((e = fetch_get(f->fetch, url, &answer, f->trouble)) == ERR_OK) {
		grown = reallocarray(f->known, f->known_count + 1, sizeof(*grown));
		if (grown == NULL ||
		    (f->known = grown, one = &grown[f->known_count],
			*one = (struct known){strdup(url), BUF_INIT}, one->url == NULL)) {
			e = ERR_MEMORY;
		} else {
			f->known_count++;
			buf_append_byte(&one->words, ' ');
			if (answer.status < 200 || answer.status > 299)
				buf_append_format(&one->words, "status=%ld", answer.status);
			else
				append_digest(&one->words, buf_view(&answer.content));
			if (!view_equal(buf_view(&answer.url), view_of_string(url))) {
				buf_append_string(&one->words, " from=");
				page_word_append(&one->words, buf_view(&answer.url));
			}
			*words = &one->words;
			e = buf_status(&one->words);
		}
	}
	fetched_free(&answer);
	return e;
}

static void
append_digest(struct buf *to, struct view content)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;

	digest_of(content.size > 0 ? content.data : (const uint8_t *)"", content.size, &digest);
	digest_to_hex(&digest, hex);
	buf_append_format(to, "sha256:%s", hex);
}

static void
begin(struct facts *f, struct writing *w, const char *fact)
{
	*w = (struct writing){BUF_INIT, BUF_INIT};
	buf_append_format(&w->key, "%s %s ", fact, f->page->name);
}

/* With an error, of which ERR_NOT_FOUND is none, nothing is told. */
static enum err
end(struct facts *f, struct writing *w, enum err e)
{
	struct line line = {f->text.size, w->key.size, w->key.size + w->rest.size};

	if (w->key.failed || w->rest.failed)
		e = ERR_MEMORY;
	if (e == ERR_OK) {
		buf_append_view(&f->text, buf_view(&w->key));
		buf_append_view(&f->text, buf_view(&w->rest));
		buf_append(&f->lines, &line, sizeof(line));
	}
	buf_free(&w->key);
	buf_free(&w->rest);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void
write_lines(struct facts *f, struct buf *to)
{
	const size_t count = f->lines.size / sizeof(struct line);
	struct line *lines = (struct line *)(void *)f->lines.data;

	if (count == 0)
		return;
	qsort_r(lines, count, sizeof(*lines), line_compare, f);
	for (size_t i = 0; i < count; i++) {
		const struct line *l = &lines[i];

		if (i > 0 && line_compare(&lines[i - 1], l, f) == 0)
			continue; /* the parser tells everything twice */
		if (i > 0 && same_key(f, &lines[i - 1], l)) {
			to->size--;
			buf_append_string(to, " +");
			buf_append(to, f->text.data + l->at + l->key_size, l->size - l->key_size);
		} else {
			buf_append(to, f->text.data + l->at, l->size);
		}
		buf_append_byte(to, '\n');
	}
}

static int
line_compare(const void *a, const void *b, void *context)
{
	const struct facts *f = context;
	const struct line *x = a, *y = b;
	const int by_key = view_compare((struct view){f->text.data + x->at, x->key_size},
	    (struct view){f->text.data + y->at, y->key_size});

	return by_key != 0 ? by_key
			   : view_compare((struct view){f->text.data + x->at, x->size},
				 (struct view){f->text.data + y->at, y->size});
}

static bool
same_key(const struct facts *f, const struct line *a, const struct line *b)
{
	return view_equal((struct view){f->text.data + a->at, a->key_size},
	    (struct view){f->text.data + b->at, b->key_size});
}
