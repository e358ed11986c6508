/*
 * Gumbo asks for memory by a function of ours, which counts, looks at the clock, and leaves the
 * parser by a jump where one of both is over: it has no other way to be stopped, and does not look
 * at what it is given. Whatever it has is freed by the list that is kept here: its own way of
 * freeing a tree calls itself for each level, and a page may have a million.
 */
#include "collector/web/page.h"

#include <gumbo.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "proto/digest.h"

#define WORD_VALUE_MAX   512  /* bytes of a value in `words`, longer ones are told by digest */
#define CLOCK_EVERY      4096 /* allocations: less than a millisecond */
#define ELEMENT_NAME_MAX 64

struct block {
	struct block *before, *after;
	size_t size;
};

struct memory {
	struct block all; /* the list's head */
	size_t left;
	uint64_t until_ms;
	unsigned asked;
	enum err failed;
	jmp_buf out;
};

struct reading {
	struct view html;
	const char *copy; /* that was parsed: as long as `html` */
	page_visit *visit;
	void *context;
	size_t things;
	unsigned templates, noscripts, heads, svgs; /* that it is in */
	struct buf words;
};

static enum err parse_copy(struct reading *r, struct memory *m, const char *copy);
static void hide_noscript(char *copy, size_t size);
static void *give(void *userdata, size_t size);
static void take_back(void *userdata, void *pointer);
static void free_all(struct memory *m);
static uint64_t clock_ms(void);
static enum err walk(struct reading *r, const GumboNode *root);
static const GumboVector *children_of(const GumboNode *n);
static void enter(struct reading *r, const GumboNode *n, int by);
static enum err visit_element(struct reading *r, const GumboElement *e);
static enum err visit_attributes(struct reading *r, const GumboElement *e);
static enum err visit_script(struct reading *r, const GumboElement *e);
static enum err visit_link(struct reading *r, const GumboElement *e);
static enum err visit_frame(struct reading *r, const GumboElement *e, const char *source);
static enum err visit_meta(struct reading *r, const GumboElement *e);
static enum err visit_base(struct reading *r, const GumboElement *e);
static enum err tell(struct reading *r, struct page_thing *t);
static struct view text_between_tags(const struct reading *r, const GumboElement *e);
static void add_word(struct reading *r, const GumboElement *e, const char *name, bool flag);
static void add_element(struct reading *r, const GumboElement *e);
static const char *value_of(const GumboElement *e, const char *name);
static bool has_token(const char *list, const char *token);
static bool is_javascript(const char *url);
static bool is_html(const GumboElement *e);

enum err
page_read(struct view html, size_t memory_max, uint64_t until_ms, page_visit *visit, void *context)
{
	struct reading r = {.html = html, .visit = visit, .context = context, .words = BUF_INIT};
	struct memory m = {.left = memory_max, .until_ms = until_ms};
	char *copy = malloc(html.size + 1);
	enum err e;

	if (copy == NULL)
		return ERR_MEMORY;
	memcpy(copy, html.data != NULL ? (const char *)html.data : "", html.size);
	copy[html.size] = '\0';
	m.all.before = m.all.after = &m.all;
	e = parse_copy(&r, &m, copy);
	if (e == ERR_OK) {
		hide_noscript(copy, html.size);
		e = parse_copy(&r, &m, copy);
	}
	buf_free(&r.words);
	free(copy);
	return e;
}

bool
page_encoding_is_plain(struct view label)
{
	/* Families of labels of the Encoding Standard of which each is a superset of ASCII. */
	static const char *const plain[] = {
	    "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-", "latin1", "windows-125"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (label.size >= strlen(plain[i]) &&
		    strncasecmp((const char *)label.data, plain[i], strlen(plain[i])) == 0)
			return true;
	return false;
}

void
page_word_append(struct buf *to, struct view text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] > ' ' && text.data[i] < 0x7f)
			buf_append_byte(to, text.data[i]);
		else
			buf_append_format(to, "%%%02X", text.data[i]);
}

/* The tree is dropped before it returns, so that what is told points into the copy alone. */
static enum err
parse_copy(struct reading *r, struct memory *m, const char *copy)
{
	GumboOptions options = kGumboDefaultOptions;
	const GumboOutput *output;
	enum err e;

	r->copy = copy;
	r->templates = r->noscripts = r->heads = r->svgs = 0;
	options.allocator = give;
	options.deallocator = take_back;
	options.userdata = m;
	options.max_errors = 0;
	if (setjmp(m->out) != 0) {
		free_all(m);
		return m->failed;
	}
	output = gumbo_parse_with_options(&options, copy, r->html.size);
	e = walk(r, output->document);
	free_all(m);
	return e;
}

/*
 * To a browser that runs scripts, <noscript> is text up to its end; Gumbo always parses what is in
 * it. <noembed> is text to everybody, and a byte shorter.
 */
static void
hide_noscript(char *copy, size_t size)
{
	static const char name[] = "noscript", other[] = "noembed ";
	const size_t length = sizeof(name) - 1;

	for (size_t i = 0; i + length < size; i++) {
		size_t at = i + 1;

		if (copy[i] != '<')
			continue;
		if (copy[at] == '/')
			at++;
		if (at + length <= size && strncasecmp(copy + at, name, length) == 0)
			memcpy(copy + at, other, length);
	}
}

static void *
give(void *userdata, size_t size)
{
	struct memory *m = userdata;
	struct block *b = NULL;

	if (size > m->left)
		m->failed = ERR_FORMAT_SIZE;
	else if (m->asked++ % CLOCK_EVERY == 0 && clock_ms() > m->until_ms)
		m->failed = ERR_TIMEOUT_IDLE;
	else if ((b = malloc(sizeof(*b) + size)) == NULL)
		m->failed = ERR_MEMORY;
	if (b == NULL)
		longjmp(m->out, 1);
	m->left -= size;
	*b = (struct block){&m->all, m->all.after, size};
	b->after->before = b;
	m->all.after = b;
	return b + 1;
}

static void
take_back(void *userdata, void *pointer)
{
	struct memory *m = userdata;
	struct block *b = pointer;

	if (pointer == NULL)
		return;
	b--;
	b->before->after = b->after;
	b->after->before = b->before;
	m->left += b->size;
	free(b);
}

static void
free_all(struct memory *m)
{
	struct block *next;

	for (struct block *b = m->all.after; b != &m->all; b = next) {
		next = b->after;
		m->left += b->size;
		free(b);
	}
	m->all.after = m->all.before = &m->all;
}

static uint64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* By the nodes' own ways up: a page may be a million levels deep. */
static enum err
walk(struct reading *r, const GumboNode *root)
{
	const GumboNode *n = root;
	enum err e;

	for (;;) {
		const GumboVector *below = children_of(n);

		if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE) {
			if ((e = visit_element(r, &n->v.element)) != ERR_OK)
				return e;
			enter(r, n, 1);
		}
		if (below != NULL && below->length > 0) {
			n = below->data[0];
			continue;
		}
		for (;;) {
			const GumboVector *beside;
			const size_t next = n->index_within_parent + 1;

			if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE)
				enter(r, n, -1);
			if (n == root || n->parent == NULL)
				return ERR_OK;
			beside = children_of(n->parent);
			if (next < beside->length) {
				n = beside->data[next];
				break;
			}
			n = n->parent;
		}
	}
}

static const GumboVector *
children_of(const GumboNode *n)
{
	if (n->type == GUMBO_NODE_DOCUMENT)
		return &n->v.document.children;
	if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE)
		return &n->v.element.children;
	return NULL;
}

static void
enter(struct reading *r, const GumboNode *n, int by)
{
	const GumboTag tag = n->v.element.tag;

	r->templates += (unsigned)(tag == GUMBO_TAG_TEMPLATE ? by : 0);
	r->noscripts += (unsigned)(tag == GUMBO_TAG_NOSCRIPT ? by : 0);
	r->heads += (unsigned)(tag == GUMBO_TAG_HEAD ? by : 0);
	r->svgs += (unsigned)(tag == GUMBO_TAG_SVG ? by : 0);
}

static enum err
visit_element(struct reading *r, const GumboElement *e)
{
	enum err result = visit_attributes(r, e);

	if (result != ERR_OK)
		return result;
	switch (e->tag) {
	case GUMBO_TAG_SCRIPT:
		return visit_script(r, e);
	case GUMBO_TAG_LINK:
		return visit_link(r, e);
	case GUMBO_TAG_META:
		return visit_meta(r, e);
	case GUMBO_TAG_BASE:
		return visit_base(r, e);
	case GUMBO_TAG_IFRAME:
	case GUMBO_TAG_FRAME:
	case GUMBO_TAG_EMBED:
		return visit_frame(r, e, "src");
	case GUMBO_TAG_OBJECT:
		return visit_frame(r, e, "data");
	case GUMBO_TAG_FORM:
		return visit_frame(r, e, "action");
	case GUMBO_TAG_BUTTON:
	case GUMBO_TAG_INPUT:
		return visit_frame(r, e, "formaction");
	default:
		return ERR_OK;
	}
}

/* Handlers, of whatever element. */
static enum err
visit_attributes(struct reading *r, const GumboElement *e)
{
	static const char *const urls[] = {
	    "action", "data", "formaction", "from", "href", "src", "to", "values"};
	enum err result = ERR_OK;

	for (unsigned i = 0; result == ERR_OK && i < e->attributes.length; i++) {
		const GumboAttribute *a = e->attributes.data[i];
		bool runs = strncasecmp(a->name, "on", 2) == 0;

		for (size_t u = 0; !runs && u < sizeof(urls) / sizeof(urls[0]); u++)
			runs = strcasecmp(a->name, urls[u]) == 0 && is_javascript(a->value);
		if (!runs)
			continue;
		buf_clear(&r->words);
		add_element(r, e);
		buf_append_byte(&r->words, ' ');
		page_word_append(&r->words,
		    (struct view){(const uint8_t *)a->name, strnlen(a->name, ELEMENT_NAME_MAX)});
		result = tell(r, &(struct page_thing){
				     .kind = PAGE_HANDLER, .content = view_of_string(a->value)});
	}
	return result;
}

static enum err
visit_script(struct reading *r, const GumboElement *e)
{
	/* By name. A nonce is another one each time. */
	static const struct {
		const char *name;
		bool flag;
	} words[] = {{"async", true}, {"crossorigin", false}, {"defer", true}, {"integrity", false},
	    {"nomodule", true}, {"nonce", true}, {"type", false}};
	const char *source = value_of(e, is_html(e) ? "src" : "href");
	struct page_thing t = {.kind = source != NULL ? PAGE_SCRIPT : PAGE_INLINE};

	buf_clear(&r->words);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		add_word(r, e, words[i].name, words[i].flag);
	if (source != NULL)
		t.url = view_of_string(source);
	else
		t.content = text_between_tags(r, e);
	return tell(r, &t);
}

static enum err
visit_link(struct reading *r, const GumboElement *e)
{
	const char *rel = value_of(e, "rel"), *as = value_of(e, "as");
	const char *href = value_of(e, "href"), *word = NULL;

	if (rel == NULL || href == NULL)
		return ERR_OK;
	if (has_token(rel, "modulepreload"))
		word = " link=modulepreload";
	else if (as != NULL && strcasecmp(as, "script") == 0 &&
		 (has_token(rel, "preload") || has_token(rel, "prefetch")))
		word = " link=preload";
	if (word == NULL)
		return ERR_OK;
	buf_clear(&r->words);
	add_word(r, e, "crossorigin", false);
	add_word(r, e, "integrity", false);
	buf_append_string(&r->words, word);
	return tell(r, &(struct page_thing){.kind = PAGE_SCRIPT, .url = view_of_string(href)});
}

static enum err
visit_frame(struct reading *r, const GumboElement *e, const char *source)
{
	const char *url = value_of(e, source), *document = value_of(e, "srcdoc");
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;

	if (e->tag == GUMBO_TAG_IFRAME && document != NULL)
		url = "about:srcdoc";
	if (url == NULL)
		return ERR_OK;
	buf_clear(&r->words);
	add_element(r, e);
	add_word(r, e, "allow", false);
	add_word(r, e, "sandbox", false);
	if (e->tag == GUMBO_TAG_IFRAME && document != NULL) {
		digest_of(document, strlen(document), &digest);
		digest_to_hex(&digest, hex);
		buf_append_format(&r->words, " srcdoc=sha256:%s", hex);
	}
	return tell(r, &(struct page_thing){.kind = PAGE_FRAME, .url = view_of_string(url)});
}

static enum err
visit_meta(struct reading *r, const GumboElement *e)
{
	const char *name = value_of(e, "http-equiv"), *content = value_of(e, "content");
	const char *charset = value_of(e, "charset"), *at;

	if (charset == NULL && name != NULL && content != NULL &&
	    strcasecmp(name, "content-type") == 0 && (at = strcasestr(content, "charset=")) != NULL)
		charset = at + strlen("charset=");
	if (charset != NULL &&
	    !page_encoding_is_plain(view_of_string(charset + strspn(charset, " \t\n\f\r\"'"))))
		return ERR_UNSUPPORTED;
	if (name == NULL || content == NULL)
		return ERR_OK;
	buf_clear(&r->words);
	return tell(r, &(struct page_thing){
			   .kind = PAGE_META, .name = name, .content = view_of_string(content)});
}

static enum err
visit_base(struct reading *r, const GumboElement *e)
{
	const char *href = value_of(e, "href");

	if (href == NULL)
		return ERR_OK;
	buf_clear(&r->words);
	return tell(r, &(struct page_thing){.kind = PAGE_BASE, .url = view_of_string(href)});
}

/* Its words are those that were written. */
static enum err
tell(struct reading *r, struct page_thing *t)
{
	if (r->words.failed)
		return ERR_MEMORY;
	if (r->things++ >= PAGE_THINGS_MAX)
		return ERR_FORMAT_SIZE;
	t->words = buf_view(&r->words);
	t->place = r->templates > 0   ? "template"
		   : r->noscripts > 0 ? "noscript"
		   : r->svgs > 0      ? "svg"
		   : r->heads > 0     ? "head"
				      : "body";
	return r->visit(r->context, t);
}

/* As the page has it: of the copy, where something may be hidden, the place alone counts. */
static struct view
text_between_tags(const struct reading *r, const GumboElement *e)
{
	const char *begin = e->original_tag.data + e->original_tag.length;
	const char *end = e->original_end_tag.data;

	if (e->original_tag.data == NULL ||
	    (!is_html(e) && e->original_tag.length > 1 && begin[-2] == '/'))
		return (struct view){NULL, 0};
	if (end == NULL || end < begin)
		end = r->copy + r->html.size;
	return (struct view){r->html.data + (begin - r->copy), (size_t)(end - begin)};
}

static void
add_word(struct reading *r, const GumboElement *e, const char *name, bool flag)
{
	const char *value = value_of(e, name);
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;

	if (value == NULL)
		return;
	buf_append_byte(&r->words, ' ');
	buf_append_string(&r->words, name);
	if (flag)
		return;
	buf_append_byte(&r->words, '=');
	if (strlen(value) <= WORD_VALUE_MAX) {
		page_word_append(&r->words, view_of_string(value));
		return;
	}
	digest_of(value, strlen(value), &digest);
	digest_to_hex(&digest, hex);
	buf_append_format(&r->words, "sha256:%s", hex);
}

static void
add_element(struct reading *r, const GumboElement *e)
{
	GumboStringPiece name = e->original_tag;

	buf_append_byte(&r->words, ' ');
	if (e->tag != GUMBO_TAG_UNKNOWN) {
		buf_append_string(&r->words, gumbo_normalized_tagname(e->tag));
		return;
	}
	gumbo_tag_from_original_text(&name);
	if (name.length > ELEMENT_NAME_MAX)
		name.length = ELEMENT_NAME_MAX;
	page_word_append(&r->words, (struct view){(const uint8_t *)name.data, name.length});
}

static const char *
value_of(const GumboElement *e, const char *name)
{
	const GumboAttribute *a = gumbo_get_attribute(&e->attributes, name);

	return a != NULL ? a->value : NULL;
}

static bool
has_token(const char *list, const char *token)
{
	static const char spaces[] = " \t\n\f\r";
	const size_t size = strlen(token);

	for (list += strspn(list, spaces); *list != '\0';) {
		const size_t length = strcspn(list, spaces);

		if (length == size && strncasecmp(list, token, size) == 0)
			return true;
		list += length;
		list += strspn(list, spaces);
	}
	return false;
}

/* As the URL Standard reads it: what stands before, and line ends and tabs anywhere, do not count.
 */
static bool
is_javascript(const char *url)
{
	static const char scheme[] = "javascript:";
	size_t at = 0;

	while (*url != '\0' && (unsigned char)*url <= ' ')
		url++;
	for (; *url != '\0' && scheme[at] != '\0'; url++) {
		if (*url == '\t' || *url == '\n' || *url == '\r')
			continue;
		if ((*url | 0x20) != scheme[at] && *url != scheme[at])
			return false;
		at++;
	}
	return scheme[at] == '\0';
}

static bool
is_html(const GumboElement *e)
{
	return e->tag_namespace == GUMBO_NAMESPACE_HTML;
}
