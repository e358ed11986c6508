/*
 * What a measuring process (collector/processes/measuring.h) says to the reporting one
 * (collector/processes/measurer.h), over a stream socket of their own, for it alone. It is not
 * answered. It may be hijacked: it can say what it measured then, up to limits.
 *
 * Frames, fixed layout, big-endian
 *   type u8, kind u8 (of a component; else 0), code u16 (of an error; else 0), size u32, body
 *   1 segment    bytes of a segment of the component that comes next
 *   2 component  bytes
 *   3 missing    words: the component is left out
 *   4 measured   pid u32, time u64, boot id 16, watches u32, what lacks one u32; of files whose
 *                content was told, how many, how many of them were not read again, and when the
 *                oldest was, in seconds, u64 each; processor time in microseconds u64; of each
 *                kind: u8 whether the newest component of it belongs to the measurement, items
 *                u64; the last one
 *   5 trouble    words: it could not be measured; the last one
 *   6 progress   files and bytes of them that were read so far, u64 each; for people, where it was
 *                told to say that
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_EXCHANGE_H
#define HALLMARK_COLLECTOR_PROCESSES_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/files/filehash.h"
#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/component.h"

#define EXCHANGE_HEADER_SIZE  8 /* bytes */
#define EXCHANGE_SPENT_US_MAX (1ULL << 53)
#define EXCHANGE_PROGRESS_MAX (1ULL << 53) /* files, and bytes */
#define EXCHANGE_WORDS_MAX    (TROUBLE_TEXT_SIZE - 1)

enum exchange_type {
	EXCHANGE_SEGMENT = 1,
	EXCHANGE_COMPONENT = 2,
	EXCHANGE_MISSING = 3,
	EXCHANGE_MEASURED = 4,
	EXCHANGE_TROUBLE = 5,
	EXCHANGE_PROGRESS = 6,
};

struct exchange_frame {
	enum exchange_type type;
	enum component_kind kind;   /* segment, component, missing */
	enum err code;              /* missing, trouble: not ERR_OK */
	struct view bytes;          /* segment, component: at least 1, COMPONENT_SIZE_MAX at most */
	struct view words;          /* missing, trouble: without NUL, EXCHANGE_WORDS_MAX at most */
	uint64_t files, read_bytes; /* progress: EXCHANGE_PROGRESS_MAX each at most */
	/* measured */
	uint32_t pid;     /* 1 to INT32_MAX */
	uint64_t time_ms; /* BUNDLE_TIME_MS_MAX at most */
	uint8_t boot_id[BOOT_ID_SIZE];
	uint32_t watches, unwatched;   /* what it says of them, for people */
	struct filehash_count content; /* as bundle_cached has it */
	uint64_t spent_us;             /* EXCHANGE_SPENT_US_MAX at most */
	struct exchange_measured {
		bool present;   /* of one kind at least */
		uint64_t count; /* items: COMPONENT_ITEMS_MAX at most; 0 where it is not present */
	} measured[COMPONENT_KIND_COUNT];
};

/*
 * Appends header and body, but not `bytes`: those of a segment or component are to be written
 * behind it.
 */
void exchange_write(struct buf *to, const struct exchange_frame *f);

/*
 * Looks for one whole frame at the start of `input`. Found: `*used` is its size, and views point
 * into `input`. Not yet: ERR_OK, `*used` 0. ERR_FORMAT if it cannot become a good one.
 */
enum err exchange_next(struct view input, struct exchange_frame *out, size_t *used) MUST_USE;

#endif
