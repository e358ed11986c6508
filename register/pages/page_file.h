/*
 * The files of the page (register/web/), which are in the program itself: they are of its version,
 * nobody can put others in their place but with the program, and there is no directory to be found,
 * read or protected. A table, in the order of X below.
 */
#ifndef HALLMARK_REGISTER_PAGES_PAGE_FILE_H
#define HALLMARK_REGISTER_PAGES_PAGE_FILE_H

#include <stddef.h>

#include "proto/bytes.h"

/* X(identifier, file in register/web/, Content-Type) */
#define PAGE_HTML "text/html; charset=utf-8"
#define PAGE_CSS  "text/css; charset=utf-8"
#define PAGE_JS   "text/javascript; charset=utf-8"
#define PAGE_SVG  "image/svg+xml"
#define PAGE_FILE_MAP(X)                                                                           \
	X(INDEX, "index.html", PAGE_HTML)                                                          \
	X(STYLE, "style.css", PAGE_CSS)                                                            \
	X(ICON, "icon.svg", PAGE_SVG)                                                              \
	X(MAIN, "main.js", PAGE_JS)                                                                \
	X(API, "api.js", PAGE_JS)                                                                  \
	X(DOM, "dom.js", PAGE_JS)                                                                  \
	X(TIME, "time.js", PAGE_JS)                                                                \
	X(FLEET, "fleet.js", PAGE_JS)                                                              \
	X(FLEET_STATE, "fleet_state.js", PAGE_JS)                                                  \
	X(CELLS, "cells.js", PAGE_JS)                                                              \
	X(CAUSES, "causes.js", PAGE_JS)                                                            \
	X(CHANGES, "changes.js", PAGE_JS)                                                          \
	X(WORKLOAD, "workload.js", PAGE_JS)                                                        \
	X(LANES, "lanes.js", PAGE_JS)                                                              \
	X(REPORT, "report.js", PAGE_JS)                                                            \
	X(ARTIFACT, "artifact.js", PAGE_JS)                                                        \
	X(POLICY, "policy.js", PAGE_JS)                                                            \
	X(LOG, "log.js", PAGE_JS)                                                                  \
	X(FIND, "find.js", PAGE_JS)                                                                \
	X(PROOF, "proof.js", PAGE_JS)                                                              \
	X(BYTES, "bytes.js", PAGE_JS)                                                              \
	X(ENTRY, "entry.js", PAGE_JS)                                                              \
	X(MERKLE, "merkle.js", PAGE_JS)                                                            \
	X(NOTE, "note.js", PAGE_JS)                                                                \
	X(RECEIPT, "receipt.js", PAGE_JS)                                                          \
	X(VERIFY, "verify.js", PAGE_JS)                                                            \
	X(X509, "x509.js", PAGE_JS)

#define PAGE_FILE_ENUM(identifier, name, type) PAGE_FILE_##identifier,
enum page_file_number { PAGE_FILE_MAP(PAGE_FILE_ENUM) PAGE_FILES };
#undef PAGE_FILE_ENUM

struct page_file {
	const char *name, *type;
};

const struct page_file *page_file(enum page_file_number n);

/* Its content; of the program, for ever. */
struct view page_file_content(enum page_file_number n);

/* PAGE_FILES if there is none of this name. */
enum page_file_number page_file_find(struct view name);

#endif
