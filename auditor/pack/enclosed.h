/*
 * What stands in every pack: keys and certificates of the log, and how all of it is verified.
 */
#ifndef HALLMARK_AUDITOR_PACK_ENCLOSED_H
#define HALLMARK_AUDITOR_PACK_ENCLOSED_H

#include "auditor/pack/parcel.h"
#include "log/signercert.h"

/* keys/N.pem, and certificates/N.pem with its chain of those that are certificates. ERR_MEMORY. */
enum err enclosed_put_keys(const struct signercerts *all, struct parcel *to) MUST_USE;

/* verify.sh, VERIFY.txt, and hallmark-verify.html if it is beside the program or installed. */
void enclosed_put_words(struct parcel *to);

/* What a pack does not prove, sentence by sentence; the last one is NULL. */
extern const char *const enclosed_not_proved[];

#endif
