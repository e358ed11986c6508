/*
 * What of a page's HTML makes a browser run something, send something or load another page, as a
 * browser parses it (HTML Standard, WHATWG; Gumbo): scripts with a source or a text, link elements
 * that load scripts, handlers (attributes on*, URLs `javascript:`), frames and what is embedded,
 * targets of forms, <base>, and what <meta http-equiv> says instead of a header.
 *
 * The bytes are an attacker's. They are parsed as UTF-8, whatever they are: who calls this makes
 * sure that they are of an encoding in which ASCII stands for itself. They are parsed twice, as by
 * a browser that runs scripts and as by one that does not: <noscript> hides something from each.
 *
 * Nothing is run: what a script makes when it runs, imports, or registers (workers) is its text's,
 * and is not told. Nor are styles.
 */
#ifndef HALLMARK_COLLECTOR_WEB_PAGE_H
#define HALLMARK_COLLECTOR_WEB_PAGE_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

/* Things of one page: ten times what the largest shops' pages have. */
#define PAGE_THINGS_MAX 20000

enum page_kind {
	PAGE_BASE,    /* url */
	PAGE_SCRIPT,  /* url, words */
	PAGE_INLINE,  /* content: the bytes between the tags; place, words */
	PAGE_HANDLER, /* content, words: the element and the attribute */
	PAGE_FRAME,   /* url, words: the element, and more; also a form's */
	PAGE_META,    /* name in lower case, content */
};

/* All of it is valid while it is told. Texts are the page's, whatever bytes they have. */
struct page_thing {
	enum page_kind kind;
	const char *place; /* head, body, noscript, template or svg */
	const char *name;
	struct view url, content;
	struct view words; /* a space before each; printable ASCII, without others */
};

/* What it returns, other than ERR_OK, ends the reading. */
typedef enum err page_visit(void *context, const struct page_thing *thing);

/*
 * In the page's order, twice; what stands in both is told twice. `memory_max`: bytes that the
 * parser may have. `until_ms`: of CLOCK_MONOTONIC.
 *
 * ERR_FORMAT_SIZE (too much memory, or more than PAGE_THINGS_MAX things), ERR_TIMEOUT_IDLE (too
 * late), ERR_UNSUPPORTED (the page says that it has an encoding of another kind), ERR_MEMORY.
 */
enum err page_read(struct view html, size_t memory_max, uint64_t until_ms, page_visit *visit,
    void *context) MUST_USE;

/* Whether ASCII stands for itself there: an encoding's label as HTTP and HTML have it. */
bool page_encoding_is_plain(struct view label);

/* Appends what is printable ASCII as it is, all else, also spaces, as %XX in capitals. */
void page_word_append(struct buf *to, struct view text);

#endif
