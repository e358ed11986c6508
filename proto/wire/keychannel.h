/*
 * The channel between the signer and the key process: one stream socket, the key process's
 * descriptor 3. Each request gets one answer. Checkpoints, observations and the end of a key are
 * dealt with one at a time and answered in the order in which they were asked, before tokens that
 * wait; tokens are signed in parallel and answered as they are done: `id` tells which request an
 * answer is to.
 *
 * Request (signer to key process), fixed layout, big-endian:
 *   "HKQ3"  type: u8  proof count: u8  profile size: u8 (of a token; else 0)  0  id: u64
 *   1 checkpoint: size u64, root 32, proof 65*32 (unused hashes zero)
 *   2 token:      index u64, tree size u64, report size u32, lifetime u32, audience size u16, 0
 * u16, proof 65*32, profile, audience, report 3 observe:    size u64, root 32, proof 65*32, note
 * size u32, note 5 close:      size u64, root 32, proof 65*32, entry size u32, inclusion 65*32,
 * entry; the count of the second proof stands in the place of the profile's size Answer: "HKA3"
 * type: u8 (0 state, else the request's)  0  err: u16  id: u64 size u64, root 32 (the guard's state
 * when the answer is sent), body size u32, body
 *
 * checkpoint: the proof leads from the guard's state to the tree (size, root), whose checkpoint is
 * signed. It may be larger by KEYCHANNEL_GROWTH_MAX at most, and by less where others were asked
 * for just before: ERR_GUARD_GROWTH, and the same may be asked again a moment later. observe: the
 * same, and the note shows that this key has signed that tree elsewhere; the guard moves there, and
 * nothing is signed. token: the proof is to the root of a tree that was signed, which its tree size
 * names; the profile is the name of one in the key process's configuration
 * (config/token_profile.h), by which it makes the claims out of the report; the audience is one of
 * the profile's, or empty where that has one; the lifetime makes it shorter than the profile's, 0
 * does not. Where the profile is one of summaries, a summary is made of a report on a start
 * (proto/summary/summary.h); there is then no audience, and no lifetime. It knows the tree that
 * it found as its state when it began, and those that it has signed or observed since, the last
 * KEYCHANNEL_TREES of all these. Type 4 is reserved for certificates of collectors. close: the last
 * checkpoint of this key. As checkpoint, and the entry is the key notice of the transition that an
 * operator has ordered, the last of the tree; the guard is closed behind it for good, and the
 * process ends when it has answered. The next one serves with the key that follows. Of a key that
 * waits for a succession it is the first checkpoint, the guard is opened, and until then nothing
 * else is signed (ERR_GUARD_KEY); observe then takes what the key before has signed.
 *
 * The first thing the key process sends is a state answer with id 0; its body is the DER
 * certificate of the key, and behind it, where an operator has ordered one, the transition to the
 * next key, or the succession to this one, with its statements (proto/tlog/transition.h). A state
 * answer with an error, size and root 0, is the last
 * thing: why it does not serve, or not any more, in a sentence. After ERR_PIN_REFUSED it stays
 * until an operator has acted and then ends, as after all others at once. The body of a good
 * checkpoint or close answer is the signed note; that of a good token answer is the JWS in compact
 * form, or the summary's envelope; that of a good observe answer is empty; that of an error is a
 * sentence for the log.
 */
#ifndef HALLMARK_PROTO_WIRE_KEYCHANNEL_H
#define HALLMARK_PROTO_WIRE_KEYCHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/merkle.h"

#define KEYCHANNEL_FD 3 /* descriptor of the key process; also what systemd hands over */

#define KEYCHANNEL_REQUEST_HEADER_SIZE 16
#define KEYCHANNEL_CHECKPOINT_SIZE     (16 + 8 + 32 + 65 * 32)     /* whole request, bytes */
#define KEYCHANNEL_TOKEN_SIZE          (16 + 28 + 65 * 32)         /* without what follows, bytes */
#define KEYCHANNEL_OBSERVE_SIZE        (16 + 8 + 32 + 65 * 32 + 4) /* without the note, bytes */
#define KEYCHANNEL_CLOSE_SIZE          (KEYCHANNEL_OBSERVE_SIZE + 65 * 32) /* without the entry */
#define KEYCHANNEL_ANSWER_HEADER_SIZE  (16 + 8 + 32 + 4)                   /* bytes */
#define KEYCHANNEL_REPORT_MAX          65535 /* bytes: an entry of the log */
#define KEYCHANNEL_PROFILE_MAX         64    /* bytes; at least 1 */
#define KEYCHANNEL_AUDIENCE_MAX        512   /* bytes: an https URL */
#define KEYCHANNEL_LIFETIME_MAX_S      86400 /* a token cannot be taken back: a day is long */
#define KEYCHANNEL_NOTE_MAX            65536 /* bytes: NOTE_SIZE_MAX (proto/tlog/note.h) */
#define KEYCHANNEL_BODY_MAX            65536 /* bytes: certificates and JWS are far smaller */

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

/*
 * Entries by which a checkpoint may go beyond the guard's tree. What a signer has to have signed at
 * once is what may be unpublished when it starts again: 384 MiB of batches, of entries that are
 * never as small as 96 bytes. Else it is a batch, of 65,536 at most.
 */
#define KEYCHANNEL_GROWTH_MAX (1U << 22)

enum keychannel_type {
	KEYCHANNEL_STATE = 0,
	KEYCHANNEL_CHECKPOINT = 1,
	KEYCHANNEL_TOKEN = 2,
	KEYCHANNEL_OBSERVE = 3,
	KEYCHANNEL_CLOSE = 5,
};

struct keychannel_request {
	enum keychannel_type type;     /* not STATE */
	uint64_t id;                   /* the signer's own; comes back in the answer */
	uint64_t size;                 /* leaves; of the new tree, or token: of a signed one */
	struct digest root;            /* of the new tree; not of a token */
	uint64_t index;                /* token: of the report */
	struct merkle_proof proof;     /* consistency; token: inclusion in that tree */
	struct merkle_proof inclusion; /* close: of the entry, the last, in the new tree */
	struct view profile;           /* token: the profile's name */
	struct view audience;          /* token: one of the profile's; size 0: its only one */
	uint32_t lifetime_s;           /* token: at most; 0: the profile's */
	struct view report;            /* token; close: the key notice */
	struct view note;              /* observe */
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

/*
 * Whether the key process has decided about a request of this type, for it (ERR_OK) or against it,
 * and goes on. Any other error (a token that fails or signs wrongly, a disk that does) is its own:
 * it ends, and a fresh one is asked again.
 */
bool keychannel_is_decision(enum keychannel_type type, enum err e);

#endif
