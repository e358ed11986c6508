/*
 * The transition of a log from one key to the next: a signed note (note.h) that both of them have
 * signed, under the log's origin as name.
 *
 *   hallmark key transition v1 '\n'
 *   origin <origin> '\n'
 *   from <base64 of the old key's SubjectPublicKeyInfo> '\n'
 *   to <base64 of the new key's> '\n'
 *   time <decimal, seconds since 1970, when it was ordered> '\n'
 *   '\n'
 *   the old key's signature line, the new key's; no other
 *
 * The old key says who follows it, the new one that it follows: neither alone moves a log. Its
 * first line has blanks, so it is no checkpoint, and its text has line feeds, so it is nothing that
 * a JWS is over. At which size the log goes over is not in it: that is where it stands in the log
 * (PROTOCOL.md, section 9).
 *
 * Where the old key is lost, it cannot say who follows it; those say it who may: operators, by
 * statements `continue-key`. The succession is a note that the new key alone has signed:
 *
 *   hallmark key succession v1 '\n'
 *   origin, from, to, time as above
 *   size <decimal> '\n'               of the newest checkpoint that anybody has
 *   root <base64> '\n'
 *   statement <hex SHA-256 of its envelope> '\n'   1 to TRANSITION_STATEMENTS_MAX, rising
 *   '\n'
 *   the new key's signature line; no other
 *
 * Both are a transition here. Whether the statements count is for those who have them.
 */
#ifndef HALLMARK_PROTO_TLOG_TRANSITION_H
#define HALLMARK_PROTO_TLOG_TRANSITION_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"

#define TRANSITION_SIZE_MAX       16384 /* bytes: two keys of RSA-8192 and what they sign are 9,000 */
#define TRANSITION_STATEMENTS_MAX 16    /* more people than ever stand beside a new token */

struct transition_key {
	EVP_PKEY *key;    /* owned */
	struct digest id; /* SHA-256 of its SubjectPublicKeyInfo */
};

struct transition {
	char origin[CHECKPOINT_ORIGIN_MAX + 1];
	struct transition_key from, to;
	uint64_t time_s;
	struct digest digest; /* SHA-256 of the note: its name */
	/* Of a succession; else 0. */
	struct checkpoint newest;
	size_t statement_count; /* 0: it is no succession, both keys have signed */
	struct digest statement[TRANSITION_STATEMENTS_MAX];
};

/* Appends the text, which both are to sign; the keys as SubjectPublicKeyInfo. */
void transition_write(
    const char *origin, struct view from, struct view to, uint64_t time_s, struct buf *text);

/*
 * The same of a succession, which the new key is to sign: of the log of that checkpoint, by
 * statements that rise.
 */
void transition_write_succession(const struct checkpoint *newest, struct view from, struct view to,
    uint64_t time_s, const struct digest *statement, size_t count, struct buf *text);

/*
 * Takes a transition in its one form, or a succession, with its signatures verified. Another form:
 * ERR_FORMAT and others of its class; ERR_UNSUPPORTED for another version or a key that signs no
 * notes; ERR_UNKNOWN_KEY where one that has to sign has not; ERR_SIGNATURE; ERR_MEMORY. To be freed
 * also after an error.
 */
enum err transition_parse(struct view note, struct transition *out) MUST_USE;
void transition_free(struct transition *t);

/*
 * A key process brings a transition, and behind a succession the envelopes of the statements that
 * it names, in its order, each on a line: the two parts of that, of which nothing is checked.
 */
void transition_part(struct view brought, struct view *note, struct view *statements);

/* Whether these are those that the note names, all of them: ERR_FORMAT, ERR_DIGEST. */
enum err transition_check_statements(const struct transition *t, struct view statements) MUST_USE;

/* It is a succession: of what it says the old key has signed nothing. */
bool transition_is_succession(const struct transition *t);

#endif
