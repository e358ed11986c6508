/*
 * The channel between the signer and the key process: one stream socket, the key process's
 * descriptor 3. Each request gets one answer; requests are answered in order.
 *
 * Request (signer to key process), fixed layout, big-endian:
 *   "HKQ1"  type: u8  proof count: u8  0 0  id: u64
 *   checkpoint: size u64, root 32, proof 65*32 (unused hashes zero)            type 1
 *   token:      index u64, report size u32, proof 65*32, report bytes          type 2
 * Answer:
 *   "HKA1"  type: u8 (0 state, 1 checkpoint, 2 token)  0  err: u16  id: u64
 *   size u64, root 32 (the guard's state after the request), body size u32, body
 *
 * The first thing the key process sends is a state answer with id 0; its body is the DER
 * certificate of the key. The body of a good checkpoint answer is the signed note; that of a good
 * token answer is the JWS in compact form; that of an error is a sentence for the log.
 */
#ifndef HALLMARK_PROTO_KEYCHANNEL_H
#define HALLMARK_PROTO_KEYCHANNEL_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/merkle.h"

#define KEYCHANNEL_FD 3 /* descriptor of the key process; also what systemd hands over */

#define KEYCHANNEL_REQUEST_HEADER_SIZE 16
#define KEYCHANNEL_CHECKPOINT_SIZE     (16 + 8 + 32 + 65 * 32) /* whole request, bytes */
#define KEYCHANNEL_TOKEN_SIZE          (16 + 8 + 4 + 65 * 32)  /* without the report, bytes */
#define KEYCHANNEL_ANSWER_HEADER_SIZE  (16 + 8 + 32 + 4)       /* bytes */
#define KEYCHANNEL_REPORT_MAX          65535                   /* bytes: an entry of the log */
#define KEYCHANNEL_BODY_MAX            (128 * 1024) /* bytes: a JWS of a 65,535-byte report */

enum keychannel_type {
	KEYCHANNEL_STATE = 0,
	KEYCHANNEL_CHECKPOINT = 1,
	KEYCHANNEL_TOKEN = 2,
};

struct keychannel_request {
	enum keychannel_type type; /* CHECKPOINT or TOKEN */
	uint64_t id;               /* the signer's own; comes back in the answer */
	uint64_t size;             /* checkpoint: leaves of the new tree */
	struct digest root;        /* checkpoint: root of the new tree */
	uint64_t index;            /* token: of the report */
	struct merkle_proof
	    proof;          /* checkpoint: consistency; token: inclusion in the last signed tree */
	struct view report; /* token */
};

struct keychannel_answer {
	enum keychannel_type type;
	enum err result;
	uint64_t id;
	uint64_t size;      /* the guard's state: leaves of the last signed tree */
	struct digest root; /* and its root */
	struct view body;
};

void keychannel_write_request(struct buf *to, const struct keychannel_request *r);
void keychannel_write_answer(struct buf *to, const struct keychannel_answer *a);

/*
 * Looks for one whole request or answer at the start of `input`; `*used` 0 if there is not enough
 * yet. Views point into `input`. ERR_FORMAT if it cannot become valid.
 */
enum err keychannel_next_request(
    struct view input, struct keychannel_request *out, size_t *used) MUST_USE;
enum err keychannel_next_answer(
    struct view input, struct keychannel_answer *out, size_t *used) MUST_USE;

#endif
