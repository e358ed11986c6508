/*
 * A component for people to read: an aligned table, or JSON. Names from outside are escaped
 * (proto/text.h) in both.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_LISTING_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_LISTING_H

#include "proto/bytes.h"
#include "proto/evidence/component.h"

/* Append to `to`; ask buf_status at the end. */

/* What it was made with, and its items, a line each. */
void component_listing_text(const struct component *c, struct buf *to);

/* Members of an object, as doc/outputs.md has them: "made" and "items". */
void component_listing_json(const struct component *c, struct buf *to);

/* One item, as an object. */
void component_listing_json_file(const struct component_file *f, struct buf *to);
void component_listing_json_fact(const struct component_fact *f, struct buf *to);

/* The words of the flags with commas between; "-" where there are none. */
void component_listing_flags(uint32_t flags, struct buf *to);

/* The flag with this word; 0: there is none. */
uint32_t component_listing_flag(const char *name);

#endif
