/*
 * The pack's index.html: one file without scripts, images or links to elsewhere, for a screen and
 * for paper. Its policy lets a browser take nothing but its own style, by that one's sum. Texts
 * from outside are made printable and escaped, whatever they are.
 *
 * A page is a list of sections of tables: whoever makes one appends these in order.
 */
#ifndef HALLMARK_AUDITOR_PACK_ASSESSOR_PAGE_H
#define HALLMARK_AUDITOR_PACK_ASSESSOR_PAGE_H

#include "proto/bytes.h"

void assessor_page_begin(struct buf *to, const char *title);
void assessor_page_end(struct buf *to);
void assessor_page_heading(struct buf *to, const char *heading);
void assessor_page_text(struct buf *to, struct view text);

/* `heads`: texts, the last one NULL. */
void assessor_page_table(struct buf *to, const char *const *heads);
void assessor_page_row(struct buf *to, const struct view *cells, size_t count);
void assessor_page_table_end(struct buf *to);

#endif
