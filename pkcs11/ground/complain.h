/*
 * One line on stderr: what was expected, what was found, what to do. Never a secret.
 */
#ifndef HALLMARK_PKCS11_GROUND_COMPLAIN_H
#define HALLMARK_PKCS11_GROUND_COMPLAIN_H

#include "journal/logger.h"

#include "proto/bytes.h"

/*
 * To be called once, before `serve`: lines become those of a log, with time, level and event, in
 * the form of the signer's; and nobody waits for one (logger.h).
 */
void complain_as_log(enum logger_format format);

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with the reason in OpenSSL's (and so libp11's) error queue, if any; it is emptied. */
void complain_crypto(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Appends what was complained of last, in any thread; nothing if nothing was. It is printable ASCII
 * on one line.
 */
void complain_append_last(struct buf *to);

/* From a signal handler; `text` is plain ASCII without quotes. */
void complain_from_signal(const char *text);

#endif
