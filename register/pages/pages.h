/*
 * The page: `/`, and its files below `/web/`. They hold nothing about anybody, so everybody who can
 * connect is given them; what the page shows it asks for below /v1/, as whoever looks at it.
 *
 * Nothing but these files may run, be loaded or be asked from it (Content-Security-Policy), scripts
 * cannot make markup out of text (trusted types), and no other page may frame it. It is asked anew
 * each time whether a file is still the same (ETag): the page and the register are of one version.
 */
#ifndef HALLMARK_REGISTER_PAGES_PAGES_H
#define HALLMARK_REGISTER_PAGES_PAGES_H

#include "proto/err.h"
#include "register/front/route.h"
#include "register/pages/page_file.h"

#define PAGES_TAG_SIZE 35 /* quotes, 32 digits of the SHA-256, NUL */

struct pages {
	char tag[PAGES_TAG_SIZE * PAGE_FILES]; /* one behind the other */
};

#define PAGES_ROUTES 2

/* ERR_MEMORY. The routes are for as long as `p` is. */
enum err pages_begin(struct pages *p, struct route routes[PAGES_ROUTES]) MUST_USE;

#endif
