/*
 * The record of what was seen of a token (watch.h): a small file in the guard's directory, one for
 * each module and token. It is written by way of another file, so whoever reads it has the one or
 * the other; one that is damaged is none.
 *
 *   hallmark token seen v2
 *   record 64 hex digits                  its name, by chance: whoever is told of it knows it again
 *   serial TEXT
 *   firmware TEXT
 *   flags DECIMAL                         bits of enum token_sign_of
 *   objects DECIMAL                       0: they were never counted
 *   changes DECIMAL                       that were said, ever: the number of the newest
 *   change KIND NUMBER BEFORE AFTER       the newest of its kind, of those that matter
 *
 * All is of CK_TOKEN_INFO and without blanks.
 */
#ifndef HALLMARK_PKCS11_SERVE_WATCH_RECORD_H
#define HALLMARK_PKCS11_SERVE_WATCH_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "config/hsm_config.h"
#include "pkcs11/token/token.h"
#include "proto/digest.h"
#include "proto/report/token_seen.h"

/* X(identifier, name) */
#define WATCH_KIND_MAP(X)                                                                          \
	X(WATCH_USER_WRONG, "user-pin-wrong")                                                      \
	X(WATCH_USER_FINAL, "user-pin-final-try")                                                  \
	X(WATCH_USER_LOCKED, "user-pin-locked")                                                    \
	X(WATCH_SO_WRONG, "so-pin-wrong")                                                          \
	X(WATCH_SO_FINAL, "so-pin-final-try")                                                      \
	X(WATCH_SO_LOCKED, "so-pin-locked")                                                        \
	X(WATCH_SERIAL, "serial")                                                                  \
	X(WATCH_FIRMWARE, "firmware")                                                              \
	X(WATCH_OBJECTS, "objects")

#define WATCH_ENUM(identifier, name) identifier,
enum watch_kind { WATCH_KIND_MAP(WATCH_ENUM) WATCH_KINDS };
#undef WATCH_ENUM

#define WATCH_TEXT_SIZE 24 /* bytes with NUL: a serial number has 16, a decimal 20 */

struct watch_change {
	uint64_t number; /* 0: there was none of this kind */
	char before[WATCH_TEXT_SIZE], after[WATCH_TEXT_SIZE];
};

struct watch_record {
	struct digest name;
	struct token_sight last; /* without label, manufacturer and model */
	uint64_t changes;
	struct watch_change change[WATCH_KINDS];
};

const char *watch_kind_name(enum watch_kind kind);

/* False, with a record of another name that knows nothing: it is not there, or is explained. */
bool watch_record_read(const struct hsm_config *config, struct watch_record *out);

/* Gives it another name, by chance. */
void watch_record_rename(struct watch_record *r);

/* True: it is on the disk. What fails is explained. */
bool watch_record_write(const struct hsm_config *config, const struct watch_record *r) MUST_USE;

/* What is told of it, which is good of each that was read: views of the record. */
void watch_record_seen(const struct watch_record *r, struct token_seen *out);

#endif
