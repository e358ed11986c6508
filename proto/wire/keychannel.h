/*
 * The channel between the signer and the key process: one stream socket, the key process's
 * descriptor 3. Each request gets one answer. Checkpoints are signed one at a time and answered in
 * the order in which they were asked, before tokens that wait; tokens are signed in parallel and
 * answered as they are done: `id` tells which request an answer is to.
 *
 * Request (signer to key process), fixed layout, big-endian:
 *   "HKQ2"  type: u8  proof count: u8  0 0  id: u64
 *   checkpoint: size u64, root 32, proof 65*32 (unused hashes zero)                     type 1
 *   token:      index u64, tree size u64, report size u32, proof 65*32, report bytes    type 2
 * Answer:
 *   "HKA2"  type: u8 (0 state, 1 checkpoint, 2 token)  0  err: u16  id: u64
 *   size u64, root 32 (the guard's state when the answer is sent), body size u32, body
 *
 * A token's proof is to the root of a tree that was signed: its tree size names which. The key
 * process knows the tree that it found as its state when it began, and those that it has signed
 * since, the last KEYCHANNEL_TREES of all these.
 *
 * The first thing the key process sends is a state answer with id 0; its body is the DER
 * certificate of the key. The body of a good checkpoint answer is the signed note; that of a good
 * token answer is the JWS in compact form; that of an error is a sentence for the log.
 */
#ifndef HALLMARK_PROTO_WIRE_KEYCHANNEL_H
#define HALLMARK_PROTO_WIRE_KEYCHANNEL_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/merkle.h"

#define KEYCHANNEL_FD 3 /* descriptor of the key process; also what systemd hands over */

#define KEYCHANNEL_REQUEST_HEADER_SIZE 16
#define KEYCHANNEL_CHECKPOINT_SIZE     (16 + 8 + 32 + 65 * 32)    /* whole request, bytes */
#define KEYCHANNEL_TOKEN_SIZE          (16 + 8 + 8 + 4 + 65 * 32) /* without the report, bytes */
#define KEYCHANNEL_ANSWER_HEADER_SIZE  (16 + 8 + 32 + 4)          /* bytes */
#define KEYCHANNEL_REPORT_MAX          65535                      /* bytes: an entry of the log */
#define KEYCHANNEL_BODY_MAX            (128 * 1024) /* bytes: a JWS of a 65,535-byte report */

/*
 * Trees that a token's proof may lead to. A report waits for its token behind others, while
 * checkpoints go on: at the 3,000 a second that one disk and one fast token reach this is a third
 * of a second, and with a slow token every checkpoint lets at least one token pass. The signer has
 * a proof to a newer tree for those that waited longer. 40 KiB of memory.
 */
#define KEYCHANNEL_TREES 1024

/*
 * Requests without an answer: the key process reads no further while it has so many. Sixteen
 * sessions are kept busy by far fewer; with the largest reports it is 40 MiB.
 */
#define KEYCHANNEL_UNANSWERED_MAX 256

enum keychannel_type {
	KEYCHANNEL_STATE = 0,
	KEYCHANNEL_CHECKPOINT = 1,
	KEYCHANNEL_TOKEN = 2,
};

struct keychannel_request {
	enum keychannel_type type; /* CHECKPOINT or TOKEN */
	uint64_t id;               /* the signer's own; comes back in the answer */
	uint64_t size;             /* leaves; checkpoint: of the new tree, token: of a signed one */
	struct digest root;        /* checkpoint: root of the new tree */
	uint64_t index;            /* token: of the report */
	struct merkle_proof proof; /* checkpoint: consistency; token: inclusion in that tree */
	struct view report;        /* token */
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
