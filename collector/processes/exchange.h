/*
 * What the reporting process (collector/processes/measurer.h) and the measuring one
 * (collector/processes/measuring.h) say to each other, over a stream socket of their own. Each
 * takes the other for hostile: a hijacked reporter can have measured what the configuration names
 * and nothing else; a hijacked measuring process can say what it measured, up to limits.
 *
 * Request (reporting to measuring): the number of a workload in the configuration, u32.
 * Answer: frames, fixed layout, big-endian
 *   type u8, kind u8 (of a component; else 0), code u16 (of an error; else 0), size u32, body
 *   1 hello      configuration 32 (SHA-256 of the file), workloads u32: once, unasked, first
 *   2 segment    bytes of a segment of the component that comes next
 *   3 component  bytes
 *   4 missing    words: the component is left out
 *   5 measured   pid u32, time u64, boot id 16, of each kind: u8 whether the newest component of it
 *                belongs to the measurement, items u64; ends the answer
 *   6 trouble    words: it could not be measured; ends the answer. Instead of hello: nothing will
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_EXCHANGE_H
#define HALLMARK_COLLECTOR_PROCESSES_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/component.h"

#define EXCHANGE_REQUEST_SIZE 4 /* bytes */
#define EXCHANGE_HEADER_SIZE  8 /* bytes */
#define EXCHANGE_WORDS_MAX    (TROUBLE_TEXT_SIZE - 1)

enum exchange_type {
	EXCHANGE_HELLO = 1,
	EXCHANGE_SEGMENT = 2,
	EXCHANGE_COMPONENT = 3,
	EXCHANGE_MISSING = 4,
	EXCHANGE_MEASURED = 5,
	EXCHANGE_TROUBLE = 6,
};

struct exchange_frame {
	enum exchange_type type;
	enum component_kind kind; /* segment, component, missing */
	enum err code;            /* missing, trouble: not ERR_OK */
	struct view bytes;        /* segment, component: at least 1, COMPONENT_SIZE_MAX at most */
	struct view words;        /* missing, trouble: without NUL, EXCHANGE_WORDS_MAX at most */
	struct digest configuration; /* hello */
	uint32_t workloads;          /* hello */
	/* measured */
	uint32_t pid;     /* 1 to INT32_MAX */
	uint64_t time_ms; /* BUNDLE_TIME_MS_MAX at most */
	uint8_t boot_id[BOOT_ID_SIZE];
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
