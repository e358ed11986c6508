/*
 * The policies of a period in a pack, with who made and approved them: policies/ and statements/ as
 * they are in the evidence, by digest, and changes.csv.
 */
#ifndef HALLMARK_AUDITOR_PACK_GOVERNED_H
#define HALLMARK_AUDITOR_PACK_GOVERNED_H

#include "auditor/pack/parcel.h"
#include "log/evidence_reader.h"
#include "log/walk/walk_visited.h"

/* Zero-initialised but for `evidence` and `from_s`. */
struct governed {
	struct evidence_reader *evidence;
	uint64_t from_s;     /* of what was before it policies alone are told */
	struct buf csv;      /* changes.csv without its head */
	struct buf rows;     /* the same as rows of the page */
	struct digest *file; /* wanted; owned */
	enum pack_kind *kind;
	size_t count;
	bool failed;
};

/* A notice of the log, of before the period's end. */
void governed_take(struct governed *g, const struct walk_visited *v);

/* changes.csv, policies/ and statements/. What the evidence has not is told in `missing`. */
enum err governed_put(struct governed *g, struct parcel *to, uint64_t *missing) MUST_USE;
void governed_free(struct governed *g);

#endif
