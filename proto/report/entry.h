/*
 * Entries of a log: reports, absences and notices, in JSON of one spelling
 * (proto/json/json_write.h), told apart by their first bytes. What all kinds have in common is
 * here.
 */
#ifndef HALLMARK_PROTO_REPORT_ENTRY_H
#define HALLMARK_PROTO_REPORT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/evidence/bundle.h"
#include "proto/json/json_read.h"
#include "proto/json/json_write.h"

#define ENTRY_SIZE_MAX   65535 /* bytes: a uint16 says them in a bundle of entries */
#define ENTRY_STRING_MAX 1024  /* bytes of iss, sub, developer, build, policy id; at least 1 */
#define ENTRY_FORM       1     /* hallmark.form: the only one that this version reads and writes */
#define ENTRY_TIME_S_MAX (BUNDLE_TIME_MS_MAX / 1000)

enum entry_kind {
	ENTRY_REPORT,  /* of whatever profile: report_parse knows which it can read */
	ENTRY_ABSENCE, /* absence.h */
	ENTRY_NOTICE,  /* notice.h */
	ENTRY_UNKNOWN, /* of a kind that a later version writes: nothing can be told of it */
	ENTRY_NONE,    /* no entry of any version: whoever has it in a log is proved wrong */
};

enum entry_kind entry_kind(struct view entry);

/* An entry as another one names it. */
struct entry_place {
	uint64_t index;
	struct digest leaf; /* of its bytes: RFC 6962, section 2.1 */
};

/* {"index":<decimal>,"leaf":"<hex>"} */
void entry_place_write(struct json_writer *w, const struct entry_place *place);
bool entry_place_read(struct json_reader *r, struct entry_place *out);

#define ENTRY_PLACE_SIZE_MAX 128 /* bytes as written */

/* iat is a time, and iss an origin as checkpoints have it. */
bool entry_head_is_good(uint64_t issued_s, struct view issuer);

/* Printable, spaces allowed, at least so long and at most. */
bool entry_string_is_good(struct view v, size_t least, size_t most);

/* A name of ours, as json_read_word takes it: a-z, 0-9 and '-', 1 byte to `most`. */
bool entry_word_is_good(struct view v, size_t most);

#endif
