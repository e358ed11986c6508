/*
 * What was seen: plain values, which signer/learn/seen.h gives.
 */
#ifndef HALLMARK_SIGNER_LEARN_SEEN_ITEM_H
#define HALLMARK_SIGNER_LEARN_SEEN_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/evidence/component.h"
#include "signer/learn/number_set.h"

/* Different lists of values of one fact that are kept: of more a policy demands nothing. */
#define SEEN_VARIANTS_MAX 16

/* When it was seen first and last: by reports, in seconds since 1970. */
struct seen_span {
	uint64_t from_s, to_s;
};

/* A path or fact, or one of its contents or lists of values. */
struct seen_item {
	enum component_kind kind;
	bool made; /* a fact that says what components were made with */
	struct view name;
	bool whole; /* the name itself, whatever its content; the next members are empty */
	struct digest digest;       /* of the content, or over the values */
	struct component_fact fact; /* copied; no values where there are too many variants */
	bool link;                  /* symbolic */
	struct number_set hosts;
	struct seen_span when;
	/*
	 * Of a file's content, components of kind executable by their numbers: of the reports that
	 * have it; in which it is the main process's program; and, of these, those that the same
	 * host reported directly before.
	 */
	struct number_set with, main, before;
	size_t components; /* different ones that have it */
	size_t variants;   /* of a whole: how many contents or lists of values */
	size_t last;       /* number of the component that was counted last */
};

/* Executable memory of a program that belongs to no file. */
struct seen_memory {
	struct view program;
	uint64_t bytes, mappings; /* the most */
	bool writable;
	struct number_set hosts;
};

/* In numbers, and for each kind. */
struct seen_summary {
	uint64_t reports;
	uint64_t verdicts[4]; /* by report_status_rank, as they were judged then */
	uint64_t from_s, to_s;
	uint64_t with[COMPONENT_KIND_COUNT];     /* reports that have it */
	size_t components[COMPONENT_KIND_COUNT]; /* different ones that could be read */
	uint32_t owners[64];                     /* of files, rising */
	size_t owner_count;                      /* more than there is room for: 65 */
	struct view program;                     /* of the main processes; size 0: not one alone */
};

#endif
