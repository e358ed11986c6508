/*
 * Reading the parts of a component: the cursor under its three forms.
 *
 * Everything is read twice by the same code: the first time it is checked and counted, with nowhere
 * to write; then memory of exactly that size is there, and it is filled. The peer controls every
 * byte, and what is allocated is bounded by what was really read, never by a declared count.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_COMPONENT_READER_H
#define HALLMARK_PROTO_EVIDENCE_COMPONENT_READER_H

#include "proto/evidence/component.h"
#include "proto/mp_read.h"

struct component_reader {
	struct view rest;
	size_t value_count;           /* of the facts, and details of the files, read so far */
	size_t value_max;             /* that may be read */
	struct component_file *files; /* where the next one goes; NULL: only check and count */
	struct component_fact *facts;
	struct view *values;
	bool has_last;         /* an item was read: the next one must come behind it */
	struct view last_key;  /* its path or name */
	struct view last_tail; /* of a file, all bytes behind that */
};

/* How a run of items ends; COMPONENT_RUN_PLAIN asks for no boundaries. */
enum component_run {
	COMPONENT_RUN_PLAIN,
	COMPONENT_RUN_SEGMENT,      /* behind an item that ends a segment, or behind the 4,096th */
	COMPONENT_RUN_LAST_SEGMENT, /* anywhere, but not earlier than at an item that ends one */
};

/* Array, kind and form: ERR_COMPONENT_FORMAT unless the array has the form's number of members. */
enum err component_read_header(
    struct component_reader *r, enum component_kind *kind, enum component_form *form) MUST_USE;

/* What it was made with; `count` names. ERR_COMPONENT_FORMAT. */
enum err component_read_made(struct component_reader *r, size_t *count) MUST_USE;

/* `count` items of the kind. ERR_COMPONENT_FORMAT. */
enum err component_read_items(struct component_reader *r, enum component_kind kind, size_t count,
    enum component_run run) MUST_USE;

/* The next item, in its shortest form; a number, at most `most`. False: it is not. */
bool component_read_item(struct view *rest, enum mp_type type, struct mp_item *item);
bool component_read_number(struct view *rest, uint64_t most, uint64_t *out);

/*
 * A component with room for so many: `made` and `items` are set and to be filled in that order
 * through `r`, whose first pass counted `r->value_count` values, with those of `made`.
 */
struct component *component_new(enum component_kind kind, size_t made_count, size_t item_count,
    struct component_reader *r); /* NULL: no memory */

#endif
